"""Reading TAP, versions 12 to 14, of prove, node-tap, bats and their like."""

import re
from pathlib import Path

from callboard.work.reports.bounds import LONGEST_TEXT, ReportError, read_report
from callboard.work.reports.shapes import TestCase, TestOutcome, TestReport

MOST_LINES = 1_000_000
MOST_TESTS = 200_000
_PLAN = re.compile(r"1\.\.(\d{1,9})(?:\s*#\s*(.*))?$")
_TEST = re.compile(r"(not )?ok\b(?:\s+(\d{1,9})\b)?\s*-?\s*(.*)$")
_DIRECTIVE = re.compile(r"(?<!\\)#\s*(skip|todo)\S*\s*(.*)$", re.IGNORECASE)


def read_tap(path: Path) -> TestReport:
    """The test points at the top of a TAP stream; subtests count by the point that sums them up.

    A test that is marked TODO counts as skipped, whatever it did. What the plan promises and the stream lacks is an error, and
    so is a 'Bail out!'. Raises `ReportError` for what is no TAP.
    """
    tap = _Tap()
    text = read_report(path).decode("utf-8", "replace")
    for seen, line in enumerate(text.splitlines()):
        if seen > MOST_LINES or len(tap.cases) > MOST_TESTS:
            raise ReportError(path, f"it has more than {MOST_TESTS:,} tests", "split the report")
        tap.take(line)
    if not tap.cases and tap.planned is None and not tap.bailed:
        raise ReportError(path, "it has neither a plan ('1..3') nor a test ('ok 1')", "name a TAP stream")
    return TestReport(tuple(tap.finished()))


class _Tap:
    def __init__(self) -> None:
        self.cases: list[TestCase] = []
        self.planned: int | None = None
        self.bailed = ""
        self._yaml: list[str] | None = None
        self._kept = 0

    def take(self, line: str) -> None:
        if self._yaml is not None or (line.strip() == "---" and line[:1] == " " and self.cases):
            self._diagnostic(line)
            return
        plan, test = _PLAN.match(line), _TEST.match(line)
        if line.startswith("Bail out!"):
            self.bailed = line[9:].strip()[:1_000] or "no reason given"
        elif plan and self.planned is None:
            self.planned = int(plan[1])
        elif test:
            self._test(bool(test[1]), test[2] or str(len(self.cases) + 1), test[3])

    def _test(self, failed: bool, number: str, words: str) -> None:
        directive = _DIRECTIVE.search(words)
        outcome = TestOutcome.FAILED if failed else TestOutcome.PASSED
        message = ""
        if directive:
            outcome, message = TestOutcome.SKIPPED, directive[2].strip()[:1_000]
            words = words[: directive.start()]
        name = words.replace("\\#", "#").strip()[:1_000] or f"test {number}"
        self.cases.append(TestCase(name, "", "", 0, 0.0, outcome, message))

    def _diagnostic(self, line: str) -> None:
        if self._yaml is None:
            self._yaml, self._kept = [], 0
            return
        if line.strip() != "...":
            if self._kept < LONGEST_TEXT:
                self._yaml.append(line.strip()[: LONGEST_TEXT - self._kept])
                self._kept += len(self._yaml[-1]) + 1
            return
        text, self._yaml = "\n".join(self._yaml), None
        last = self.cases[-1]
        said = re.search(r"^message:\s*['\"]?(.*?)['\"]?$", text, re.MULTILINE)
        message = last.message or (said[1][:1_000] if said else "")
        self.cases[-1] = TestCase(last.name, "", "", 0, 0.0, last.outcome, message, text)

    def finished(self) -> list[TestCase]:
        missing = (self.planned or 0) - len(self.cases)
        if self.bailed:
            self.cases.append(TestCase("bail out", "", "", 0, 0.0, TestOutcome.ERROR, f"bailed out: {self.bailed}"))
        elif missing > 0:
            words = f"{missing:,} of {self.planned:,} planned tests did not report"
            self.cases.append(TestCase("plan", "", "", 0, 0.0, TestOutcome.ERROR, words))
        return self.cases

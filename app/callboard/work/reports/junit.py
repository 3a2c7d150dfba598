"""Reading JUnit XML, of pytest, surefire, jest, vitest and their like."""

from collections.abc import Mapping
from pathlib import Path

from callboard.work.reports.bounds import LONGEST_TEXT, ReportError
from callboard.work.reports.shapes import TestCase, TestOutcome, TestReport

_VERDICTS = {"failure": TestOutcome.FAILED, "error": TestOutcome.ERROR, "skipped": TestOutcome.SKIPPED}
_WORSE = (TestOutcome.PASSED, TestOutcome.SKIPPED, TestOutcome.FAILED, TestOutcome.ERROR)


def read_junit(path: Path) -> TestReport:
    """The test cases of a JUnit XML file.

    A case with a failure and an error (a test that failed and whose teardown broke) counts once, as an error.
    Raises `CallboardError` for a file that is no JUnit XML, or a bomb.
    """
    from callboard.work.reports.markup import walk

    collected = _Cases(path)
    walk(path, collected)
    return TestReport(tuple(collected.cases))


class _Cases:
    def __init__(self, path: Path) -> None:
        self.cases: list[TestCase] = []
        self._path = path
        self._first = True
        self._suite_files: list[str] = []
        self._case: Mapping[str, str] | None = None
        self._outcome = TestOutcome.PASSED
        self._message = ""
        self._verdict = ""
        self._kept = 0
        self._pieces: list[str] = []

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._first and name not in ("testsuites", "testsuite"):
            raise ReportError(self._path, f"its root is <{name[:50]}>, not <testsuites>", "name a JUnit XML file")
        self._first = False
        if name == "testsuite":
            self._suite_files.append(attributes.get("file", ""))
        elif name == "testcase":
            self._case, self._outcome, self._message, self._pieces, self._kept = (
                attributes,
                TestOutcome.PASSED,
                "",
                [],
                0,
            )
        elif self._case is not None and name in _VERDICTS:
            self._verdict = name
            if _WORSE.index(_VERDICTS[name]) > _WORSE.index(self._outcome):
                self._outcome = _VERDICTS[name]
                self._message = attributes.get("message", "")[:LONGEST_TEXT]

    def text(self, piece: str) -> None:
        if self._verdict and self._kept < LONGEST_TEXT:
            self._pieces.append(piece[: LONGEST_TEXT - self._kept])
            self._kept += len(self._pieces[-1])

    def leave(self, name: str) -> None:
        if name == "testsuite" and self._suite_files:
            self._suite_files.pop()
        elif name == self._verdict:
            self._verdict = ""
        elif name == "testcase" and self._case is not None:
            self.cases.append(self._finished(self._case))
            self._case = None

    def _finished(self, case: Mapping[str, str]) -> TestCase:
        text = "".join(self._pieces).strip()
        suite_file = self._suite_files[-1] if self._suite_files else ""
        return TestCase(
            name=case.get("name", "")[:1_000],
            classname=case.get("classname", "")[:1_000],
            file=(case.get("file") or suite_file)[:1_024],
            line=_number(case.get("line", "")),
            seconds=_seconds(case.get("time", "")),
            outcome=self._outcome,
            message=self._message or next((line for line in text.splitlines() if line.strip()), ""),
            text=text,
        )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _seconds(text: str) -> float:
    try:
        value = float(text.replace(",", "")[:30])
    except ValueError:
        return 0.0
    return value if 0.0 <= value < 1e9 else 0.0

"""What a run of the tests means: findings, figures and a verdict, with the cause where it could not be judged."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from callboard.api import (
    Context,
    Environment,
    Finding,
    Result,
    Severity,
    TestCase,
    TestOutcome,
    failed,
    failing,
    passed,
    set_apart,
    unknown,
)
from callboard_quality.measured import Coverage
from callboard_quality.options import TestOptions
from callboard_quality.stream import Told
from callboard_quality.suite import SuiteRun

MISSING = re.compile(
    r"(?:ModuleNotFoundError|ImportError): No module named ['\"]([\w.]+)['\"]"
    r"|^E\s+.*\bpip install ['\"]?([A-Za-z0-9][\w.-]*)",  # as packages say of their optional parts
    re.MULTILINE,
)
PLACE = re.compile(r"^(?:E\s+|[ \t]+)?(?:File \")?([^\s:\"][^:\"\n]*\.py)(?:\", line |:)(\d+)", re.MULTILINE)
ERROR = re.compile(r"(?:^|: |\.)(?:ERROR|error|\w*Error|\w*Warning): (.+)")
BAD = (TestOutcome.FAILED, TestOutcome.ERROR)


def address(name: str) -> tuple[str, str]:
    """The classname and name that pytest's JUnit file gives to a node id."""
    path, bracket, rest = name.partition("[")
    names = path.split("::")
    names[0] = re.sub(r"\.py$", "", names[0].replace("/", "."))
    names[-1] += bracket + rest
    return ".".join(names[:-1]), names[-1]


def first_line(*texts: str) -> str:
    """The first line with words in it, of the first text that has one."""
    return next((line.strip() for text in texts for line in text.splitlines() if line.strip()), "")


class Judge:
    """Judges one run. `flaky` are the ids of tests that passed when they were run again."""

    def __init__(
        self, ctx: Context, environment: Environment, options: TestOptions, suite: SuiteRun, flaky: frozenset[str]
    ) -> None:
        self._ctx = ctx
        self._environment = environment
        self._options = options
        self._suite = suite
        self._flaky = flaky
        self._here = environment.base / options.folder

    def result(self, coverage: Coverage) -> Result:
        """Reports the findings and figures, and returns the verdict."""
        suite, story = self._suite, self._suite.story
        missing = self._missing_modules()
        if missing:
            said_by = self._environment.said_by
            said = f"{said_by} does not bring" if said_by else "nothing in the workspace declares"
            return unknown(
                f"no tests ran: they import {', '.join(missing)}, which {self._environment.words} lacks, as "
                f"{said} it; declare it in the dependency group 'test', or make an environment in .venv"
            )
        findings = [*self._collection(), *self._cases(), *self._end()]
        for finding in findings:
            self._ctx.finding(finding)
        good, skipped, bad = self._counts()
        if good + bad == 0 and not findings:
            return unknown(self._nothing(skipped))
        self._figures(good, skipped, bad, coverage)
        low = self._low_coverage(coverage)
        if low is not None:
            self._ctx.finding(low)
            findings.append(low)
        words = self._summary(good, skipped, bad, coverage)
        words += set_apart(self._ctx)
        if failing(self._ctx, self._options.fail_on):
            return failed(words)
        if suite.run.timed_out:
            return unknown(
                f"the tests took longer than {self._options.timeout:.0f} s; {words}; raise 'timeout' or split"
            )
        if suite.fault and not bad:
            return unknown(f"{suite.fault}; {words}")
        if good + bad == 0:
            return unknown(f"no tests ran; {words}")
        if not story.ended and suite.report is None:
            return unknown(f"the tests did not come to an end ({self._ended()}); {words}")
        return passed(words)

    def _counts(self) -> tuple[int, int, int]:
        """Passed, skipped (with those expected to fail), failed or with an error."""
        report, story = self._suite.report, self._suite.story
        if report is None:
            return story.count("passed"), story.count("skipped", "xfailed"), story.count("failed", "error")
        bad = sum(c.outcome in BAD and not self._is_collection(c) for c in report.cases)
        skipped = sum(c.outcome is TestOutcome.SKIPPED and bool(c.classname) for c in report.cases)
        return report.passed, skipped, bad

    @staticmethod
    def _is_collection(case: TestCase) -> bool:
        return case.outcome is TestOutcome.ERROR and not case.classname

    def _missing_modules(self) -> list[str]:
        """Modules that a throw-away environment lacks, when that alone kept the tests from running."""
        if not self._environment.is_throw_away or self._suite.story.tests:
            return []
        texts = [f"{told.text}\n{told.message}" for told in self._suite.story.collect.values()]
        texts = texts or [self._suite.run.stderr + self._suite.run.stdout[-20_000:]]
        found = [MISSING.search(text) for text in texts]
        names = {match[2] or match[1].split(".")[0] for match in found if match is not None}
        if not names or None in found or any(self._is_own(name) for name in names):
            return []
        return sorted(names)

    def _is_own(self, module: str) -> bool:
        """Whether the workspace itself has a module of this name, so that its absence is the workspace's own fault."""
        ends = (f"/{module}.py", f"/{module}/__init__.py")
        return any(f"/{path}".endswith(ends) for path in self._ctx.workspace.files)

    def _cases(self) -> Iterator[Finding]:
        story = self._suite.story
        by_address: dict[tuple[str, str], list[str]] = {}
        for name in story.tests:
            by_address.setdefault(address(name), []).append(name)
        told_of: set[str] = set()
        for case in self._suite.report.cases if self._suite.report else ():
            if case.outcome in BAD and not self._is_collection(case):
                names = by_address.get((case.classname, case.name)) or [f"{case.classname}.{case.name}"]
                name = next((n for n in names if n not in told_of), names[0])
                told_of.add(name)
                told = story.tests.get(name) or Told(name, case.outcome, text=case.text)
                yield self._finding(told, case.outcome, case.message or case.text)
        if self._suite.report is None:
            for told in story.tests.values():
                if told.outcome in ("failed", "error"):
                    yield self._finding(told, TestOutcome(told.outcome), told.message or told.text)

    def _finding(self, told: Told, outcome: TestOutcome, message: str) -> Finding:
        rule = "test-failed" if outcome is TestOutcome.FAILED else "test-error"
        words = first_line(told.message, message) or "no reason was given"
        again = f"{self._suite.framework}: {told.id}"
        if told.id in self._flaky:
            rule, words = "test-flaky", f"passed when it was run again; at first: {words}"
        return self._made(
            rule,
            Severity.MEDIUM if rule == "test-flaky" else Severity.HIGH,
            f"{told.id.rpartition('/')[2]}: {words}",
            told,
            f"run it alone with {again}",
            told.id,
        )

    def _collection(self) -> Iterator[Finding]:
        for told in self._suite.story.collect.values():
            lines = [line[1:].strip() for line in told.text.splitlines() if line.startswith("E ")]
            words = first_line(*lines[-1:], *reversed(told.text.splitlines()), told.message)
            place = told if told.line and self._relative(told.path) else self._placed(told, told.text)
            message = f"{told.id.rpartition('/')[2].removeprefix('unittest.loader._FailedTest.')} cannot be collected: {words}"
            yield self._made("test-collection", Severity.HIGH, message, place, "mend the import", told.id)

    def _placed(self, told: Told, text: str) -> Told:
        """The fact with the line that the text gives for its file, or for any other file of the workspace."""
        places = PLACE.findall(text)
        own = self._relative(told.path)
        for path, line in places if own else ():
            if told.path.endswith(path.lstrip("./")):
                return Told(told.id, told.outcome, told.path, int(line))
        for path, line in () if own else reversed(places):
            if self._relative(str(self._here / path)):
                return Told(told.id, told.outcome, str(self._here / path), int(line))
        return Told(told.id, told.outcome, told.path, 1 if told.path.endswith(".py") else 0)

    def _end(self) -> Iterator[Finding]:
        """Findings for an end in disorder: the process died with a test, or pytest could not start."""
        suite, story = self._suite, self._suite.story
        running = next(reversed(story.running), "")
        if running and suite.report is None and not story.ended:
            path = running.split("::")[0]
            where = Told(running, "error", str((Path(story.root) if story.root else self._here) / path), 1)
            if suite.run.timed_out:
                words = f"{running} still ran when the time limit of {self._options.timeout:.0f} s was reached"
                yield self._made(
                    "test-timeout", Severity.MEDIUM, words, where, "mend the test or raise 'timeout'", running
                )
            else:
                words = f"the process of the tests died in {running} ({self._ended()})"
                yield self._made("test-crash", Severity.HIGH, words, where, "run it alone", running)
        elif (
            suite.report is None
            and not suite.fault
            and not suite.run.timed_out
            and not story.collect
            and not story.tests
        ):
            tail = (suite.run.stderr + "\n" + suite.run.stdout[-20_000:]).strip()
            if suite.run.code == 4 and "ImportError while loading conftest" in tail:
                found = re.search(r"ImportError while loading conftest '([^']+)'", tail)
                told = self._placed(Told("conftest", "error", found[1] if found else ""), tail)
                lines = [line[1:].strip() for line in tail.splitlines() if line.startswith("E ")]
                words = f"pytest could not start: {first_line(*lines[-1:], tail)}"
                yield self._made("test-start", Severity.HIGH, words, told, "mend the import", "conftest")

    def _made(self, rule: str, severity: Severity, message: str, told: Told, help: str, identity: str) -> Finding:
        """A finding whose identity is the test and not the line, so that it is the same while the test is edited."""
        mark = "\x1f".join((rule, self._options.folder, identity))
        path = self._relative(told.path)
        return Finding(
            rule=rule,
            severity=severity,
            message=message,
            path=path,
            line=told.line if path else 0,
            help=help,
            tool=self._suite.framework,
            tool_version=self._environment.has.get(self._suite.framework) or self._environment.has.get("python") or "",
            fingerprint=hashlib.sha256(mark.encode("utf-8", "replace")).hexdigest()[:16],
        )

    def _relative(self, path: str) -> str:
        if not path:
            return ""
        try:
            return Path(path).resolve().relative_to(self._environment.base.resolve()).as_posix()
        except (ValueError, OSError):
            return ""

    def _ended(self) -> str:
        code = self._suite.run.code
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def _nothing(self, skipped: int) -> str:
        suite = self._suite
        where = f"with {suite.framework} on {self._environment.words}"
        if suite.run.timed_out:
            return f"no tests ran: the time limit of {self._options.timeout:.0f} s was reached before the first one"
        if suite.fault:
            return suite.fault
        if suite.report is None and suite.framework == "pytest":
            words = first_line(suite.story.internal.rpartition("\n")[2], *self._errors())
            how = f"pytest could not start on {self._environment.words} ({self._ended()})"
            told = (words or suite.run.trouble).replace(f"{self._environment.base}/", "")
            return f"no tests ran: {how}: {told}"
        if skipped:
            return f"no tests ran {where}: all {skipped} were skipped"
        return f"no tests ran {where}: none were found ({self._ended()})"

    def _errors(self) -> list[str]:
        """What pytest calls an error on its way out, without the line that tells how it is used."""
        lines = (self._suite.run.stderr + "\n" + self._suite.run.stdout[-20_000:]).splitlines()
        found = [match[1] for line in lines if (match := ERROR.search(line)) is not None]
        return [words for words in found if not words.startswith("usage:")][:1]

    def _figures(self, good: int, skipped: int, bad: int, coverage: Coverage) -> None:
        for name, value in (("passed", good), ("skipped", skipped), ("failed", bad)):
            self._ctx.metric(f"tests.{name}", value)
        self._ctx.metric("tests.seconds", self._suite.run.seconds, "s")
        if coverage.percent is not None and good + bad:
            self._ctx.metric("coverage", coverage.percent, "%")

    def _low_coverage(self, coverage: Coverage) -> Finding | None:
        least = self._options.minimum_coverage
        if not least or (coverage.percent is not None and coverage.percent >= least):
            return None
        known = f"{coverage.percent:.2f} %" if coverage.percent is not None else f"unknown ({coverage.fault})"
        message = f"coverage is {known}, at least {least:g} % are wanted"
        return Finding("coverage-low", Severity.HIGH, message, help="test the lines that the coverage report names")

    def _summary(self, good: int, skipped: int, bad: int, coverage: Coverage) -> str:
        story, has = self._suite.story, self._environment.has
        expected = story.count("xfailed")
        parts = [f"{bad} failed"] if bad else []
        parts += [f"{good} passed"]
        parts += [f"{skipped - expected} skipped"] if skipped > expected else []
        parts += [f"{expected} expected to fail"] if expected else []
        parts += [f"{len(story.collect)} could not be collected"] if story.collect else []
        parts += [f"{len(self._flaky)} flaky"] if self._flaky else []
        ran = good + skipped + bad
        parts += [f"{story.planned - ran} of {story.planned} did not run"] if story.planned > ran else []
        version = has.get("pytest") if self._suite.framework == "pytest" else ""
        tool = f"{self._suite.framework} {version}".strip()
        words = f"{', '.join(parts)} in {self._suite.run.seconds:.1f} s"
        words += f" ({tool}, Python {has.get('python')}, {self._environment.words})"
        if coverage.percent is not None and good + bad:
            words += f"; coverage {coverage.percent:.1f} %"
        elif self._options.coverage and coverage.fault and good + bad:
            words += f"; no coverage: {coverage.fault}"
        return words

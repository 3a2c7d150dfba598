"""What a run of the tests means: figures and a verdict, with the cause where it could not be judged."""

import re

from callboard.api import Context, Environment, Finding, Result, Severity, TestOutcome, failed, failing, passed, unknown
from callboard_quality.cases import BAD, Cases, is_collection
from callboard_quality.causes import Cause, first_line, listed
from callboard_quality.diffed import DiffCoverage
from callboard_quality.measured import Coverage
from callboard_quality.options import TestOptions
from callboard_quality.quarantine import Quarantine, faulty_words
from callboard_quality.suite import SuiteRun

ERROR = re.compile(r"(?:^|: |\.)(?:ERROR|error|\w*Error|\w*Warning): (.+)")


class Judge:
    """Judges one run. `notes` are further words for the summary, such as what was left out."""

    def __init__(
        self,
        ctx: Context,
        environment: Environment,
        options: TestOptions,
        suite: SuiteRun,
        cases: Cases,
        quarantine: Quarantine,
        notes: list[str],
    ) -> None:
        self._ctx = ctx
        self._environment = environment
        self._options = options
        self._suite = suite
        self._cases = cases
        self._quarantine = quarantine
        self._notes = notes

    def result(self, coverage: Coverage, diff: DiffCoverage | None) -> Result:
        """Reports the findings and returns the verdict."""
        suite, story, cases = self._suite, self._suite.story, self._cases
        crashed = False
        for finding in cases.findings():
            crashed = crashed or finding.rule == "test-crash"
            self._ctx.finding(finding)
        self._keep_causes()
        good, skipped, bad = self.counts()
        if good + bad == 0 and not crashed:
            return unknown(self._nothing(skipped) + faulty_words(self._quarantine.faulty))
        for low in self._low_coverage(coverage, diff):
            self._ctx.finding(low)
        words = self._summary(good, skipped, bad, coverage, diff)
        if failing(self._ctx, self._options.fail_on):
            return failed(words)
        if suite.run.timed_out:
            return unknown(
                f"the tests took longer than {self._options.timeout:.0f} s; {words}; raise 'timeout' or set 'shards'"
            )
        if suite.fault and not bad:
            return unknown(f"{suite.fault}; {words}")
        if cases.causes:
            return unknown(f"not all tests could be run: {self._uncollected()}; {words}")
        if good == 0 and not cases.noted.flaky and len(cases.noted.aside) >= bad:
            return unknown(f"every test that ran is set aside; {words}")
        if not story.ended and suite.report is None:
            return unknown(f"the tests did not come to an end ({cases.ended()}); {words}")
        return passed(words)

    def counts(self) -> tuple[int, int, int]:
        """Passed, skipped (with those expected to fail), failed or with an error."""
        report, story = self._suite.report, self._suite.story
        if report is None:
            return story.count("passed"), story.count("skipped", "xfailed"), story.count("failed", "error")
        bad = sum(c.outcome in BAD and not is_collection(c) for c in report.cases)
        skipped = sum(c.outcome is TestOutcome.SKIPPED and bool(c.classname) for c in report.cases)
        return report.passed, skipped, bad

    def _keep_causes(self) -> None:
        if sum(len(cause.members) for cause in self._cases.causes) > 1:
            path = self._ctx.scratch / "collection.txt"
            path.write_text("".join(listed(self._cases.causes, self._cases.relative)), "utf-8", "replace")
            self._ctx.artifact(path, kind="text")

    def _uncollected(self) -> str:
        """'22 modules could not be collected, all for the same reason: …; mend'."""
        causes = self._cases.causes
        count = sum(len(cause.members) for cause in causes)
        modules = "1 module" if count == 1 else f"{count} modules"
        if len(causes) == 1:
            how = ", all for the same reason" if count > 1 else ""
            return f"{modules} could not be collected{how}: {causes[0].words}{self._place(causes[0])}; {causes[0].mend}"
        several = "; ".join(f"{len(cause.members)} × {cause.words}" for cause in causes[:3])
        more = f"; and {len(causes) - 3} more" if len(causes) > 3 else ""
        return f"{modules} could not be collected, for {len(causes)} reasons: {several}{more}; {causes[0].mend}"

    def _place(self, cause: Cause) -> str:
        """' (tests/conftest.py:3)', or ''."""
        path = self._cases.relative(cause.path)
        return f" ({path}:{cause.line})" if path and cause.line else ""

    def _nothing(self, skipped: int) -> str:
        suite, cases = self._suite, self._cases
        where = f"with {suite.framework} on {self._environment.words}"
        if cases.causes:
            return f"no tests ran: {self._uncollected()}"
        if cases.start is not None:
            place = self._place(cases.start)
            return f"no tests ran: pytest could not start: {cases.start.words}{place}; {cases.start.mend}"
        if suite.run.timed_out:
            return f"no tests ran: the time limit of {self._options.timeout:.0f} s was reached before the first one"
        if suite.fault:
            return f"no tests ran: {suite.fault}"
        internal = first_line(suite.story.internal.rpartition("\n")[2])
        if internal or (suite.report is None and suite.framework == "pytest"):
            words = first_line(internal, *self._errors())
            how = f"pytest could not start on {self._environment.words} ({cases.ended()})"
            told = (words or suite.run.trouble).replace(f"{self._environment.base}/", "")
            return f"no tests ran: {how}: {told}"
        if not suite.story.begun and suite.run.code != 0:
            told = suite.run.trouble.replace(f"{self._environment.base}/", "")
            return f"no tests ran {where} ({cases.ended()}): {told}"
        if suite.story.left:
            return f"no tests ran: no change affects one of them; {suite.story.left} were left out"
        if skipped:
            return f"no tests ran {where}: all {skipped} were skipped"
        return f"no tests ran {where}: none were found ({cases.ended()})"

    def _errors(self) -> list[str]:
        """What pytest calls an error on its way out, without the line that tells how it is used."""
        lines = (self._suite.run.stderr + "\n" + self._suite.run.stdout[-20_000:]).splitlines()
        found = [match[1] for line in lines if (match := ERROR.search(line)) is not None]
        return [words for words in found if not words.startswith("usage:")][:1]

    def _low_coverage(self, coverage: Coverage, diff: DiffCoverage | None) -> list[Finding]:
        found = list(diff.findings()) if diff is not None else []
        least, least_changed = self._options.minimum_coverage, self._options.minimum_diff_coverage
        if least and (coverage.percent is None or coverage.percent < least):
            known = f"{coverage.percent:.2f} %" if coverage.percent is not None else f"unknown ({coverage.fault})"
            message = f"coverage is {known}, at least {least:g} % are wanted"
            found.append(
                Finding("coverage-low", Severity.HIGH, message, help="test the lines that the coverage report names")
            )
        if least_changed and diff is not None and diff.percent is not None and diff.percent < least_changed:
            message = f"{diff.percent:.2f} % of the changed lines ran, at least {least_changed:g} % are wanted"
            found.append(
                Finding(
                    "diff-coverage-low", Severity.HIGH, message, help="test the changed lines that the findings name"
                )
            )
        return found

    def _summary(self, good: int, skipped: int, bad: int, coverage: Coverage, diff: DiffCoverage | None) -> str:
        story, has, noted = self._suite.story, self._environment.has, self._cases.noted
        expected = story.count("xfailed")
        passed_later = len(noted.flaky)
        aside = len(noted.aside)
        counted = bad - passed_later - aside
        parts = [f"{counted} failed"] if counted else []
        parts += [f"{good} passed"]
        parts += [f"{passed_later} flaky"] if passed_later else []
        parts += [f"{aside} failed but set aside"] if aside else []
        parts += [f"{len(noted.order)} of them only among the others"] if noted.order else []
        parts += [f"{skipped - expected} skipped"] if skipped > expected else []
        parts += [f"{expected} expected to fail"] if expected else []
        uncollected = sum(len(cause.members) for cause in self._cases.causes)
        parts += [f"{uncollected} could not be collected"] if uncollected else []
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
        if diff is not None and diff.percent is not None:
            words += f"; {diff.words}"
        if noted.expired:
            words += f"; {len(noted.expired)} failed whose quarantine is over"
        words += faulty_words(self._quarantine.faulty)
        return "; ".join([words, *self._notes])

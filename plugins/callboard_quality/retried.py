"""Running failed tests again, alone: broken, flaky, or only failing among the others."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.api import Context, Environment
from callboard_quality.history import History, Record
from callboard_quality.odds import failures_for
from callboard_quality.options import TestOptions
from callboard_quality.projects import pytest_options
from callboard_quality.suite import SHARDS, Pick, SuiteRun, rerun

MOST_ALONE = 20
MOST_AGAIN = 10
MOST_TOGETHER = 500
MOST_ORDERS = 3

Kind = Literal["broken", "flaky", "order"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What running a test again told: `failed` of `tries` tries alone. `after` is the test that makes an 'order' one fail."""

    kind: Kind
    failed: int
    tries: int
    after: str = ""

    @property
    def passed(self) -> int:
        return self.tries - self.failed


class Retries:
    """Runs the failed tests of a suite again, within the options' number and time."""

    def __init__(
        self, ctx: Context, environment: Environment, options: TestOptions, suite: SuiteRun, history: History
    ) -> None:
        self._ctx = ctx
        self._environment = environment
        self._options = options
        self._suite = suite
        self._history = history
        self._until = time.monotonic() + options.rerun_limit
        self._runs = 0
        self.left = 0

    def told(self) -> dict[str, Tried]:
        """By test; what there was no time for is not in it, and counted in `left`."""
        tests = self._suite.story.tests
        bad = [name for name, told in tests.items() if told.outcome in ("failed", "error")]
        if not bad or not self._options.reruns:
            return {}
        found: dict[str, Tried] = {}
        alone = bad
        if len(bad) > MOST_ALONE:
            outcomes = self._run(bad[:MOST_TOGETHER], self._seconds(bad) * 2 + 60)
            found = {name: Tried("broken", 1, 1) for name in bad if outcomes.get(name) in ("failed", "error")}
            alone = [name for name in bad if outcomes.get(name) == "passed"][:MOST_ALONE]
        for name in alone:
            tried = self._alone(name)
            if tried is not None:
                found[name] = tried
        self.left = len(bad) - len(found)
        self._find_orders(found)
        return found

    def _seconds(self, names: Sequence[str]) -> float:
        return sum(self._suite.story.tests[name].seconds for name in names if name in self._suite.story.tests)

    def _alone(self, name: str) -> Tried | None:
        """None when there was no time for a single try. A test that failed in the last run too is tried but once, one that is known
        to be flaky so often that its rate alone does not make all of the tries fail."""
        record = self._history.tests.get(name)
        wanted = tries_for(record, self._options.reruns)
        failed = tries = 0
        while tries < wanted and time.monotonic() < self._until:
            outcome = self._run([name], self._seconds([name]) * 3 + 60).get(name)
            if outcome is None:
                break
            tries += 1
            failed += outcome in ("failed", "error")
            if 0 < failed < tries:
                break
            if failed == 0 and tries == wanted < self._options.reruns:
                wanted = self._options.reruns
        if not tries:
            return None
        return Tried("broken" if failed == tries else "flaky", failed, tries)

    def _run(self, names: Sequence[str], seconds: float, *, is_prefix: bool = False) -> dict[str, str]:
        """The outcomes of the tests when only they run, in their own order; {} when the run came to nothing."""
        self._runs += 1
        suite = self._suite
        limit = max(5.0, min(seconds, self._until - time.monotonic() + 5))
        self._ctx.progress(None, f"runs {names[-1].rpartition('/')[2]} again")
        operands: Sequence[str] = names
        if suite.framework == "pytest":
            files = dict.fromkeys(name.split("::")[0] for name in names)
            operands = [os.path.join(suite.story.root, name) for name in (files if is_prefix else names)]
        pick = Pick(mark=f"again-{self._runs}", operands=operands, only=list(names), timeout=limit)
        again = rerun(self._ctx, self._environment, self._options, suite, pick)
        return {name: told.outcome for name, told in again.story.tests.items()}

    def _find_orders(self, found: dict[str, Tried]) -> None:
        """Of those that always pass alone, the ones that fail again after the tests that ran before them."""
        addopts = pytest_options(self._ctx.workspace, self._options.folder).get("addopts", "")
        suspects = [name for name, tried in found.items() if tried.kind == "flaky" and not tried.failed]
        if self._suite.framework == "django" or SHARDS.search(addopts):
            return
        for name in suspects[:MOST_ORDERS]:
            before = self._before(name)
            usual = self._seconds(before) + 10
            if not before or usual > (self._until - time.monotonic()) / 2:
                continue
            if self._fails_after(name, before):
                tried = found[name]
                found[name] = Tried("order", tried.failed, tried.tries, self._culprit(name, before))

    def _before(self, name: str) -> list[str]:
        names = list(self._suite.story.tests)
        return names[: names.index(name)]

    def _fails_after(self, name: str, before: Sequence[str]) -> bool:
        outcomes = self._run([*before, name], self._seconds(before) * 3 + 60, is_prefix=True)
        return outcomes.get(name) in ("failed", "error")

    def _culprit(self, name: str, before: Sequence[str]) -> str:
        """The one test after which it fails, by halving; '' when it takes several, or too long."""
        left = list(before)
        while len(left) > 1:
            if time.monotonic() + self._seconds(left) + 5 > self._until:
                return ""
            half = left[: len(left) // 2]
            left = half if self._fails_after(name, half) else left[len(left) // 2 :]
        return left[0] if left and self._fails_after(name, left) else ""


def tries_for(record: Record | None, usual: int) -> int:
    """How often a failed test is tried before it counts as broken: one that is known to be flaky so often that, at its rate, fewer
    than 1 of 1,000 times all tries fail, as it would block a second time."""
    if record is None:
        return usual
    if record.is_failing:
        return 1 if len(record.results) > 1 else usual
    bad, count = record.tries
    return max(usual, min(MOST_AGAIN, failures_for(bad / (count + 1), 0.999))) if bad > 1 else usual


def outcome_of(name: str, outcome: str, tried: Mapping[str, Tried]) -> str:
    """The outcome that the history keeps: a failed test that passed when it was run again alone is 'flaky'."""
    again = tried.get(name)
    return "flaky" if again is not None and again.kind == "flaky" else outcome

"""The rule by which reruns tell a broken test from a flaky one, and how sure that is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

CONFIDENCE = 0.95
RAREST = 0.02  # a failure that comes once in 50 runs; rarer ones are not looked for
TIMES = 20

Kind = Literal["broken", "flaky", "gone", "environment", "unknown"]


@dataclass(frozen=True, slots=True)
class Rule:
    """How often is tried at most, and how many failures without a single pass are called broken.

    A pass and a failure of the same code in the same place mean flaky: a broken test never passes. Only failures, `sure` of them,
    mean broken: with CONFIDENCE it fails in more than `floor` of its runs. Only passes until `times` mean flaky when the same code
    was `seen` to fail, else gone.
    """

    times: int = TIMES
    sure: int = 14

    @staticmethod
    def of(times: int) -> "Rule":
        """The rule for so many runs: seven tenths of them, but at least three, without a pass are called broken.

        With TIMES that is 14, the least by which a test that fails 4 of 5 is called broken less often than 1 of 20.
        """
        times = max(1, times)
        return Rule(times, min(times, max(3, math.ceil(7 * times / 10))))

    @property
    def floor(self) -> float:
        """The rate below which a test that failed `sure` times without a pass is not, with CONFIDENCE."""
        return float((1 - CONFIDENCE) ** (1 / self.sure))

    @property
    def words(self) -> str:
        """The rule as a person reads it."""
        return (
            f"at most {self.times} runs; {self.sure} failures without a pass: broken (with 95 % confidence it fails in more than "
            f"{100 * self.floor:.0f} % of runs); a pass and a failure of the same code: flaky"
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """How a test did so far: failures among its runs."""

    failed: int = 0
    runs: int = 0

    def plus(self, is_bad: bool) -> "Tally":
        """One run more."""
        return Tally(self.failed + is_bad, self.runs + 1)

    @property
    def passed(self) -> int:
        return self.runs - self.failed

    @property
    def rate(self) -> float | None:
        """The share of runs that failed; None before the first."""
        return self.failed / self.runs if self.runs else None

    def is_told(self, rule: Rule) -> bool:
        """Whether the kind is settled or nothing more may be tried; a flaky one is run on, for its rate."""
        return self.runs >= rule.times or (self.passed == 0 and self.failed >= rule.sure)

    def kind(self, rule: Rule, seen: int) -> Kind:
        """What the runs tell; `seen` is how often the same code failed before."""
        if not self.runs:
            return "unknown"
        if self.failed and self.passed:
            return "flaky"
        if self.failed:
            return "broken" if self.failed >= rule.sure else "unknown"
        return "flaky" if seen else "gone"

    def needed(self, rule: Rule, seen: int) -> int:
        """How many runs more would make it sure: failures up to the rule's number, passes until RAREST is ruled out."""
        if self.passed == 0:
            return max(0, rule.sure - self.failed)
        if self.failed or seen:
            return 0
        return max(0, passes_for(RAREST) - self.runs)


def passes_for(rate: float, confidence: float = CONFIDENCE) -> int:
    """So many passes in a row rule out, with the confidence, that a test fails at this rate."""
    if not 0 < rate < 1:
        return 1
    return math.ceil(math.log(1 - confidence) / math.log(1 - rate))


def failures_for(rate: float, confidence: float = CONFIDENCE) -> int:
    """So many failures in a row are, with the confidence, more than this rate alone brings about."""
    if not 0 < rate < 1:
        return 1
    return math.ceil(math.log(1 - confidence) / math.log(rate))


def interval(failed: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of the rate after Clopper and Pearson (1934); (0, 1) when there was no run."""
    if runs <= 0:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if failed == 0 else _where(lambda rate: 1 - _at_most(failed - 1, runs, rate), tail)
    high = 1.0 if failed == runs else 1 - _where(lambda rate: _at_most(failed, runs, 1 - rate), tail)
    return low, high


def _at_most(most: int, runs: int, rate: float) -> float:
    """The chance of at most `most` failures."""
    if rate <= 0:
        return 1.0
    if rate >= 1:
        return 1.0 if most >= runs else 0.0
    logs = (
        math.lgamma(runs + 1)
        - math.lgamma(k + 1)
        - math.lgamma(runs - k + 1)
        + k * math.log(rate)
        + (runs - k) * math.log1p(-rate)
        for k in range(most + 1)
    )
    return min(1.0, math.fsum(math.exp(one) for one in logs))


def _where(rising: Callable[[float], float], wanted: float) -> float:
    """The rate at which a rising chance is as wanted, by halving."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2


def rate_words(failed: int, runs: int) -> str:
    """'failed 3 of 20 runs (15 %, with 95 % confidence between 3 % and 38 %)'."""
    if not runs:
        return "was not run"
    low, high = interval(failed, runs)
    count = "1 run" if runs == 1 else f"{runs} runs"
    return (
        f"failed {failed} of {count} ({100 * failed / runs:.0f} %, with 95 % confidence between {100 * low:.0f} % "
        f"and {100 * high:.0f} %)"
    )

"""Whether an advice helped: what is measured before and after it, when that is enough, and what counts as help."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DAY = 86_400.0
BETTER = 0.8
LEAST_S = 1.0


@dataclass(frozen=True, slots=True)
class Measure:
    """What an advice is judged by: `what` names the way to measure in MEASURES, `of` what it is measured of."""

    what: str
    of: str = ""
    agent: str = ""

    def row(self, value: float | None = None, n: int = 0) -> dict[str, Any]:
        """As the log keeps it, with what was measured before."""
        return {"what": self.what, "of": self.of, "agent": self.agent, "before": value, "n": n}


@dataclass(frozen=True, slots=True)
class Means:
    """How one way to measure goes: in words, how many observations or how many seconds after the taking are enough, and after
    how long it is given up with a no."""

    words: str
    unit: str
    enough: int
    least_s: float
    gives_up_s: float


MEASURES: Mapping[str, Means] = {
    "wait": Means(
        "seconds a day that work waited for that cause, of the 7 days before and of the days after; at least one day and 5 tasks "
        "after; helped: at most 80 % of before", "s a day", 5, DAY, 14 * DAY),
    "case": Means("whether the case was closed and stayed so for a day; no after 14 days", "closed", 1, 0.0, 14 * DAY),
    "case-quiet": Means(
        "whether the check came out good in runs after it; at least 5 runs; helped: at least 9 of 10 good", "share good", 5,
        0.0, 14 * DAY),
    "gone": Means("whether it stopped waiting within a day", "gone", 1, 0.0, DAY),
    "alert": Means("whether the alert was resolved within 7 days", "resolved", 1, 0.0, 7 * DAY),
    "task": Means("whether the task came to a good end after it; no after a day", "good", 1, 0.0, DAY),
    "job-good": Means(
        "share of good ends of the job, of the last 20 before and of those after; at least 5 after; helped: higher, or all good",
        "share good", 5, 0.0, 14 * DAY),
    "job-time": Means(
        "median seconds of the job, of the last 20 ends before and of those after, at least 5; helped: at most 80 % of before",
        "s", 5, 0.0, 14 * DAY),
    "job-cost": Means(
        "seconds a day that the job ran, of the 7 days before and of those after, at least 3; helped: at most 80 % of before",
        "s a day", 1, 3 * DAY, 14 * DAY),
    "schedule": Means("whether the next run of the schedule's pipeline was good; no after 7 days", "good", 1, 0.0, 7 * DAY),
    "change": Means("whether more lines of the change were ticked within 7 days", "ticked", 1, 0.0, 7 * DAY),
    "run": Means("whether a run was started within a day and came to an end", "run", 1, 0.0, DAY),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured after a taking: the value, from `n` observations; `final` when nothing more can come of it."""

    value: float | None
    n: int
    final: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """The word about a taking."""

    helped: bool
    words: str
    before: float | None
    after: float | None
    n: int


def judge(what: str, before: float | None, seen: Seen, passed_s: float) -> Judged | None:
    """Whether it helped, None while it is not known yet. `passed_s` are the seconds since it was taken."""
    means = MEASURES.get(what)
    if means is None:
        return None
    after, n = seen.value, seen.n
    given_up = passed_s >= means.gives_up_s and not _is_closed_anew(what, seen)
    if after is None or n < means.enough or passed_s < means.least_s:
        if not given_up:
            return None
        words = (
            f"{means.gives_up_s / DAY:.0f} days later there are {n} observations, and {means.enough} would be enough"
        )
        return (
            Judged(False, words, before, after, n)
            if what in ("case", "gone", "alert", "task", "schedule", "run")
            else None
        )
    if what in ("case", "gone", "alert", "task", "schedule", "run", "change"):
        if after >= 1:
            return Judged(True, _YES[what], before, after, n)
        return Judged(False, _NO[what], before, after, n) if given_up or seen.final else None
    if what == "case-quiet":
        return Judged(after >= 0.9, f"{after * 100:.0f} % of {n} runs after it were good", before, after, n)
    if what == "job-good":
        helped = after >= 1.0 or (before is not None and after > before)
        was = f"{before * 100:.0f} %" if before is not None else "an unknown share"
        return Judged(helped, f"{was} good before, {after * 100:.0f} % of {n} after", before, after, n)
    if before is None or before < LEAST_S:
        return Judged(
            False, f"there was next to nothing to save before it ({before or 0:.1f} {means.unit})", before, after, n
        )
    return Judged(
        after <= BETTER * before, f"{_number(before)} {means.unit} before, {_number(after)} after ({n} observations)", before,
        after, n,
    )  # fmt: skip


def state_words(what: str, seen: Seen, passed_s: float) -> str:
    """Why it is not known yet."""
    means = MEASURES.get(what)
    if means is None:
        return "nothing is measured for it"
    if _is_closed_anew(what, seen):
        return "not known yet: the case is closed, and has to stay so for a day"
    if passed_s < means.least_s:
        return f"not known yet: measured for {passed_s / 3600:.0f} h, {means.least_s / 3600:.0f} h are needed"
    if seen.n < means.enough:
        return f"not known yet: {seen.n} of {means.enough} observations"
    return "not known yet"


def _is_closed_anew(what: str, seen: Seen) -> bool:
    """Whether a case is closed, but not for long enough to say that it stays so."""
    return what == "case" and seen.value == 1.0 and not seen.n


_YES = {
    "case": "the case was closed", "gone": "it does not wait any more", "alert": "the alert was resolved",
    "task": "the task came to a good end", "schedule": "the next run was good", "run": "the run came to its end",
    "change": "more of the change was done",
}  # fmt: skip
_NO = {
    "case": "the case is still open", "gone": "it still waited", "alert": "the alert still stands",
    "task": "the task came to a bad end again", "schedule": "the next run went wrong too", "run": "no run came to its end",
    "change": "nothing more of the change was done",
}  # fmt: skip


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.1f}"

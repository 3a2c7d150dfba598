"""When changes would be done: a seeded simulation over the working days that were seen. Numbers in, numbers out."""

import datetime
import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callboard.learn.pace import Day, Pace, weights_of

TRIALS = 300
LONGEST_DAYS = 1_500
BLOCK = 5
SURE = 0.6
SURE_DAYS = 40
MOST_STEPS = 600
SHARES = (0.5, 0.8, 0.95)
BEGIN_H, END_H = 9.0, 18.0
MOST_ADDED = 0.6


@dataclass(frozen=True, slots=True)
class Work:
    """A change as the forecast sees it: tasks left, and the changes that must be done before; given in the order of work."""

    name: str
    left: int
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """Moments in epoch seconds before which it is done with 50, 80 and 95 of 100; `n` working days stand behind it."""

    p50: float
    p80: float
    p95: float
    n: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """For each name a range, or None and in words why there is none."""

    ranges: Mapping[str, Range | None] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)

    def of(self, name: str) -> tuple[Range | None, str]:
        """The range and '', or None and why."""
        return self.ranges.get(name), self.why.get(name, "" if self.ranges.get(name) else "no forecast was made")


def forecast(
    works: Sequence[Work],
    groups: Mapping[str, Sequence[str]],
    pace: Pace,
    now: float,
    *,
    at_once: int = 0,
    seed: int = 0,
    zone: datetime.tzinfo | None = None,
    trials: int = TRIALS,
) -> Forecast:
    """When each change is done, and each group of changes (layers, milestones), by name.

    `works` come in the order in which they are taken up; `at_once` is how many are worked on at a time (0: as `pace` saw
    it). Each trial draws working days from those that were seen, the newer ones more often, a few in a row together, and
    with them what is added meanwhile; which days count how much is drawn too, so that few days give a wide range. The same
    arguments give the same answer. `now` is in epoch seconds.
    """
    if not pace.enough:
        said = {name: _no_need(name, works, groups) or pace.words for name in (*(w.name for w in works), *groups)}
        return Forecast({}, said)
    ends = _ends(works, pace, at_once or pace.at_once, random.Random(seed), trials)  # noqa: S311
    found: dict[str, Range | None] = {}
    why: dict[str, str] = {}
    calendar = Calendar(now, pace.free, zone)
    members: dict[str, Sequence[str]] = {work.name: (work.name,) for work in works}
    members.update(groups)
    for name, inside in members.items():
        nothing = _no_need(name, works, groups)
        if nothing:
            found[name], why[name] = None, nothing
            continue
        latest = sorted(max(ends[one][trial] for one in inside if one in ends) for trial in range(trials))
        found[name], why[name] = _range(latest, calendar, pace)
    return Forecast(found, why)


def _no_need(name: str, works: Sequence[Work], groups: Mapping[str, Sequence[str]]) -> str:
    left = {work.name: work.left for work in works}
    inside = [one for one in groups.get(name, (name,)) if one in left]
    if not inside:
        return "it has no change"
    return "" if any(left[one] > 0 for one in inside) else "nothing is left to do"


def _range(latest: Sequence[float], calendar: "Calendar", pace: Pace) -> tuple[Range | None, str]:
    at = [latest[min(len(latest) - 1, int(share * len(latest)))] for share in SHARES]
    if at[0] >= LONGEST_DAYS:
        return None, "at this pace it is not done within years: as much is added as gets done"
    moments = [calendar.moment(days) for days in at]
    return Range(moments[0], moments[1], moments[2], pace.days), ""


def _ends(works: Sequence[Work], pace: Pace, at_once: int, dice: random.Random, trials: int) -> dict[str, list[float]]:
    """For each change and trial after how many working days it is done, with the part of the last one."""
    ends: dict[str, list[float]] = {work.name: [] for work in works}
    weights = weights_of(len(pace.samples))
    total = sum(max(0, work.left) for work in works)
    chunk = max(1, total // MOST_STEPS)
    for _ in range(trials):
        drawn = _Days(pace.samples, weights, dice)
        done = _trial(works, at_once, drawn, dice, chunk, total)
        for name, day in done.items():
            ends[name].append(day)
    return ends


class _Days:
    """The working days of one trial, drawn in short runs; how much each seen day counts is drawn once per trial."""

    def __init__(self, samples: Sequence[Day], weights: Sequence[float], dice: random.Random) -> None:
        self._samples = samples
        self._dice = dice
        self._ladder: list[float] = []
        height = 0.0
        sure = SURE * min(1.0, len(weights) / SURE_DAYS)
        for weight in weights:
            height += dice.gammavariate(weight * sure, 1.0)
            self._ladder.append(height)
        self._coming: list[Day] = []

    def next(self) -> Day:
        """The next day."""
        if not self._coming:
            start = min(bisect(self._ladder, self._dice.random() * self._ladder[-1]), len(self._samples) - 1)
            self._coming = [self._samples[(start + n) % len(self._samples)] for n in range(BLOCK - 1, -1, -1)]
        return self._coming.pop()


def _trial(
    works: Sequence[Work], at_once: int, days: _Days, dice: random.Random, chunk: int, total: int
) -> dict[str, float]:
    """After how many days each change is done. A change is taken up in its turn, when all before it are done."""
    left = {work.name: work.left for work in works if work.left > 0}
    waits = {work.name: {name for name in work.after if name in left} for work in works if work.name in left}
    done = {work.name: 0.0 for work in works if work.name not in left}
    hands = _hands(left, waits, at_once)
    room = int(total * MOST_ADDED)
    day, roll = 0, dice.random
    while left and day < LONGEST_DAYS:
        today = days.next()
        if today.added and room > 0:
            grown = min(today.added, room)
            room -= grown
            left[hands[int(roll() * len(hands))]] += grown
        tasks, gone = today.done, 0
        share = max(chunk, -(-tasks // len(hands)))
        while gone < tasks and left:
            name = hands[int(roll() * len(hands))]
            step = left[name]
            if step > share:
                step = share
            if step > tasks - gone:
                step = tasks - gone
            gone += step
            left[name] -= step
            if not left[name]:
                del left[name]
                done[name] = day + gone / tasks
                for others in waits.values():
                    others.discard(name)
                hands = _hands(left, waits, at_once)
        day += 1
    done.update(dict.fromkeys(left, float(LONGEST_DAYS)))
    return done


def _hands(left: Mapping[str, int], waits: Mapping[str, set[str]], at_once: int) -> list[str]:
    """What is worked on; the first of all where everything waits for something in a circle."""
    return [name for name in left if not waits[name]][:at_once] or list(left)[:1]


class Calendar:
    """Turns working days from now on into moments; the rest of today counts for its part."""

    def __init__(self, now: float, free: frozenset[int], zone: datetime.tzinfo | None = None) -> None:
        self._now = now
        self._free = free
        here = datetime.datetime.fromtimestamp(now, zone) if zone else datetime.datetime.fromtimestamp(now).astimezone()
        self._midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
        hour = (here - self._midnight).total_seconds() / 3_600
        passed = min(1.0, max(0.0, (hour - BEGIN_H) / (END_H - BEGIN_H)))
        self._gone = passed if self._midnight.weekday() not in free else 0.0

    def moment(self, days: float) -> float:
        """The moment after so many working days."""
        wanted = self._gone + days
        whole = int(wanted)
        if wanted == whole and whole > 0:
            whole -= 1
        date = self._midnight
        while date.weekday() in self._free:
            date += datetime.timedelta(1)
        weeks, rest = divmod(whole, 7 - len(self._free))
        date += datetime.timedelta(7 * weeks)
        while rest:
            date += datetime.timedelta(1)
            rest -= date.weekday() not in self._free
        hours = BEGIN_H + (wanted - whole) * (END_H - BEGIN_H)
        return max(self._now, (date + datetime.timedelta(hours=hours)).timestamp())

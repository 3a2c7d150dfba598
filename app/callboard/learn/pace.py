"""How fast the tasks of a roadmap get done: from readings of the counts to tasks per working day. Numbers in, numbers out."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Reading = tuple[float, int, int]
DAY_S = 86_400.0
ENOUGH_DAYS = 10
ENOUGH_TASKS = 10
HALF_LIFE = 20
MOST_DAYS = 250
LONGEST_GAP = 30
SURE_FREE = 3


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day: tasks that got done, tasks that were added, and how many changes went forward."""

    date: datetime.date
    done: int = 0
    added: int = 0
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace, of the working days that ended before now.

    `per_day` is the mean of tasks done on a working day, the newer days counting more (a day HALF_LIFE working days ago
    counts half), or None while there is too little to say so. `days` are how many working days were seen, `n` how many
    tasks got done on them. `samples` are those days, oldest first. `free` are the weekdays on which nobody works (0: Monday).
    `at_once` is how many changes were worked on at a time, at least 1. `words` say it all.
    """

    per_day: float | None
    days: int
    n: int
    samples: tuple[Day, ...] = ()
    free: frozenset[int] = frozenset()
    at_once: int = 1
    words: str = ""

    @property
    def enough(self) -> bool:
        """Whether there are ENOUGH_DAYS working days and ENOUGH_TASKS tasks to go by."""
        return self.per_day is not None


def pace(readings: Mapping[str, Sequence[Reading]], now: float, zone: datetime.tzinfo | None = None) -> Pace:
    """The pace by the readings of each change: (when, done, total), oldest first; '' (all together) is left out.

    A day is one of `zone` (None: the machine's). What a change brings with its first reading, and what goes with a change
    that is archived, is no work of that day. A reading with a total below 0 says that the change is gone.
    """
    today = day_of(now, zone)
    days = days_of(readings, zone)
    first = min(days, default=today)
    seen = [days.get(date, Day(date)) for date in _dates(first, today)]
    free = free_weekdays(seen)
    samples = tuple(day for day in _without_gaps(seen) if day.date.weekday() not in free or day.done)[-MOST_DAYS:]
    n = sum(day.done for day in samples)
    at_once = _at_once(samples)
    if len(samples) < ENOUGH_DAYS or n < ENOUGH_TASKS:
        return Pace(None, len(samples), n, samples, free, at_once, _too_little(len(samples), n))
    weights = weights_of(len(samples))
    per_day = sum(w * day.done for w, day in zip(weights, samples, strict=True)) / sum(weights)
    words = f"{per_day:.1f} tasks on a working day, by the last {len(samples)} of them and {n} tasks"
    return Pace(round(per_day, 3), len(samples), n, samples, free, at_once, words)


def _too_little(days: int, tasks: int) -> str:
    seen = f"{days} working day{'' if days == 1 else 's'} and {tasks} done task{'' if tasks == 1 else 's'} seen"
    return f"too little data: {seen}, {ENOUGH_DAYS} of each are needed"


def days_of(readings: Mapping[str, Sequence[Reading]], zone: datetime.tzinfo | None = None) -> dict[datetime.date, Day]:
    """What happened on which day. The first reading of all counts as a day, so that a quiet beginning is seen."""
    done: dict[datetime.date, int] = {}
    added: dict[datetime.date, int] = {}
    moved: dict[datetime.date, set[str]] = {}
    dates: set[datetime.date] = set()
    for change, rows in readings.items():
        before: Reading | None = None
        for row in rows if change else ():
            date = day_of(row[0], zone)
            dates.add(date)
            if row[2] < 0:
                before = None
                continue
            if before is not None:
                forward, more = max(0, row[1] - before[1]), max(0, row[2] - before[2])
                done[date] = done.get(date, 0) + forward
                added[date] = added.get(date, 0) + more
                if forward:
                    moved.setdefault(date, set()).add(change)
            before = row
    return {d: Day(d, done.get(d, 0), added.get(d, 0), len(moved.get(d, ()))) for d in dates}


def free_weekdays(days: Iterable[Day]) -> frozenset[int]:
    """The weekdays of which at least SURE_FREE were seen, and on none of which a task got done; never all seven."""
    seen, busy = [0] * 7, [0] * 7
    for day in days:
        seen[day.date.weekday()] += 1
        busy[day.date.weekday()] += day.done
    free = {weekday for weekday in range(7) if seen[weekday] >= SURE_FREE and not busy[weekday]}
    return frozenset(free) if len(free) < 7 else frozenset()


def weights_of(days: int) -> list[float]:
    """How much each of so many days counts, oldest first: the newest 1, one HALF_LIFE days before it a half."""
    return [0.5 ** ((days - 1 - place) / HALF_LIFE) for place in range(days)]


def day_of(at: float, zone: datetime.tzinfo | None = None) -> datetime.date:
    """The day of a moment in epoch seconds; an absurd moment gives 1970-01-01."""
    try:
        moment = datetime.datetime.fromtimestamp(at, zone) if zone else datetime.datetime.fromtimestamp(at).astimezone()
    except (ValueError, OverflowError, OSError):
        return datetime.date(1970, 1, 1)
    return moment.date()


def burn_up(readings: Mapping[str, Sequence[Reading]], most: int = 400) -> list[list[float]]:
    """The sums over all changes, each time that one of them changed: [[at, done, total], …], oldest first, at most so many.

    Tasks of a change that is gone stay counted as they were last, so that archiving is no step back.
    """
    steps = sorted((row[0], change, row[1], row[2]) for change, rows in readings.items() if change for row in rows)
    now: dict[str, tuple[int, int]] = {}
    done = total = 0
    points: list[list[float]] = []
    for at, change, its_done, its_total in steps:
        if its_total < 0:
            continue
        was = now.get(change, (0, 0))
        if its_total == 0 and was[1] > 0:
            continue
        done, total = done + its_done - was[0], total + its_total - was[1]
        now[change] = (its_done, its_total)
        if points and points[-1][0] == at:
            points[-1] = [at, done, total]
        else:
            points.append([at, done, total])
    if len(points) <= most:
        return points
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def joined(*sources: Mapping[str, Sequence[Reading]]) -> dict[str, list[Reading]]:
    """Readings of several sources in one, the later sources trusted more: of an earlier one only what is older counts."""
    found: dict[str, list[Reading]] = {}
    starts = [min((rows[0][0] for name, rows in source.items() if name and rows), default=None) for source in sources]
    for place, source in enumerate(sources):
        later = [start for start in starts[place + 1 :] if start is not None]
        until = min(later, default=float("inf"))
        for change, rows in source.items():
            found.setdefault(change, []).extend(row for row in rows if row[0] < until)
    return {change: sorted(rows, key=lambda row: row[0]) for change, rows in found.items() if rows}


def _dates(first: datetime.date, today: datetime.date) -> list[datetime.date]:
    first = max(first, today - datetime.timedelta(2 * MOST_DAYS))
    return [first + datetime.timedelta(n) for n in range((today - first).days)]


def _without_gaps(days: Sequence[Day]) -> list[Day]:
    """The days after the last standstill of more than LONGEST_GAP days: what was before says nothing of now."""
    quiet = 0
    start = 0
    for place, day in enumerate(days):
        quiet = 0 if day.done or day.added else quiet + 1
        if quiet > LONGEST_GAP:
            start = place + 1
    return list(days[start:])


def _at_once(days: Sequence[Day]) -> int:
    busy = [day.changes for day in days if day.changes]
    return max(1, round(sum(busy) / len(busy))) if busy else 1

"""Error budgets: what is left of them, how fast they burn, and how long they last (Site Reliability Workbook, chapter 5)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard_monitor.words import DAY, HOUR, MINUTE, plural, span

FINE = 30 * HOUR  # by the minute
HOURLY = 40 * DAY  # by the hour; then by the day
LEAST_BAD = 2  # bad events in the long window: one alone is no pace
CHANCE = 0.01


@dataclass(slots=True)
class Counts:
    """Good and all events by the time of their bucket: (start, length in s) -> [good, total]."""

    buckets: dict[tuple[float, float], list[float]] = field(default_factory=dict)

    def add(self, at: float, good: float, total: float) -> None:
        """Events of one moment."""
        row = self.buckets.setdefault((at // MINUTE * MINUTE, MINUTE), [0.0, 0.0])
        row[0] += good
        row[1] += total

    def thin(self, now: float, window: float) -> None:
        """Joins old minutes to hours and old hours to days; drops what no window reaches."""
        joined: dict[tuple[float, float], list[float]] = {}
        for (start, length), (good, total) in self.buckets.items():
            age = now - start
            if age > window + DAY or start > now + HOUR:
                continue
            step = MINUTE if age <= FINE else HOUR if age <= HOURLY else DAY
            step = max(step, length)
            row = joined.setdefault((start // step * step, step), [0.0, 0.0])
            row[0] += good
            row[1] += total
        self.buckets = joined

    def within(self, now: float, seconds: float) -> tuple[float, float]:
        """Good and all events of the last seconds; a bucket that the border cuts counts by its share."""
        border, good, total = now - seconds, 0.0, 0.0
        for (start, length), row in self.buckets.items():
            share = (
                min(1.0, max(0.0, (start + length - border) / length)) if length > MINUTE else float(start >= border)
            )
            good += share * row[0]
            total += share * row[1]
        return good, total

    @property
    def first(self) -> float:
        """When the oldest bucket begins; infinite without any."""
        return min((start for start, _ in self.buckets), default=math.inf)


def counts_of(kept: object) -> Counts:
    """From what was remembered; rows that are not sound are left out."""
    counts = Counts()
    rows = kept.get("rows") if isinstance(kept, Mapping) else None
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, list) and len(row) == 4 and all(_is_amount(part) for part in row) and row[1] >= MINUTE:
            counts.buckets[(float(row[0]), float(row[1]))] = [float(min(row[2], row[3])), float(row[3])]
    return counts


def _is_amount(part: object) -> bool:
    return isinstance(part, (int, float)) and not isinstance(part, bool) and math.isfinite(part) and part >= 0


def kept_form(counts: Counts) -> list[list[float]]:
    """As JSON."""
    return [
        [start, length, round(good, 3), round(total, 3)]
        for (start, length), (good, total) in sorted(counts.buckets.items())
    ]


@dataclass(frozen=True, slots=True)
class Pace:
    """One row of the workbook's table: burns faster than `factor` over both windows."""

    long: float
    short: float
    factor: float
    urgent: bool
    name: str


def paces(window: float) -> list[Pace]:
    """2 % of the budget in an hour, 5 % in six hours, 10 % in a day, 10 % in three days: for 30 days 14.4, 6, 3 and 1."""
    rows = [
        (HOUR, 5 * MINUTE, 0.02, True, "1 h"),
        (6 * HOUR, 30 * MINUTE, 0.05, True, "6 h"),
        (DAY, 2 * HOUR, 0.10, False, "1 day"),
        (3 * DAY, 6 * HOUR, 0.10, False, "3 days"),
    ]
    return [
        Pace(long, short, share * window / long, urgent, name)
        for long, short, share, urgent, name in rows
        if long <= window / 4
    ]


@dataclass(frozen=True, slots=True)
class Burn:
    """How fast the budget burns over a window: 1 uses it up exactly by the window's end; None without events."""

    pace: Pace
    long: float | None
    short: float | None
    bad: float

    @property
    def burning(self) -> bool:
        """Whether both windows are beyond the pace, by more than a single bad event."""
        return (
            self.long is not None
            and self.short is not None
            and self.bad >= LEAST_BAD
            and self.long >= self.pace.factor
            and self.short >= self.pace.factor
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How a service level stands. `left` is the share of the budget that is left (negative: overdrawn), None without events."""

    objective: float
    window: float
    good: float
    total: float
    covered: float
    burns: Sequence[Burn]
    left: float | None
    enough: bool
    missed: bool

    @property
    def bad(self) -> float:
        """Events that were not good."""
        return self.total - self.good

    @property
    def attained(self) -> float:
        """Share of good events in percent; there must be some."""
        return 100 * self.good / self.total

    @property
    def exhaustion(self) -> float | None:
        """Seconds until the budget is gone at the pace of the last 6 h, or nearest to that; None when it does not burn."""
        if self.left is None or self.left <= 0:
            return None
        for burn in sorted(self.burns, key=lambda b: abs(b.pace.long - 6 * HOUR)):
            if burn.long is not None:
                return self.left * self.window / burn.long if burn.long > 0 else None
        return None

    @property
    def few(self) -> str:
        """Why the numbers do not say much, '' when they do."""
        if self.enough:
            return ""
        needed = math.ceil(1 / (1 - self.objective) - 1e-9)
        return f"n = {self.total:,.0f} is too few for {100 * self.objective:g} %: one failure is allowed in {needed:,}"

    def words(self) -> str:
        """'99.62 % of 5,230 are good, 99.5 % are wanted; 24 % of the budget is left, …'."""
        if not self.total:
            return "nothing was counted yet"
        text = f"{_percent(self.attained)} % of {self.total:,.0f} good, {100 * self.objective:g} % wanted over {span(self.window)}"
        if self.left is not None and self.enough:
            text += (
                f"; {100 * self.left:.0f} % of the error budget is left"
                if self.left > 0
                else f"; the error budget is overdrawn ({self.bad:,.0f} bad, {self.total * (1 - self.objective):,.0f} allowed)"
            )
        burn = self.exhaustion
        if burn is not None and burn < self.window and self.enough:
            text += f"; at the present pace it is gone in {span(burn)}"
        if self.few:
            text += f"; {self.few}"
        if self.covered < 0.95 * self.window:
            text += f"; counted for {span(self.covered)} of {span(self.window)}"
        return text


def _percent(value: float) -> str:
    """Never rounded up to 100: 99.999 stays below."""
    for places in (2, 3, 4):
        text = f"{value:.{places}f}"
        if float(text) < 100 or value >= 100:
            return text.rstrip("0").rstrip(".") if float(text) == int(float(text)) else text
    return "99.9999"


def standing(counts: Counts, objective: float, window: float, now: float) -> Standing:
    """How the level stands at `now`."""
    good, total = counts.within(now, window)
    allowed = 1 - objective
    covered = min(window, max(0.0, now - counts.first)) if total else 0.0
    burns = []
    for pace in paces(window):
        if pace.factor * allowed > 1:
            continue  # even a complete failure is slower than this
        if not pace.urgent and covered < pace.long / 2:
            continue  # minutes do not tell of days
        long_good, long_total = counts.within(now, pace.long)
        short_good, short_total = counts.within(now, pace.short)
        burns.append(
            Burn(
                pace,
                (1 - long_good / long_total) / allowed if long_total else None,
                (1 - short_good / short_total) / allowed if short_total else None,
                long_total - long_good,
            )
        )
    left = 1 - (total - good) / (allowed * total) if total else None
    enough = total * allowed >= 1 - 1e-9
    missed = left is not None and left <= 0 and (enough or chance(total, total - good, allowed) < CHANCE)
    return Standing(objective, window, good, total, covered, tuple(burns), left, enough, missed)


def chance(total: float, bad: float, share: float) -> float:
    """How likely so many bad events, or more, are when each is bad with the allowed `share` (binomial; exact for small numbers)."""
    count, worse = round(total), math.ceil(bad - 1e-9)
    if worse <= 0:
        return 1.0
    below = 0.0
    for hits in range(min(worse, count + 1)):
        below += math.exp(
            math.lgamma(count + 1)
            - math.lgamma(hits + 1)
            - math.lgamma(count - hits + 1)
            + hits * math.log(share)
            + (count - hits) * math.log1p(-share)
        )
    return max(0.0, 1 - below)


def burn_words(burn: Burn, window: float) -> str:
    """'burns 16 times as fast as allowed over 1 h (and 20 times over 5 min)'."""
    long, short = burn.long or 0.0, burn.short or 0.0
    return (
        f"the error budget burns {long:.1f} times as fast as it may over {burn.pace.name} (limit {burn.pace.factor:.3g}) "
        f"and {short:.1f} times over {span(burn.pace.short)}, {plural(round(burn.bad), 'bad event')}"
    )


def as_figures(now: Standing) -> dict[str, Any]:
    """For outputs and the report."""
    return {
        "objective": 100 * now.objective,
        "total": round(now.total),
        "bad": round(now.bad, 1),
        "left": None if now.left is None else round(100 * now.left, 1),
        "enough": now.enough,
        "missed": now.missed,
        "burning": [burn.pace.name for burn in now.burns if burn.burning],
        "words": now.words(),
    }

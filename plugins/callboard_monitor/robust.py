"""Statistics that a few wild values do not move: median, MAD, Theil–Sen, and what is unusual by them."""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Kind = Literal["size", "count", "share"]
Side = Literal["high", "low", "both"]

NORMAL = 1.4826  # MAD of a normal distribution times this is its standard deviation
LEAST = 20  # values below which nothing is called unusual
WIDTH = 3.5  # robust standard deviations
TAIL = 0.98
RECENT = 12  # values that a shift must last
SHIFT = 1.6  # robust standard deviations by which the recent median must differ
LEAST_DRIFT = 40  # values that a drift needs
MOST_DRIFT = 80
DRIFT = 3.0
WEEK, HOUR = 604_800, 3_600
LEAST_WEEKS = 3
SEASON_GAIN = 0.7  # spread left by the season, as share of the plain spread, from which the season is believed
MOST_POINTS = 400  # of Theil–Sen: pairs grow with the square

Point = tuple[float, float]


def quantile(ordered: Sequence[float], share: float) -> float:
    """The quantile of sorted values by a straight line between neighbours; they must not be empty."""
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, and the robust standard deviation below and above it, of values in their even form."""

    middle: float
    below: float
    above: float
    low_tail: float
    high_tail: float

    def width(self, is_high: bool, count: int) -> float:
        """How far from the middle is unusual, wider with few values and with heavy tails."""
        scale = self.above if is_high else self.below
        tail = abs((self.high_tail if is_high else self.low_tail) - self.middle)
        return max(WIDTH * scale * (1 + 4 / count), 2 * tail * (1 + 6 / count))


def spread(values: Sequence[float], least: float) -> Spread:
    """The spread with each side on its own; no scale is below `least`."""
    ordered = sorted(values)
    middle = median(ordered)
    below = [middle - value for value in ordered if value <= middle]
    above = [value - middle for value in ordered if value >= middle]
    scales = [max(NORMAL * median(side), least) for side in (below, above)]
    return Spread(middle, scales[0], scales[1], quantile(ordered, 1 - TAIL), quantile(ordered, TAIL))


def even(value: float, kind: Kind) -> float:
    """The value where noise is about even: logarithm of sizes, root of counts (Anscombe), shares as they are."""
    if kind == "size":
        return math.log(max(value, 1e-9))
    if kind == "count":
        return 2 * math.sqrt(max(value, 0.0) + 0.375)
    return value


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual, in the value's own unit: 5 % to 95 % of `count` values; `season` is '' or 'Mondays at 09:00'."""

    low: float
    high: float
    middle: float
    count: int
    season: str = ""


@dataclass(frozen=True, slots=True)
class Unusual:
    """A value that does not fit: `deviations` robust standard deviations away; `lasting` for a shift of many values."""

    usual: Usual
    deviations: float
    lasting: bool
    value: float


def least_scale(kind: Kind, least: float) -> float:
    """The smallest spread that is believed: 5 % of a size, the noise of counting, `least` of a share."""
    return {"size": 0.05, "count": 1.0, "share": max(least, 1e-9)}[kind]


def judge(
    history: Sequence[Point], now: Point, kind: Kind = "size", side: Side = "high", least: float = 0.5
) -> Unusual | None:
    """Whether the newest value, or the newest RECENT together, are unusual against `history` (oldest first, without `now`).

    `least` is the smallest deviation of a 'share' that counts as one. None also when there are fewer than LEAST values.
    """
    if len(history) < LEAST or not math.isfinite(now[1]):
        return None
    floor = least_scale(kind, least)
    points = [(at, even(value, kind)) for at, value in history]
    here = (now[0], even(now[1], kind))
    season = _season(points, here)
    base, residual = season if season else ([value for _, value in points], here[1])
    usual = _usual(history, now[0], season is not None)
    found = _alone(base, residual, floor, side)
    if found:
        return Unusual(usual, found, False, now[1])
    if season is not None:
        return None
    return _lasting(history, points, now, kind, side, floor, usual) or _drifting(history, [*points, here], side, floor)


def _alone(base: Sequence[float], value: float, floor: float, side: Side) -> float:
    known = spread(base, floor)
    is_high = value > known.middle
    if side not in ("both", "high" if is_high else "low"):
        return 0.0
    away = abs(value - known.middle)
    scale = known.above if is_high else known.below
    return away / scale if away > known.width(is_high, len(base)) else 0.0


def _lasting(
    history: Sequence[Point],
    points: Sequence[Point],
    now: Point,
    kind: Kind,
    side: Side,
    floor: float,
    usual: Usual,
) -> Unusual | None:
    """A step or a drift too small for one value: the median of the newest values against all before them."""
    if len(points) < LEAST + RECENT:
        return None
    recent = [value for _, value in points[-(RECENT - 1) :]] + [even(now[1], kind)]
    before = [value for _, value in points[: -(RECENT - 1)]]
    known = spread(before, floor)
    away = median(recent) - known.middle
    if side not in ("both", "high" if away > 0 else "low"):
        return None
    scale = max(known.above if away > 0 else known.below, NORMAL * _mad(before))
    outside = sum((value - known.middle) * away > 0 for value in recent)
    if abs(away) < SHIFT * scale or outside < RECENT - 1:
        return None
    value = median([v for _, v in history[-(RECENT - 1) :]] + [now[1]])
    older = _usual(history[: -(RECENT - 1)], now[0], False)
    return Unusual(older, abs(away) / scale, True, value)


def _drifting(history: Sequence[Point], points: Sequence[Point], side: Side, floor: float) -> Unusual | None:
    """A slow trend: no value stands out, but from end to end it moved by more than three times what is left beside it."""
    if len(points) < LEAST_DRIFT:
        return None
    step = max(1, len(points) // MOST_DRIFT)
    thin = list(points[-1::-step])[::-1]
    begun, ended = ([value for _, value in part] for part in (thin[: len(thin) // 3], thin[-(len(thin) // 3) :]))
    if abs(median(ended) - median(begun)) < max(floor, NORMAL * _mad(begun)):
        return None  # cheaper than the slope, and enough for most
    trend = slope(thin)
    if trend is None or trend.low <= 0 <= trend.high:
        return None
    moved = trend.per_second * trend.seconds
    if side not in ("both", "high" if moved > 0 else "low"):
        return None
    end = thin[-1][0]
    beside = [value - trend.level - trend.per_second * (at - end) for at, value in thin]
    scale = max(floor, NORMAL * _mad(beside))
    if abs(moved) < DRIFT * scale:
        return None
    third = len(history) // 3
    value = median([value for _, value in history[-RECENT:]])
    return Unusual(_usual(history[:third], end, False), abs(moved) / scale, True, value)


def _mad(values: Sequence[float]) -> float:
    middle = median(values)
    return median([abs(value - middle) for value in values])


def _hour(at: float) -> int:
    return int(at % WEEK // HOUR)


def _near(one: int, other: int) -> bool:
    gap = abs(one - other)
    return min(gap, 168 - gap) <= 1


def _season(points: Sequence[Point], now: Point) -> tuple[list[float], float] | None:
    """What is left of each value, and of `now`, when the median of the same hours of the other weeks is taken away.

    None with less than LEAST_WEEKS weeks, with hours that were not seen in three weeks, and when it explains little.
    """
    if now[0] - points[0][0] < LEAST_WEEKS * WEEK:
        return None
    by_hour: dict[int, list[tuple[int, float]]] = {}
    for at, value in points:
        by_hour.setdefault(_hour(at), []).append((int(at // WEEK), value))

    def expected(hour: int, week: int) -> float | None:
        same = [
            (seen, value)
            for near in (hour - 1, hour, hour + 1)
            for seen, value in by_hour.get(near % 168, ())
            if seen != week
        ]
        return median([value for _, value in same]) if len({seen for seen, _ in same}) >= LEAST_WEEKS - 1 else None

    middle = expected(_hour(now[0]), int(now[0] // WEEK))
    if middle is None:
        return None
    left = []
    for at, value in points[-2_000:]:
        wanted = expected(_hour(at), int(at // WEEK))
        if wanted is not None:
            left.append(value - wanted)
    if len(left) < 3 * LEAST:
        return None
    plain = _mad([value for _, value in points])
    if _mad(left) > SEASON_GAIN * plain:
        return None
    return left, now[1] - middle


def _usual(history: Sequence[Point], at: float, seasonal: bool) -> Usual:
    chosen = [value for seen, value in history if not seasonal or _near(_hour(seen), _hour(at))]
    ordered = sorted(chosen or [value for _, value in history])
    season = ""
    if seasonal:
        # the epoch began on a Thursday
        day = ("Thursdays", "Fridays", "Saturdays", "Sundays", "Mondays", "Tuesdays", "Wednesdays")[_hour(at) // 24]
        season = f"{day} about {_hour(at) % 24:02d}:00 UTC"
    return Usual(quantile(ordered, 0.05), quantile(ordered, 0.95), median(ordered), len(ordered), season)


@dataclass(frozen=True, slots=True)
class Slope:
    """A trend per second with its 95 % bounds (Theil–Sen, Sen's interval by Kendall's variance), and its line's value now."""

    per_second: float
    low: float
    high: float
    level: float
    count: int
    seconds: float


def slope(points: Sequence[Point]) -> Slope | None:
    """The robust trend of the points, oldest first; None with fewer than eight different times."""
    thin = _thinned(points)
    pairs = sorted(
        (later[1] - sooner[1]) / (later[0] - sooner[0])
        for place, sooner in enumerate(thin)
        for later in thin[place + 1 :]
        if later[0] > sooner[0]
    )
    count = len(thin)
    if len({at for at, _ in thin}) < 8:
        return None
    middle = median(pairs)
    deviation = 1.96 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = pairs[max(0, math.floor((len(pairs) - deviation) / 2))]
    high = pairs[min(len(pairs) - 1, math.ceil((len(pairs) + deviation) / 2))]
    end = thin[-1][0]
    level = median([value + middle * (end - at) for at, value in thin])
    return Slope(middle, low, high, level, count, end - thin[0][0])


def _thinned(points: Sequence[Point]) -> list[Point]:
    """At most MOST_POINTS of them, evenly in time, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return list(points)
    begin, end = points[0][0], points[-1][0]
    times = [at for at, _ in points]
    chosen = dict.fromkeys(
        min(len(points) - 1, bisect.bisect_left(times, begin + (end - begin) * step / (MOST_POINTS - 1)))
        for step in range(MOST_POINTS)
    )
    return [points[place] for place in chosen]

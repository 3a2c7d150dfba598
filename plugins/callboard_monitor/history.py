"""What was measured before, by series, thinned with age so that it stays small."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.api import Context
from callboard_monitor.robust import Point

HOUR, DAY = 3_600.0, 86_400.0
FINE = 1.5 * DAY  # all values, at most one a minute
HOURLY = 40 * DAY  # one value for each hour
DAILY = 400 * DAY  # one value for each day
MOST_SERIES = 200
MOST_FINE = 600


def thinned(points: Sequence[Point], now: float) -> list[Point]:
    """Of the last FINE seconds one value a minute, then one an hour, then one a day; nothing beyond DAILY.

    A single value stands for its hour, not the mean: so the spread stays what it was. Values of the future are dropped.
    """
    kept: dict[tuple[float, int], Point] = {}
    for at, value in points:
        age = now - at
        if not (-60 <= age <= DAILY) or not math.isfinite(value):
            continue
        step = 60.0 if age <= FINE else HOUR if age <= HOURLY else DAY
        mark = (step, int(at // step))
        if step == 60.0 or mark not in kept:
            kept[mark] = (at, value)
    ordered = sorted(kept.values())
    fine = [point for point in ordered if now - point[0] <= FINE]
    older = ordered[: len(ordered) - len(fine)]
    return older + (_every_other(fine) if len(fine) > MOST_FINE else fine)


def _every_other(points: list[Point]) -> list[Point]:
    """Fewer of the older half; the newest stay."""
    half = len(points) // 2
    return points[:half:2] + points[half:]


@dataclass(slots=True)
class History:
    """Series by name, as they are remembered under one key."""

    series: dict[str, list[Point]] = field(default_factory=dict)

    def points(self, name: str) -> list[Point]:
        """The values, oldest first."""
        return self.series.get(name, [])

    def add(self, name: str, at: float, value: float) -> None:
        """One value more."""
        self.series[name] = thinned([*self.series.get(name, []), (at, value)], at)


def history_of(kept: object) -> History:
    """From what was remembered; whatever is not sound is left out."""
    found = History()
    table = kept.get("series") if isinstance(kept, Mapping) else None
    if not isinstance(table, Mapping):
        return found
    for name, rows in list(table.items())[: 2 * MOST_SERIES]:
        points = [(float(row[0]), float(row[1])) for row in rows if _is_point(row)] if isinstance(rows, list) else []
        if points:
            found.series[str(name)] = sorted(points)
    return found


def _is_point(row: object) -> bool:
    return (
        isinstance(row, (list, tuple))
        and len(row) == 2
        and all(isinstance(part, (int, float)) and not isinstance(part, bool) and math.isfinite(part) for part in row)
    )


def kept_form(history: History) -> dict[str, Any]:
    """As JSON; of too many series those that were not seen for longest are dropped."""
    newest = sorted(history.series.items(), key=lambda item: item[1][-1][0] if item[1] else 0.0)[-MOST_SERIES:]
    return {"series": {name: [[round(at), float(f"{value:.6g}")] for at, value in points] for name, points in newest}}


def read(ctx: Context, group: str) -> History:
    """The history of a group of series: 'endpoints', 'host', 'logs', 'metrics', 'processes'."""
    return history_of(ctx.memory.get(f"history-{group}"))


def record(ctx: Context, group: str, at: float, values: Mapping[str, float]) -> History:
    """Adds a value to each named series and returns the history as it was before."""
    before = History()

    def changed(former: object) -> dict[str, Any]:
        nonlocal before
        before = history_of(former)
        after = History({name: list(points) for name, points in before.series.items()})
        for name, value in values.items():
            after.add(name, at, value)
        return kept_form(after)

    ctx.memory.update(f"history-{group}", changed, {})
    return before

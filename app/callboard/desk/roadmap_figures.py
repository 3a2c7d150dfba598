"""Figures over the roadmap: when it would be done, the path that decides, the burn-up, the milestones, how forecasts held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.rows import Row

NOT_YET = "not worked out yet"
MOST_POINTS = 400


@dataclass(frozen=True, slots=True)
class Figures:
    """Forecasts by name (a change, 'layer:NAME', 'milestone:NAME') as a range or why there is none, and what goes with them."""

    etas: Mapping[str, tuple[Row | None, str]] = field(default_factory=dict)
    on_path: frozenset[str] = frozenset()
    path: Row = field(default_factory=lambda: {"changes": [], "left": 0, "words": NOT_YET})
    pace: Row = field(default_factory=lambda: {"per_day": None, "days": 0, "n": 0, "words": NOT_YET})
    calibration: Row = field(default_factory=lambda: {"held": 0, "n": 0, "words": NOT_YET})
    burnup: Sequence[Any] = ()
    milestones: tuple[tuple[str, str, str, tuple[str, ...]], ...] = ()

    def eta(self, name: str) -> tuple[Row | None, str]:
        """The range and '', or None and why."""
        return self.etas.get(name, (None, NOT_YET))

    def milestones_of(self, change: str) -> list[str]:
        """Those that need the change."""
        return [name for name, _, _, changes in self.milestones if change in changes]

    def milestone_rows(self, changes: Mapping[str, Row]) -> list[Row]:
        """Each with the counts of the tasks behind it."""
        return []


def thinned(readings: Sequence[tuple[float, int, int]], most: int = MOST_POINTS) -> list[list[float]]:
    """At most so many of them, the first and the last among them."""
    if len(readings) > most:
        readings = [readings[round(n * (len(readings) - 1) / (most - 1))] for n in range(most)]
    return [list(point) for point in readings]

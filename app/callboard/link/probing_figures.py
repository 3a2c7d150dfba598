"""How an endpoint answered lately: p50, p95 and the share of good answers, from the newest probes of it."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callboard.core.yielding import Reading
from callboard.link.probing_request import Probe

MOST_KEPT = 600
LEAST = 5
OLDEST_S = 600.0
MOST_TREND = 40
TREND_EVERY_S = 15.0


def rank(values: Sequence[float], share: float) -> float | None:
    """The smallest of the values that so large a share of them does not pass (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Now:
    """The figures of a moment: milliseconds, per cent, and of how many probes."""

    p50: float | None
    p95: float | None
    success: float | None
    n: int
    at: float


class Figures:
    """The probes of one endpoint that are young enough; bounded."""

    def __init__(self, trend: Iterable[float] = ()) -> None:
        self._probes: deque[Probe] = deque(maxlen=MOST_KEPT)
        self.trend: deque[float] = deque(trend, maxlen=MOST_TREND)
        self.failed: Probe | None = None
        self.paused = ""
        self._trended = 0.0

    def add(self, probe: Probe, window_s: float) -> None:
        """Takes what was measured."""
        self._probes.append(probe)
        if probe.trouble:
            self.failed = probe
        if probe.at - self._trended >= TREND_EVERY_S:
            self._trended = probe.at
            p95 = self.now(probe.at, window_s).p95
            if p95 is not None:
                self.trend.append(round(p95, 1))

    def now(self, at: float, window_s: float) -> Now:
        """Of the probes of the window, or of the newest LEAST where it holds fewer, none of them older than OLDEST_S."""
        chosen: list[Probe] = []
        for probe in reversed(self._probes):
            age = at - probe.at
            if age > max(OLDEST_S, window_s) or (age > window_s and len(chosen) >= LEAST):
                break
            chosen.append(probe)
        times = [probe.seconds * 1000.0 for probe in chosen if probe.seconds is not None]
        good = sum(not probe.trouble for probe in chosen)
        newest = chosen[0].at if chosen else 0.0
        success = 100.0 * good / len(chosen) if chosen else None
        return Now(rank(times, 0.5), rank(times, 0.95), success, len(chosen), newest)

    def reading(self, name: str, at: float, window_s: float) -> Reading | None:
        """What the rule judges by; None before anything was measured."""
        now = self.now(at, window_s)
        return Reading(name, now.p95, now.success, now.n, now.at) if now.n else None

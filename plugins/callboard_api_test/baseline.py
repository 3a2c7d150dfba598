"""How fast an operation usually is on this machine, and whether it is slower now."""

import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.api import Context
from callboard_api_test.apps import App

KEY = "latency"
KEPT_RUNS = 10
LEAST_RUNS = 2
MOST_APPS = 30
FACTOR, MARGIN_MS = 1.5, 20.0


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of the p95 of earlier runs, and of how many."""

    p95: float
    runs: int

    @property
    def counts(self) -> bool:
        """Whether there were enough runs to compare with."""
        return self.runs >= LEAST_RUNS

    def is_slower(self, p95: float) -> bool:
        """Whether a p95 is above both 1.5 times and 20 ms more than the usual one; never with fewer than LEAST_RUNS runs."""
        return self.counts and p95 > max(self.p95 * FACTOR, self.p95 + MARGIN_MS)


def usual(ctx: Context, app: App) -> dict[str, Usual]:
    """Of each operation that was timed before on this machine, by label."""
    runs = _of(ctx.memory.get(KEY, {}), _mark(app))
    found: dict[str, Usual] = {}
    for label, entries in runs.items():
        values = [float(e["p95"]) for e in entries if isinstance(e, dict) and isinstance(e.get("p95"), (int, float))]
        if values:
            found[label] = Usual(statistics.median(values[-KEPT_RUNS:]), len(values[-KEPT_RUNS:]))
    return found


def keep(ctx: Context, app: App, p95: Mapping[str, float], accepted: Sequence[str] = ()) -> None:
    """Adds a run to what is usual; the operations that are `accepted` begin anew."""
    now = time.time()

    def changed(former: Any) -> dict[str, Any]:
        known = former if isinstance(former, dict) else {}
        runs = _of(known, _mark(app))
        for label, value in p95.items():
            before = [] if label in accepted else runs.get(label, [])
            runs[label] = [*before, {"p95": round(value, 3), "at": now}][-KEPT_RUNS:]
            if label in accepted:  # it stands alone until the next run, and counts as often as it needs to
                runs[label] = runs[label] * LEAST_RUNS
        others = {name: value for name, value in known.items() if name != _mark(app)}
        return {**dict(list(others.items())[-MOST_APPS:]), _mark(app): runs}

    ctx.memory.update(KEY, changed, {})


def _of(known: Any, mark: str) -> dict[str, list[Any]]:
    runs = known.get(mark) if isinstance(known, dict) else None
    return {str(k): v for k, v in runs.items() if isinstance(v, list)} if isinstance(runs, dict) else {}


def _mark(app: App) -> str:
    return f"{platform.node()}:{app.folder}:{app.shown}"

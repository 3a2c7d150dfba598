"""Kept forecasts held against what happened."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.insight.calibration import LEAST_S, LEAST_SPREAD, Judged, Raw
from callboard.record.forecast_rows import due
from callboard.record.history import History

MOST_RUNS_OF_TASKS = 60


def judged_runs(history: History, workspace: str) -> list[Judged]:
    """Those of runs, newest first."""
    return [judged(row) for row in due(history.database, workspace)]


def judged(row: Mapping[str, Any]) -> Judged:
    """A kept forecast of a run that has ended."""
    score = Raw(tuple(row["logs"])).score(row["ended"] - row["at"])
    return Judged(row["pipeline"], score, _held(row["ended"], row["p50"], row["p80"], row["p95"]))


def judged_tasks(history: History, workspace: str) -> list[Judged]:
    """Those of the tasks of the newest runs: of such as ran and came to an end."""
    found: list[Judged] = []
    for row in due(history.database, workspace, MOST_RUNS_OF_TASKS):
        rows = history.select(
            "SELECT place, ended FROM task WHERE run = ? AND ended IS NOT NULL AND attempt > 0", (row["run"],)
        )
        ends = {int(place): float(ended) for place, ended in rows}
        for place, part in row["of_tasks"].items():
            ended = ends.get(int(place))
            if ended is not None and ended > row["at"]:
                found.append(_task(part, row["at"], ended))
    return found


def _task(part: Sequence[float], at: float, ended: float) -> Judged:
    p50, p80, p95, middle, spread = part
    score = (math.log(max(LEAST_S, ended - at)) - middle) / max(LEAST_SPREAD, spread)
    return Judged("", score, _held(ended, p50, p80, p95))


def _held(ended: float, p50: float, p80: float, p95: float) -> tuple[bool, bool, bool]:
    return ended <= p50, ended <= p80, ended <= p95

"""Kept forecasts held against what happened."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from callboard.insight.calibration import LEAST_S, LEAST_SPREAD, Judged, Raw
from callboard.record.forecast_rows import due
from callboard.record.history import History

MOST_RUNS_OF_TASKS = 60
OF_END = 5


def judged_runs(history: History, workspace: str) -> list[Judged]:
    """Those of runs, newest first."""
    return [judged(row) for row in due(history.database, workspace)]


def judged(row: Mapping[str, Any]) -> Judged:
    """A kept forecast of a run that has ended."""
    score = Raw(tuple(row["logs"])).score(row["ended"] - row["at"])
    return Judged(row["pipeline"], score, _held(row["ended"], row["p50"], row["p80"], row["p95"]))


def judged_tasks(history: History, workspace: str) -> tuple[list[Judged], list[Judged]]:
    """Those of the tasks of the newest runs, of such as ran and came to an end: of their ends and of their starts."""
    found: list[Judged] = []
    starts: list[Judged] = []
    for row in due(history.database, workspace, MOST_RUNS_OF_TASKS):
        rows = history.select(
            "SELECT t.place, t.name, a.started, t.ended FROM task t JOIN attempt a ON a.run = t.run AND a.task = t.place"
            " AND a.attempt = 1 WHERE t.run = ? AND t.ended IS NOT NULL",
            (row["run"],),
        )
        happened = {str(place): (name, started, ended) for place, name, started, ended in rows}
        for place, part in row["of_tasks"].items():
            name, started, ended = happened.get(place, ("", None, 0.0))
            if ended > row["at"]:
                found.append(_task(name, row["run"], part[:OF_END], row["at"], ended))
                if len(part) > OF_END and started is not None:
                    starts.append(_task(name, row["run"], part[OF_END:], row["at"], started))
    return found, starts


def _task(name: str, run: int, part: Sequence[float], at: float, moment: float) -> Judged:
    p50, p80, p95, middle, spread = part
    score = (math.log(max(LEAST_S, moment - at)) - middle) / max(LEAST_SPREAD, spread)
    return Judged(name, score, _held(moment, p50, p80, p95), run)


def _held(ended: float, p50: float, p80: float, p95: float) -> tuple[bool, bool, bool]:
    return ended <= p50, ended <= p80, ended <= p95

"""Kept forecasts in their table, and what came of them."""

import json
import sqlite3
from typing import Any

import peewee

from callboard.core.forecast_events import ForecastKept

FORECAST_KINDS = "'ForecastKept'"
MOST_KEPT = 5_000


def write_forecast(connection: sqlite3.Connection, event: ForecastKept) -> None:
    """Keeps it, unless there is one of that run; the oldest are forgotten."""
    body = json.dumps({"logs": event.logs, "of_tasks": event.of_tasks, "samples": event.samples}, separators=(",", ":"))
    connection.execute(
        "INSERT OR IGNORE INTO forecast (run, workspace, pipeline, at, p50, p80, p95, body) VALUES (?,?,?,?,?,?,?,?)",
        (event.in_run, event.workspace, event.pipeline, event.at, event.p50, event.p80, event.p95, body),
    )
    connection.execute("DELETE FROM forecast WHERE run <= ?", (event.in_run - MOST_KEPT,))


def due(database: peewee.SqliteDatabase, workspace: str, most: int = 400) -> list[dict[str, Any]]:
    """Those of runs that have ended by themselves, newest first, each with when that was: 'ended'.

    Runs that somebody cancelled, and those in which somebody had to decide or did the work, say nothing of the forecast.
    """
    rows = database.execute_sql(
        "SELECT f.run, f.pipeline, f.at, f.p50, f.p80, f.p95, f.body, r.ended FROM forecast f JOIN run r ON r.id = f.run"
        " WHERE f.workspace = ? AND r.ended IS NOT NULL AND r.cancelled = 0 AND r.by_hand = 0 AND r.ended > f.at"
        " AND NOT EXISTS (SELECT 1 FROM event e WHERE e.run = f.run AND e.kind IN ('DecisionMade', 'RetryAsked', 'TaskTaken'))"
        " ORDER BY r.ended DESC LIMIT ?",
        (workspace, most),
    ).fetchall()
    names = ("run", "pipeline", "at", "p50", "p80", "p95", "body", "ended")
    return [dict(zip(names, row, strict=True)) | json.loads(row[6]) for row in rows]


def kept(database: peewee.SqliteDatabase, run: int) -> bool:
    """Whether there is one of that run."""
    return database.execute_sql("SELECT 1 FROM forecast WHERE run = ?", (run,)).fetchone() is not None

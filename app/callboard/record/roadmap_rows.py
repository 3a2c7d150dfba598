"""The roadmap in its tables: a row for each assignment, the counts of changes over time, the forecasts of each day."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from callboard.core.roadmap import Assignment, Stage, told
from callboard.core.roadmap_events import AssignmentEvent, RoadmapCounted, RoadmapForeseen
from callboard.record.codec import to_json

FIELDS = (
    "workspace", "ref", "text", "to", "kind", "action", "why", "by", "at", "reason", "options", "state", "started", "run",
    "ended", "words", "who", "task", "commit", "tick", "tick_why", "ticked",
)  # fmt: skip
ASSIGNMENT_COLUMNS = ", ".join(f'"{name}"' for name in ("id", *FIELDS))
ASSIGNMENT_KINDS = "'RoadmapAssigned', 'RoadmapStarted', 'RoadmapDone', 'RoadmapTicked', 'RoadmapWithdrawn'"
NOTED_KINDS = "'RoadmapCounted', 'RoadmapForeseen'"
STANDS = "NOT (state = 'withdrawn' OR (state = 'done' AND tick = 'ticked'))"
WHOLE = ""  # the change whose counts are those of all of them
MOST_COUNTS = 2_000  # of one change
MOST_DAYS = 400
_READ = f"SELECT {ASSIGNMENT_COLUMNS} FROM roadmap_task WHERE id=?"  # noqa: S608
_WRITE = (
    f'INSERT OR REPLACE INTO roadmap_task ({ASSIGNMENT_COLUMNS}, "change") VALUES ({",".join("?" * (len(FIELDS) + 2))})'  # noqa: S608
)


def write_assignment(connection: sqlite3.Connection, event: AssignmentEvent) -> None:
    """Makes the row what it is after the event."""
    row = connection.execute(_READ, (event.id,)).fetchone()
    one = told(assignment_of(row) if row is not None else None, event)
    connection.execute(_WRITE, (one.id, *assignment_values(one), one.change))


def assignment_values(one: Assignment) -> tuple[Any, ...]:
    """What the table keeps of an assignment beside its id, in the order of FIELDS."""
    return tuple(to_json(dict(one.options)) if name == "options" else getattr(one, name) for name in FIELDS)


def assignment_of(row: Sequence[Any]) -> Assignment:
    """The assignment of a row with ASSIGNMENT_COLUMNS."""
    values = dict(zip(("id", *FIELDS), row, strict=True))
    return Assignment(**{**values, "options": json.loads(values["options"]), "state": Stage(values["state"])})


def write_counts(connection: sqlite3.Connection, event: RoadmapCounted) -> None:
    """Keeps the counts that changed, and forgets the oldest of a change that has very many."""
    counts = {WHOLE: (event.done, event.total), **event.counts}
    connection.executemany(
        'INSERT INTO roadmap_count (workspace, "change", at, done, total) VALUES (?,?,?,?,?)',
        [(event.workspace, change, event.at, int(done), int(total)) for change, (done, total) in counts.items()],
    )
    connection.executemany(
        'DELETE FROM roadmap_count WHERE workspace=? AND "change"=? AND id <= (SELECT id FROM roadmap_count WHERE workspace=?'
        ' AND "change"=? ORDER BY id DESC LIMIT 1 OFFSET ?)',
        [(event.workspace, change, event.workspace, change, MOST_COUNTS) for change in counts],
    )


def write_forecasts(connection: sqlite3.Connection, event: RoadmapForeseen) -> None:
    """Keeps the forecasts of a day; those of days long past are forgotten."""
    connection.executemany(
        "INSERT OR REPLACE INTO roadmap_forecast (workspace, day, name, at, p50, p80, p95) VALUES (?,?,?,?,?,?,?)",
        [(event.workspace, event.day, name, event.at, *moments) for name, moments in event.moments.items()],
    )
    connection.execute(
        "DELETE FROM roadmap_forecast WHERE workspace=? AND day <= (SELECT day FROM (SELECT DISTINCT day FROM roadmap_forecast"
        " WHERE workspace=?) ORDER BY day DESC LIMIT 1 OFFSET ?)",
        (event.workspace, event.workspace, MOST_DAYS),
    )

"""Workflows of the platform's crews in their tables: one row for each, one for each of its tasks, one for each role's tokens."""

import contextlib
import sqlite3

import peewee

from callboard.core.crew import RUNNING, CrewState, Workflow
from callboard.core.crew_events import CrewSeen, CrewSilent

CREW_KINDS = "'CrewSeen', 'CrewSilent'"
KEPT_WORKFLOWS = 2_000
LATEST = 40
_FIRST = (
    "SELECT min(first) FROM (SELECT first, state, row_number() OVER (PARTITION BY crew ORDER BY first DESC) AS rank"  # noqa: S608
    f" FROM crew_workflow) WHERE rank <= {LATEST} OR state = '{RUNNING}'"
)
CREW_LOAD = f"(kind IN ({CREW_KINDS}) AND seq >= coalesce(({_FIRST}), 0))"
WORKFLOW = ("crew", "id", "first", "process", "name", "parent", "state", "started", "ended", "done", "total", "source", "input",
            "output", "error")  # fmt: skip
TASK = ("crew", "workflow", "key", "name", "role", "state", "started", "ended", "seconds", "retries", "calls", "input",
        "output", "error")  # fmt: skip
USE = ("crew", "workflow", "role", "calls", "input", "output")


def _upsert(table: str, names: tuple[str, ...], keys: int, kept: tuple[str, ...] = ()) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    changed = ", ".join(f'"{name}"=excluded."{name}"' for name in names[keys:] if name not in kept)
    where = ", ".join(f'"{name}"' for name in names[:keys])
    marks = ",".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({where}) DO UPDATE SET {changed}"  # noqa: S608


_WORKFLOW = _upsert("crew_workflow", WORKFLOW, 2, ("first",))
_TASK = _upsert("crew_task", TASK, 3)
_USE = _upsert("crew_use", USE, 3)


def write_crew(connection: sqlite3.Connection, event: CrewSeen | CrewSilent, crew: CrewState, seq: int) -> None:
    """Makes the rows of the workflows that the event is about what they are after it; those that were forgotten are lost."""
    named = event.workflows if isinstance(event, CrewSilent) else [fact.get("workflow", "") for fact in event.facts]
    for number in dict.fromkeys(named):
        workflow = crew.workflows.get(number)
        if workflow is not None:
            _write(connection, crew, workflow, seq)
    running = [workflow.id for workflow in crew.running]
    connection.execute(
        f"UPDATE crew_workflow SET state='lost' WHERE crew=? AND state=? AND id NOT IN ({','.join('?' * len(running))})",  # noqa: S608
        (crew.name, RUNNING, *running),
    )


def _write(connection: sqlite3.Connection, crew: CrewState, w: Workflow, seq: int) -> None:
    connection.execute(_WORKFLOW, (crew.name, w.id, seq, w.process, w.name, w.parent, w.state, w.started, w.ended, w.done, w.total,
                                   w.source, w.input, w.output, w.error))  # fmt: skip
    connection.executemany(
        _TASK,
        [
            (crew.name, w.id, t.key, t.name, t.role, t.state, t.started, t.ended, t.seconds, t.retries, t.calls, t.input,
             t.output, t.error)
            for t in w.tasks.values()
        ],
    )  # fmt: skip
    connection.executemany(
        _USE, [(crew.name, w.id, role, u.calls, u.input, u.output) for role, u in w.used.items()]
    )  # fmt: skip


def forget_crews(database: peewee.SqliteDatabase) -> None:
    """Of each crew the newest workflows are kept; what cannot be done now is done another time."""
    connection: sqlite3.Connection = database.connection()
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "DELETE FROM crew_workflow WHERE (crew, id) IN (SELECT crew, id FROM (SELECT crew, id, row_number() OVER"
            " (PARTITION BY crew ORDER BY first DESC) AS rank FROM crew_workflow) WHERE rank > ?)",
            (KEPT_WORKFLOWS,),
        )
        for table in ("crew_task", "crew_use"):
            connection.execute(
                f"DELETE FROM {table} WHERE (crew, workflow) NOT IN (SELECT crew, id FROM crew_workflow)"  # noqa: S608
            )
        connection.execute("COMMIT")
    except sqlite3.Error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")

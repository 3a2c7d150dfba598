"""What was told to each agent, and by whom, as the log has it."""

from collections.abc import Iterator

import peewee

from callboard.core.events import AgentDrained, AgentDraining, AgentSet, AgentsFound, AgentStopped, Event, TaskMoved
from callboard.core.words import sentence
from callboard.record.codec import decode
from callboard.record.migrations import TOLD
from callboard.rows import Row

MOST = 200
ENGINE = "engine"


def told(database: peewee.SqliteDatabase, agent: str, limit: int = MOST) -> list[Row]:
    """{"seq", "at", "by", "what", "words", "task", "attempts"} of each thing that changed what the agent does, the newest first.

    `what` is pause, resume, concurrency, drain, drained, stop, restart, here, gone or moved.
    """
    rows: list[Row] = []
    for seq, event in _events(database, agent):
        row = _row(event, agent)
        if row is not None:
            rows.append({"seq": seq, **row})
        if len(rows) >= limit:
            break
    return rows


def _events(database: peewee.SqliteDatabase, agent: str) -> Iterator[tuple[int, Event]]:
    """Those that name the agent, and those of all agents that differ from the one before; the newest first."""
    found = database.execute_sql(
        f"SELECT seq, kind, body FROM event WHERE {TOLD} AND (kind IN ('AgentsFound', 'TaskMoved')"  # noqa: S608
        " OR json_extract(body, '$.agent') = ?) ORDER BY seq DESC",
        (agent,),
    )
    held: tuple[int, AgentsFound] | None = None
    for seq, kind, body in found:
        event = decode(kind, body)
        if not isinstance(event, AgentsFound):
            yield seq, event
            continue
        if held is not None and (agent in held[1].agents) != (agent in event.agents):
            yield held
        held = (seq, event)
    if held is not None and agent in held[1].agents:
        yield held


def _row(event: Event, agent: str) -> Row | None:
    by, what, words = ENGINE, "", sentence(event)
    task: str | None = None
    attempts: tuple[str, ...] = ()
    match event:
        case AgentSet():
            by = event.by
            what = "concurrency" if event.limit is not None else "pause" if event.paused else "resume"
        case AgentDraining():
            by, what = event.by, "drain"
        case AgentDrained():
            by, what = event.by, "drained"
        case AgentStopped():
            by, what, attempts = event.by, "restart" if event.restart else "stop", event.attempts
        case AgentsFound():
            is_here = agent in event.agents
            what, words = (
                ("here", f"Agent {agent} is here.") if is_here else ("gone", f"Agent {agent} is not here any more.")
            )
        case TaskMoved():
            from_it = f"moved from {agent} to " in event.reason or f", not {agent}: " in event.reason
            if event.agent != agent and not from_it:
                return None
            by, what, task = event.by or ENGINE, "moved", f"{event.run}.{event.task}"
            words = f"Task {task}: {words}"
        case _:
            return None
    return {"at": event.at, "by": by, "what": what, "words": words, "task": task, "attempts": list(attempts)}

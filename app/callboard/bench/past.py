"""Writing a past into a record, as the engine would have written it."""

from callboard.core.events import Event
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.record.log import SqliteLog


def put(log: SqliteLog, state: State, events: list[Event]) -> None:
    """What happened next: into the state and the record, in one step."""
    for event in events:
        fold(state, event)
    log.append(events, state, durable=False)
    state.changed_tasks.clear()
    state.changed_runs.clear()
    state.changed_agents.clear()
    state.cases.settle()

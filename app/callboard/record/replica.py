"""The engine's state as the log has it, kept up to date beside the engine, for whoever wants to try its futures."""

from pathlib import Path

import peewee

from callboard.core.fold import fold
from callboard.core.state import State
from callboard.errors import CallboardError
from callboard.record.codec import decode
from callboard.record.database import NAME

KINDS = (
    "EngineStarted", "AgentsFound", "AgentSet", "AgentDraining", "AgentDrained", "AgentStopped", "RunSubmitted", "TasksAdded",
    "TaskMoved", "AttemptDecided", "AttemptBegan", "AttemptStopping", "AttemptEnded", "CancelAsked", "RetryAsked",
    "DecisionMade", "TaskTaken", "TaskFinished", "TaskReleased", "PrioritySet", "YieldSet",
)  # fmt: skip
_MARKS = ", ".join("?" * len(KINDS))
_WHOLE = (
    f"SELECT seq, kind, body FROM event WHERE kind IN ({_MARKS}) AND (run IS NULL OR run IN"  # noqa: S608
    " (SELECT id FROM run WHERE unfinished > 0)) ORDER BY seq"
)
_NEWER = f"SELECT seq, kind, body FROM event WHERE seq > ? AND kind IN ({_MARKS}) ORDER BY seq"  # noqa: S608


def reader(folder: Path) -> peewee.SqliteDatabase:
    """The database of a data folder, which must be there, for reading alone."""
    return peewee.SqliteDatabase(f"{(folder / NAME).absolute().as_uri()}?mode=ro", uri=True, timeout=5)


class Replica:
    """Reads only; `state` is that of the last `follow`."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database
        self._seq = -1
        self.state = State()

    def follow(self) -> State:
        """The state with all that is in the log by now. What cannot be followed is read anew from the beginning."""
        if self._seq >= 0:
            try:
                self._take(_NEWER, (self._seq, *KINDS))
                return self.state
            except CallboardError:
                pass
        self.state = State()
        self._seq = 0
        self._take(_WHOLE, KINDS)
        return self.state

    def _take(self, sql: str, values: tuple[object, ...]) -> None:
        state = self.state
        for seq, kind, body in self._database.execute_sql(sql, values).fetchall():
            fold(state, decode(kind, body))
            self._seq = seq
        state.changed_tasks.clear()
        state.changed_runs.clear()
        state.changed_agents.clear()
        state.stirred.clear()
        state.forget([run.id for run in state.runs.values() if not run.unfinished])

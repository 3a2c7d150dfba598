"""Attempts that have ended and wait to know what becomes of the tasks that they want to add."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from callboard.core.events import TasksAdded
from callboard.core.facts import Ended
from callboard.core.joining import Joining, joined
from callboard.core.retry import after_end, given_up
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import AttemptKey, TaskState
from callboard.errors import Refused
from callboard.ports import Resolver

Wanted = Sequence[Joining] | str


class Joins:
    """Asks the resolver, and hands its answers to `tell`; nothing of it is in the log until the end of the attempt is too."""

    def __init__(self, resolver: Resolver | None, tell: Callable[[AttemptKey, Wanted], None]) -> None:
        self._resolver = resolver
        self._tell = tell
        self._open: dict[AttemptKey, Ended] = {}

    def keep(self, task: Task, fact: Ended) -> bool:
        """Whether the end waits until somebody who knows the agents has made tasks of what the attempt wants to add."""
        key = fact.key
        if key in self._open:
            return True
        if not fact.jobs or given_up(task) or after_end(task, fact, 0.5).outcome is not TaskState.SUCCEEDED:
            return False
        self._open[key] = fact
        if self._resolver is None:
            self._tell(key, "nobody here knows what the agents offer")
        else:
            run = task.run
            self._resolver.resolve(run.workspace, run.config, fact.jobs, lambda wanted: self._tell(key, wanted))
        return True

    def given_up(self, state: State) -> list[AttemptKey]:
        """Those that somebody cancelled meanwhile: they need wait no longer."""
        return [key for key in self._open if (task := state.live.get(key.of)) is not None and given_up(task)]

    def settle(
        self, state: State, key: AttemptKey, wanted: Wanted, now: float
    ) -> tuple[Task, Ended, TasksAdded | None] | None:
        """The task, its end, and what joins the run; None when the end is known already. What was cancelled adds nothing."""
        fact = self._open.pop(key, None)
        task = state.live.get(key.of)
        if fact is None or task is None or task.attempt != key.attempt:
            return None
        if isinstance(wanted, str):
            return task, replace(fact, unfit=wanted), None
        if not wanted or task.run.cancelled or given_up(task):
            return task, fact, None
        try:
            return task, fact, joined(task, wanted, now)
        except Refused as error:
            return task, replace(fact, unfit=str(error)), None

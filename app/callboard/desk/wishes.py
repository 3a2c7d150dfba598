"""What can be planned and wished for."""

from collections.abc import Callable, Sequence
from pathlib import Path

from callboard.core.commands import (
    AnswerQuestion,
    Cancel,
    DecideTask,
    LimitAgent,
    PauseAgent,
    ResumeAgent,
    TryAgain,
)
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.core.task import Priority
from callboard.desk.runs import Runs
from callboard.desk.sections import Sections
from callboard.errors import ConfigError, Refused
from callboard.planning import Prepared, plan_row, prepare
from callboard.rows import Row


class Wishes(Runs, Sections):
    """Plans, and wishes that the engine grants or refuses."""

    def prepare(
        self, pipeline: str = "", only: Sequence[str] = (), skip: Sequence[str] = (), workspace: Path | None = None
    ) -> Prepared:
        """The pipeline of the workspace as it is now."""
        capacity = self._engine.capacity
        place = workspace or self.workspace
        if not place.is_dir():
            raise ConfigError(f"the workspace {place} is not a folder")
        return prepare(
            place,
            self.data,
            pipeline=pipeline,
            only=only,
            skip=skip,
            cpus=capacity.total_cpus,
            memory_mb=capacity.total_memory_mb,
            known=self.learned(place),
        )

    def plan(
        self, pipeline: str = "", only: Sequence[str] = (), skip: Sequence[str] = (), workspace: str | None = None
    ) -> Row:
        """What a run would do, in which order, with which needs, and when each job would start and end."""
        prepared = self.prepare(pipeline, only, skip, Path(workspace) if workspace else None)
        limits = self._engine.inspect(
            lambda state: {name: agent.limit for name, agent in state.agents.items() if agent.limit}
        )
        return plan_row(prepared, self._engine.capacity, limits, self.learned(prepared.workspace))

    def submit(
        self,
        pipeline: str = "",
        only: Sequence[str] = (),
        skip: Sequence[str] = (),
        priority: str = "",
        by: str = "",
        key: str | None = None,
        workspace: str | None = None,
        prepared: Prepared | None = None,
    ) -> int:
        """Starts a run of the workspace's pipeline; returns its number once it is durable.

        `workspace` is another one than the desk's own; both must be trusted. The same `key` again gives the same run.
        """
        place = Path(workspace) if workspace else self.workspace
        self._trust.require(place)
        if key:
            known = self._history.run_by_key(key)
            if known:
                return known
        ready = prepared if prepared is not None else self.prepare(pipeline, only, skip, place)
        self.name_agents()
        wanted = Priority[priority.upper()] if priority else None
        return self._do(ready.command(by=by, trigger="by hand", priority=wanted, key=key or ""))

    def require_trust(self) -> None:
        """Raises `Refused` for a workspace that nobody trusted."""
        self._trust.require(self.workspace)

    def cancel_run(self, run: int, reason: str, by: str) -> None:
        """Ends all of a run."""
        self._require_run(run)
        self._revive(run)
        self._do(Cancel(run, None, by, reason))

    def cancel_task(self, task_id: str, reason: str, by: str) -> None:
        """Ends a task."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(Cancel(key.run, key.task, by, reason))

    def retry_run(self, run: int, by: str) -> int | None:
        """Tries everything again that failed, was cancelled or lost in a run."""
        self._require_run(run)
        self._revive(run)
        self._do(TryAgain(run, None, by))
        return run

    def retry_task(self, task_id: str, by: str) -> None:
        """Tries an ended task again."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(TryAgain(key.run, key.task, by))

    def _revive(self, number: int) -> None:
        """Brings an ended run back into the engine's memory."""
        if self._engine.inspect(lambda state: number in state.runs):
            return
        events = list(self._history.run_events(number))

        def back(state: State) -> None:
            if number not in state.runs:
                for event in events:
                    fold(state, event)
                state.changed_tasks.clear()
                state.changed_runs.clear()

        self._engine.inspect(back)

    def decide(self, task_id: str, choice: str, by: str) -> None:
        """A person's word about a task that needs a decision."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(DecideTask(key.run, key.task, choice, by))

    def answer(self, task_id: str, question: str, choice: str, by: str) -> None:
        """A person's answer to a question of an attempt."""
        key = self.key(task_id)
        self._do(AnswerQuestion(key.run, key.task, question, choice, by))

    def pause(self, agent: str, reason: str, by: str) -> None:
        """No new attempt of the agent; what runs goes on."""
        self._do(PauseAgent(agent, by, reason))

    def resume(self, agent: str, by: str) -> None:
        """The agent may start again."""
        self._do(ResumeAgent(agent, by))

    def set_concurrency(self, agent: str, limit: int, by: str) -> None:
        """How many attempts the agent may have at once, 0 for no limit of its own."""
        self._do(LimitAgent(agent, limit, by))

    def fire_with(self, fire: Callable[[str, str], None]) -> None:
        """From now on `fire_schedule` calls this with the name and what set it off."""
        self._fire = fire

    def fire_schedule(self, name: str, by: str) -> None:
        """Starts a schedule that listens to webhooks now."""
        if self._fire is None:
            raise Refused("schedules run with the server alone; start it with `callboard up`")
        self._fire(name, f"webhook by {by}")

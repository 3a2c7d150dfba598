"""What can be wished for."""

from collections.abc import Callable

from callboard.core.commands import (
    AnswerQuestion,
    Cancel,
    DecideTask,
    LimitAgent,
    MoveTask,
    PauseAgent,
    ResumeAgent,
    TryAgain,
)
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.desk.plans import Plans
from callboard.errors import Refused


class Wishes(Plans):
    """Wishes that the engine grants or refuses."""

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

    def move_task(self, task_id: str, agent: str, by: str) -> None:
        """Gives a task that waits to another agent that offers the same."""
        key = self.key(task_id)
        self._require_run(key.run)
        self._revive(key.run)
        self._do(MoveTask(key.run, key.task, agent, by))

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

"""Doing again what was done before, and what is wished for many tasks at a time."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from callboard.core.commands import Cancel, Command, TryAgain
from callboard.core.run import Run, Task
from callboard.core.task import BAD, TaskKey
from callboard.desk.wishes import Wishes
from callboard.errors import CallboardError, Refused

MOST_AT_ONCE = 10_000
MOST_TOLD = 20
PATIENCE_S = 60.0


class Again(Wishes):
    """Wishes that follow from an earlier run."""

    def again(self, run: int, by: str, key: str | None = None, *, affected: bool = False) -> int:
        """Starts a new run of the same jobs, as they are written down now; returns its number once it is durable.

        With `affected`, what passed with the same files before is not run. Raises `Refused` for a run that took in reports,
        and for one whose jobs are all gone.
        """
        before = self._engine.inspect(lambda state: state.runs.get(run)) or self._kept(run)
        if before.name == "ingest":
            raise Refused(f"run {run} took in reports; hand them in anew with `callboard ingest`")
        priority = before.priority.name.lower()
        if before.name.startswith("do "):
            spec = before.tasks[0].spec
            action = "" if spec.wants else spec.action
            options = {name: value for name, value in spec.options.items() if name != "folder"}
            return self.do(action, options, spec.folder, by, key, spec.wants, before.workspace, priority)
        only = self._jobs_of(before)
        return self.submit(before.name, only, (), priority, by, key, before.workspace, affected=affected)

    def _jobs_of(self, before: Run) -> list[str]:
        """Which jobs of its pipeline a run had, none for all; tasks that agents added are theirs to add again."""
        prepared = self.prepare(before.name, workspace=Path(before.workspace), keep=False)
        there = [job.name for job in prepared.built.jobs]
        had = {task.spec.name for task in before.tasks}
        only = [name for name in there if name in had]
        if not only:
            raise Refused(f"run {before.id} had no job that pipeline '{before.name}' has now")
        return [] if len(only) == len(there) else only

    def cancel_tasks(self, tasks: Sequence[str], reason: str, by: str) -> dict[str, Any]:
        """Ends these tasks; says of how many, and why not of the others."""
        return self._each(tasks, lambda key: Cancel(key.run, key.task, by, reason), lambda task: not task.final)

    def retry_tasks(self, tasks: Sequence[str], by: str) -> dict[str, Any]:
        """Tries these tasks again; says of how many, and why not of the others."""
        return self._each(tasks, lambda key: TryAgain(key.run, key.task, by), lambda task: task.state in BAD)

    def _each(
        self, tasks: Sequence[str], command: Callable[[TaskKey], Command], fits: Callable[[Task], bool]
    ) -> dict[str, Any]:
        """Asks for each. One wish may bring along others: for what `fits` before, it is then done already."""
        keys = [self.key(task) for task in dict.fromkeys(tasks)]
        if len(keys) > MOST_AT_ONCE:
            raise Refused(f"at most {MOST_AT_ONCE:,} tasks can be named at one time")
        for run in {key.run for key in keys}:
            self._require_run(run)
            self._revive(run)
        fitting = self._engine.inspect(lambda state: {key for key in keys if fits(state.task(key))})
        refused = [
            {"task": str(key), "why": str(error)}
            for key, error in zip(keys, self._all(command, keys), strict=True)
            if error is not None and not (key in fitting and isinstance(error, Refused))
        ]
        return {"done": len(keys) - len(refused), "refused": len(refused), "why": refused[:MOST_TOLD]}

    def _all(self, command: Callable[[TaskKey], Command], keys: Sequence[TaskKey]) -> list[CallboardError | None]:
        """Asks for all before it waits for any, so that one step of the engine grants many."""
        loop = self._engine.loop
        if loop is None:
            raise CallboardError("the engine is not running; start it with `callboard up`")
        wishes: list[Command] = [command(key) for key in keys]
        answers: list[Future[int]] = [asyncio.run_coroutine_threadsafe(self._engine.ask(wish), loop) for wish in wishes]
        return [_error_of(answer) for answer in answers]


def _error_of(answer: "Future[int]") -> CallboardError | None:
    try:
        answer.result(PATIENCE_S)
    except CallboardError as error:
        return error
    except TimeoutError:
        answer.cancel()
        return CallboardError("the engine did not answer in time; see `callboard doctor`")
    return None

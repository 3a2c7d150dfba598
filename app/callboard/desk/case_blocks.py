"""What each check keeps from going on now: the tasks behind it that wait or were skipped, deploys and idle agents among them.

A case blocks what stands behind a check only when its symptoms are why the check failed: beside grave ones (high, critical, a
failed test, a bad end), lesser findings of the same check block nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from callboard.core.case_facts import Symptom
from callboard.core.case_priority import Blocks
from callboard.core.correlate_scene import SKIPPED, UNKNOWN
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import BAD, TaskKey, TaskState
from callboard.rows import critical_places

DEPLOY = "deploy"
MOST_STEPS = 50_000
HELD_UP = (TaskState.WAITING, TaskState.SKIPPED)
STUCK = (*BAD, TaskState.NEEDS_DECISION)
GRAVE = ("critical", "high")
PASSED_AT_LAST = "test-flaky"


class _Behind(NamedTuple):
    """A task that cannot go on: its name, whether it is on the critical path, whether it deploys, its agent if that is idle."""

    key: TaskKey
    name: str
    critical: bool
    deploys: bool
    idle: str


class Blocking:
    """Looks once at the newest run of each pipeline of each workspace, on the engine's thread; O(tasks of these runs).

    What it holds afterwards may be read from anywhere.
    """

    def __init__(self, state: State, kept: Iterable[Run] = ()) -> None:
        """`kept` are runs that ended before this engine began; newer ones of the state go before them."""
        self._steps = 0
        self._whole = True
        self._of: dict[tuple[str, str], dict[TaskKey, _Behind]] = {}
        self._why: dict[tuple[str, str], set[int]] = {}
        newest: dict[tuple[str, str], Run] = {}
        for run in (*kept, *state.runs.values()):
            known = newest.get((run.workspace, run.name))
            if known is None or run.id > known.id:
                newest[run.workspace, run.name] = run
        for run in newest.values():
            self._look(state, run)
        if self._of:
            self._look_why(state)

    @property
    def any(self) -> bool:
        """Whether anything is blocked at all."""
        return bool(self._of)

    def _look_why(self, state: State) -> None:
        """Which cases have a grave symptom of a check that something waits for. O(symptoms of open cases)."""
        for case in state.cases.open():
            for symptom in case.symptoms.values():
                place = (case.workspace, symptom.check)
                if place in self._of and not symptom.gone and is_grave(symptom):
                    self._why.setdefault(place, set()).add(case.id)

    def _look(self, state: State, run: Run) -> None:
        stuck = [
            task for task in run.tasks if task.state in STUCK and task.state is not TaskState.SKIPPED and task.below
        ]
        if not stuck:
            return
        critical = critical_places(run)
        for task in stuck:
            mine = self._of.setdefault((run.workspace, task.spec.name), {})
            for other in self._behind(task):
                agent = other.spec.agent
                idle = agent if agent and not state.working.get(agent) and not state.trouble_of(agent) else ""
                deploys = other.spec.stage == DEPLOY or bool(other.spec.undo)
                mine[other.key] = _Behind(other.key, other.spec.name, other.index in critical, deploys, idle)

    def _behind(self, task: Task) -> list[Task]:
        """What depends on it, near and far, and waits or was skipped."""
        tasks = task.run.tasks
        found = dict.fromkeys(task.below)
        todo = list(found)
        for place in todo:
            self._steps += 1
            if self._steps > MOST_STEPS:
                self._whole = False
                break
            for child in tasks[place].below:
                if child not in found:
                    found[child] = None
                    todo.append(child)
        return [tasks[place] for place in todo if tasks[place].state in HELD_UP]

    def of(self, workspace: str, checks: Iterable[str], case: int = 0) -> Blocks:
        """What a case with these checks blocks; without its number, as if its symptoms were why each of them failed."""
        behind: dict[TaskKey, _Behind] = {}
        for check in checks:
            why = self._why.get((workspace, check))
            if not case or not why or case in why:
                behind |= self._of.get((workspace, check), {})
        if not behind:
            return Blocks()
        several = behind.values()
        return Blocks(
            len(behind),
            any(one.critical for one in several),
            tuple(dict.fromkeys(one.name for one in several if one.deploys)),
            tuple(dict.fromkeys(one.idle for one in several if one.idle)),
            self._whole,
        )


def is_grave(symptom: Symptom) -> bool:
    """Whether it is why its check failed, where the check has other findings besides."""
    if symptom.kind == "task":
        return symptom.rule not in (SKIPPED, UNKNOWN)
    return symptom.severity in GRAVE or (symptom.kind == "test" and symptom.rule != PASSED_AT_LAST)

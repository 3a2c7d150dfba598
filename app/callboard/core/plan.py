"""What a run will look like: the real planner, run ahead in virtual time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callboard.core.admit import Policy
from callboard.core.ahead import IMAGINED, Ahead, Course
from callboard.core.events import RunSubmitted
from callboard.core.resources import Capacity
from callboard.core.run import Task
from callboard.core.state import AgentState, State
from callboard.core.task import Priority, TaskSpec
from callboard.errors import CallboardError

__all__ = ["IMAGINED", "NeverStarts", "Span", "foresee"]


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end in seconds from the start of the run."""

    start: float
    end: float


class NeverStarts(CallboardError):
    """Some tasks can never start on this machine; `holds` says why, by the task's place."""

    def __init__(self, holds: Mapping[int, str]) -> None:
        self.holds = dict(holds)
        super().__init__("; ".join(self.holds.values()))


def foresee(
    specs: Sequence[TaskSpec],
    capacity: Capacity,
    *,
    durations: Sequence[float] | None = None,
    releases: Sequence[float] | None = None,
    policy: Policy = Policy(),
    limits: Mapping[str, int] | None = None,
    running: Sequence[int] = (),
    ageing_s: float = 1800.0,
) -> list[Span]:
    """Start and end of each task when each takes its `durations` (by default its estimate) and succeeds.

    Decides by the estimates of the specs, through the same `decide` as the engine. `releases` are the times before which a
    task is not known, `limits` bounds the attempts at once by agent, `running` are places of tasks that run at time 0
    already. Pressure on the machine's memory is taken to pass. Raises `NeverStarts` for tasks that cannot start at all.
    """
    state = State(ageing_s)
    state.epoch = 1
    for name, limit in (limits or {}).items():
        state.agents[name] = AgentState(name, limit=limit)
    lasts = list(durations) if durations is not None else [spec.estimate for spec in specs]

    def script(task: Task, passed: float) -> Course:
        return Course(lasts[task.index] - passed)

    ahead = Ahead(state, capacity, script, policy=policy)
    ahead.submit(RunSubmitted(0.0, 1, "plan", "", "", "", Priority.MEDIUM, tuple(specs)))
    run = state.runs[1]
    for place, release in enumerate(releases or ()):
        if release > 0:
            ahead.hide(run.tasks[place], release)
    for place in running:
        if not run.tasks[place].unmet:
            ahead.start(run.tasks[place])
    ahead.play()
    if run.unfinished:
        raise NeverStarts(ahead.stuck(1))
    return [Span(task.started or 0.0, task.ended or 0.0) if task.attempt else Span(0.0, 0.0) for task in run.tasks]

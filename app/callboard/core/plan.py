"""What a run will look like: the real planner, run ahead in virtual time."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from callboard.core.admit import Policy
from callboard.core.decide import decide
from callboard.core.events import AttemptBegan, AttemptDecided, AttemptEnded, RunSubmitted
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.run import Run
from callboard.core.state import AgentState, State
from callboard.core.task import Priority, Process, TaskSpec, TaskState
from callboard.errors import CallboardError

IMAGINED = Process(pid=0, ticks=0, boot="")


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
    capacity = replace(capacity, pressed=False)
    state = State(ageing_s)
    state.epoch = 1
    for name, limit in (limits or {}).items():
        state.agents[name] = AgentState(name, limit=limit)
    lasts = list(durations) if durations is not None else [spec.estimate for spec in specs]
    fold(state, RunSubmitted(0.0, 1, "plan", "", "", "", Priority.MEDIUM, tuple(specs)))
    run = state.runs[1]
    hidden = _hide(state, run, releases or ())
    spans: list[Span | None] = [None] * len(specs)
    ends: list[tuple[float, int]] = []
    now = 0.0
    starting = [place for place in running if not run.tasks[place].unmet]
    for place in starting:
        fold(state, AttemptDecided(now, 1, place, 1, state.epoch, "runs already"))
    while run.unfinished:
        _settle(state)
        starting += [start.task for start in decide(state, now, capacity, policy).starts]
        for place in starting:
            fold(state, AttemptBegan(now, 1, place, 1, IMAGINED))
            spans[place] = Span(now, now + lasts[place])
            heapq.heappush(ends, (now + lasts[place], place))
        starting = []
        if not ends and not hidden:
            raise NeverStarts({t.index: _why(state, run, t.index, now) for t in run.tasks if spans[t.index] is None})
        now = min(ends[0][0] if ends else float("inf"), hidden[0][0] if hidden else float("inf"))
        while hidden and hidden[0][0] <= now:
            task = run.tasks[heapq.heappop(hidden)[1]]
            task.unmet -= 1
            if not task.unmet:
                state.make_ready(task, now)
        while ends and ends[0][0] <= now:
            place = heapq.heappop(ends)[1]
            fold(state, AttemptEnded(now, 1, place, 1, How.EXITED, TaskState.SUCCEEDED, ""))
    return [span if span is not None else Span(0.0, 0.0) for span in spans]


def _hide(state: State, run: Run, releases: Sequence[float]) -> list[tuple[float, int]]:
    """Tasks with a release in the future have one more thing to wait for."""
    hidden: list[tuple[float, int]] = []
    for place, release in enumerate(releases):
        if release > 0:
            task = run.tasks[place]
            state.withdraw(task)
            task.ready_at = None
            task.unmet += 1
            hidden.append((release, place))
    heapq.heapify(hidden)
    return hidden


def _settle(state: State) -> None:
    state.changed_tasks.clear()
    state.changed_runs.clear()
    state.changed_agents.clear()
    state.stirred.clear()


def _why(state: State, run: Run, place: int, now: float) -> str:
    task = run.tasks[place]
    hold = state.hold_of(task, now)
    return f"{task.spec.name}: {hold.words() if hold else 'does not start'}"

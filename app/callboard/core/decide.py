"""What the engine does next: which attempts start, which are ended, and when to look again."""

import heapq
import math
from dataclasses import dataclass

from callboard.core.admit import Policy, admit
from callboard.core.crew_events import CrewSilent
from callboard.core.events import AgentDrained, AttemptDecided, AttemptStopping, Event, TaskMoved, TasksAdded
from callboard.core.fold import fold
from callboard.core.holds import gib
from callboard.core.joining import undoing
from callboard.core.resources import Capacity
from callboard.core.routing import route
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import TaskState
from callboard.core.yield_events import YieldSet
from callboard.core.yielding import Surroundings, flights_of, following


@dataclass(frozen=True, slots=True)
class Decision:
    """`undos`, `moves`, `drained`, `silent`, `yields`, `stops` and `starts` are folded already; they take effect once they are
    in the log.

    `wake` is when to decide again though nothing happens, infinite for never.
    """

    starts: tuple[AttemptDecided, ...] = ()
    stops: tuple[AttemptStopping, ...] = ()
    moves: tuple[TaskMoved, ...] = ()
    undos: tuple[TasksAdded, ...] = ()
    drained: tuple[AgentDrained, ...] = ()
    yields: tuple[YieldSet, ...] = ()
    silent: tuple[CrewSilent, ...] = ()
    wake: float = math.inf

    @property
    def events(self) -> tuple[Event, ...]:
        """All of them, for the log."""
        return (*self.undos, *self.moves, *self.drained, *self.silent, *self.yields, *self.stops, *self.starts)


def decide(
    state: State, now: float, capacity: Capacity, policy: Policy, around: Surroundings | None = None
) -> Decision:
    """Decides, and folds what it decided. Deterministic: the same state, time, capacity and surroundings give the same decision.

    Without surroundings, what holds for the platform stays as it is.
    """
    state.pool.capacity = capacity
    state.release_backoffs(now)
    undos = _undo(state, now) if state.to_undo else []
    moves = route(state, now) if state.unrouted else []
    drained = _drained(state, now) if state.ready.cuts else []
    silent = _silent(state, now) if state.crews else []
    yields, again = following(state.yields, around, flights_of(state.crews), now) if around else ([], math.inf)
    for event in yields:
        fold(state, event)
    stops = _overdue(state, now)
    if capacity.pressed:
        stops += _relieve(state, now)
    starts: list[AttemptDecided] = []
    if not capacity.pressed and not state.halted:
        starts = admit(state, now, state.epoch, policy)
    wake = min(again, _wake(state, now, policy))
    return Decision(
        tuple(starts), tuple(stops), tuple(moves), tuple(undos), tuple(drained), tuple(yields), tuple(silent), wake
    )


def _silent(state: State, now: float) -> list[CrewSilent]:
    """Workflows of crews of which nothing was heard for too long are lost."""
    silent = []
    for crew in state.crews.values():
        lost = tuple(workflow.id for workflow in crew.running if workflow.silent_at <= now)
        if lost:
            event = CrewSilent(now, crew.name, lost)
            fold(state, event)
            silent.append(event)
    return silent


def _undo(state: State, now: float) -> list[TasksAdded]:
    """What began and came to a bad end is taken back, once for each such end."""
    undos = []
    for task in list(state.to_undo):
        event = undoing(task, now)
        fold(state, event)
        undos.append(event)
    return undos


def _drained(state: State, now: float) -> list[AgentDrained]:
    """Agents that are being drained and have finished what they had are paused."""
    over = []
    for name in [name for name in state.ready.cuts if not state.left_of(name)]:
        agent = state.agents[name]
        event = AgentDrained(now, name, agent.drained_by, agent.drained_at, agent.drain_reason)
        fold(state, event)
        over.append(event)
    return over


def _overdue(state: State, now: float) -> list[AttemptStopping]:
    """Attempts that are past their deadline in a passing state."""
    stops: list[AttemptStopping] = []
    while state.deadlines and state.deadlines[0][0] <= now:
        _, key, passing = heapq.heappop(state.deadlines)
        task = state.live.get(key.of)
        if task is None or task.attempt != key.attempt or task.state != passing or task.stopping:
            continue
        if task.state is TaskState.STARTING:
            stops.append(_stop(state, task, now, "it did not start in time", put_back=True))
        else:
            limit = task.spec.limits.time_s
            stops.append(_stop(state, task, now, f"still running after its time limit of {limit:.0f} s", late=True))
    return stops


def _relieve(state: State, now: float) -> list[AttemptStopping]:
    """Under memory pressure one attempt makes room: the youngest idempotent one of the lowest class."""
    if any(task.stopping for task in state.live.values()):
        return []
    candidates = [task for task in state.live.values() if task.spec.idempotent]
    if not candidates or len(state.live) < 2:
        return []
    victim = max(candidates, key=lambda task: (task.run.priority, task.decided or 0.0, task.key))
    free = gib(max(0.0, state.pool.free_memory_mb))
    return [_stop(state, victim, now, f"memory is short ({free} free): put back, to make room", put_back=True)]


def _stop(
    state: State, task: Task, now: float, reason: str, *, put_back: bool = False, late: bool = False
) -> AttemptStopping:
    event = AttemptStopping(now, task.run.id, task.index, task.attempt, reason, put_back, late)
    fold(state, event)
    return event


def _wake(state: State, now: float, policy: Policy) -> float:
    wake = math.inf
    if state.backoffs:
        wake = state.backoffs[0][0]
    if state.deadlines:
        wake = min(wake, state.deadlines[0][0])
    for crew in state.crews.values():
        wake = min(wake, crew.silent_at)
    if state.ready.length and state.live:
        wake = min(wake, now + policy.patience_s)
    if state.yields.active:
        oldest = (bucket.oldest() for bucket in state.ready.buckets() if bucket.heavy)
        left = min((state.yields.left(task.yielded, now) for task in oldest if task is not None), default=math.inf)
        wake = min(wake, now + left) if left > 0 else wake
    return wake

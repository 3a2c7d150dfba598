"""Whether a hold is true, by the states and needs of all tasks; shares nothing with what makes holds."""

from collections.abc import Sequence

from callboard.core import holds as h
from callboard.core.holds import Hold
from callboard.core.resources import Needs
from callboard.core.run import Task
from callboard.core.state import AgentState, State
from callboard.core.task import TaskKey, TaskState

CLOSE = 1e-6


def parents_of(task: Task) -> list[Task]:
    """What it depends on or comes after, each once."""
    return [task.run.tasks[place] for place in {*task.spec.depends, *task.spec.after}]


def taken_by(live: Sequence[Task]) -> Needs:
    """What these take together, without locks."""
    extra: dict[str, float] = {}
    for task in live:
        for name, amount in task.spec.needs.extra:
            extra[name] = extra.get(name, 0.0) + amount
    return Needs(
        cpus=sum(task.spec.needs.cpus for task in live),
        memory_mb=sum(task.spec.needs.memory_mb for task in live),
        extra=tuple(extra.items()),
    )


def is_true(hold: Hold, task: Task, state: State, now: float, live: Sequence[Task], taken: Needs) -> bool:
    """Whether the hold says what the states and needs of all tasks say."""
    waiting = task.state is TaskState.WAITING
    open_parents = [parent for parent in parents_of(task) if not parent.final]
    match hold:
        case h.WaitsForDecision():
            return task.state is TaskState.NEEDS_DECISION and task.taken is None
        case h.TakenOver():
            return task.state is TaskState.NEEDS_DECISION and task.taken is not None and task.taken.by == hold.by
        case h.WaitsForTasks():
            return waiting and len(open_parents) == hold.others + 1 and hold.culprit in {p.key for p in open_parents}
        case h.BacksOff():
            return waiting and not open_parents and task.attempt == hold.attempt and now < task.retry_at
        case _:
            pass
    if not waiting or open_parents or now < task.retry_at:
        return False
    match hold:
        case h.Halted():
            return bool(state.halted) or state.pool.capacity.pressed
        case h.AgentPaused() | h.AgentDrains() | h.NobodyCan() | h.AgentBusy():
            return _agent_is(hold, task, state, live)
        case h.YieldsTo():
            return _yields(hold, task, state, now)
        case h.Reserved():
            kept = state.task(hold.culprit)
            ready = (
                kept.state is TaskState.WAITING and kept is not task and not any(not p.final for p in parents_of(kept))
            )
            return (
                ready
                and _lacks(kept.spec.needs, state, live, taken)
                and not _lacks(task.spec.needs, state, live, taken)
            )
        case _:
            return _lacks(task.spec.needs, state, live, taken, hold)


def _yields(hold: h.YieldsTo, task: Task, state: State, now: float) -> bool:
    """It is heavy, that rule holds, and it has not waited for longer than it has to."""
    active = state.yields.active.get(hold.rule)
    return active is not None and task.spec.heavy and not state.yields.spent(task.yielded, now)


def _agent_is(hold: Hold, task: Task, state: State, live: Sequence[Task]) -> bool:
    agent = state.agents.get(task.spec.agent)
    match hold:
        case h.AgentPaused():
            return agent is not None and agent.paused_by == hold.by
        case h.AgentDrains():
            later = agent is not None and agent.drained_by == hold.by and task.run.id > agent.drain_until
            return later and agent is not None and hold.left == len(_of_earlier_runs(agent, state))
        case h.AgentBusy():
            works = [other.key for other in live if other.spec.agent == hold.agent]
            return agent is not None and 0 < agent.limit == hold.limit <= len(works) and hold.culprit in works
        case _:
            asks = task.spec.action or task.spec.wants
            return bool(asks) and (agent is None or not agent.present)


def _of_earlier_runs(agent: AgentState, state: State) -> list[Task]:
    """What an agent that is being drained still has to do."""
    open_states = (TaskState.WAITING, TaskState.STARTING, TaskState.RUNNING)
    return [
        task
        for run in state.runs.values()
        if run.id <= agent.drain_until
        for task in run.tasks
        if task.spec.agent == agent.name and task.state in open_states
    ]


def _lacks(needs: Needs, state: State, live: Sequence[Task], taken: Needs, said: Hold | None = None) -> bool:
    """Whether room is missing beside the live ones, and of the kind that the hold says, if one is given."""
    capacity = state.pool.capacity
    extra = dict(taken.extra)
    free_memory = capacity.memory_mb - taken.memory_mb
    cpus = bool(live) and needs.cpus > capacity.cpus - taken.cpus
    short = {n: a for n, a in needs.extra if n in capacity.extra and a > capacity.extra[n] - extra.get(n, 0.0)}
    blocking = {
        (lock.name, other.key)
        for lock in needs.locks
        for other in live
        for held in other.spec.needs.locks
        if held.name == lock.name and not (lock.shared and held.shared)
    }
    match said:
        case None:
            return (
                len(live) >= capacity.slots
                or cpus
                or needs.memory_mb > free_memory
                or bool(short)
                or any(lock.name == name for lock in needs.locks for name, _ in blocking)
            )
        case h.WaitsForSlot():
            return len(live) >= capacity.slots == said.limit
        case h.WaitsForCpus():
            return cpus and abs(said.free - (capacity.cpus - taken.cpus)) < CLOSE and _is_live(said.culprit, live)
        case h.WaitsForMemory():
            short_of = needs.memory_mb > free_memory and abs(said.free - free_memory) < CLOSE
            return short_of and _is_live(said.culprit, live)
        case h.TooLarge():
            total = capacity.total_memory_mb or capacity.memory_mb
            return needs.memory_mb > total or any(a > capacity.extra[n] for n, a in short.items())
        case h.WaitsForResource():
            return said.resource in short
        case h.WaitsForLock():
            return any(name == said.lock for name, _ in blocking) and said.culprit in _holders(said.lock, live)
        case _:
            return False


def _is_live(culprit: TaskKey | None, live: Sequence[Task]) -> bool:
    return culprit is None or any(task.key == culprit for task in live)


def _holders(lock: str, live: Sequence[Task]) -> set[TaskKey]:
    return {task.key for task in live if any(held.name == lock for held in task.spec.needs.locks)}

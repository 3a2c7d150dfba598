"""What would let an agent's waiting work start: tried with the real admission, on a copy of what is taken and what waits."""

import heapq
import math
from dataclasses import dataclass, replace

from callboard.core.admit import Policy, admit
from callboard.core.holds import (
    AgentBusy,
    AgentDrains,
    AgentPaused,
    Hold,
    WaitsForCpus,
    WaitsForLock,
    WaitsForMemory,
    gib,
    number,
)
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import TaskKey

KINDS = 60
EACH = 40


@dataclass(frozen=True, slots=True)
class Change:
    """Something else than it is: the agent's limit or pause, so many cores or MiB more, a live task that has ended, or the
    agent to which what waits for this one is given."""

    agent: str
    limit: int | None = None
    resumed: bool = False
    cpus: float = 0.0
    memory_mb: float = 0.0
    ended: TaskKey | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Relief:
    """What would help, in words, and `starts`, the number of the agent's tasks that would start at once by it."""

    words: str
    starts: int
    change: Change


def starts_with(state: State, now: float, policy: Policy, change: Change) -> int:
    """How many of the agent's tasks the admission would start at once after the change. The state stays as it is.

    Looks at the best EACH tasks of the best KINDS kinds that wait.
    """
    trial, own = _copy(state, now, change)
    if trial.pool.capacity.pressed or state.halted:
        return 0
    return sum((start.run, start.task) in own for start in admit(trial, now, 1, policy))


def relief(state: State, now: float, policy: Policy, agent: str, holds: list[Hold]) -> Relief | None:
    """The first of the changes that fit these holds of the agent's waiting work by which more of it starts; None for none."""
    without = starts_with(state, now, policy, Change(agent))
    for words, change in _ideas(state, agent, holds):
        starts = starts_with(state, now, policy, change) - without
        if starts > 0:
            return Relief(words.format(starts), starts, change)
    return None


def _ideas(state: State, agent: str, holds: list[Hold]) -> list[tuple[str, Change]]:
    ideas: list[tuple[str, Change]] = []
    for hold in holds:
        match hold:
            case AgentPaused() | AgentDrains():
                ideas.append(("resume it: {} would start now", Change(agent, resumed=True)))
            case AgentBusy(limit=limit):
                change = Change(agent, limit=limit + 1)
                ideas.append((f"concurrency {limit} → {limit + 1} would start {{}} now", change))
            case WaitsForCpus(needs=needs, free=free):
                least = max(1, math.ceil(needs - free - 1e-9))
                for more in (least, least + 1, least + 3):  # those that rank before it take their share first
                    words = "one more core" if more == 1 else f"{number(more)} more cores"
                    ideas.append((f"{words} would start {{}} now", Change(agent, cpus=more)))
            case WaitsForMemory(needs=needs, free=free):
                change = Change(agent, memory_mb=needs - free)
                ideas.append((f"{gib(needs - free)} more memory would start {{}} now", change))
            case WaitsForLock(lock=lock, holder=holder, culprit=culprit):
                words = f"the end of {holder} ({culprit}), which holds lock '{lock}', would start {{}}"
                ideas.append((words, Change(agent, ended=culprit)))
            case _:
                pass
    for other in _others(state, agent):
        ideas.insert(1, (f"giving it to {other} would start {{}} now", Change(agent, to=other)))
    return [(_safe(words), change) for words, change in ideas]


def _safe(words: str) -> str:
    """The sentence with its one '{}' for the number; braces in names are no places for numbers."""
    before, _, after = words.rpartition("{}")
    return before.replace("{", "{{").replace("}", "}}") + "{}" + after.replace("{", "{{").replace("}", "}}")


def _others(state: State, agent: str) -> list[str]:
    """Agents that could do some of what waits for this one, and take new work."""
    found: dict[str, None] = {}
    for task in list(state.movable.get(agent, ()))[:EACH]:
        found |= {c.agent: None for c in task.spec.candidates if c.agent != agent and not state.trouble_of(c.agent)}
    return list(found)


def _copy(state: State, now: float, change: Change) -> tuple[State, set[tuple[int, int]]]:
    """A state of its own with what runs and the best of what waits, changed so; and the places of the agent's own tasks."""
    copy = State(state.ready.ageing_s)
    copy.last_run, copy.agents_known, copy.yields = state.last_run, state.agents_known, state.yields
    capacity = state.pool.capacity
    copy.pool.capacity = replace(
        capacity, cpus=capacity.cpus + change.cpus, memory_mb=capacity.memory_mb + change.memory_mb,
        total_cpus=capacity.total_cpus + change.cpus, total_memory_mb=capacity.total_memory_mb + change.memory_mb,
    )  # fmt: skip
    for agent in state.agents.values():
        own = agent.name == change.agent
        copy.agents[agent.name] = replace(
            agent,
            limit=change.limit if own and change.limit is not None else agent.limit,
            paused_by="" if own and change.resumed else agent.paused_by,
            drained_by="" if own and change.resumed else agent.drained_by,
        )
    copy.ready.cuts = {
        name: cut for name, cut in state.ready.cuts.items() if not (change.resumed and name == change.agent)
    }
    waiting = _best(state)
    by_run: dict[Run, list[Task]] = {}
    for task in (*state.live.values(), *waiting):
        if task.key != change.ended:
            by_run.setdefault(task.run, []).append(task)
    places: set[tuple[int, int]] = set()
    for run, tasks in by_run.items():
        twin_run = Run(run.id, run.name, run.workspace, run.by, run.trigger, run.priority, run.submitted, run.key)
        twin_run.unfinished = len(tasks)
        copy.runs[run.id] = twin_run
        for task in sorted(tasks, key=lambda task: task.index):
            twin = _twin(task, twin_run, change)
            if task.spec.agent == change.agent and task.ticket:
                places.add((run.id, twin.index))
            _put(copy, twin, now)
    return copy, places


def _best(state: State) -> list[Task]:
    heads = [(state.ready.rank(head), bucket) for bucket in state.ready.buckets() if (head := bucket.head())]
    chosen = heapq.nsmallest(KINDS, heads, key=lambda pair: pair[0])
    return [task for _, bucket in chosen for task in bucket.best(EACH)]


def _twin(task: Task, run: Run, change: Change) -> Task:
    spec = task.spec
    if change.to and task.ticket and spec.agent == change.agent and any(c.agent == change.to for c in spec.candidates):
        spec = replace(spec, agent=change.to)
    twin = Task(run, len(run.tasks), replace(spec, candidates=()) if spec.candidates else spec)
    twin.state, twin.attempt, twin.remaining = task.state, task.attempt, task.remaining
    twin.ready_at, twin.decided, twin.started, twin.yielded = task.ready_at, task.decided, task.started, task.yielded
    run.tasks.append(twin)
    run.counts[twin.state] = run.counts.get(twin.state, 0) + 1
    return twin


def _put(copy: State, twin: Task, now: float) -> None:
    if not twin.live:
        copy.waits(twin)
        copy.ready.push(twin, now)
        return
    copy.live[twin.key] = twin
    copy.pool.take(twin)
    if twin.spec.agent:
        copy.working.setdefault(twin.spec.agent, {})[twin] = None

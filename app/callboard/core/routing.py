"""Who does a task that several agents could do."""

from collections.abc import Iterable

from callboard.core.events import TaskMoved
from callboard.core.fold import fold
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import Candidate, TaskState
from callboard.core.waits import waited

MOST_NAMED = 3


def route(state: State, now: float) -> list[TaskMoved]:
    """Moves those of `state.unrouted` that somebody else should do, and folds that.

    A task whose agent is away or paused moves to one that is not. A task that wants a capability moves, when it becomes
    ready, to the agent with the least waiting work; not against a person's word.
    O(candidates) for each of them: those that became ready, and once those that waited for an agent that cannot work any more.
    """
    unrouted, state.unrouted = state.unrouted, {}
    moves: list[TaskMoved] = []
    for task in unrouted:
        if task.state is not TaskState.WAITING:
            continue
        chosen = _chosen(state, task)
        if chosen is None or chosen.agent == task.spec.agent:
            continue
        event = moving(state, task, chosen, now, "", _reason(state, task, chosen))
        fold(state, event)
        moves.append(event)
    return moves


def moving(state: State, task: Task, chosen: Candidate, now: float, by: str, reason: str) -> TaskMoved:
    """The event that gives the task to the candidate."""
    bucket = state.ready.bucket_of(task)
    holds = waited(task, bucket, now) if bucket is not None else ()
    ready = bucket is not None
    return TaskMoved(now, task.run.id, task.index, chosen.agent, chosen.action, chosen.plugin, by, reason, ready, holds)


def _chosen(state: State, task: Task) -> Candidate | None:
    spec = task.spec
    able = [
        candidate
        for candidate in spec.candidates
        if not state.trouble_of(candidate.agent, task.run.id if candidate.agent == spec.agent else 0)
    ]
    is_able = any(candidate.agent == spec.agent for candidate in able)
    if not able or (is_able and (not spec.wants or task.pinned or not task.ticket)):
        return None
    return min(able, key=lambda candidate: _load(state, task, candidate.agent))


def _load(state: State, task: Task, agent: str) -> int:
    """How many tasks wait for the agent or are done by it, without this one."""
    return state.queued.get(agent, 0) - (agent == task.spec.agent) + len(state.working.get(agent, ()))


def _reason(state: State, task: Task, chosen: Candidate) -> str:
    former = task.spec.agent
    trouble = state.trouble_of(former, task.run.id)
    if trouble:
        same = f"'{chosen.offers}'" if chosen.offers else chosen.action
        return f"moved from {former} to {chosen.agent}: {former} {trouble}; {chosen.agent} offers the same {same}"
    return (
        f"given to {chosen.agent}, not {former}: of those that offer '{task.spec.wants}' it has the least waiting work "
        f"({_load(state, task, chosen.agent)} against {_load(state, task, former)})"
    )


def who_and_why(state: State, task: Task) -> str:
    """'quality does it: here, not paused, least waiting work of 3 that offer 'python-tests'; other was paused by ann'."""
    spec = task.spec
    others = _others(state, spec.candidates, spec.agent)
    if task.pinned:
        return f"a person gave it to {spec.agent}{others}"
    if len(spec.candidates) < 2:
        return f"{spec.agent} does it: alone in offering '{spec.wants}'"
    count = len(spec.candidates)
    return f"{spec.agent} does it: here, not paused, least waiting work of {count} that offer '{spec.wants}'{others}"


def _others(state: State, candidates: Iterable[Candidate], own: str) -> str:
    """'; other was paused by ann' for those that cannot."""
    words = [
        f"{candidate.agent} {trouble}"
        for candidate in candidates
        if candidate.agent != own and (trouble := state.trouble_of(candidate.agent))
    ]
    more = f" and {len(words) - MOST_NAMED} more cannot" if len(words) > MOST_NAMED else ""
    return "".join(f"; {word}" for word in words[:MOST_NAMED]) + more

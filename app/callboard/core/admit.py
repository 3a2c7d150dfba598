"""Which ready tasks start now, and why each other one does not."""

from dataclasses import dataclass

from callboard.core.events import AttemptDecided
from callboard.core.fold import fold
from callboard.core.holds import Hold, Reserved, YieldsTo, gib, number
from callboard.core.queue import Bucket
from callboard.core.reserve import Reservation, reserve
from callboard.core.routing import who_and_why
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import TaskKey
from callboard.core.waits import waited
from callboard.core.yielding import lasting

LACKS_ROOM = frozenset({"lock", "cpus", "memory", "resource"})
LOOKS = 8
UNTOLD = Reserved("", TaskKey(0, 0), 0.0)


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the admission is.

    A task that has lacked room for `patience_s` seconds gets a reservation: what ranks behind it, or came in a later run of
    no better class, must not delay it from then on. After `strict_s` no later run does, whatever its class, and nothing that
    takes what it lacks passes it by being short. Unless `told`, decisions do not say
    why, and holds are not booked: for futures that nobody reads. They are the same decisions.
    """

    patience_s: float = 60.0
    strict_s: float = 600.0
    told: bool = True


def admit(state: State, now: float, epoch: int, policy: Policy) -> list[AttemptDecided]:
    """Decides the attempts that start now and folds these decisions into the state, best first.

    Every head of a bucket that it looked at and did not start has its hold set. Costs O(log n) for each start
    and for each kind of task that lacks room; stops when no core is left for the smallest.
    """
    starts: list[AttemptDecided] = []
    aside: list[Bucket] = []
    refused: list[Bucket] = []
    ready, pool = state.ready, state.pool
    kept = _patient(state, now, policy)
    while ready.length:
        if pool.taken and pool.free_cpus + 1e-9 < ready.smallest_cpus:
            break
        found = ready.next()
        if found is None:
            break
        bucket, task = found
        if not policy.told and not task.spec.heavy and pool.lacks(task.spec.needs):
            if kept is None and task.ready_at is not None and now - task.ready_at >= policy.patience_s:
                kept = _reserved(state, task, now, policy)
            aside.append(bucket)
            continue
        hold = state.kept_back(task, now)
        if isinstance(hold, YieldsTo):
            task, hold = _longest_yielding(state, bucket, task, hold, now)
        hold = hold or pool.blocks(task.spec.needs)
        bound = kept is not None and _bound(state, kept, task)
        if hold is None and kept is not None and bound:
            hold = _kept_for_another(state, kept, task, now, policy.told)
            if hold is not None and ready.bucket_of(kept.task) is bucket:
                task, hold = kept.task, None
        if hold is None:
            bucket.held_by(None, now)
            starts.append(_start(state, task, bucket, now, epoch, policy.told))
            ready.offer(bucket)
            if kept is not None and not bound:
                kept = _reserved(state, kept.task, now, policy)
                for again in refused:
                    ready.offer(again)
                refused.clear()
            continue
        if policy.told:
            bucket.held_by(hold, now)
        (refused if isinstance(hold, Reserved) else aside).append(bucket)
        if kept is None and hold.kind in LACKS_ROOM:
            kept = _reserved(state, task, now, policy)
    for bucket in (*aside, *refused):
        ready.offer(bucket)
    return starts


def _patient(state: State, now: float, policy: Policy) -> Reservation | None:
    """The reservation of the task that has been ready for longest, while there are later runs that could pass it."""
    for _ in range(LOOKS):
        task = state.ready.longest_ready(now - policy.patience_s)
        if task is None or task.run.id == state.last_run:
            return None
        kept = _reserved(state, task, now, policy)
        if kept is not None:
            return kept
        state.ready.look_later(task, now)
    return None


def _longest_yielding(state: State, bucket: Bucket, head: Task, hold: Hold, now: float) -> tuple[Task, Hold | None]:
    """The task of a bucket whose head waits for the platform that has done so for long enough, or the head with its hold."""
    oldest = bucket.oldest()
    if oldest is None or not state.yields.spent(oldest.yielded, now):
        return head, hold
    return oldest, None


def _reserved(state: State, task: Task, now: float, policy: Policy) -> Reservation | None:
    """The reservation of a task, if it waits for room and has done so for long enough."""
    if not task.ticket or task.ready_at is None or state.kept_back(task, now) is not None:
        return None
    waited = now - task.ready_at
    return reserve(state, task, now, strict=waited >= policy.strict_s) if waited >= policy.patience_s else None


def _bound(state: State, kept: Reservation, task: Task) -> bool:
    """Whether the task must respect the reservation."""
    first = kept.task
    if task is first:
        return False
    if state.ready.rank(task) > state.ready.rank(first):
        return True
    return task.run.id > first.run.id and (kept.strict or task.run.priority >= first.run.priority)


def _kept_for_another(state: State, kept: Reservation, task: Task, now: float, told: bool) -> Hold | None:
    agent = state.agents.get(task.spec.agent)
    last = agent is not None and agent.limit and len(state.working.get(agent.name, ())) + 1 >= agent.limit
    ends_before = now + task.spec.estimate <= kept.at
    if not (last and task.spec.agent == kept.task.spec.agent and not ends_before) and kept.allows(task, now):
        return None
    return Reserved(kept.task.spec.name, kept.task.key, kept.at - now) if told else UNTOLD


def _start(state: State, task: Task, bucket: Bucket, now: float, epoch: int, told: bool) -> AttemptDecided:
    event = AttemptDecided(
        at=now,
        run=task.run.id,
        task=task.index,
        attempt=task.attempt + 1,
        epoch=epoch,
        why=_why(state, task, now) if told else "",
        holds=waited(task, bucket, now) if told else (),
    )
    fold(state, event)
    return event


def _why(state: State, task: Task, now: float) -> str:
    needs = task.spec.needs
    words = (
        f"first of {state.ready.length} ready (priority {task.run.priority.name.lower()}, "
        f"{task.remaining:.0f} s of work from here on); takes {number(needs.cpus)} of "
        f"{number(max(0.0, state.pool.free_cpus))} free cpus and {gib(needs.memory_mb)}"
    )
    if needs.locks:
        words += ", locks " + ", ".join(f"'{lock.name}'" for lock in needs.locks)
    if task.spec.wants:
        words += "; " + who_and_why(state, task)
    if task.spec.heavy and state.yields.active:
        passed = lasting(state.yields.total(now) - task.yielded)
        words += f"; it is heavy and has waited {passed} for the platform, the longest that [coordination] allows"
    return words

"""Room kept for a task that has waited long, so that smaller ones may pass it and never delay it."""

from callboard.core.resources import Capacity, Needs
from callboard.core.run import Task
from callboard.core.state import State

OVERDUE_S = 1.0
CLOSE = 1e-9


class Reservation:
    """`task` is to start at `at`, when by the expected ends of what runs there is room for it.

    `allows` says whether another may start now: it has to end before `at`, or leave room beside the task.
    """

    __slots__ = ("at", "cpus", "extra", "locks", "memory_mb", "strict", "task")

    def __init__(
        self, task: Task, at: float, cpus: float, memory_mb: float, extra: dict[str, float], strict: bool
    ) -> None:
        self.task = task
        self.at = at
        self.cpus = cpus
        self.memory_mb = memory_mb
        self.extra = extra
        self.locks = {lock.name: lock.shared for lock in task.spec.needs.locks}
        self.strict = strict

    def allows(self, other: Task, now: float) -> bool:
        """Whether the other may start now; if it is to run beside the task, its share is booked."""
        if not self.strict and now + other.spec.estimate <= self.at:
            return True
        needs = other.spec.needs
        if needs.cpus > self.cpus + CLOSE or needs.memory_mb > self.memory_mb + CLOSE:
            return False
        if any(name in self.extra and amount > self.extra[name] + CLOSE for name, amount in needs.extra):
            return False
        if any(lock.name in self.locks and not (lock.shared and self.locks[lock.name]) for lock in needs.locks):
            return False
        self.cpus -= needs.cpus
        self.memory_mb -= needs.memory_mb
        for name, amount in needs.extra:
            if name in self.extra:
                self.extra[name] -= amount
        return True


def reserve(state: State, task: Task, now: float, *, strict: bool = False) -> Reservation | None:
    """The earliest time, perhaps now, at which the task fits when each live attempt ends as expected, overdue ones at once.

    What is then left beside it may be taken by others. None if it fits at no time: somebody else on the machine takes the
    room, and keeping tasks back would not free it. O(live log live).
    """
    pool, capacity = state.pool, state.pool.capacity
    if task.spec.needs.memory_mb > capacity.memory_mb + CLOSE:
        return None
    cpus, memory_mb = capacity.cpus - pool.cpus, capacity.memory_mb - pool.memory_mb
    extra = {name: limit - pool.extra.get(name, 0.0) for name, limit in capacity.extra.items()}
    locks = {name: dict(holders) for name, holders in pool.locks.items()}
    live = sorted((_expected_end(other, now), other.key, other) for other in state.live.values())
    left = len(live)
    at = now if _fits(task.spec.needs, cpus, memory_mb, extra, locks, capacity, left) else None
    for end, _, other in live if at is None else ():
        needs = other.spec.needs
        left -= 1
        cpus += needs.cpus
        memory_mb += needs.memory_mb
        for name, amount in needs.extra:
            if name in extra:
                extra[name] += amount
        for lock in needs.locks:
            locks[lock.name].pop(other, None)
        if _fits(task.spec.needs, cpus, memory_mb, extra, locks, capacity, left):
            at = end
            break
    if at is None:
        return None
    wants = task.spec.needs
    rest = {name: amount - dict(wants.extra).get(name, 0.0) for name, amount in extra.items()}
    return Reservation(task, at, cpus - wants.cpus, memory_mb - wants.memory_mb, rest, strict)


def _fits(
    needs: Needs,
    cpus: float,
    memory_mb: float,
    extra: dict[str, float],
    locks: dict[str, dict[Task, bool]],
    capacity: Capacity,
    left: int,
) -> bool:
    if left >= capacity.slots or (needs.cpus > cpus + CLOSE and left) or needs.memory_mb > memory_mb + CLOSE:
        return False
    if any(name in extra and amount > extra[name] + CLOSE for name, amount in needs.extra):
        return False
    return not any(
        locks.get(lock.name) and not (lock.shared and all(locks[lock.name].values())) for lock in needs.locks
    )


def _expected_end(task: Task, now: float) -> float:
    end = (task.started or task.decided or 0.0) + task.spec.estimate
    return end if end > now else now + OVERDUE_S

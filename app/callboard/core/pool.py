"""What is taken of the capacity now, and why a task does not fit."""

from dataclasses import replace

from callboard.core.holds import (
    Hold,
    TooLarge,
    WaitsForCpus,
    WaitsForLock,
    WaitsForMemory,
    WaitsForResource,
    WaitsForSlot,
    gib,
)
from callboard.core.resources import Capacity, Needs
from callboard.core.run import Task

CLOSE = 1e-9


class Pool:
    """Cores, memory, named resources and locks that live attempts hold. All operations cost O(locks + resources of one task)."""

    __slots__ = ("capacity", "cpus", "extra", "holders", "largest", "locks", "memory_mb", "taken")

    def __init__(self) -> None:
        self.capacity = Capacity(cpus=0.0, memory_mb=0.0)
        self.cpus = 0.0
        self.memory_mb = 0.0
        self.extra: dict[str, float] = {}
        self.locks: dict[str, dict[Task, bool]] = {}
        self.taken = 0
        self.holders: dict[Task, None] = {}
        self.largest: tuple[Task, Task] | None = None

    def take(self, task: Task) -> None:
        """Books what the task needs, whether it fits or not."""
        needs = task.spec.needs
        self.taken += 1
        self.holders[task] = None
        self.largest = None
        self.cpus += needs.cpus
        self.memory_mb += needs.memory_mb
        for name, amount in needs.extra:
            self.extra[name] = self.extra.get(name, 0.0) + amount
        for lock in needs.locks:
            holders = self.locks.setdefault(lock.name, {})
            holders[task] = lock.shared and holders.get(task, True)

    def give(self, task: Task) -> None:
        """Gives back what the task took."""
        needs = task.spec.needs
        self.taken -= 1
        self.holders.pop(task, None)
        self.largest = None
        if self.taken == 0:
            self.cpus = self.memory_mb = 0.0
            self.extra.clear()
        else:
            self.cpus -= needs.cpus
            self.memory_mb -= needs.memory_mb
            for name, amount in needs.extra:
                self.extra[name] -= amount
        for lock in needs.locks:
            holders = self.locks.get(lock.name, {})
            holders.pop(task, None)
            if not holders:
                self.locks.pop(lock.name, None)

    @property
    def free_cpus(self) -> float:
        """Cores that nobody has taken."""
        return self.capacity.cpus - self.cpus

    @property
    def free_memory_mb(self) -> float:
        """MiB that nobody has taken."""
        return self.capacity.memory_mb - self.memory_mb

    def lacks(self, needs: Needs) -> bool:
        """Whether too few cores or too little memory are free for this; `blocks` says it in words, and knows all reasons."""
        if needs.cpus > self.capacity.cpus - self.cpus + CLOSE and self.taken:
            return True
        return needs.memory_mb > self.capacity.memory_mb - self.memory_mb + CLOSE

    def blocks(self, needs: Needs) -> Hold | None:
        """Why this does not fit now; None when it fits.

        Cores can be shared in time, so the first task starts on a machine that others keep busy.
        """
        capacity = self.capacity
        if self.taken >= capacity.slots:
            return WaitsForSlot(capacity.slots)
        if needs.cpus > capacity.cpus - self.cpus + CLOSE and self.taken:
            total = capacity.total_cpus or capacity.cpus
            return WaitsForCpus(needs.cpus, capacity.cpus - self.cpus, total, self.cpus)
        if needs.memory_mb > capacity.memory_mb - self.memory_mb + CLOSE:
            total = capacity.total_memory_mb or capacity.memory_mb
            if needs.memory_mb > total:
                return TooLarge(gib(needs.memory_mb), gib(total))
            return WaitsForMemory(needs.memory_mb, capacity.memory_mb - self.memory_mb, total, self.memory_mb)
        for name, amount in needs.extra:
            limit = capacity.extra.get(name)
            if limit is not None and amount > limit - self.extra.get(name, 0.0) + CLOSE:
                if amount > limit:
                    return TooLarge(f"{amount:g} of '{name}'", f"{limit:g}")
                return WaitsForResource(name, amount, limit - self.extra.get(name, 0.0), limit)
        for lock in needs.locks:
            holders = self.locks.get(lock.name)
            if holders and not (lock.shared and all(holders.values())):
                holder = next(iter(holders))
                return WaitsForLock(lock.name, holder.spec.name, holder.key, holders[holder])
        return None

    def blame(self, hold: Hold) -> Hold:
        """The hold with the live task that takes most of the cores or memory that it lacks; the oldest of equals.

        For words, not for deciding: the largest are looked for once after each change, when somebody asks.
        """
        if not self.holders or not isinstance(hold, WaitsForCpus | WaitsForMemory):
            return hold
        if self.largest is None:
            self.largest = (
                max(self.holders, key=lambda task: task.spec.needs.cpus),
                max(self.holders, key=lambda task: task.spec.needs.memory_mb),
            )
        most = self.largest[isinstance(hold, WaitsForMemory)]
        return replace(hold, holder=most.spec.name, culprit=most.key)

"""The tasks that only lack room, in the order in which they should get it.

Tasks with the same agent and the same needs are held for the same reason, so they share a bucket: a heap of
its own, one hold, one account of the time spent per cause. A decision looks at the heads of the buckets alone.
"""

import heapq
from collections.abc import Iterable, Iterator

from callboard.core.holds import Hold
from callboard.core.resources import Needs
from callboard.core.run import Task

Rank = tuple[int, float, float, int, int]


class Bucket:
    """Tasks that are alike to the admission. `hold` is why its head does not start, since `since`; `count` tasks wait in it."""

    __slots__ = (
        "account",
        "agent",
        "arrived",
        "aside",
        "count",
        "cut",
        "heap",
        "heavy",
        "hold",
        "listed",
        "needs",
        "since",
    )

    def __init__(self, agent: str, needs: Needs, cut: int = 0, heavy: bool = False) -> None:
        self.agent = agent
        self.needs = needs
        self.cut = cut
        self.heavy = heavy
        self.heap: list[tuple[Rank, int, Task]] = []
        self.arrived: list[tuple[float, int, Task]] = []
        self.count = 0
        self.hold: Hold | None = None
        self.since = 0.0
        self.account: dict[str, float] = {}
        self.aside = False
        self.listed: Rank | None = None

    def head(self) -> Task | None:
        """The task that is next in this bucket; entries of tasks that left are dropped on the way."""
        heap = self.heap
        while heap:
            _, ticket, task = heap[0]
            if task.ticket == ticket:
                return task
            heapq.heappop(heap)
        return None

    def oldest(self) -> Task | None:
        """The task that has been ready for longest; amortised O(log n)."""
        arrived = self.arrived
        while arrived and arrived[0][2].ticket != arrived[0][1]:
            heapq.heappop(arrived)
        return arrived[0][2] if arrived else None

    def best(self, most: int) -> Iterator[Task]:
        """The first of its tasks in their order, the heap left as it is; O(most log most) and what left meanwhile."""
        places = [(self.heap[0][0], self.heap[0][1], 0)] if self.heap else []
        while places and most:
            _, ticket, place = heapq.heappop(places)
            task = self.heap[place][2]
            if task.ticket == ticket:
                most -= 1
                yield task
            for child in (2 * place + 1, 2 * place + 2):
                if child < len(self.heap):
                    heapq.heappush(places, (*self.heap[child][:2], child))

    def held_by(self, hold: Hold | None, now: float) -> None:
        """Sets why the head does not start, and books the time of the former cause."""
        former = self.hold
        if former is not None and (hold is None or hold.key != former.key):
            self.account[former.key] = self.account.get(former.key, 0.0) + now - self.since
        if hold is not None and (former is None or hold.key != former.key):
            self.since = now
        self.hold = hold


class ReadyQueue:
    """All buckets. `push`, `remove` and `next` cost O(log n).

    `cuts` are the agents that are being drained, each with the last run that it still serves: tasks of later runs, which are
    held while others go on, have buckets of their own. So have heavy tasks, which wait for the platform while others go on.
    """

    __slots__ = ("_buckets", "_heads", "_since", "_ticket", "ageing_s", "cuts", "length", "smallest_cpus")

    def __init__(self, ageing_s: float = 1800.0) -> None:
        self._buckets: dict[tuple[str, Needs, int, bool], Bucket] = {}
        self.cuts: dict[str, int] = {}
        self._heads: list[tuple[Rank, int, Bucket]] = []
        self._since: list[tuple[float, int, Task]] = []
        self._ticket = 0
        self.length = 0
        self.smallest_cpus = float("inf")
        self.ageing_s = ageing_s

    def rank(self, task: Task) -> Rank:
        """The smaller goes first: class of priority, made better by one for each `ageing_s` seconds that a run is older;
        then the longest remaining path; then the older run; then the earlier place."""
        run = task.run
        return (run.priority + int(run.submitted // self.ageing_s), -task.remaining, run.submitted, run.id, task.index)

    def push(self, task: Task, now: float) -> None:
        """Adds a task that lacks nothing but room."""
        cut = self.cuts.get(task.spec.agent, 0) if self.cuts else 0
        task.cut = cut if task.run.id > cut else 0
        kind = (task.spec.agent, task.spec.needs, task.cut, task.spec.heavy)
        bucket = self._buckets.get(kind)
        if bucket is None:
            bucket = self._buckets[kind] = Bucket(*kind)
            if bucket.needs.cpus < self.smallest_cpus:
                self.smallest_cpus = bucket.needs.cpus
        if bucket.hold is not None and bucket.head() is None:
            bucket.held_by(None, now)
        account = bucket.account
        if bucket.hold is not None:
            key = bucket.hold.key
            task.snapshot = {**account, key: account.get(key, 0.0) + now - bucket.since}
        else:
            task.snapshot = dict(account) if account else None
        self._ticket += 1
        task.ticket = self._ticket
        self.length += 1
        rank = self.rank(task)
        heap = bucket.heap
        heapq.heappush(heap, (rank, task.ticket, task))
        since = now if task.ready_at is None else task.ready_at
        heapq.heappush(bucket.arrived, (since, task.ticket, task))
        bucket.count += 1
        heapq.heappush(self._since, (since, task.ticket, task))
        if not bucket.aside and (bucket.listed is None or rank < bucket.listed):
            self._list(bucket, rank)

    def remove(self, task: Task) -> None:
        """Takes out a task that was pushed; its entry is dropped when it comes up."""
        bucket = self.bucket_of(task)
        task.ticket = 0
        if bucket is not None:
            bucket.count -= 1
            bucket.oldest()
        self.length -= 1
        if self.length == 0:
            self._buckets.clear()
            self._heads.clear()
            self._since.clear()
            self.smallest_cpus = float("inf")

    def bucket_of(self, task: Task) -> Bucket | None:
        """The bucket in which a waiting task stands."""
        spec = task.spec
        return self._buckets.get((spec.agent, spec.needs, task.cut, spec.heavy)) if task.ticket else None

    def next(self) -> tuple[Bucket, Task] | None:
        """The best head of all buckets; its bucket is out of sight until `offer` brings it back."""
        heads = self._heads
        while heads:
            rank, _, bucket = heapq.heappop(heads)
            if rank is not bucket.listed:
                continue
            bucket.listed = None
            task = bucket.head()
            if task is None:
                continue
            actual = bucket.heap[0][0]
            if actual > rank:
                self._list(bucket, actual)
                continue
            bucket.aside = True
            return bucket, task
        return None

    def offer(self, bucket: Bucket) -> None:
        """Puts the bucket's present head among those that `next` looks at."""
        bucket.aside = False
        if bucket.head() is not None:
            self._list(bucket, bucket.heap[0][0])
            return
        kind = (bucket.agent, bucket.needs, bucket.cut, bucket.heavy)
        if self._buckets.get(kind) is bucket:
            del self._buckets[kind]

    def longest_ready(self, until: float) -> Task | None:
        """The task that has been ready for longest, if it was so by `until`; amortised O(log n)."""
        since = self._since
        while since and since[0][0] <= until:
            _, ticket, task = since[0]
            if task.ticket == ticket:
                return task
            heapq.heappop(since)
        return None

    def look_later(self, task: Task, now: float) -> None:
        """`longest_ready` gives another task first, as if this one had become ready now."""
        heapq.heapreplace(self._since, (now, task.ticket, task))

    def buckets(self) -> Iterable[Bucket]:
        """All kinds of waiting tasks, also those in which nobody waits any more."""
        return self._buckets.values()

    def _list(self, bucket: Bucket, rank: Rank) -> None:
        bucket.listed = rank
        self._ticket += 1
        heapq.heappush(self._heads, (rank, self._ticket, bucket))

    def waiting(self) -> Iterator[Task]:
        """Every task in the queue, in no order; O(n), for showing and checking."""
        for bucket in self._buckets.values():
            for _, ticket, task in bucket.heap:
                if task.ticket == ticket:
                    yield task

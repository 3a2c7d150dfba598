"""The pool of room, and the queue of those who wait for it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.core.admit import Policy
from callboard.core.decide import decide
from callboard.core.events import CancelAsked, PrioritySet
from callboard.core.fold import fold
from callboard.core.pool import Pool
from callboard.core.resources import Capacity, Lock, Needs
from callboard.core.task import Priority
from core_story import ROOM, Story, needs, spec

HOUR = 3600.0


def order_of(story: Story) -> list[str]:
    """In which order tasks start when one runs at a time."""
    story.room = Capacity(4.0, 4096.0, slots=1)
    story.policy = Policy(patience_s=1e9)
    found: list[str] = []
    while names := story.starts():
        found += names
        for task in list(story.state.live.values()):
            story.end(task)
    return found


def test_the_class_comes_first_then_the_longest_path_then_the_older_run_then_the_earlier_place() -> None:
    story = Story(now=0.0)
    story.submit(spec("low", estimate=99.0), priority=Priority.LOW)
    story.submit(
        spec("short", estimate=1.0),
        spec("long", estimate=5.0),
        spec("short too", estimate=1.0),
        spec("begins", estimate=2.0),
        spec("chain", 3, estimate=4.0),
    )
    story.now = 1.0
    story.submit(spec("younger", estimate=1.0))
    story.submit(spec("critical", estimate=0.1), priority=Priority.CRITICAL)
    assert order_of(story) == ["critical", "begins", "long", "chain", "short", "short too", "younger", "low"]  # fmt: skip


def test_a_run_that_is_an_ageing_step_older_is_a_class_better() -> None:
    story = Story(now=0.0)
    story.submit(spec("old low"), priority=Priority.LOW)
    story.now = 1.6 * HOUR
    story.submit(spec("new critical"), priority=Priority.CRITICAL)
    assert order_of(story) == ["old low", "new critical"]
    story = Story(now=0.0)
    story.submit(spec("old low"), priority=Priority.LOW)
    story.now = 1.4 * HOUR
    story.submit(spec("new critical"), priority=Priority.CRITICAL)
    assert order_of(story) == ["new critical", "old low"]


def test_another_class_moves_the_waiting_tasks_of_a_run() -> None:
    story = Story()
    story.submit(spec("a"), spec("a2", needs=needs(cpus=2.0)))
    story.submit(spec("b"))
    fold(story.state, PrioritySet(story.now, 2, Priority.CRITICAL, "ann"))
    fold(story.state, PrioritySet(story.now, 1, Priority.LOW, "ann"))
    assert order_of(story) == ["b", "a", "a2"]


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Priority)), st.integers(1, 20), st.integers(0, 2), st.integers(1, 3), st.booleans()),
        min_size=1, max_size=30,
    )
)  # fmt: skip
def test_the_queue_gives_what_sorting_gives(jobs: list[tuple[Priority, int, int, int, bool]]) -> None:
    story = Story(now=0.0)
    for nth, (priority, estimate, hours, cpus, _) in enumerate(jobs):
        story.now = float(hours * 1800)
        story.submit(spec(f"j{nth}", estimate=float(estimate), needs=needs(cpus=float(cpus))), priority=priority)
    for nth, job in enumerate(jobs):
        if job[4] and nth:
            fold(story.state, CancelAsked(story.now, nth + 1, 0, "ann", ""))
    ready = story.state.ready
    expected = sorted(ready.waiting(), key=ready.rank)
    assert order_of(story) == [task.spec.name for task in expected]


class Counted(float):
    """Seconds that count how often they are compared, which is what heaps do."""

    compared = 0

    def __lt__(self, other: object) -> bool:
        Counted.compared += 1
        return float(self) < float(other)  # type: ignore[arg-type]

    def __neg__(self) -> "Counted":
        return Counted(-float(self))


@pytest.mark.parametrize("kinds", [1, 40])
def test_a_start_costs_a_logarithm_of_those_who_wait(kinds: int) -> None:
    costs = {}
    for size in (100, 6400):
        story = Story()
        estimates = [Counted(1.0 + n * 7919 % 6421) for n in range(size)]
        before = Counted.compared
        story.submit(
            *(spec(f"t{n}", estimate=e, needs=needs(cpus=1.0 + n % kinds / 100)) for n, e in enumerate(estimates))
        )
        assert Counted.compared - before <= size * (math.log2(size) + 6)
        before, rounds = Counted.compared, 40
        for _ in range(rounds):
            decide(story.state, story.now, ROOM, story.policy)
            story.end(next(iter(story.state.live.values())))
        costs[size] = (Counted.compared - before) / rounds
    assert 0 < costs[6400] <= 3 * costs[100]  # 64 times as many wait: a walk over them would cost 64 times as much


def test_a_bucket_that_runs_empty_leaves_nothing_behind() -> None:
    story = Story()
    story.submit(*(spec(f"t{n}", needs=needs(cpus=0.1 + n / 1000)) for n in range(20)))
    story.decide()
    for task in list(story.state.live.values()):
        story.end(task)
    assert (story.state.ready.length, list(story.state.ready.waiting()), story.state.ready.smallest_cpus) == (
        0,
        [],
        float("inf"),
    )
    assert story.state.ready.next() is None


def test_the_pool_gives_back_what_it_took() -> None:
    story = Story()
    tasks = story.submit(*(spec(f"t{n}", needs=needs("shared:db", cpus=0.1, mb=0.3, gpu=0.7)) for n in range(7))).tasks
    pool = Pool()
    pool.capacity = Capacity(1.0, 10.0, extra={"gpu": 9.0})
    for task in tasks:
        pool.take(task)
    assert (pool.taken, round(pool.free_cpus, 9), round(pool.free_memory_mb, 9)) == (7, 0.3, 7.9)
    for task in tasks:
        pool.give(task)
    assert (pool.taken, pool.cpus, pool.memory_mb, pool.extra, pool.locks) == (0, 0.0, 0.0, {}, {})


def test_a_lock_named_twice_is_one_lock_and_the_exclusive_wish_counts() -> None:
    story = Story()
    twice = Needs(1.0, 1.0, (Lock("db", shared=True), Lock("db"), Lock("db", shared=True)))
    run = story.submit(spec("a", needs=twice), spec("b", needs=needs("shared:db")))
    assert story.starts() == ["a"]
    story.end(run.tasks[0])
    assert story.state.pool.locks == {}
    assert story.starts() == ["b"]


def test_shared_locks_go_together_and_exclusive_ones_alone() -> None:
    story = Story()
    run = story.submit(
        spec("w", needs=needs("db"), estimate=9.0), spec("r1", needs=needs("shared:db")), spec("r2", needs=needs("shared:db")),
        spec("free"),
    )  # fmt: skip
    assert story.starts() == ["r1", "r2", "free"]
    story.end(run.tasks[1])
    assert story.starts() == []
    story.end(run.tasks[2])
    assert story.starts() == ["w"]


def test_the_first_task_starts_though_others_keep_all_cores_busy() -> None:
    story = Story(Capacity(0.0, 4096.0, 4.0))
    story.submit(spec("a"), spec("b"))
    assert story.starts() == ["a"]


def test_a_resource_that_the_machine_does_not_name_is_unlimited() -> None:
    story = Story()
    story.submit(spec("a", needs=needs(licence=50.0)), spec("b", needs=needs(licence=50.0)))
    assert story.starts() == ["a", "b"]

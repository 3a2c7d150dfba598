"""Small tasks pass a large one that lacks room, and never delay it; nothing that fits waits for ever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.core.admit import Policy
from callboard.core.events import AgentSet
from callboard.core.fold import fold
from callboard.core.plan import foresee
from callboard.core.reserve import reserve
from callboard.core.resources import Capacity
from callboard.core.run import Task
from callboard.core.task import TaskSpec, TaskState
from core_story import ROOM, Story, needs, spec


def waiting_large(estimate: float = 100.0) -> tuple[Story, Task]:
    """`long` has three cores for 100 s; `large` has waited 70 s for four."""
    story = Story()
    run = story.submit(
        spec("long", needs=needs(cpus=3.0), estimate=estimate), spec("large", needs=needs(cpus=4.0), estimate=50.0)
    )
    assert story.starts() == ["long"]
    story.begin(run.tasks[0])
    story.decide(70.0)
    return story, run.tasks[1]


def test_a_task_may_pass_that_ends_before_the_reserved_start() -> None:
    story, _ = waiting_large()
    story.submit(
        spec("short", needs=needs(cpus=0.5), estimate=29.0), spec("not so short", needs=needs(cpus=0.4), estimate=31.0)
    )
    assert story.starts() == ["short"]


def test_the_reserved_task_starts_when_it_was_promised() -> None:
    story, large = waiting_large()
    for _ in range(6):
        story.submit(spec("small", estimate=10.0))
        story.decide(5.0)
        for task in [t for t in story.state.live.values() if t.spec.name == "small"]:
            story.end(task)
    story.now = 1100.0
    story.end(story.task(1, 0))
    assert story.starts() == ["large"]
    assert large.decided == 1100.0


def test_before_its_patience_is_over_nothing_is_kept_for_it() -> None:
    story = Story()
    story.submit(
        spec("long", needs=needs(cpus=3.0), estimate=100.0), spec("large", needs=needs(cpus=4.0), estimate=50.0)
    )
    story.decide()
    story.submit(spec("forever", estimate=9999.0))
    assert story.starts(59.0) == ["forever"]


def test_what_leaves_room_beside_the_large_one_may_pass_however_long_it_takes() -> None:
    story = Story(Capacity(4.0, 1000.0, 4.0, 1000.0, {"gpu": 4.0}))
    story.submit(
        spec("long", needs=needs(cpus=1.0, mb=800.0, gpu=2.0), estimate=100.0),
        spec("large", needs=needs("port", cpus=1.0, mb=800.0, gpu=3.0), estimate=50.0),
    )
    story.decide()
    story.decide(70.0)
    story.submit(
        spec("fits", needs=needs(mb=150.0), estimate=400.0),
        spec("cores", needs=needs(cpus=2.5, mb=1.0), estimate=399.0),
        spec("memory", needs=needs(mb=100.0), estimate=398.0),
        spec("gpu", needs=needs(mb=10.0, gpu=2.0), estimate=397.0),
        spec("lock", needs=needs("port", mb=10.0), estimate=396.0),
        spec("fits too", needs=needs(mb=10.0, gpu=1.0, other=9.0), estimate=395.0),
    )
    assert story.starts() == ["fits", "fits too"]


def test_shared_locks_do_not_starve_an_exclusive_one() -> None:
    story = Story()
    first = story.submit(spec("reader", needs=needs("shared:db"), estimate=40.0)).tasks[0]
    story.decide()
    writer = story.submit(spec("writer", needs=needs("db"), estimate=20.0)).tasks[0]
    readers = [first]
    for second in range(200):
        for reader in [r for r in readers if r.live and story.now - (r.decided or 0.0) >= 40.0]:
            story.end(reader)
        if second % 10 == 0:
            readers += story.submit(spec(f"reader{second}", needs=needs("shared:db"), estimate=40.0)).tasks
        story.decide(1.0)
        if writer.live:
            break
    assert writer.live
    assert story.now - 1000.0 <= 60.0 + 40.0 + 2.0  # its patience, and the last reader before it


def test_after_the_strict_time_nothing_passes_though_it_claims_to_be_short() -> None:
    """Readers that say half a second, and take 30, let a writer wait by patience alone; being strict ends that."""
    story = Story(policy=Policy(patience_s=60.0, strict_s=300.0))
    story.submit(spec("r", needs=needs("shared:db"), estimate=0.5))
    story.decide()
    writer = story.submit(spec("writer", needs=needs("db"), estimate=0.1)).tasks[0]
    for second in range(1000):
        if second % 10 == 0:
            story.submit(spec("r", needs=needs("shared:db"), estimate=0.5))
        for task in [t for t in story.state.live.values() if story.now - (t.decided or 0.0) >= 30.0]:
            story.end(task)
        story.decide(1.0)
        if writer.live:
            break
    assert writer.live
    assert 300.0 <= story.now - 1000.0 <= 300.0 + 32.0


def test_a_task_that_fits_at_no_time_keeps_nobody_from_starting() -> None:
    """Somebody else on the machine has the memory: waiting for it, for however long, must not stop the small ones."""
    story = Story(Capacity(4.0, 1000.0, 4.0, 4096.0))
    large = story.submit(spec("large", needs=needs(mb=3000.0), estimate=500.0)).tasks[0]
    story.decide()
    for _ in range(3):
        assert story.starts(1000.0) == []
        run = story.submit(spec("small"), spec("small too"))
        assert story.starts() == ["small", "small too"]
        for task in run.tasks:
            story.end(task)
    assert story.words(large) == "needs 2.9 GiB, 1000 MiB free of 4.0 GiB: others on this machine 3.0 GiB"
    assert reserve(story.state, large, story.now) is None
    story.room = ROOM
    assert story.starts() == ["large"]


def test_of_two_that_lack_room_the_one_that_can_have_it_gets_the_reservation() -> None:
    story = Story(Capacity(4.0, 1000.0, 4.0, 4096.0))
    run = story.submit(
        spec("never now", needs=needs(mb=3000.0), estimate=900.0),
        spec("long", needs=needs(cpus=3.0), estimate=100.0),
        spec("large", needs=needs(cpus=4.0), estimate=50.0),
    )
    story.decide()
    story.decide(70.0)
    small = story.submit(spec("small", estimate=40.0)).tasks[0]
    assert story.starts() == []
    assert story.words(small) == "room is kept for large (1.2), which is to start in about 30 s"
    story.end(run.tasks[1])
    assert story.starts() == ["large"]


def test_a_later_task_of_the_same_kind_does_not_stand_in_its_way() -> None:
    story, _ = waiting_large()
    story.submit(spec("twin", needs=needs(cpus=4.0), estimate=90.0))
    assert story.starts() == []
    story.end(story.task(1, 0))
    assert story.starts() == ["large"]


def test_those_that_cannot_start_anyway_do_not_hide_the_one_that_has_waited() -> None:
    story = Story()
    story.agents("quality")
    fold(story.state, AgentSet(story.now, "quality", "ann", paused=True))
    story.submit(*(spec(f"paused{n}", agent="quality", action="quality.lint") for n in range(12)))
    run = story.submit(
        spec("long", needs=needs(cpus=3.0), estimate=100.0), spec("large", needs=needs(cpus=4.0), estimate=50.0)
    )
    assert story.starts() == ["long"]
    story.decide(70.0)
    story.decide()
    story.submit(spec("late", estimate=90.0))
    assert story.starts() == []
    story.end(run.tasks[0])
    assert story.starts() == ["large"]


def test_the_last_place_of_an_agent_is_kept_too() -> None:
    story = Story()
    story.agents("quality")
    fold(story.state, AgentSet(story.now, "quality", "ann", limit=2))
    of = {"agent": "quality", "action": "quality.lint"}
    run = story.submit(
        spec("one", estimate=200.0, **of), spec("long", needs=needs(cpus=3.0, mb=3000.0), estimate=100.0),
        spec("large", needs=needs(cpus=1.0, mb=2000.0), estimate=50.0, **of),
    )  # fmt: skip
    assert story.starts() == ["one", "long"]
    story.decide(70.0)
    late = story.submit(spec("late", needs=needs(cpus=0.0), estimate=90.0, **of)).tasks[0]
    assert story.starts() == []
    assert story.words(late) == "room is kept for large (1.2), which is to start in about 30 s"
    story.end(run.tasks[1])
    assert story.starts() == ["large"]
    assert story.words(late) == "agent quality already works on 2, its limit"


def test_time_zero_is_a_time_like_any_other() -> None:
    """A plan worked out from second 0 is the plan that the engine carries out at any other time."""

    def orders(now: float) -> list[list[str]]:
        story = Story(now=now)
        run = story.submit(
            spec("long", needs=needs(cpus=3.0), estimate=100.0), spec("large", needs=needs(cpus=4.0), estimate=50.0)
        )
        found = [story.starts()]
        story.decide(70.0)
        story.submit(spec("late", estimate=90.0))
        found += [story.starts()]
        story.end(run.tasks[0])
        return [*found, story.starts()]

    assert orders(0.0) == orders(5000.0) == [["long"], [], ["large"]]


def test_a_reservation_counts_slots_and_locks_of_what_runs() -> None:
    story = Story(Capacity(4.0, 4096.0, slots=2))
    run = story.submit(
        spec("a", needs=needs("db"), estimate=10.0),
        spec("b", estimate=30.0),
        spec("c", needs=needs("db"), estimate=1.0),
    )
    story.decide()
    kept = reserve(story.state, run.tasks[2], story.now)
    assert kept is not None
    assert kept.at == story.now + 10.0
    story.decide(50.0)
    overdue = reserve(story.state, run.tasks[2], story.now)
    assert overdue is not None
    assert overdue.at == story.now + 1.0


def test_nothing_starts_in_a_machine_without_slots() -> None:
    story = Story(Capacity(4.0, 4096.0, slots=0))
    run = story.submit(spec("a"))
    story.decide(100.0)
    assert story.starts(100.0) == []
    assert story.words(run.tasks[0]) == "0 attempts run already, and no more are allowed at once"


def test_a_decision_says_why_and_when_to_look_again() -> None:
    story = Story(Capacity(4.0, 4096.0))
    story.submit(spec("a", needs=needs("db", "shared:port", cpus=2.0, mb=2048.0), estimate=30.0), spec("b", 0))
    decision = story.decide()
    assert [event.why for event in decision.events] == [  # type: ignore[union-attr]
        "first of 1 ready (priority medium, 40 s of work from here on); takes 2 of 4 free cpus and 2.0 GiB, locks 'db', 'port'"
    ]
    assert decision.wake == story.now + 30.0
    story.submit(spec("wide", needs=needs(cpus=4.0)))
    story.begin(story.task(1, 0))
    assert story.decide(31.0).wake == story.now + 60.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 4.0), st.floats(1.0, 4096.0), st.floats(0.5, 50.0), st.booleans(), st.booleans()),
        min_size=1, max_size=25,
    )
)  # fmt: skip
def test_nothing_delays_the_start_that_was_promised(jobs: list[tuple[float, float, float, bool, bool]]) -> None:
    """All keep to their estimates: what came into a reservation's way would show as a start later than promised."""
    story = Story(policy=Policy(patience_s=5.0, strict_s=1e9))
    large = story.submit(spec("large", needs=needs("db", cpus=4.0, mb=4096.0), estimate=1000.0)).tasks[0]
    story.run_all(story.submit(spec("first", needs=needs("db", cpus=2.0), estimate=30.0)).tasks)
    for cpus, mb, seconds, locked, shared in jobs:
        lock = ("shared:db" if shared else "db",) if locked else ()
        story.submit(spec("j", needs=needs(*lock, cpus=cpus, mb=mb), estimate=seconds))
    promised = None
    for _ in range(500):
        story.decide()
        if large.live:
            break
        if story.now - 1000.0 >= 5.0:
            kept = reserve(story.state, large, story.now)
            assert kept is not None
            promised = min(promised or kept.at, kept.at)
        ends = [(t.decided or 0.0) + t.spec.estimate for t in story.state.live.values()]
        story.now = min(*ends, story.now + 5.0) if ends else story.now + 5.0
        for task in [t for t in story.state.live.values() if (t.decided or 0.0) + t.spec.estimate <= story.now]:
            story.end(task)
    assert large.state is TaskState.STARTING
    assert promised is None or (large.decided or 0.0) <= promised + 1e-6


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 60), st.integers(0, 30)), min_size=1, max_size=12))
def test_the_forecast_is_what_happens(jobs: list[tuple[int, int, int]]) -> None:
    """`foresee` and the engine's own decisions cannot drift apart."""
    specs: list[TaskSpec] = [
        spec(
            f"j{n}", *([n - 1] if n and after % 3 == 0 else []), needs=needs(cpus=float(cpus)), estimate=float(seconds)
        )
        for n, (cpus, seconds, after) in enumerate(jobs)
    ]
    story = Story()
    run = story.submit(*specs)
    happened: dict[int, float] = {}
    while run.unfinished:
        for event in story.decide().starts:
            happened[event.task] = story.now - 1000.0
            story.begin(run.tasks[event.task])
        story.now = min(1000.0 + happened[t.index] + t.spec.estimate for t in story.state.live.values())
        for task in [t for t in run.tasks if t.live and 1000.0 + happened[t.index] + t.spec.estimate <= story.now]:
            story.end(task)
    assert [span.start for span in foresee(specs, ROOM)] == pytest.approx([happened[n] for n in range(len(specs))])

"""How loaded an agent is, and what would relieve it: what is promised is what the planner then does."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.core.admit import Policy
from callboard.core.events import AgentSet
from callboard.core.fold import fold
from callboard.core.load import loads, no_load, relief_of
from callboard.core.relief import Change, starts_with
from callboard.core.run import Task
from callboard.core.task import Candidate
from core_story import ROOM, Story, needs, spec

TWIN = (Candidate("p1", "one", "one.x", "x"), Candidate("p2", "two", "two.x", "x"))


def told(story: Story, agent: str = "one") -> tuple[str, str]:
    load = loads(story.state, story.now)[agent]
    help = relief_of(story.state, story.now, story.policy, load)
    return load.words, help.words if help else ""


def test_an_agent_at_its_limit_says_so_and_one_more_at_once_would_help() -> None:
    story = Story()
    story.agents("one")
    fold(story.state, AgentSet(story.now, "one", "ann", limit=1))
    story.submit(*(spec(f"t{n}", agent="one", action="one.x") for n in range(6)))
    assert len(story.starts()) == 1
    assert not loads(story.state, story.now)["one"].overloaded
    story.now += 240.0
    load = loads(story.state, story.now)["one"]
    assert (load.queue, load.oldest_wait_s, load.running, load.limit, load.overloaded) == (5, 240.0, 1, 1, True)
    assert [(held.hold.kind, held.tasks, held.seconds) for held in load.held] == [("agent busy", 5, 240.0)]
    assert told(story) == (
        "5 wait, the oldest for 4 min, for its limit of 1 at once", "concurrency 1 → 2 would start 1 now",
    )  # fmt: skip
    fold(story.state, AgentSet(story.now, "one", "ann", limit=2))
    assert len(story.starts()) == 1


def test_a_paused_agent_is_not_overloaded_and_is_to_be_resumed() -> None:
    story = Story()
    story.agents("one")
    fold(story.state, AgentSet(story.now, "one", "ann", paused=True))
    story.submit(spec("a", agent="one", action="one.x"), spec("b", agent="one", action="one.x"))
    story.decide()
    story.now += 7200.0
    assert not loads(story.state, story.now)["one"].overloaded
    assert told(story) == ("2 wait, the oldest for 2 h, because ann paused it", "resume it: 2 would start now")


def test_an_agent_that_is_drained_takes_nothing_more_until_it_is_resumed() -> None:
    story = Story()
    story.agents("one")
    run = story.submit(spec("old", agent="one", action="one.x"))
    story.starts()
    story.begin(run.tasks[0])
    story.state.set_drain("one", "ann", "", story.now, until=1)
    story.submit(spec("new", agent="one", action="one.x"))
    assert story.starts() == []
    assert told(story) == ("1 waits, for 0 s, because ann drains it", "resume it: 1 would start now")


def test_cores_memory_and_locks() -> None:
    story = Story()
    run = story.submit(spec("big", needs=needs("db", cpus=3.0, mb=4000.0)))
    story.run_all(run.tasks)
    story.submit(spec("wide", agent="one", needs=needs(cpus=3.0)))
    story.submit(spec("fat", agent="two", needs=needs(cpus=0.5, mb=200.0)))
    story.submit(spec("safe", agent="six", needs=needs("db", cpus=0.5)))
    assert story.starts() == []
    assert told(story) == ("1 waits, for 0 s, for cpus", "2 more cores would start 1 now")
    assert told(story, "two") == ("1 waits, for 0 s, for memory", "104 MiB more memory would start 1 now")
    assert told(story, "six") == (
        "1 waits, for 0 s, for lock 'db'", "the end of big (1.0), which holds lock 'db', would start 1",
    )  # fmt: skip


def test_what_another_could_do_can_be_given_away() -> None:
    story = Story()
    story.agents("one", "two")
    fold(story.state, AgentSet(story.now, "one", "ann", limit=1))
    story.submit(*(spec(f"t{n}", agent="one", action="one.x", candidates=TWIN) for n in range(3)))
    story.decide()
    story.room = replace(ROOM, cpus=2.0)
    story.decide()
    assert starts_with(story.state, story.now, story.policy, Change("one", to="two")) == 1
    assert told(story)[1] == "concurrency 1 → 2 would start 1 now"


def test_where_nothing_would_help_nothing_is_promised() -> None:
    story = Story()
    story.submit(spec("a", agent="one", needs=needs(gpu=1.0)), spec("b", agent="one", needs=needs(gpu=1.0)))
    story.room = replace(ROOM, extra={"gpu": 1.0})
    assert story.starts() == ["a"]
    assert told(story) == ("1 waits, for 0 s, for resource 'gpu'", "")
    assert no_load(story.state, "nobody").words == ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from(["one", "two"]), st.integers(1, 90)),
        min_size=3,
        max_size=14,
    ),
    st.integers(0, 3),
    st.sampled_from([0.0, 70.0]),
)
def test_what_is_promised_is_what_the_planner_then_does(
    works: list[tuple[float, str, int]], limit: int, passed: float
) -> None:
    story = Story(policy=Policy())
    story.agents("one", "two")
    fold(story.state, AgentSet(story.now, "one", "ann", limit=limit))
    story.submit(
        *(
            spec(f"t{n}", agent=a, action=f"{a}.x", needs=needs(cpus=c), estimate=float(s))
            for n, (c, a, s) in enumerate(works)
        )
    )
    story.decide()
    story.decide(passed)
    before = sorted(str(task.key) for task in story.state.ready.waiting())
    promised = starts_with(story.state, story.now, story.policy, Change("one", cpus=1.0))
    assert sorted(str(task.key) for task in story.state.ready.waiting()) == before
    story.room = replace(story.room, cpus=5.0, total_cpus=5.0)
    mine: list[Task] = [story.task(s.run, s.task) for s in story.decide().starts]
    assert promised == sum(task.spec.agent == "one" for task in mine)

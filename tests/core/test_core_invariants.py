"""The checks of the eight promises, each on a state or a log that breaks it by a little."""

from dataclasses import replace

import pytest

from callboard.core import events as e
from callboard.core import holds as h
from callboard.core import invariants as i
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import Priority, Retry, TaskKey, TaskState
from callboard.core.truth import is_true, taken_by
from core_story import PROCESS, Story, needs, spec

HOLDER = TaskKey(1, 0)


def busy() -> tuple[Story, list[Task]]:
    """`a` runs with lock 'db', `b` waits for it, `c` comes after `a`, `d` has succeeded."""
    story = Story(Capacity(4.0, 4096.0, 4.0, 4096.0, {"gpu": 2.0}))
    run = story.submit(
        spec("a", needs=needs("db", gpu=1.0), estimate=99.0), spec("b", needs=needs("db")), spec("c", 0), spec("d")
    )
    story.decide()
    story.begin(run.tasks[0])
    story.end(run.tasks[3])
    story.decide()
    return story, run.tasks


def test_a_sound_state_breaks_nothing() -> None:
    story, _ = busy()
    assert i.of_state(story.state, story.now) == []
    assert i.capacity_kept(story.state, [HOLDER]) == []
    assert i.capacity_kept(story.state, []) == []


def test_1_a_parent_that_is_not_done() -> None:
    story, tasks = busy()
    tasks[2].state = TaskState.RUNNING
    assert "1.2 running although 1.0 is running" in i.dependencies_kept(story.state)


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (Capacity(1.5, 4096.0), "2 cpus are taken of 1.5"),
        (Capacity(4.0, 100.0), "128 MiB are taken of 100"),
        (Capacity(4.0, 4096.0, slots=1), "2 attempts run, 1 are allowed"),
        (Capacity(4.0, 4096.0, extra={"gpu": 0.5}), "1 of 'gpu' are taken of 0.5"),
    ],
)
def test_2_more_than_there_is(room: Capacity, words: str) -> None:
    story, tasks = busy()
    tasks[1].state = TaskState.STARTING
    story.state.pool.capacity = room
    assert i.capacity_kept(story.state, [HOLDER]) == [words]
    assert i.locks_kept(story.state) == ["lock 'db' is held by 1.0 and 1.1"]


def test_2_a_lone_attempt_may_take_more_cores_than_are_free() -> None:
    story, _ = busy()
    story.state.pool.capacity = Capacity(0.0, 4096.0)
    assert i.capacity_kept(story.state, [HOLDER]) == []


FALSE: list[tuple[int, h.Hold]] = [
    (1, h.WaitsForTasks("a", HOLDER, 0)),
    (1, h.WaitsForLock("port", "a", HOLDER, False)),
    (1, h.WaitsForLock("db", "d", TaskKey(1, 3), False)),
    (1, h.WaitsForCpus(1.0, 3.0, 4.0)),
    (1, h.WaitsForMemory(64.0, 9.0, 4096.0)),
    (1, h.TooLarge("64 MiB", "4.0 GiB")),
    (1, h.WaitsForResource("gpu", 1.0, 0.0, 2.0)),
    (1, h.WaitsForSlot(1)),
    (1, h.AgentBusy("", 1, HOLDER)),
    (1, h.AgentPaused("quality", "ann", "")),
    (1, h.NobodyCan("quality.lint")),
    (1, h.BacksOff(8.0, 0, 3.0)),
    (1, h.WaitsForDecision("why")),
    (1, h.Reserved("a", HOLDER, 9.0)),
    (1, h.Reserved("c", TaskKey(1, 2), 9.0)),
    (1, h.Halted("the disk is full")),
    (2, h.WaitsForTasks("a", HOLDER, 1)),
    (2, h.WaitsForTasks("d", TaskKey(1, 3), 0)),
    (2, h.WaitsForLock("db", "a", HOLDER, False)),
    (2, h.Halted("the disk is full")),
]


@pytest.mark.parametrize(("place", "hold"), FALSE, ids=lambda value: type(value).__name__)
def test_3_a_hold_that_is_not_true(place: int, hold: h.Hold) -> None:
    story, tasks = busy()
    live = list(story.state.live.values())
    assert is_true(
        story.state.hold_of(tasks[place], story.now), tasks[place], story.state, story.now, live, taken_by(live)
    )  # type: ignore[arg-type]
    assert not is_true(hold, tasks[place], story.state, story.now, live, taken_by(live))


class Talkative(State):
    """Says of everything that it is held."""

    def hold_of(self, task: Task, now: float) -> h.Hold | None:
        return h.Halted("so it is said")


def test_3_what_runs_is_not_held() -> None:
    story, _ = busy()
    talkative = Talkative()
    talkative.runs = story.state.runs
    assert "1.0 is running and is said to be held: nothing new is started: so it is said" in i.holds_true(
        talkative, 1.0
    )


def test_4_what_nobody_will_look_at_again() -> None:
    story, tasks = busy()
    story.state.ready.remove(tasks[1])
    story.state.deadlines.clear()
    tasks[2].unmet = 5
    assert i.nothing_forgotten(story.state) == [
        "1.0 runs, and nothing notices when its time is over",
        "1.1 waits, and nothing will ever look at it",
        "1.2 counts 5 open parents and has 1",
    ]
    story, tasks = busy()
    story.take(story.submit(spec("e")).tasks[0])
    story.state.deadlines.clear()
    assert "2.0 is starting, and nothing notices if it never does" in i.nothing_forgotten(story.state)
    story.state.make_ready(tasks[2], 1.0)
    assert "1.2 is waiting and stands in the queue" in i.nothing_forgotten(story.state)


def test_5_live_in_one_place_only() -> None:
    story = Story()
    task = story.submit(spec("a", agent="quality")).tasks[0]
    story.take(task)
    assert i.one_live_attempt(story.state) == []
    del story.state.live[task.key]
    story.state.working.clear()
    assert i.one_live_attempt(story.state) == [
        "1.0 is live in one place only",
        "1.0 works for an agent in one place only",
    ]


STARTED = e.EngineStarted(0.0, 1, "1")
SPECS = (spec("a", needs=needs("db"), idempotent=False), spec("b", needs=needs("db")), spec("c", 0))
SUBMITTED = e.RunSubmitted(1.0, 1, "p", "/w", "ann", "t", Priority.LOW, SPECS)
DECIDED = e.AttemptDecided(2.0, 1, 0, 1, 1, "")
BEGAN = e.AttemptBegan(3.0, 1, 0, 1, PROCESS)
ENDED = e.AttemptEnded(4.0, 1, 0, 1, How.CRASHED, TaskState.WAITING, "")
BASE: tuple[e.Event, ...] = (STARTED, SUBMITTED, DECIDED, BEGAN)
AGAIN = replace(DECIDED, at=5.0, attempt=2)
CANCELLED = e.CancelAsked(5.0, 1, -1, "ann", "")

LOGS: dict[str, tuple[tuple[e.Event, ...], list[str]]] = {
    "sound": ((*BASE, replace(ENDED, outcome=TaskState.SUCCEEDED), replace(DECIDED, task=2)), []),
    "a parent that is not done": ((*BASE, replace(DECIDED, task=2)), ["1.2#1 starts although 1.0 is running"]),
    "a lock held twice": ((*BASE, replace(DECIDED, task=1)), ["1.1#1 takes lock 'db', held by 1.0"]),
    "two attempts at once": ((*BASE, AGAIN), ["1.0#2 starts while attempt 1 is under way"]),
    "a number left out": ((*BASE[:2], replace(DECIDED, attempt=3)), ["1.0#3 follows attempt 0"]),
    "an older owner": ((*BASE[:2], e.EngineStarted(1.5, 2, "1"), DECIDED), ["1.0#1 was decided by epoch 1 in epoch 2"]),
    "an epoch that comes again": ((*BASE, STARTED), ["epoch 1 follows epoch 1"]),
    "an end that was told twice": ((*BASE, ENDED, ENDED), ["1.0#1 is not under way, but AttemptEnded tells of it"]),
    "a start after the end": ((*BASE, ENDED, BEGAN), ["1.0#1 is not under way, but AttemptBegan tells of it"]),
    "stopping what is over": (
        (*BASE, ENDED, e.AttemptStopping(4.0, 1, 0, 1, "")), ["1.0#1 is not under way, but AttemptStopping tells of it"],
    ),
    "not idempotent, run again": (
        (*BASE, ENDED, AGAIN), ["1.0#2 runs work again that is not idempotent, and nobody asked for it"],
    ),
    "a person decided": ((*BASE, ENDED, e.DecisionMade(4.5, 1, 0, "ann", "retry"), AGAIN), []),
    "a person gave up": (
        (*BASE, ENDED, e.DecisionMade(4.5, 1, 0, "ann", "give up"), AGAIN),
        ["1.0#2 runs work again that is not idempotent, and nobody asked for it"],
    ),
    "a person asked again": ((*BASE, ENDED, e.RetryAsked(4.5, 1, (0,), "ann"), AGAIN), []),
    "never began": ((*BASE[:3], ENDED, AGAIN), []),
    "not started after all": ((*BASE, replace(ENDED, how=How.NOT_STARTED), AGAIN), []),
    "cancelled and over in time": ((*BASE, CANCELLED, replace(ENDED, at=14.0)), []),
    "cancelled and going on": (
        (*BASE, CANCELLED, CANCELLED, e.PrioritySet(30.0, 1, Priority.LOW, "ann"), e.PrioritySet(40.0, 1, Priority.LOW, "ann")),
        ["1.0 was still under way 15 s after it had to be over"],
    ),
    "one task cancelled and going on": (
        (*BASE, replace(CANCELLED, task=0), e.AgentsFound(30.0, ())), ["1.0 was still under way 15 s after it had to be over"],
    ),
    "cancelled while no engine ran": ((*BASE, CANCELLED, e.EngineStarted(500.0, 2, "1"), replace(ENDED, at=509.0)), []),
    "tasks that joined": ((*BASE, e.TasksAdded(4.0, 1, "ann", (spec("d", 0),)), replace(DECIDED, task=3)),
                          ["1.3#1 starts although 1.0 is running"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_a_log(name: str) -> None:
    events, wrong = LOGS[name]
    assert i.promises_of_log(events) == wrong


def test_6_an_acknowledged_run_that_is_not_there() -> None:
    assert i.nothing_lost(BASE, [1, 2]) == ["run 2 was acknowledged and is not in the log"]


def test_7_a_state_that_the_log_does_not_give() -> None:
    log: list[e.Event] = [STARTED, replace(SUBMITTED, specs=(spec("a", retry=Retry(2)), spec("b")))]
    state = State()
    for event in log:
        fold(state, event)
    assert i.log_equals_state(state, log) == []
    assert len(i.log_equals_state(state, log[:1])) == 2  # the run is not there, and neither are its queued tasks
    task = state.runs[1].tasks[0]
    task.retry_at = 99.0
    assert i.log_equals_state(state, log) == ["1.0 is to be tried at another time than the log says"]
    task.retry_at, task.attempt = 0.0, 4
    assert i.log_equals_state(state, log)[0].startswith("1.0 is (")
    task.attempt = 0
    state.epoch = 9
    state.fired["s"] = 1.0
    state.agent("x").limit = 3
    assert [words.split(" is {")[0].split(" is 9")[0] for words in i.log_equals_state(state, log)] == [
        "the epoch", "the last firing of each schedule", "what is set for the agents",
    ]  # fmt: skip
    assert i.log_equals_state(state, [*log, ENDED])[0].startswith("the log holds a AttemptEnded that does not fold: ")


def test_8_a_cancelled_run_that_goes_on() -> None:
    story, _ = busy()
    assert i.cancelled_is_quiet(story.state, {1: story.now - 9.0}, story.now) == []
    assert i.cancelled_is_quiet(story.state, {1: story.now - 11.0}, story.now) == [
        "1.0 is running 11 s after run 1 was cancelled"
    ]
    assert i.cancelled_is_quiet(story.state, {2: 0.0}, story.now) == []

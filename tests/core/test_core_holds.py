"""Every kind of hold arises, is the true one, and says so in exact words."""

from typing import get_args

import pytest

from callboard.core import holds as h
from callboard.core.admit import Policy
from callboard.core.events import (
    AgentDraining,
    AgentSet,
    AttemptStopping,
    CancelAsked,
    DecisionMade,
    RetryAsked,
    TaskTaken,
)
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.run import Task
from callboard.core.task import Retry, TaskKey, TaskState
from callboard.core.yield_events import YieldSet
from core_story import ROOM, Story, needs, spec


def one(*specs: object, room: Capacity = ROOM) -> tuple[Story, list[Task]]:
    story = Story(room)
    run = story.submit(*specs)  # type: ignore[arg-type]
    story.decide()
    return story, run.tasks


def waits_for_tasks() -> tuple[Story, Task]:
    story, tasks = one(spec("build"), spec("lint"), spec("deploy", 0, 1, after=(0,)))
    return story, tasks[2]


def waits_for_one_task() -> tuple[Story, Task]:
    story, tasks = one(spec("build"), spec("deploy", 0, after=(0,)))
    return story, tasks[1]


def waits_for_lock() -> tuple[Story, Task]:
    story, tasks = one(spec("infra.deploy", needs=needs("staging")), spec("b", needs=needs("shared:staging")))
    return story, tasks[1]


def waits_for_shared_lock() -> tuple[Story, Task]:
    story, tasks = one(spec("reader", needs=needs("shared:staging"), estimate=99.0), spec("b", needs=needs("staging")))
    return story, tasks[1]


def waits_for_cpus() -> tuple[Story, Task]:
    story, tasks = one(spec("a", needs=needs(cpus=2.5), estimate=99.0), spec("b", needs=needs(cpus=2.0)))
    return story, tasks[1]


def waits_for_memory() -> tuple[Story, Task]:
    room = Capacity(4.0, 2150.0, 4.0, 14336.0)
    story, tasks = one(spec("a", needs=needs(mb=100.0), estimate=99.0), spec("b", needs=needs(mb=4096.0)), room=room)
    return story, tasks[1]


def waits_for_a_cpu() -> tuple[Story, Task]:
    specs = (spec("small", needs=needs(cpus=0.25)), spec("large", needs=needs(cpus=0.75)), spec("c"))
    story, tasks = one(*specs, room=Capacity(1.0, 4096.0, 2.0, 4096.0))
    return story, tasks[2]


def waits_for_others_memory() -> tuple[Story, Task]:
    story, tasks = one(spec("a", needs=needs(mb=2048.0)), room=Capacity(4.0, 1000.0, 4.0, 4096.0))
    return story, tasks[0]


def too_much_memory() -> tuple[Story, Task]:
    story, tasks = one(spec("a", needs=needs(mb=5000.0)))
    return story, tasks[0]


def too_much_of_a_resource() -> tuple[Story, Task]:
    story, tasks = one(spec("a", needs=needs(gpu=3.0)), room=Capacity(4.0, 4096.0, extra={"gpu": 2.0}))
    return story, tasks[0]


def waits_for_resource() -> tuple[Story, Task]:
    room = Capacity(4.0, 4096.0, extra={"gpu": 2.0})
    story, tasks = one(spec("a", needs=needs(gpu=1.5), estimate=99.0), spec("b", needs=needs(gpu=1.0)), room=room)
    return story, tasks[1]


def waits_for_slot() -> tuple[Story, Task]:
    story, tasks = one(spec("a"), spec("b"), spec("c"), room=Capacity(4.0, 4096.0, slots=2))
    return story, tasks[2]


def agent_busy() -> tuple[Story, Task]:
    story = Story()
    story.agents("quality")
    fold(story.state, AgentSet(1.0, "quality", "ann", limit=2))
    run = story.submit(*(spec(name, agent="quality", action="quality.lint") for name in "abc"))
    story.decide()
    return story, run.tasks[2]


def agent_paused(reason: str = "flaky today") -> tuple[Story, Task]:
    story = Story()
    story.agents("quality")
    fold(story.state, AgentSet(1.0, "quality", "ann", paused=True, reason=reason))
    run = story.submit(spec("a", agent="quality", action="quality.lint"))
    story.decide()
    return story, run.tasks[0]


def agent_paused_without_a_reason() -> tuple[Story, Task]:
    return agent_paused("")


def agent_drained() -> tuple[Story, Task]:
    story = Story()
    story.agents("quality")
    story.submit(
        spec("a", agent="quality", action="quality.lint"), spec("b", 0, agent="quality", action="quality.lint")
    )
    fold(story.state, AgentDraining(1.0, "quality", "ann", 1, "upgrade"))
    run = story.submit(spec("a", agent="quality", action="quality.lint"))
    story.decide()
    return story, run.tasks[0]


def taken_over() -> tuple[Story, Task]:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0))
    fold(story.state, TaskTaken(story.now, 1, 1, "ann", "by a script"))
    story.decide()
    return story, run.tasks[1]


def nobody_offers_it() -> tuple[Story, Task]:
    story = Story()
    story.agents("quality")
    run = story.submit(spec("a", agent="infra", action="infra.deploy"))
    story.decide()
    return story, run.tasks[0]


def its_agent_left() -> tuple[Story, Task]:
    story = Story()
    story.agents("infra")
    story.agents("quality")
    run = story.submit(spec("a", agent="infra", action="infra.deploy"))
    story.decide()
    return story, run.tasks[0]


def backs_off() -> tuple[Story, Task]:
    story = Story()
    task = story.submit(spec("a", retry=Retry(attempts=2, first_s=8.0, jitter=0.0))).tasks[0]
    story.run_all([task])
    story.ends(task, How.CRASHED)
    story.decide(3.0)
    return story, task


def needs_decision() -> tuple[Story, Task]:
    story = Story()
    task = story.submit(spec("a", idempotent=False, retry=Retry(attempts=2))).tasks[0]
    story.run_all([task])
    story.ends(task, How.CRASHED, reason="killed by signal 9")
    story.decide()
    return story, task


def reserved() -> tuple[Story, Task]:
    story = Story(policy=Policy(patience_s=60.0))
    run = story.submit(
        spec("a", needs=needs(cpus=3.0), estimate=100.0), spec("large", needs=needs(cpus=4.0), estimate=50.0)
    )
    story.decide()
    story.decide(70.0)
    small = story.submit(spec("small", estimate=31.0)).tasks[0]
    story.decide()
    assert run.tasks[1].state is TaskState.WAITING
    return story, small


def halted() -> tuple[Story, Task]:
    story = Story()
    story.state.halted = "the disk is full"
    task = story.submit(spec("a")).tasks[0]
    story.decide()
    return story, task


def halted_after_backing_off() -> tuple[Story, Task]:
    story, task = backs_off()
    story.state.halted = "the disk is full"
    story.now += 6.0
    return story, task


def pressed() -> tuple[Story, Task]:
    story, tasks = one(spec("a"), room=Capacity(4.0, 4096.0, pressed=True))
    return story, tasks[0]


def yields_to_a_crew() -> tuple[Story, Task]:
    story, tasks = one(spec("blocks", needs=needs(cpus=4.0)), spec("tests", 0, heavy=True))
    fold(story.state, YieldSet(story.now, "quiet", True, "crew 'journal' has 2 workflows in flight", 60.0))
    story.run_all(tasks[:1]) if tasks[0].attempt == 0 else story.begin(tasks[0])
    story.end(tasks[0])
    story.decide()
    return story, tasks[1]


def yields_to_users() -> tuple[Story, Task]:
    story = Story()
    fold(story.state, YieldSet(story.now, "yield", True, "the platform's p95 is 840 ms, above 500", 60.0))
    run = story.submit(spec("tests", heavy=True))
    story.decide()
    return story, run.tasks[0]


CASES = [
    (waits_for_tasks, "dependency", "waits for build", "waits for build (1.0) and 1 more", TaskKey(1, 0)),
    (waits_for_one_task, "dependency", "waits for build", "waits for build (1.0)", TaskKey(1, 0)),
    (waits_for_lock, "lock", "lock 'staging'", "waits for lock 'staging', held by infra.deploy (1.0)", TaskKey(1, 0)),
    (waits_for_shared_lock, "lock", "lock 'staging'", "waits for lock 'staging', held by reader (1.0), shared", TaskKey(1, 0)),
    (waits_for_cpus, "cpus", "cpus", "needs 2 cpus, 1.5 free of 4: tasks take 2.5, most of it a (1.0)", TaskKey(1, 0)),
    (waits_for_a_cpu, "cpus", "cpus",
     "needs 1 cpu, 0 free of 2: tasks take 1, most of it large (1.1), others on this machine 1", TaskKey(1, 1)),
    (waits_for_memory, "memory", "memory",
     "needs 4.0 GiB, 2.0 GiB free of 14.0 GiB: tasks take 100 MiB, most of it a (1.0), others on this machine 11.9 GiB",
     TaskKey(1, 0)),
    (waits_for_others_memory, "memory", "memory",
     "needs 2.0 GiB, 1000 MiB free of 4.0 GiB: others on this machine 3.0 GiB", None),
    (too_much_memory, "too large", "too large for this machine",
     "needs 4.9 GiB, this machine has 4.0 GiB: lower the job's needs or use a larger machine", None),
    (too_much_of_a_resource, "too large", "too large for this machine",
     "needs 3 of 'gpu', this machine has 2: lower the job's needs or use a larger machine", None),
    (waits_for_resource, "resource", "resource 'gpu'", "needs 1 of 'gpu', 0.5 free of 2", None),
    (waits_for_slot, "resource", "parallelism", "2 attempts run already, and no more are allowed at once", None),
    (agent_busy, "agent busy", "agent quality busy", "agent quality already works on 2, its limit", TaskKey(1, 0)),
    (agent_paused, "agent paused", "agent quality paused", "agent quality was paused by ann: flaky today", None),
    (agent_paused_without_a_reason, "agent paused", "agent quality paused", "agent quality was paused by ann", None),
    (agent_drained, "agent paused", "agent quality drained",
     "agent quality is being drained by ann, upgrade: 2 tasks left", None),
    (taken_over, "person", "taken over by a person", "taken over by ann: by a script", None),
    (nobody_offers_it, "nobody", "nobody can do this", "nobody can do this: needs an agent with infra.deploy", None),
    (its_agent_left, "nobody", "nobody can do this", "nobody can do this: needs an agent with infra.deploy", None),
    (backs_off, "backoff", "backs off", "backs off 8 s after attempt 1, 5 s left", None),
    (needs_decision, "decision", "waits for a decision",
     "waits for a person's decision: killed by signal 9; it is not marked idempotent, so a person decides whether it runs again",
     None),
    (reserved, "reserved", "kept for large", "room is kept for large (1.1), which is to start in about 30 s", TaskKey(1, 1)),
    (halted, "halted", "halted", "nothing new is started: the disk is full", None),
    (halted_after_backing_off, "halted", "halted", "nothing new is started: the disk is full", None),
    (yields_to_a_crew, "yields", "a crew of the platform", "crew 'journal' has 2 workflows in flight", None),
    (yields_to_users, "yields", "users of the platform", "the platform's p95 is 840 ms, above 500", None),
    (pressed, "halted", "halted", "nothing new is started: memory is short on this machine", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arises", "kind", "key", "words", "culprit"), CASES, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_hold(arises, kind: str, key: str, words: str, culprit: TaskKey | None) -> None:  # type: ignore[no-untyped-def]
    story, task = arises()
    hold = story.state.hold_of(task, story.now)
    assert (hold.kind, hold.key, hold.words(), hold.culprit) == (kind, key, words, culprit)


def test_every_kind_of_hold_is_among_the_cases() -> None:
    arisen = {type(story.state.hold_of(task, story.now)) for story, task in (case[0]() for case in CASES)}
    assert arisen == set(get_args(h.Hold))


def test_room_that_is_kept_for_an_unknown_time_names_none() -> None:
    assert h.Reserved("large", TaskKey(1, 1), float("inf")).words() == "room is kept for large (1.1), which is to start"


def test_what_runs_or_has_ended_has_no_hold() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b"))
    story.decide()
    story.end(run.tasks[1])
    assert [story.state.hold_of(task, story.now) for task in run.tasks] == [None, None]


def test_a_ready_task_waits_for_the_next_decision_at_most() -> None:
    story = Story()
    task = story.submit(spec("a")).tasks[0]
    story.state.pool.capacity = ROOM
    assert story.words(task) == "nothing new is started: the next decision is due"


def test_a_task_of_an_agent_that_is_not_known_yet_starts_when_nothing_is_known_of_agents() -> None:
    story = Story()
    story.submit(spec("a", agent="quality", action="quality.lint"))
    assert story.starts() == ["a"]


def test_the_teams_own_command_in_an_agents_name_needs_no_agent() -> None:
    story = Story()
    story.agents("quality")
    story.submit(spec("a", agent="infra", argv=("true",)))
    assert story.starts() == ["a"]


@pytest.mark.parametrize(
    ("hold", "since"), [("open parent", 1000.0), ("backing off", 1040.0), ("decision", 1040.0), ("cpus", 1050.0)]
)
def test_since_when_a_hold_is_true(hold: str, since: float) -> None:
    story = Story()
    run = story.submit(
        spec("a", idempotent=hold != "decision", retry=Retry(attempts=2, first_s=30.0, jitter=0.0)), spec("b", 0)
    )
    story.run_all([run.tasks[0]])
    story.now = 1040.0
    if hold == "cpus":
        story.now = 1050.0
        story.end(run.tasks[0])
        story.run_all(story.submit(spec("wide", needs=needs(cpus=4.0))).tasks)
        story.decide()
        assert story.state.since_of(run.tasks[1]) == since
        return
    story.ends(run.tasks[0], How.CRASHED)
    story.decide(5.0)
    assert story.state.since_of(run.tasks[1 if hold == "open parent" else 0]) == since


def spent(story: Story, name: str) -> dict[str, float]:
    """The seconds by cause that the decision to start this task tells."""
    found = {story.task(e.run, e.task).spec.name: e for e in story.decide().starts}
    return dict(found[name].holds)


def test_the_time_that_a_task_was_held_is_told_by_cause() -> None:
    story = Story()
    run = story.submit(spec("a", needs=needs("db")), spec("b", 0), spec("c", needs=needs("db")))
    story.decide()
    assert run.tasks[2].live or run.tasks[0].live
    story.now += 20.0
    first, other = (0, 2) if run.tasks[0].live else (2, 0)
    story.end(run.tasks[first])
    holds = {story.task(e.run, e.task).spec.name: dict(e.holds) for e in story.decide().starts}
    assert holds[run.tasks[other].spec.name] == {"lock 'db'": 20.0}
    if first == 0:
        assert holds["b"] == {"waits for a": 20.0}


def test_waiting_for_a_person_and_backing_off_are_told_apart() -> None:
    story = Story()
    asks = story.submit(spec("asks", idempotent=False, retry=Retry(attempts=2))).tasks[0]
    story.run_all([asks])
    story.ends(asks, How.CRASHED)
    story.now += 100.0
    fold(story.state, DecisionMade(story.now, 1, 0, "ann", "retry"))
    assert spent(story, "asks") == {"waits for a decision": 100.0}
    again = story.submit(spec("again", retry=Retry(attempts=2, first_s=8.0, jitter=0.0))).tasks[0]
    story.run_all([again])
    story.ends(again, How.CRASHED)
    story.now += 8.0
    assert spent(story, "again") == {"backs off": 8.0}


def test_time_before_a_person_asked_again_is_not_told_again() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0))
    story.run_all([run.tasks[0]])
    story.now += 10.0
    story.end(run.tasks[0])
    assert spent(story, "b") == {"waits for a": 10.0}
    story.now += 500.0
    story.end(run.tasks[1], TaskState.FAILED)
    story.now += 1000.0
    fold(story.state, RetryAsked(story.now, 1, (1,), "ann"))
    assert spent(story, "b") == {}
    assert dict(run.tasks[1].held) == {"waits for a": 10.0}


def test_causes_that_come_again_are_added_up() -> None:
    story = Story()
    run = story.submit(spec("a", retry=Retry(attempts=3, first_s=4.0, factor=1.0, jitter=0.0)))
    for _ in range(2):
        story.decide()
        story.ends(run.tasks[0], How.CRASHED)
        story.now += 4.0
    story.decide()
    assert dict(run.tasks[0].held) == {"backs off": 8.0}


def test_under_pressure_the_youngest_idempotent_attempt_of_the_lowest_class_makes_room() -> None:
    story = Story()
    run = story.submit(spec("a", idempotent=False), spec("b"), spec("c", idempotent=False))
    story.run_all(run.tasks)
    story.room = Capacity(4.0, 200.0, 4.0, 4096.0, pressed=True)
    assert [(stop.task, stop.put_back, stop.reason) for stop in story.decide().stops] == [
        (1, True, "memory is short (8 MiB free): put back, to make room")
    ]
    assert story.decide().stops == ()
    story.ends(run.tasks[1], How.STOPPED)
    assert story.words(run.tasks[1]) == "nothing new is started: memory is short on this machine"
    assert story.decide().stops == ()


def test_under_pressure_the_only_attempt_goes_on() -> None:
    story = Story()
    story.run_all(story.submit(spec("a")).tasks)
    story.room = Capacity(4.0, 0.0, 4.0, 4096.0, pressed=True)
    assert story.decide().stops == ()


@pytest.mark.parametrize("begun", [False, True])
def test_what_is_past_its_deadline_is_stopped_once(begun: bool) -> None:
    story = Story()
    task = story.submit(spec("a")).tasks[0]
    decision = story.decide()
    assert decision.wake == story.now + 30.0
    if begun:
        story.begin(task)
    assert story.decide(29.0).stops == ()
    stops = [*story.decide(1.0).stops, *story.decide(900.0).stops]
    expected = (
        (False, True, "still running after its time limit of 900 s")
        if begun
        else (True, False, "it did not start in time")
    )
    assert [(stop.put_back, stop.late, stop.reason) for stop in stops] == [expected]
    assert story.decide(9000.0).stops == ()


def test_what_a_person_cancels_is_not_stopped_for_its_time_too() -> None:
    story = Story()
    story.run_all(story.submit(spec("a")).tasks)
    fold(story.state, CancelAsked(story.now, 1, 0, "ann", ""))
    fold(story.state, AttemptStopping(story.now, 1, 0, 1, "late"))
    assert story.task(1, 0).stopping == "cancelled by ann"
    assert story.decide(9000.0).stops == ()


def test_who_takes_most_follows_what_starts_and_ends() -> None:
    story = Story(Capacity(4.0, 4096.0, 4.0, 4096.0))
    first, second, late = story.submit(
        spec("first", needs=needs(cpus=2.5, mb=100.0)),
        spec("second", needs=needs(cpus=1.5)),
        spec("late", needs=needs(cpus=4.0)),
    ).tasks
    story.run_all([first, second])
    story.decide()
    assert "most of it first (1.0)" in story.words(late)
    story.end(first)
    story.decide()
    assert story.words(late) == "needs 4 cpus, 2.5 free of 4: tasks take 1.5, most of it second (1.1)"

"""A state that is run ahead decides as the engine does, tells nothing, and leaves the state that it was copied from alone."""

import random

from callboard.core.admit import Policy
from callboard.core.ahead import Ahead, Course
from callboard.core.copied import copied
from callboard.core.events import AgentSet, RunSubmitted
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.invariants import dependencies_kept, locks_kept, one_live_attempt
from callboard.core.resources import Capacity
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import Priority, Retry, TaskSpec, TaskState, Verdict
from core_story import needs, spec

ROOM = Capacity(4.0, 4096.0, 4.0, 4096.0)


def fresh() -> State:
    state = State()
    state.epoch = 1
    return state


def run_of(number: int, at: float, specs: list[TaskSpec], priority: Priority = Priority.MEDIUM) -> RunSubmitted:
    return RunSubmitted(at, number, "p", "/w", "", "", priority, tuple(specs))


def some(dice: random.Random, count: int) -> list[TaskSpec]:
    made = []
    for place in range(count):
        above = sorted({dice.randrange(place) for _ in range(dice.randrange(3))}) if place else []
        locks = ("db",) if dice.random() < 0.2 else ()
        own = needs(*locks, cpus=dice.choice([0.5, 1.0, 2.0, 4.0]), mb=dice.choice([100.0, 900.0, 2000.0]))
        made.append(spec(f"t{place}", *above, agent=f"a{place % 3}", needs=own, estimate=dice.lognormvariate(3.0, 1.0)))
    return made


def test_futures_that_tell_nothing_are_the_same_futures() -> None:
    dice = random.Random(7)
    for _ in range(25):
        state = fresh()
        for number in range(1, 4):
            fold(state, run_of(number, 0.0, some(dice, 14), dice.choice(list(Priority))))
        fold(state, AgentSet(0.0, "a1", limit=1, by="ann"))
        lasts = {key: dice.lognormvariate(3.0, 1.5) for key in [(r, t) for r in (1, 2, 3) for t in range(14)]}

        def script(task: Task, passed: float, lasts: dict[tuple[int, int], float] = lasts) -> Course:
            return Course(lasts[task.key] - passed)

        told = Ahead(copied(state), ROOM, script, told=True, policy=Policy(20.0, 60.0))
        quiet = Ahead(copied(state), ROOM, script, policy=Policy(20.0, 60.0))
        told.play()
        quiet.play()
        assert told.begun == quiet.begun
        assert len(told.begun) == 42
        assert sum(told.waits.values()) > 0
        assert not quiet.waits


def test_a_copy_in_the_middle_goes_on_as_the_original_does() -> None:
    dice = random.Random(3)
    lasts = {(r, t): dice.lognormvariate(3.0, 1.0) for r in (1, 2) for t in range(20)}

    def script(task: Task, passed: float) -> Course:
        return Course(lasts[task.key] - passed)

    first = Ahead(fresh(), ROOM, script)
    first.submit(run_of(1, 0.0, some(dice, 20)))
    first.play(15.0)
    first.submit(run_of(2, 15.0, some(dice, 20)))
    first.play(25.0)
    twin = Ahead(copied(first.state), ROOM, script, now=first.now)
    assert [*dependencies_kept(twin.state), *locks_kept(twin.state), *one_live_attempt(twin.state)] == []
    before = [task.facts() for run in first.state.runs.values() for task in run.tasks]
    twin.play()
    assert before == [task.facts() for run in first.state.runs.values() for task in run.tasks]
    first.play()
    for number in (1, 2):
        ends = [task.ended for task in first.state.runs[number].tasks]
        assert [task.ended for task in twin.state.runs[number].tasks] == ends
        assert None not in ends


def test_failures_skip_crashes_are_retried_and_persons_are_not_waited_for() -> None:
    tries: list[str] = []

    def script(task: Task, passed: float) -> Course:
        tries.append(task.spec.name)
        if task.spec.name == "fails":
            return Course(5.0, How.EXITED, Verdict.FAIL)
        if task.spec.name == "shaky" and task.attempt == 1:
            return Course(3.0, How.CRASHED, None, 0.5)
        if task.spec.name == "asks":
            return Course(1.0, How.CRASHED)
        return Course(2.0)

    twice = Retry(attempts=2, first_s=10.0, jitter=0.0)
    state = fresh()
    specs = [
        spec("fails"), spec("behind", 0), spec("shaky", retry=twice), spec("asks", idempotent=False, retry=twice),
    ]  # fmt: skip
    ahead = Ahead(state, ROOM, script)
    ahead.submit(run_of(1, 0.0, specs))
    ahead.play()
    tasks = state.runs[1].tasks
    assert [task.state for task in tasks] == [
        TaskState.FAILED, TaskState.SKIPPED, TaskState.SUCCEEDED, TaskState.FAILED,
    ]  # fmt: skip
    assert tasks[2].ended == 15.0
    assert ahead.persons == 1
    assert tries.count("shaky") == 2


def test_what_a_person_keeps_back_is_said() -> None:
    state = fresh()
    fold(state, AgentSet(0.0, "a", paused=True, by="ann", reason="looks"))
    ahead = Ahead(state, ROOM, lambda task, passed: Course(1.0))
    ahead.submit(run_of(1, 0.0, [spec("one", agent="a"), spec("two")]))
    ahead.play()
    assert list(ahead.stuck(1)) == [0]
    assert "paused by ann: looks" in ahead.stuck(1)[0]

"""The state takes what is possible, refuses the rest with the task's story, and stays as it was."""

import copy
from typing import Any

import pytest

from callboard.core import events as e
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.graph import CycleFound
from callboard.core.invariants import of_state
from callboard.core.run import RunState
from callboard.core.state import State
from callboard.core.task import Priority, Retry, TaskSpec, TaskState, Verdict
from callboard.errors import CallboardError, NotFound, Refused
from core_story import PROCESS, Story, spec

S = TaskState
FINDING = {"severity": "high"}


def everything(state: State) -> Any:
    """All of a state that matters, as values that compare."""
    return copy.deepcopy(
        (
            [(run.facts(), [task.facts() for task in run.tasks]) for run in state.runs.values()],
            [
                (t.key, t.ticket, t.ready_at, t.retry_at, t.questions, t.put_back)
                for r in state.runs.values()
                for t in r.tasks
            ],
            [(a.name, a.present, a.paused_by, a.limit) for a in state.agents.values()],
            (state.pool.cpus, state.pool.memory_mb, state.pool.taken, sorted(state.pool.locks)),
            (
                state.epoch,
                state.last_run,
                state.fired,
                sorted(state.live),
                state.ready.length,
                state.queued,
                state.keys,
            ),
        )
    )


def told() -> Story:
    """Run 1: place 0 waits, 1 runs, 2 succeeded, 3 needs a decision, 4 waits for 1, 5 starts."""
    story = Story()
    story.agents("quality")
    names = ("idle", "runs", "done", "asks")
    run = story.submit(*(spec(n) for n in names), spec("later", 1), spec("starts"))
    story.run_all([run.tasks[1], run.tasks[2], run.tasks[3]])
    story.end(run.tasks[2])
    story.end(run.tasks[3], S.NEEDS_DECISION)
    story.take(run.tasks[5])
    return story


def ended(task: int, attempt: int, outcome: TaskState = S.SUCCEEDED) -> e.AttemptEnded:
    return e.AttemptEnded(1.0, 1, task, attempt, How.EXITED, outcome, "")


def begun(task: int, attempt: int) -> e.AttemptBegan:
    return e.AttemptBegan(1.0, 1, task, attempt, PROCESS)


def decided(task: int, attempt: int) -> e.AttemptDecided:
    return e.AttemptDecided(1.0, 1, task, attempt, 1, "")


def submitted(run: int, *specs: TaskSpec) -> e.RunSubmitted:
    return e.RunSubmitted(1.0, run, "p", "/w", "ann", "t", Priority.LOW, specs)


NO_RETRY = "only what failed, was cancelled, lost or skipped can be tried again"
REFUSED: list[tuple[e.Event, str]] = [
    (decided(1, 2), "task 1.1 'runs' is running (attempt 1): attempt 2 cannot be decided"),
    (decided(0, 2), "task 1.0 'idle' is waiting (attempt 0): attempt 2 cannot be decided"),
    (decided(2, 2), "task 1.2 'done' is succeeded (attempt 1): attempt 2 cannot be decided"),
    (decided(3, 2), "task 1.3 'asks' is needs decision (attempt 1): attempt 2 cannot be decided"),
    (decided(4, 1), "task 1.4 'later' is waiting (attempt 0): attempt 1 cannot be decided"),
    (begun(0, 1), "task 1.0 'idle' is waiting (attempt 0): attempt 1 is not under way"),
    (begun(1, 1), "task 1.1 'runs' is running (attempt 1): it runs already"),
    (begun(1, 2), "task 1.1 'runs' is running (attempt 1): attempt 2 is not under way"),
    (begun(2, 1), "task 1.2 'done' is succeeded (attempt 1): attempt 1 is not under way"),
    (ended(0, 0), "task 1.0 'idle' is waiting (attempt 0): attempt 0 is not under way"),
    (ended(2, 1), "task 1.2 'done' is succeeded (attempt 1): attempt 1 is not under way"),
    (ended(1, 9), "task 1.1 'runs' is running (attempt 1): attempt 9 is not under way"),
    (ended(1, 1, S.RUNNING), "task 1.1 'runs' is running (attempt 1): an attempt cannot end as 'running'"),
    (ended(5, 1, S.STARTING), "task 1.5 'starts' is starting (attempt 1): an attempt cannot end as 'starting'"),
    (e.AttemptStopping(1.0, 1, 0, 0, "why"), "task 1.0 'idle' is waiting (attempt 0): attempt 0 is not under way"),
    (e.QuestionAsked(1.0, 1, 0, 0, "q", "?", ("y",)), "task 1.0 'idle' is waiting (attempt 0): attempt 0 is not under way"),
    (e.QuestionAnswered(1.0, 1, 0, 1, "q", "y", "ann"), "task 1.0 'idle' is waiting (attempt 0): attempt 1 is not under way"),
    (e.QuestionAnswered(1.0, 1, 1, 1, "q", "y", "ann"), "task 1.1 does not ask question 'q'"),
    (e.CancelAsked(1.0, 1, 2, "ann", ""), "task 1.2 'done' is succeeded (attempt 1): it has ended already"),
    (e.RetryAsked(1.0, 1, (2,), "ann"), f"task 1.2 'done' is succeeded (attempt 1): {NO_RETRY}"),
    (e.RetryAsked(1.0, 1, (1,), "ann"), f"task 1.1 'runs' is running (attempt 1): {NO_RETRY}"),
    (e.RetryAsked(1.0, 1, (0,), "ann"), f"task 1.0 'idle' is waiting (attempt 0): {NO_RETRY}"),
    (e.DecisionMade(1.0, 1, 1, "ann", "retry"), "task 1.1 'runs' is running (attempt 1): it waits for no decision"),
    (e.DecisionMade(1.0, 1, 3, "ann", "perhaps"), "'perhaps' is no choice for task 1.3; the choices: retry, give up"),
    (e.EngineStarted(1.0, 1, "1"), "epoch 1 is not newer than 1"),
    (submitted(1, spec("a")), "run 1 is there already"),
    (submitted(2, spec("a", 1)), "task 'a' waits for a place that run 2 does not have"),
    (submitted(2, spec("a", -1)), "task 'a' waits for a place that run 2 does not have"),
    (e.TasksAdded(1.0, 1, "ann", (spec("new", 6),)), "added task 'new' depends on a place that is not before it"),
    (e.AgentSet(1.0, "quality", "ann", paused=True, limit=-1),
     "agent 'quality' cannot work on -1 at once; 0 means no limit of its own"),
    (e.AgentSet(1.0, "unheard of", "ann", limit=-1), "agent 'unheard of' cannot work on -1 at once; 0 means no limit of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "words"), REFUSED)
def test_what_is_impossible_is_refused_with_its_story_and_changes_nothing(event: e.Event, words: str) -> None:
    state = told().state
    before = everything(state)
    with pytest.raises(Refused) as refused:
        fold(state, event)
    assert str(refused.value) == words
    assert everything(state) == before


@pytest.mark.parametrize(
    "event",
    [
        decided(17, 1),
        e.AttemptBegan(1.0, 9, 0, 1, PROCESS),
        e.CancelAsked(1.0, 9, -1, "ann", ""),
        e.PrioritySet(1.0, 9, Priority.LOW, "ann"),
        e.MetricsTaken(1.0, 1, 77, 1, ()),
        e.FindingsFound(1.0, 1, -1, 1, ()),
        e.RetryAsked(1.0, 1, (99,), "ann"),
    ],
)
def test_what_is_not_there_is_not_found(event: e.Event) -> None:
    state = told().state
    before = everything(state)
    with pytest.raises(NotFound, match="there is no"):
        fold(state, event)
    assert everything(state) == before


def test_a_cycle_is_refused_and_changes_nothing() -> None:
    state = told().state
    before = everything(state)
    with pytest.raises(CycleFound) as found:
        fold(state, submitted(2, spec("a", 1), spec("b", 0)))
    assert isinstance(found.value, CallboardError)
    assert everything(state) == before


def test_an_ended_run_cannot_be_cancelled_nor_joined() -> None:
    story = Story()
    run = story.submit(spec("a"))
    story.run_all(run.tasks)
    story.end(run.tasks[0])
    with pytest.raises(Refused, match="run 1 has ended already"):
        fold(story.state, e.CancelAsked(1.0, 1, -1, "ann", ""))
    with pytest.raises(Refused, match="run 1 has ended; no task can be added"):
        fold(story.state, e.TasksAdded(1.0, 1, "ann", (spec("b"),)))


def test_a_cancelled_run_takes_no_more_tasks() -> None:
    story = Story()
    run = story.submit(spec("a"))
    story.run_all(run.tasks)
    fold(story.state, e.CancelAsked(story.now, 1, -1, "ann", ""))
    with pytest.raises(Refused, match="run 1 was cancelled; no task can be added"):
        fold(story.state, e.TasksAdded(1.0, 1, "ann", (spec("b"),)))


def test_an_empty_run_has_succeeded_at_once() -> None:
    run = Story().submit()
    assert (run.state, run.started, run.ended) == (RunState.SUCCEEDED, 1000.0, 1000.0)


@pytest.mark.parametrize("depends", [((), (0, 2), (0,)), ((), (0,), (0, 1))])
def test_what_needs_a_failed_task_is_skipped_once_in_whatever_order_it_stands(
    depends: tuple[tuple[int, ...], ...],
) -> None:
    story = Story()
    run = story.submit(*(spec(f"t{n}", *parents) for n, parents in enumerate(depends)))
    story.run_all(run.tasks[:1])
    story.end(run.tasks[0], S.FAILED)
    assert [task.state for task in run.tasks] == [S.FAILED, S.SKIPPED, S.SKIPPED]
    assert (run.unfinished, run.state, run.counts[S.SKIPPED]) == (0, RunState.FAILED, 2)
    assert run.tasks[2].outcome_reason.startswith("needs t")


@pytest.mark.parametrize(
    ("outcome", "words"), [(S.LOST, "was lost"), (S.CANCELLED, "was cancelled"), (S.TIMED_OUT, "timed out")]
)
def test_a_skipped_task_says_why(outcome: TaskState, words: str) -> None:
    story = Story()
    run = story.submit(spec("tests"), spec("deploy", 0), spec("tell", 1))
    story.run_all(run.tasks[:1])
    story.end(run.tasks[0], outcome)
    assert [t.outcome_reason for t in run.tasks[1:]] == [
        f"needs tests, which {words}",
        "needs deploy, which was skipped",
    ]


def test_what_comes_only_after_another_runs_though_that_failed() -> None:
    story = Story()
    run = story.submit(spec("tests"), spec("clean", after=(0,)))
    assert story.starts() == ["tests"]
    assert story.words(run.tasks[1]) == "waits for tests (1.0)"
    story.end(run.tasks[0], S.FAILED)
    assert story.starts() == ["clean"]


def test_a_person_retries_a_task_with_what_was_skipped_below_and_what_failed_above() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0), spec("c", 1), spec("other"))
    story.run_all([run.tasks[0], run.tasks[3]])
    story.end(run.tasks[3])
    story.end(run.tasks[0], S.FAILED)
    assert run.ended is not None
    fold(story.state, e.RetryAsked(story.now, 1, (2,), "ann"))
    assert [task.state for task in run.tasks] == [S.WAITING, S.WAITING, S.WAITING, S.SUCCEEDED]
    assert (run.ended, run.unfinished, run.state) == (None, 3, RunState.RUNNING)
    for name in ("a", "b", "c"):
        assert story.starts() == [name]
        story.end(next(task for task in run.tasks if task.spec.name == name))
    assert run.state is RunState.SUCCEEDED


@pytest.mark.parametrize("how", ["running", "backing off", "asking"])
def test_a_retried_task_ends_before_what_comes_after_it_goes_on(how: str) -> None:
    """`later` comes only after `first`. It is under way, or between two tries, when a person has `first` tried again."""
    story = Story()
    run = story.submit(spec("first"), spec("later", after=(0,), retry=Retry(attempts=3, first_s=60.0, jitter=0.0)))
    first, later = run.tasks
    story.run_all([first])
    story.end(first, S.FAILED)
    story.run_all([later])
    if how == "backing off":
        story.ends(later, How.CRASHED)
    elif how == "asking":
        story.end(later, S.NEEDS_DECISION)
    fold(story.state, e.RetryAsked(story.now, 1, (0,), "ann"))
    if how == "running":
        story.ends(later, How.CRASHED)
    elif how == "asking":
        fold(story.state, e.DecisionMade(story.now, 1, 1, "ann", "retry"))
    assert story.starts() == ["first"]
    assert story.words(later) == "waits for first (1.0)"
    story.end(first)
    assert story.starts() == (["later"] if how == "asking" else [])
    if how != "asking":
        assert story.words(later) == "backs off 60 s after attempt 1, 60 s left"
        assert story.starts(60.0) == ["later"]
    story.end(later)
    assert run.state is RunState.SUCCEEDED


def test_findings_are_those_of_the_newest_attempt() -> None:
    story = Story()
    task = story.submit(spec("a", retry=Retry(attempts=2, first_s=0.0))).tasks[0]
    story.run_all([task])
    fold(story.state, e.FindingsFound(story.now, 1, 0, 1, (FINDING, FINDING)))
    assert task.findings == (0, 2, 0, 0, 0)
    story.ends(task, How.CRASHED)
    assert story.starts() == ["a"]
    fold(story.state, e.FindingsFound(story.now, 1, 0, 2, (FINDING,)))
    assert task.findings == (0, 1, 0, 0, 0)


def test_the_state_of_a_run_from_its_parts() -> None:
    for outcomes, verdict, state in (
        ((S.SUCCEEDED, S.SUCCEEDED), Verdict.PASS, RunState.SUCCEEDED),
        ((S.SUCCEEDED, S.SUCCEEDED), Verdict.UNKNOWN, RunState.UNKNOWN),
        ((S.SUCCEEDED, S.FAILED), None, RunState.FAILED),
        ((S.CANCELLED, S.FAILED), None, RunState.FAILED),
        ((S.SUCCEEDED, S.CANCELLED), None, RunState.CANCELLED),
        ((S.SUCCEEDED, S.LOST), None, RunState.FAILED),
    ):
        story = Story()
        run = story.submit(spec("a"), spec("b"))
        assert run.state is RunState.WAITING
        story.run_all(run.tasks)
        assert run.state is RunState.RUNNING
        for task, outcome in zip(run.tasks, outcomes, strict=True):
            story.end(task, outcome, verdict=verdict)
        assert run.state is state


def test_cancelling_a_run_ends_what_waits_and_wishes_what_runs_to_stop() -> None:
    story = told()
    run = story.state.runs[1]
    fold(story.state, e.CancelAsked(story.now, 1, -1, "ann", "enough"))
    assert [t.state for t in run.tasks] == [S.CANCELLED, S.RUNNING, S.SUCCEEDED, S.CANCELLED, S.CANCELLED, S.STARTING]
    assert {t.stopping for t in run.tasks if t.live} == {"cancelled by ann: enough"}
    story.end(run.tasks[1])
    story.end(run.tasks[5])
    assert run.state is RunState.CANCELLED
    assert of_state(story.state, story.now) == []


def test_tasks_that_join_a_run_wait_for_what_is_there() -> None:
    story = Story()
    run = story.submit(spec("a", estimate=1.0), spec("b", estimate=1.0))
    story.run_all(run.tasks)
    story.end(run.tasks[1], S.FAILED)
    added = (
        spec("c", 0, estimate=9.0),
        spec("d", 2),
        spec("e", 1),
        spec("f", after=(1,)),
        spec("g", after=(0, 0)),
        spec("h", 4),
    )
    fold(story.state, e.TasksAdded(story.now, 1, "1.0#1", added))
    names = {task.spec.name: task for task in run.tasks}
    assert (names["e"].state, names["e"].outcome_reason) == (S.SKIPPED, "needs b, which failed")
    assert (names["h"].state, names["h"].outcome_reason) == (S.SKIPPED, "needs e, which was skipped")
    assert names["a"].remaining == 1.0 + 9.0 + 10.0
    assert story.starts() == ["f"]
    story.end(names["f"])
    story.end(names["a"])
    assert story.starts() == ["c", "g"]
    story.end(names["c"], S.FAILED)
    story.end(names["g"])
    assert names["d"].state is S.SKIPPED
    assert run.state is RunState.FAILED


def test_a_longer_path_moves_a_ready_task_forward() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b"), spec("c", 0), spec("d", 0), spec("skipped", 0))
    fold(story.state, e.CancelAsked(story.now, 1, 4, "ann", ""))
    fold(story.state, e.TasksAdded(story.now, 1, "ann", (spec("x", 1, estimate=99.0), spec("y", 5, 2))))
    assert story.starts()[:2] == ["b", "a"]
    assert run.tasks[1].remaining == 10.0 + 99.0 + 10.0


def test_questions_come_and_go() -> None:
    story = told()
    fold(story.state, e.QuestionAsked(1.0, 1, 1, 1, "q1", "Deploy?", ("yes", "no")))
    fold(story.state, e.QuestionAsked(2.0, 1, 1, 1, "q2", "Sure?", ("yes",)))
    fold(story.state, e.QuestionAnswered(3.0, 1, 1, 1, "q1", "yes", "ann"))
    assert story.task(1, 1).questions == {"q2": ("Sure?", ("yes",), 2.0)}
    fold(story.state, e.QuestionAnswered(3.0, 1, 1, 1, "q2", "yes", "ann"))
    assert story.task(1, 1).questions is None


def test_adopting_keeps_the_start_and_takes_the_new_process() -> None:
    story = told()
    task = story.task(1, 1)
    fold(story.state, e.AttemptBegan(9999.0, 1, 1, 1, PROCESS, adopted=True))
    assert (task.started, task.state) == (1000.0, S.RUNNING)


def test_only_ended_runs_are_forgotten() -> None:
    story = Story()
    story.submit(spec("a"), key="k")
    story.submit(key="k2")
    story.state.forget([1, 2, 77])
    assert sorted(story.state.runs) == [1]
    assert story.state.keys == {"k": 1}
    with pytest.raises(NotFound, match="there is no run 2"):
        story.state.run(2)


def test_a_schedule_keeps_its_last_due_time_and_reserves_the_number_of_its_run() -> None:
    state = State()
    fold(state, e.ScheduleFired(5.0, "s", 4.0, run=7))
    assert (state.fired, state.last_run) == ({"s": 4.0}, 7)


def test_agents_come_and_go() -> None:
    story = Story()
    story.agents("a", "b")
    story.agents("b", "c")
    assert {name: agent.present for name, agent in story.state.agents.items()} == {"a": False, "b": True, "c": True}
    fold(story.state, e.AgentSet(7.0, "b", "ann", paused=True, reason="broken"))
    b = story.state.agents["b"]
    assert (b.paused_by, b.pause_reason, b.paused_at) == ("ann", "broken", 7.0)
    fold(story.state, e.AgentSet(8.0, "b", "ann", paused=False))
    assert (b.paused_by, b.pause_reason, b.paused_at) == ("", "", 0.0)


def test_the_same_events_give_the_same_state() -> None:
    assert everything(told().state) == everything(told().state)

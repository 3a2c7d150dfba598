"""Tasks that join a run while it goes on, and those that take back what others did."""

from dataclasses import replace
from typing import Any

import pytest

from callboard.core import commands as c
from callboard.core import events as e
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.joining import MOST_TASKS, Joining, joined
from callboard.core.run import Run, RunState
from callboard.core.task import TaskSpec, TaskState, Verdict
from callboard.errors import Refused
from core_story import Story, spec


def wanted(name: str, *needs: str, after: tuple[str, ...] = (), **fields: Any) -> Joining:
    return Joining(spec(name, **fields), needs, after)


def fan_out() -> tuple[Story, Run]:
    """plan runs; merge needs it, tidy comes after it, last needs merge, apart has nothing to do with it."""
    story = Story()
    run = story.submit(
        spec("plan", estimate=10.0),
        spec("merge", 0, estimate=5.0),
        spec("tidy", after=(0,)),
        spec("last", 1),
        spec("apart"),
    )
    story.run_all([run.tasks[0]])
    return story, run


def add(story: Story, run: Run, *joinings: Joining) -> e.TasksAdded:
    """plan succeeds with these."""
    event = joined(run.tasks[0], joinings, story.now)
    fold(story.state, event)
    story.end(run.tasks[0])
    return event


def granted(story: Story, command: c.Command) -> None:
    for event in c.grant(story.state, command, story.now):
        fold(story.state, event)


def names(run: Run, places: tuple[int, ...]) -> list[str]:
    return [run.tasks[place].spec.name for place in places]


def test_who_waited_for_the_adding_task_waits_for_the_added_ones_too_and_in_the_same_way() -> None:
    story, run = fan_out()
    event = add(story, run, wanted("shard 1", estimate=30.0), wanted("shard 2"))
    assert (event.by, event.task, event.waiting) == ("1.0#1", 0, (1, 2))
    assert names(run, run.tasks[1].spec.depends) == ["plan", "shard 1", "shard 2"]
    assert names(run, run.tasks[2].spec.after) == ["plan", "shard 1", "shard 2"]
    assert (run.tasks[3].spec.depends, run.tasks[4].spec.depends) == ((1,), ())
    assert (len(run.tasks), run.unfinished, run.counts[TaskState.WAITING]) == (7, 6, 6)
    assert sorted(story.starts()) == ["apart", "shard 1", "shard 2"]
    story.begin(run.tasks[5])
    story.end(run.tasks[5])
    assert story.starts() == []
    story.begin(run.tasks[6])
    story.end(run.tasks[6], TaskState.FAILED)
    assert run.tasks[1].state is TaskState.SKIPPED
    assert run.tasks[1].outcome_reason == "needs shard 2, which failed"
    assert story.starts() == ["tidy"]


def test_the_longest_path_leads_through_what_was_added() -> None:
    story, run = fan_out()
    add(story, run, wanted("second", "first", estimate=20.0), wanted("first", estimate=100.0))
    first, second = run.tasks[5], run.tasks[6]
    assert names(run, second.spec.depends) == ["first"]
    assert names(run, second.spec.after) == ["plan"]
    assert (second.remaining, first.remaining) == (35.0, 135.0)  # 20 + merge 5 + last 10
    assert run.tasks[0].remaining == 145.0


def test_names_and_patterns_fit_tasks_of_the_run_and_of_the_same_call_and_nobody_is_left_out() -> None:
    story, run = fan_out()
    event = add(
        story, run, wanted("part a"), wanted("part b"), wanted("sum", "part *", "apart", "nobody", after=("pl?n",))
    )
    assert names(run, event.specs[2].depends) == ["part a", "part b", "apart"]
    assert names(run, event.specs[2].after) == ["plan"]


@pytest.mark.parametrize(
    ("joinings", "words"),
    [
        ((wanted("merge"),), "the name 'merge' is taken by task 1.1"),
        ((wanted("x"), wanted("x")), "the name 'x' is given to two added tasks"),
        ((wanted("x", "y"), wanted("y", "x")), "added tasks wait for each other: x → y → x"),
        ((wanted("x", "x"),), "added tasks wait for each other: x → x"),
        ((wanted("x", "last"),), "added task 'x' waits for 'last', which waits for plan and so for 'x'"),
        ((wanted("x", after=("tid*",)),), "added task 'x' waits for 'tidy', which waits for plan and so for 'x'"),
        (
            tuple(wanted(str(n)) for n in range(MOST_TASKS)),
            f"run 1 would have {MOST_TASKS + 5:,} tasks; at most {MOST_TASKS:,} are taken",
        ),
    ],
)
def test_all_are_refused_for_one_that_cannot_be(joinings: tuple[Joining, ...], words: str) -> None:
    story, run = fan_out()
    with pytest.raises(Refused) as refused:
        joined(run.tasks[0], joinings, story.now)
    assert str(refused.value) == words
    assert len(run.tasks) == 5


def test_what_needs_a_task_that_failed_is_skipped_at_once() -> None:
    story, run = fan_out()
    story.run_all([run.tasks[4]])
    story.end(run.tasks[4], TaskState.FAILED)
    add(story, run, wanted("x", "apart"), wanted("y", "x"))
    assert [task.state for task in run.tasks[5:]] == [TaskState.SKIPPED, TaskState.SKIPPED]
    assert run.tasks[1].outcome_reason == "needs x, which was skipped"
    assert story.starts() == ["tidy"]


DEPLOY = TaskSpec("deploy", "infra", "infra.deploy", "p", options={"to": "dev"}, undo="undeploy", needs=spec("x").needs)


def deployed(**fields: Any) -> tuple[Story, Run]:
    """deploy runs, and check needs it."""
    story = Story()
    run = story.submit(replace(DEPLOY, **fields), spec("check", 0))
    story.run_all([run.tasks[0]])
    return story, run


@pytest.mark.parametrize(
    ("how", "outcome", "because"),
    [
        (How.EXITED, TaskState.FAILED, "deploy failed: it said no"),
        (How.TIME, TaskState.TIMED_OUT, "deploy timed out: it said no"),
        (How.MEMORY, TaskState.FAILED, "deploy failed: it said no"),
    ],
)
def test_what_began_and_came_to_a_bad_end_is_taken_back_with_the_same_options(
    how: How, outcome: TaskState, because: str
) -> None:
    story, run = deployed()
    story.ends(run.tasks[0], how, reason="it said no", verdict=Verdict.FAIL)
    assert run.tasks[0].state is outcome
    assert story.starts() == ["undo of deploy"]
    undo = run.tasks[2]
    assert (undo.spec.agent, undo.spec.action, undo.spec.options) == ("infra", "infra.undeploy", {"to": "dev"})
    assert (undo.spec.because, undo.spec.undo, undo.spec.undoes, undo.spec.after) == (because, "", "deploy", (0,))
    assert run.state is RunState.RUNNING
    story.begin(undo)
    story.end(undo, TaskState.FAILED)
    assert story.decide().undos == ()
    assert run.state is RunState.FAILED


def test_nothing_is_taken_back_of_what_succeeded_or_never_began() -> None:
    story, run = deployed()
    story.end(run.tasks[0])
    assert story.starts() == ["check"]
    again = story.submit(DEPLOY)
    story.take(again.tasks[0])
    story.ends(again.tasks[0], How.STOPPED)
    assert again.tasks[0].state is TaskState.CANCELLED
    assert (story.decide().undos, len(again.tasks)) == ((), 1)


def test_a_cancelled_run_takes_back_what_it_began() -> None:
    story, run = deployed()
    fold(story.state, e.CancelAsked(story.now, 1, -1, "ann", "enough"))
    story.ends(run.tasks[0], How.STOPPED)
    assert story.starts() == ["undo of deploy"]
    assert run.tasks[2].spec.because == "deploy was cancelled: cancelled by ann: enough"
    story.begin(run.tasks[2])
    story.end(run.tasks[2])
    assert run.state is RunState.CANCELLED


def test_what_a_person_gives_up_is_taken_back_and_what_is_tried_again_is_not() -> None:
    story, run = deployed(idempotent=False)
    story.ends(run.tasks[0], How.LOST)
    assert (run.tasks[0].state, story.decide().undos) == (TaskState.NEEDS_DECISION, ())
    fold(story.state, e.DecisionMade(story.now, 1, 0, "ann", "give up"))
    assert story.starts() == ["undo of deploy"]


def test_a_task_is_not_tried_again_while_its_undo_goes_on_and_each_end_has_its_own() -> None:
    story, run = deployed()
    story.ends(run.tasks[0], How.EXITED, verdict=Verdict.FAIL)
    story.decide()
    for command in (c.TryAgain(1, 0, "ann"), c.TryAgain(1, None, "ann"), c.TryAgain(1, 1, "ann")):
        with pytest.raises(Refused, match=r"its undo \(1\.2\) has not ended; wait for it, or cancel it"):
            granted(story, command)
    story.begin(run.tasks[2])
    story.end(run.tasks[2], TaskState.FAILED)
    granted(story, c.TryAgain(1, None, "ann"))
    assert story.starts() == ["deploy"]
    story.begin(run.tasks[0])
    story.ends(run.tasks[0], How.EXITED, verdict=Verdict.FAIL)
    assert story.starts() == ["undo of deploy (2)"]

"""Agents are drained, stopped and restarted; tasks are taken over, finished by hand and given back: by value."""

from collections.abc import Sequence
from typing import Any

import pytest

from callboard.core import commands as c
from callboard.core import events as e
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.run import RunState, Task
from callboard.core.task import Candidate, TaskSpec, TaskState, Verdict
from callboard.errors import Refused
from core_story import Story, needs, spec

TWIN = (Candidate("pa", "quality", "quality.do", "checks"), Candidate("pb", "api", "api.do", "checks"))


def story_with(*agents: str) -> Story:
    story = Story()
    story.agents(*agents)
    return story


def work(name: str, *depends: int, agent: str = "quality", **fields: Any) -> TaskSpec:
    return spec(name, *depends, agent=agent, action=f"{agent}.do", plugin="p", **fields)


def ask(story: Story, command: c.Command) -> list[e.Event]:
    """The command is granted and folded."""
    granted = c.grant(story.state, command, story.now)
    for event in granted:
        fold(story.state, event)
    return granted


def states(tasks: Sequence[Task]) -> list[str]:
    return [str(task.state) for task in tasks]


# -- drain -----------------------------------------------------------------------------------------------------


def test_a_drained_agent_finishes_what_it_has_takes_nothing_later_and_is_then_paused() -> None:
    story = story_with("quality")
    first = story.submit(work("a"), work("b", 0))
    assert story.starts() == ["a"]
    ask(story, c.DrainAgent("quality", "ann", "upgrade"))
    later = story.submit(work("c"), priority=c.Priority.CRITICAL)
    assert story.starts() == []
    assert story.words(later.tasks[0]) == "agent quality is being drained by ann, upgrade: 2 tasks left"
    story.end(first.tasks[0])
    assert story.starts() == ["b"], "what waits of an earlier run is not held up by what is held of a later one"
    assert story.words(later.tasks[0]) == "agent quality is being drained by ann, upgrade: 1 task left"
    story.end(first.tasks[1])
    assert story.decide(after=5.0).drained == (e.AgentDrained(story.now, "quality", "ann", 1000.0, "upgrade"),)
    assert story.words(later.tasks[0]) == "agent quality was paused by ann: drained, upgrade"
    ask(story, c.ResumeAgent("quality", "ann"))
    assert story.starts() == ["c"]


def test_an_agent_that_has_nothing_is_paused_at_once() -> None:
    story = story_with("quality")
    ask(story, c.DrainAgent("quality", "ann"))
    story.decide()
    assert story.state.agents["quality"].paused_by == "ann"


def test_a_resume_in_the_middle_ends_a_drain() -> None:
    story = story_with("quality")
    story.submit(work("a"))
    ask(story, c.DrainAgent("quality", "ann"))
    story.submit(work("b"))
    ask(story, c.ResumeAgent("quality", "bob"))
    assert sorted(story.starts()) == ["a", "b"]


def test_later_work_of_a_drained_agent_moves_to_one_that_offers_the_same_and_earlier_work_stays() -> None:
    story = story_with("quality", "api")
    story.room = Capacity(0.0, 0.0, 4.0, 4096.0)
    early = story.submit(work("a", candidates=TWIN), spec("room"))
    ask(story, c.DrainAgent("quality", "ann"))
    later = story.submit(work("b", candidates=TWIN))
    story.decide()
    assert [early.tasks[0].spec.agent, later.tasks[0].spec.agent] == ["quality", "api"]


@pytest.mark.parametrize("by", ["ann", "bob"])
def test_who_drains_second_is_told_who_was_first(by: str) -> None:
    story = story_with("quality")
    story.submit(work("a"))
    ask(story, c.DrainAgent("quality", "ann"))
    if by == "ann":
        assert ask(story, c.DrainAgent("quality", by)) == []
    else:
        with pytest.raises(Refused, match="agent 'quality' is being drained by ann already"):
            ask(story, c.DrainAgent("quality", by))


def test_a_paused_agent_is_not_drained_as_it_would_never_finish() -> None:
    story = story_with("quality")
    ask(story, c.PauseAgent("quality", "bob"))
    with pytest.raises(
        Refused, match="was paused by bob: what it has would never be finished; resume it, then drain it"
    ):
        ask(story, c.DrainAgent("quality", "ann"))


def test_tasks_that_join_an_earlier_run_are_still_its_own() -> None:
    story = story_with("quality")
    run = story.submit(work("a"))
    story.run_all(run.tasks)
    ask(story, c.DrainAgent("quality", "ann"))
    fold(story.state, e.TasksAdded(story.now, 1, "1.0#1", (work("more"),), 0))
    assert story.state.left_of("quality") == 2


# -- stop and restart ------------------------------------------------------------------------------------------


def stopped(*, restart: bool, idempotent: bool = True) -> tuple[Story, Task, list[e.Event]]:
    story = story_with("quality")
    run = story.submit(work("a", idempotent=idempotent))
    story.run_all(run.tasks)
    granted = ask(story, c.StopAgent("quality", "ann", "it loops", restart=restart))
    story.ends(run.tasks[0], How.STOPPED)
    return story, run.tasks[0], granted


def test_what_a_stopped_agent_did_waits_and_says_whose_word_ended_it() -> None:
    story, task, granted = stopped(restart=False)
    assert granted == [
        e.AgentStopped(1000.0, "quality", "ann", ("1.0#1",), False, "it loops"),
        e.AttemptStopping(1000.0, 1, 0, 1, "ann stopped agent quality: it loops", put_back=True),
    ]
    assert story.starts() == []
    assert (task.state, task.outcome_reason) == (TaskState.WAITING, "ann stopped agent quality: it loops")
    assert story.words(task) == "agent quality was paused by ann: stopped, it loops"
    ask(story, c.ResumeAgent("quality", "ann"))
    assert story.starts() == ["a"]


def test_what_may_not_simply_run_twice_needs_a_decision() -> None:
    _, task, _ = stopped(restart=True, idempotent=False)
    assert task.state is TaskState.NEEDS_DECISION
    assert task.outcome_reason == (
        "ann restarted agent quality: it loops; it is not marked idempotent, so a person decides whether it runs again"
    )


def test_a_restarted_agent_goes_on_at_once_also_when_it_was_paused() -> None:
    story, task, _ = stopped(restart=True)
    assert story.starts() == ["a"]
    assert task.attempt == 2
    ask(story, c.PauseAgent("quality", "bob"))
    ask(story, c.StopAgent("quality", "ann", restart=True))
    assert story.state.trouble_of("quality") == ""


def test_what_is_being_cancelled_stays_cancelled_when_its_agent_is_stopped() -> None:
    story = story_with("quality")
    run = story.submit(work("a"))
    story.run_all(run.tasks)
    ask(story, c.Cancel(1, 0, "bob"))
    assert ask(story, c.StopAgent("quality", "ann")) == [e.AgentStopped(story.now, "quality", "ann", ())]
    story.ends(run.tasks[0], How.STOPPED)
    assert (run.tasks[0].state, run.tasks[0].outcome_reason) == (TaskState.CANCELLED, "cancelled by bob")


# -- by hand ---------------------------------------------------------------------------------------------------


def test_nobody_starts_what_a_person_has_and_what_waits_for_it_goes_on_by_their_word() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0))
    ask(story, c.TakeTask(1, 0, "ann", "by a script"))
    assert story.starts(after=9.0) == []
    assert [story.words(task) for task in run.tasks] == ["taken over by ann: by a script", "waits for a (1.0)"]
    ask(story, c.FinishTask(1, 0, "ann", True, "migrated by hand"))
    first = run.tasks[0]
    assert (first.state, first.verdict, first.outcome_reason) == (
        TaskState.SUCCEEDED, Verdict.PASS, "by hand by ann: migrated by hand",
    )  # fmt: skip
    assert first.by_hand is not None
    assert story.starts() == ["b"]
    story.end(run.tasks[1])
    assert (run.state, run.by_hand) == (RunState.SUCCEEDED, 1)


def test_what_failed_by_hand_skips_what_needs_it() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0))
    ask(story, c.TakeTask(1, 0, "ann"))
    ask(story, c.FinishTask(1, 0, "ann", False, "no way"))
    assert states(run.tasks) == ["failed", "skipped"]
    assert run.tasks[0].outcome_reason == "by hand by ann: no way"
    assert run.by_hand == 0


def test_one_wins_and_the_other_is_told_who_has_it() -> None:
    story = Story()
    story.submit(spec("a"))
    ask(story, c.TakeTask(1, 0, "ann"))
    assert ask(story, c.TakeTask(1, 0, "ann")) == []
    for command in (c.TakeTask(1, 0, "bob"), c.FinishTask(1, 0, "bob", True, "so"), c.ReleaseTask(1, 0, "bob")):
        with pytest.raises(Refused, match="ann has taken it over"):
            ask(story, command)


def test_what_was_skipped_goes_on_when_the_failed_task_is_done_by_hand() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0), spec("c", 1), spec("other"), spec("both", 0, 3))
    story.run_all([run.tasks[0], run.tasks[3]])
    story.end(run.tasks[3], TaskState.FAILED)
    story.end(run.tasks[0], TaskState.FAILED)
    assert run.ended is not None
    ask(story, c.TakeTask(1, 0, "ann"))
    assert (run.ended, run.unfinished) == (None, 1)
    ask(story, c.FinishTask(1, 0, "ann", True, "did it"))
    assert states(run.tasks) == ["succeeded", "waiting", "waiting", "failed", "skipped"]
    assert run.tasks[4].outcome_reason == "needs other, which failed", "it says why it still cannot"
    assert story.starts() == ["b"]


def test_a_failed_task_that_is_given_back_has_failed_as_before() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0), spec("later", after=(0,)))
    story.run_all(run.tasks[:1])
    story.ends(run.tasks[0], How.EXITED, reason="2 tests fail", verdict=Verdict.FAIL)
    before = run.tasks[0].facts()
    ask(story, c.TakeTask(1, 0, "ann"))
    assert story.words(run.tasks[2]) == "waits for a (1.0)"
    assert story.starts() == []
    ask(story, c.ReleaseTask(1, 0, "ann"))
    assert run.tasks[0].facts() == before
    assert story.starts() == ["later"]


@pytest.mark.parametrize(("idempotent", "back"), [(True, TaskState.WAITING), (False, TaskState.NEEDS_DECISION)])
def test_what_runs_is_ended_first_and_given_back_as_the_core_allows(idempotent: bool, back: TaskState) -> None:
    story = Story()
    run = story.submit(spec("a", idempotent=idempotent))
    story.run_all(run.tasks)
    ask(story, c.TakeTask(1, 0, "ann", "it hangs"))
    task = run.tasks[0]
    assert (task.state, task.stopping) == (TaskState.RUNNING, "taken over by ann: it hangs")
    with pytest.raises(Refused, match="still being ended; finish it in a moment"):
        ask(story, c.FinishTask(1, 0, "ann", True, "so"))
    story.ends(task, How.STOPPED)
    assert story.words(task) == "taken over by ann: it hangs"
    assert story.starts(after=60.0) == []
    ask(story, c.ReleaseTask(1, 0, "ann"))
    assert task.state is back


def test_work_that_came_to_a_good_end_before_it_was_ended_counts() -> None:
    story = Story()
    run = story.submit(spec("a"))
    story.run_all(run.tasks)
    ask(story, c.TakeTask(1, 0, "ann"))
    story.ends(run.tasks[0], How.EXITED, code=0, verdict=Verdict.PASS)
    assert (run.tasks[0].state, run.tasks[0].hand) == (TaskState.SUCCEEDED, None)


def test_a_bad_end_of_what_it_needs_does_not_take_it_out_of_a_persons_hands() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0), spec("c", 0))
    for place in (1, 2):
        ask(story, c.TakeTask(1, place, "ann"))
    story.run_all(run.tasks[:1])
    story.end(run.tasks[0], TaskState.FAILED)
    assert story.words(run.tasks[1]) == "taken over by ann"
    ask(story, c.FinishTask(1, 1, "ann", True, "without it"))
    ask(story, c.ReleaseTask(1, 2, "ann"))
    assert states(run.tasks) == ["failed", "succeeded", "skipped"]
    story.decide()


def test_a_cancelled_run_ends_what_a_person_has() -> None:
    story = Story()
    run = story.submit(spec("a"))
    ask(story, c.TakeTask(1, 0, "ann"))
    ask(story, c.Cancel(1, None, "bob"))
    assert (run.tasks[0].state, run.tasks[0].hand) == (TaskState.CANCELLED, None)


def test_a_task_with_an_undo_under_way_cannot_be_taken() -> None:
    story = story_with("quality")
    run = story.submit(work("a", undo="undo"))
    story.run_all(run.tasks)
    story.end(run.tasks[0], TaskState.FAILED)
    with pytest.raises(Refused, match="its undo is about to begin"):
        ask(story, c.TakeTask(1, 0, "ann"))
    story.decide()
    with pytest.raises(Refused, match=r"its undo \(1\.1\) has not ended"):
        ask(story, c.TakeTask(1, 0, "ann"))


def test_time_that_it_waited_before_it_was_taken_is_kept() -> None:
    story = Story()
    run = story.submit(spec("big", needs=needs(cpus=4.0)), spec("a", needs=needs(cpus=4.0)))
    story.run_all(run.tasks[:1])
    story.decide()
    story.decide(after=7.0)
    ask(story, c.TakeTask(1, 1, "ann"))
    assert dict(run.tasks[1].held) == {"cpus": 7.0}

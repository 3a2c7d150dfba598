"""What the end of an attempt means: a table of every way to end."""

import pytest

from callboard.core.events import AttemptStopping, CancelAsked
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.retry import backoff
from callboard.core.run import Task
from callboard.core.task import Retry, TaskState, Verdict
from core_story import Story, spec

S = TaskState
AGAIN, ASKS = S.WAITING, S.NEEDS_DECISION


def running(attempts: int = 1, attempt: int = 1, idempotent: bool = True, strict: bool = False) -> tuple[Story, Task]:
    """A story with a task that runs, and is at this attempt of those that it may have."""
    story = Story()
    retry = Retry(attempts=attempts, first_s=10.0, jitter=0.0)
    task = story.submit(spec("job", idempotent=idempotent, strict=strict, retry=retry)).tasks[0]
    for _ in range(attempt - 1):
        story.take(task)
        story.end(task, S.WAITING)
    story.take(task)
    story.begin(task)
    return story, task


# how, then the outcome: tries left and idempotent, tries left and not, last try (attempts 1, no try after a loss left)
TABLE = [
    (How.CRASHED, AGAIN, ASKS, S.FAILED),
    (How.TIME, AGAIN, ASKS, S.TIMED_OUT),
    (How.NOT_STARTED, AGAIN, ASKS, S.FAILED),
    (How.LOST, AGAIN, ASKS, S.LOST),
    (How.MEMORY, S.FAILED, S.FAILED, S.FAILED),
    (How.OUTPUT, S.FAILED, S.FAILED, S.FAILED),
    (How.PROCESSES, S.FAILED, S.FAILED, S.FAILED),
    (How.STOPPED, S.CANCELLED, S.CANCELLED, S.CANCELLED),
    (How.EXITED, S.SUCCEEDED, S.SUCCEEDED, S.SUCCEEDED),
]


@pytest.mark.parametrize(("how", "idempotent", "other", "last"), TABLE)
def test_outcomes(how: How, idempotent: TaskState, other: TaskState, last: TaskState) -> None:
    for outcome, attempts, attempt, repeats in (
        (idempotent, 4, 3, True),
        (other, 4, 3, False),
        (last, 3, 3, True),
        (last, 3, 3, False),
    ):
        story, task = running(attempts, attempt, repeats)
        event = story.ends(task, how, reason="words")
        assert (event.outcome, task.state) == (outcome, outcome), (how, attempts, attempt, repeats)
        assert event.reason.startswith("words" if how is not How.STOPPED else "")


def test_every_way_to_end_is_in_the_table() -> None:
    assert {row[0] for row in TABLE} == set(How)


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_a_loss_is_tried_three_times_though_one_attempt_was_asked_for(attempt: int) -> None:
    story, task = running(1, attempt)
    assert story.ends(task, How.LOST).outcome is (AGAIN if attempt < 3 else S.LOST)
    story, task = running(1, attempt)
    assert story.ends(task, How.CRASHED).outcome is S.FAILED


@pytest.mark.parametrize("idempotent", [True, False])
def test_what_never_ran_is_tried_again_at_once_without_a_question(idempotent: bool) -> None:
    story, task = running(1, 1, idempotent)
    event = story.ends(task, How.NOT_STARTED, never_ran=True)
    assert (event.outcome, event.retry_at) == (AGAIN, story.now)
    assert story.starts() == ["job"]


@pytest.mark.parametrize(
    ("verdict", "code", "strict", "outcome"),
    [
        (Verdict.PASS, 0, False, S.SUCCEEDED),
        (Verdict.PASS, 3, False, S.SUCCEEDED),
        (Verdict.UNKNOWN, 0, False, S.SUCCEEDED),
        (Verdict.UNKNOWN, 0, True, S.FAILED),
        (Verdict.FAIL, 0, False, S.FAILED),
        (None, 0, False, S.SUCCEEDED),
        (None, None, False, S.SUCCEEDED),
        (None, 1, False, S.FAILED),
    ],
)
def test_an_orderly_end_counts_by_verdict_then_by_exit_code(
    verdict: Verdict | None, code: int | None, strict: bool, outcome: TaskState
) -> None:
    story, task = running(strict=strict)
    event = story.ends(task, How.EXITED, verdict=verdict, code=code, reason="done")
    assert (event.outcome, task.verdict) == (outcome, verdict)


def test_a_command_that_exits_with_a_code_is_tried_again_if_it_may_be() -> None:
    story, task = running(2)
    event = story.ends(task, How.EXITED, code=7)
    assert (event.outcome, event.reason) == (AGAIN, "exit 7; tried again in 10 s")
    story, task = running(2, idempotent=False)
    event = story.ends(task, How.EXITED, code=7)
    assert (event.outcome, event.reason) == (ASKS, "exit 7; it is not marked idempotent")


def test_a_failed_verdict_is_not_tried_again() -> None:
    story, task = running(5)
    assert story.ends(task, How.EXITED, verdict=Verdict.FAIL).outcome is S.FAILED


@pytest.mark.parametrize("how", [How.CRASHED, How.TIME, How.LOST, How.STOPPED, How.NOT_STARTED])
def test_what_was_cancelled_is_not_tried_again(how: How) -> None:
    story, task = running(5)
    fold(story.state, CancelAsked(story.now, 1, 0, "ann", "enough"))
    event = story.ends(task, how)
    assert (event.outcome, event.reason) == (S.CANCELLED, "cancelled by ann: enough")


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_cancelled_command_that_says_goodbye_with_an_exit_code_is_cancelled(idempotent: bool) -> None:
    story, task = running(5, idempotent=idempotent)
    fold(story.state, CancelAsked(story.now, 1, 0, "ann", ""))
    event = story.ends(task, How.EXITED, code=143)
    assert (event.outcome, event.reason) == (S.CANCELLED, "cancelled by ann")


def test_what_succeeds_in_spite_of_a_wish_to_cancel_has_succeeded() -> None:
    story, task = running()
    fold(story.state, CancelAsked(story.now, 1, 0, "ann", ""))
    assert story.ends(task, How.EXITED, verdict=Verdict.PASS).outcome is S.SUCCEEDED


@pytest.mark.parametrize(
    ("idempotent", "never_ran", "outcome"), [(True, False, AGAIN), (False, True, AGAIN), (False, False, ASKS)]
)
def test_what_is_put_back_waits_without_backing_off(idempotent: bool, never_ran: bool, outcome: TaskState) -> None:
    story, task = running(1, 1, idempotent)
    fold(story.state, AttemptStopping(story.now, 1, 0, 1, "memory is short", put_back=True))
    event = story.ends(task, How.STOPPED, never_ran=never_ran)
    asks = "; it is not marked idempotent, so a person decides whether it runs again" if outcome is ASKS else ""
    assert (event.outcome, event.reason) == (outcome, f"memory is short{asks}")
    assert event.retry_at == (story.now if outcome is AGAIN else 0.0)


def test_an_attempt_that_the_engine_ends_for_its_time_has_timed_out_and_is_tried_again_like_one() -> None:
    words = "still running after its time limit of 900 s"
    for attempts, outcome in ((1, S.TIMED_OUT), (2, AGAIN)):
        story, task = running(attempts)
        story.decide(900.0 + 15.0 + 1.0)
        assert task.stopping == words
        event = story.ends(task, How.STOPPED)
        assert (event.outcome, event.how) == (outcome, How.TIME)
        assert event.reason.startswith(words)


def test_a_person_who_cancels_what_is_late_anyway_is_heard() -> None:
    story, task = running(2)
    story.decide(1000.0)
    fold(story.state, CancelAsked(story.now, 1, 0, "ann", ""))
    assert story.ends(task, How.STOPPED).outcome is S.CANCELLED


@pytest.mark.parametrize(
    ("attempt", "dice", "seconds"),
    [(1, 0.5, 2.0), (2, 0.5, 4.0), (3, 0.5, 8.0), (9, 0.5, 300.0), (1, 0.0, 1.0), (1, 1.0, 3.0), (500, 0.5, 300.0)],
)
def test_backoff(attempt: int, dice: float, seconds: float) -> None:
    assert backoff(Retry(), attempt, dice) == pytest.approx(seconds)

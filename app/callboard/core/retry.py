"""What the end of an attempt means for its task: over, once more, or a person decides."""

from dataclasses import replace

from callboard.core.events import AttemptEnded
from callboard.core.facts import Ended, How
from callboard.core.run import Task
from callboard.core.task import GOOD, Retry, TaskState, Verdict

TRIES_AFTER_A_LOSS = 3
TRANSIENT = frozenset({How.CRASHED, How.TIME, How.NOT_STARTED, How.LOST})


def backoff(retry: Retry, attempt: int, dice: float) -> float:
    """Seconds before the try after `attempt`: `first_s * factor**(attempt-1)`, at most `longest_s`, times
    1 ± `jitter`, where `dice` in 0..1 says where in that range."""
    plain = min(retry.longest_s, retry.first_s * retry.factor ** min(attempt - 1, 64))
    return plain * (1.0 + retry.jitter * (2.0 * dice - 1.0))


def after_end(task: Task, fact: Ended, dice: float) -> AttemptEnded:
    """The event for the end of the task's newest attempt; `dice` in 0..1 spreads the next try."""
    if task.late and fact.how is How.STOPPED:
        fact = replace(fact, how=How.TIME, reason=task.stopping)
    outcome, reason = _outcome(task, fact)
    if task.taken is not None and outcome not in GOOD and not given_up(task):
        outcome = TaskState.NEEDS_DECISION
    retry_at = 0.0
    if outcome is TaskState.WAITING:
        retry_at = fact.at
        if not task.put_back and not fact.never_ran:
            wait = backoff(task.spec.retry, task.attempt, dice)
            retry_at = fact.at + wait
            reason = f"{reason}; tried again in {wait:.0f} s"
    return AttemptEnded(
        at=fact.at,
        run=task.run.id,
        task=task.index,
        attempt=task.attempt,
        how=fact.how,
        outcome=outcome,
        reason=reason,
        verdict=fact.verdict if fact.how is How.EXITED and not _is_unfit(fact, outcome) else None,
        code=fact.code,
        retry_at=retry_at,
        usage=fact.usage,
        data_age_days=fact.data_age_days,
        outputs=fact.outputs,
    )


def _is_unfit(fact: Ended, outcome: TaskState) -> bool:
    """Whether it failed for what it wanted to add, whatever it says of the workspace."""
    return bool(fact.unfit) and outcome is TaskState.FAILED and fact.verdict is Verdict.PASS


def _outcome(task: Task, fact: Ended) -> tuple[TaskState, str]:
    spec = task.spec
    if fact.how is How.EXITED:
        return _of_work(task, fact)
    if fact.how is How.STOPPED or given_up(task):
        return _of_stop(task, fact)
    reason = fact.reason or str(fact.how)
    final = {How.TIME: TaskState.TIMED_OUT, How.LOST: TaskState.LOST}.get(fact.how, TaskState.FAILED)
    if fact.how not in TRANSIENT:
        return final, reason
    allowed = spec.retry.attempts if fact.how is not How.LOST else max(spec.retry.attempts, TRIES_AFTER_A_LOSS)
    if fact.never_ran:
        allowed = max(allowed, TRIES_AFTER_A_LOSS)
    if task.attempt >= allowed:
        return final, reason
    if spec.idempotent or fact.never_ran:
        return TaskState.WAITING, reason
    return TaskState.NEEDS_DECISION, f"{reason}; it is not marked idempotent, so a person decides whether it runs again"


def _of_work(task: Task, fact: Ended) -> tuple[TaskState, str]:
    """The work came to an orderly end: its verdict counts, or its exit code if it gave none."""
    spec = task.spec
    if fact.verdict is Verdict.FAIL:
        return TaskState.FAILED, fact.reason
    if fact.verdict is Verdict.UNKNOWN and spec.strict:
        return TaskState.FAILED, f"{fact.reason}; the job is strict, so unknown is a failure"
    if fact.verdict is None and fact.code:
        if given_up(task):
            return _of_stop(task, fact)
        reason = fact.reason or f"exit {fact.code}"
        if task.attempt < spec.retry.attempts:
            if spec.idempotent:
                return TaskState.WAITING, reason
            return TaskState.NEEDS_DECISION, f"{reason}; it is not marked idempotent"
        return TaskState.FAILED, reason
    if fact.unfit and not given_up(task):
        return TaskState.FAILED, f"the tasks that it wanted to add cannot be added: {fact.unfit}"
    return TaskState.SUCCEEDED, fact.reason


def given_up(task: Task) -> bool:
    """Whether somebody wants the task to end, and not merely this attempt."""
    return bool(task.stopping) and not task.put_back and not task.late


def _of_stop(task: Task, fact: Ended) -> tuple[TaskState, str]:
    if task.put_back:
        if task.spec.idempotent or fact.never_ran:
            return TaskState.WAITING, task.stopping
        return (
            TaskState.NEEDS_DECISION,
            f"{task.stopping}; it is not marked idempotent, so a person decides whether it runs again",
        )
    return TaskState.CANCELLED, task.stopping or fact.reason or "stopped"

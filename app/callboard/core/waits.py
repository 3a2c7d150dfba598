"""Where the time of a task went that was held."""

from callboard.core.queue import Bucket
from callboard.core.run import Task


def waited(task: Task, bucket: Bucket, now: float) -> tuple[tuple[str, float], ...]:
    """Seconds by cause since the last attempt, or since the task was wanted or moved."""
    holds: list[tuple[str, float]] = []
    run = task.run
    ready_at = task.ready_at if task.ready_at is not None else now
    if task.ended is not None:
        cause = "backs off" if task.retry_at else "waits for a decision"
        holds.append((cause, ready_at - task.ended))
    elif task.waited_for >= 0:
        holds.append((f"waits for {run.tasks[task.waited_for].spec.name}", ready_at - task.wanted_at))
    passed = now - ready_at
    before = task.snapshot or {}
    for cause, seconds in bucket.account.items():
        share = min(passed, seconds - before.get(cause, 0.0))
        if share > 0.0005:
            holds.append((cause, share))
            passed -= share
    if passed > 0.0005:
        holds.append(("cpus", passed))
    return tuple((cause, round(seconds, 3)) for cause, seconds in holds if seconds > 0.0005)

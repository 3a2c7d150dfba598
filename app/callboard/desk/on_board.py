"""Which tasks the board lists when there are more than anybody can look at."""

from collections.abc import Iterator

from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import TaskState

MOST_LISTED = 400
MOST_OF_ONE_CAUSE = 20
MOST_ENDED = 100


def listed(state: State, most: int = MOST_LISTED) -> tuple[list[Task], int]:
    """At most `most` tasks of the runs that are not over, and how many more of them are not over: first what runs and what
    waits for a person, then of each cause of waiting the next ones, then the rest in the order of the runs."""
    runs = [run for run in state.runs.values() if run.unfinished]
    chosen: dict[Task, None] = {}
    for task in _worth(state, runs):
        if len(chosen) >= most:
            break
        chosen[task] = None
    return list(chosen), sum(run.unfinished for run in runs) - len(chosen)


def _worth(state: State, runs: list[Run]) -> Iterator[Task]:
    yield from state.live.values()
    for run in runs:
        if run.counts.get(TaskState.NEEDS_DECISION):
            yield from (task for task in run.tasks if task.state is TaskState.NEEDS_DECISION)
    for bucket in state.ready.buckets():
        yield from bucket.best(MOST_OF_ONE_CAUSE)
    for run in runs:
        yield from (task for task in run.tasks if not task.final)

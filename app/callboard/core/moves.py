"""How a task goes from one state to the next, and what that does to those that wait for it."""

import heapq

from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import GOOD, TaskKey, TaskState, Verdict
from callboard.errors import Refused


def move(state: State, task: Task, to: TaskState) -> None:
    counts = task.run.counts
    counts[task.state] -= 1
    counts[to] = counts.get(to, 0) + 1
    if task.state is TaskState.WAITING:
        state.waits_no_more(task)
    elif to is TaskState.WAITING:
        state.waits(task)
    task.state = to
    state.changed_tasks[task] = None
    state.changed_runs[task.run] = None


def finish(state: State, task: Task, outcome: TaskState, at: float) -> None:
    """The task is final; what waited for it becomes ready or is skipped, and so on down."""
    todo = [(task, outcome)]
    run = task.run
    tasks = run.tasks
    while todo:
        ended, final = todo.pop()
        if ended.final:
            continue
        state.withdraw(ended)
        ended.ready_at = None
        if ended.taken is not None:
            ended.hand = None
        move(state, ended, final)
        if ended.ended is None or not ended.attempt:
            ended.ended = at
        run.unfinished -= 1
        if ended.verdict is Verdict.UNKNOWN and final in GOOD:
            run.unknowns += 1
        good = final in GOOD
        if ended.dirty:
            if good:
                ended.dirty = False
            else:
                state.to_undo[ended] = None
        for place in ended.below:
            child = tasks[place]
            if child.taken is not None and not child.final:
                child.unmet -= 1
                continue
            if child.state is not TaskState.WAITING:
                continue
            child.unmet -= 1
            if not good:
                child.outcome_reason = f"needs {ended.spec.name}, which {was(final)}"
                todo.append((child, TaskState.SKIPPED))
            elif child.unmet == 0:
                child.waited_for = ended.index
                line_up(state, child, at)
            state.stirred[child] = None
        for place in ended.later:
            child = tasks[place]
            if child.final:
                continue
            child.unmet -= 1
            state.stirred[child] = None
            if child.unmet == 0 and child.state is TaskState.WAITING:
                child.waited_for = ended.index
                line_up(state, child, at)
    if run.unfinished == 0:
        run.ended = at
        if run.started is None:
            run.started = at


def line_up(state: State, task: Task, at: float) -> None:
    """A waiting task becomes ready, unless it still waits for others or backs off."""
    if task.unmet:
        return
    if task.retry_at > at:
        heapq.heappush(state.backoffs, (task.retry_at, task.key, task.attempt))
    else:
        state.make_ready(task, at)


def let_go(state: State, task: Task) -> None:
    state.pool.give(task)
    del state.live[task.key]
    if task.spec.agent:
        working = state.working[task.spec.agent]
        del working[task]
        if not working:
            del state.working[task.spec.agent]
        state.changed_agents[task.spec.agent] = None


def was(final: TaskState) -> str:
    return {TaskState.LOST: "was lost", TaskState.SKIPPED: "was skipped", TaskState.CANCELLED: "was cancelled"}.get(
        final, str(final)
    )


def live(state: State, run: int, place: int, attempt: int) -> Task:
    task = state.task(TaskKey(run, place))
    if not task.live or task.attempt != attempt:
        raise Refused(story(task, f"attempt {attempt} is not under way"))
    return task


def story(task: Task, what: str) -> str:
    return f"task {task.key} '{task.spec.name}' is {task.state} (attempt {task.attempt}): {what}"

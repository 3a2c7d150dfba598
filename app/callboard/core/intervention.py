"""What a person's word does to runs and tasks: cancel, try again, decide, another priority."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from callboard.core.events import CancelAsked, DecisionMade, PrioritySet, RetryAsked, TaskMoved
from callboard.core.moves import finish, line_up, move, story
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import BAD, TaskKey, TaskState
from callboard.errors import Refused


def cancel(state: State, event: CancelAsked) -> None:
    run = state.run(event.run)
    words = f"cancelled by {event.by}" + (f": {event.reason}" if event.reason else "")
    if event.task < 0:
        if not run.unfinished:
            raise Refused(f"run {run.id} has ended already")
        run.cancelled = True
        state.changed_runs[run] = None
        chosen: Sequence[Task] = [task for task in run.tasks if not task.final]
    else:
        task = state.task(TaskKey(event.run, event.task))
        if task.final:
            raise Refused(story(task, "it has ended already"))
        chosen = [task]
    for task in chosen:
        if task.live:
            task.stopping = words
            task.put_back = False
            task.late = False
            state.changed_tasks[task] = None
        elif not task.final:
            task.outcome_reason = words
            finish(state, task, TaskState.CANCELLED, event.at)


def retry(state: State, event: RetryAsked) -> None:
    run = state.run(event.run)
    asked = [state.task(TaskKey(event.run, place)) for place in event.tasks]
    for task in asked:
        if task.state not in BAD:
            raise Refused(story(task, "only what failed, was cancelled, lost or skipped can be tried again"))
    again: dict[Task, None] = {}
    todo = list(asked)
    while todo:
        task = todo.pop()
        if task in again:
            continue
        undo = open_undo(task)
        if undo is not None:
            raise Refused(story(task, f"its undo ({undo.key}) has not ended; wait for it, or cancel it"))
        again[task] = None
        todo += [run.tasks[p] for p in task.below if run.tasks[p].state in (TaskState.SKIPPED, TaskState.CANCELLED)]
        todo += [run.tasks[p] for p in task.spec.depends if run.tasks[p].state in BAD]
    reopen(state, run, again, event.at)
    run.cancelled = False


def reopen(state: State, run: Run, again: Collection[Task], at: float) -> None:
    """These ended tasks wait again, and what comes after them waits for them."""
    for task in again:
        for place in (*task.below, *task.later):
            child = run.tasks[place]
            if child not in again and not child.final:
                state.withdraw(child)
                child.ready_at = None
                child.unmet += 1
        task.hand = None
        task.verdict = None
        task.outcome_reason = ""
        task.ready_at = None
        task.retry_at = 0.0
        task.ended = None
        task.waited_for = -1
        task.wanted_at = at
        move(state, task, TaskState.WAITING)
    run.unfinished += len(again)
    run.ended = None
    for task in again:
        parents = {*task.spec.depends, *task.spec.after}
        task.unmet = sum(1 for place in parents if not run.tasks[place].final)
        line_up(state, task, at)


def open_undo(task: Task) -> Task | None:
    """The task that is taking back what this one did."""
    if not task.spec.undo:
        return None
    tasks = task.run.tasks
    return next((tasks[p] for p in task.later if tasks[p].spec.undoes and not tasks[p].final), None)


def moved(state: State, event: TaskMoved) -> None:
    task = state.task(TaskKey(event.run, event.task))
    waits = task.state is TaskState.WAITING
    if not waits and task.state is not TaskState.NEEDS_DECISION:
        raise Refused(story(task, "only what waits can be moved"))
    if task.taken is not None:
        raise Refused(story(task, f"{task.taken.by} has taken it over"))
    if event.ready and (not waits or task.unmet):
        raise Refused(story(task, "it is not ready"))
    state.changed_agents[task.spec.agent] = None
    state.changed_agents[event.agent] = None
    state.withdraw(task)
    if waits:
        state.waits_no_more(task)
    task.spec = replace(task.spec, agent=event.agent, action=event.action, plugin=event.plugin)
    task.pinned = bool(event.by)
    state.changed_tasks[task] = None
    state.changed_runs[task.run] = None
    if waits:
        state.waits(task)
    if event.ready:
        task.hold_on(event.holds)
        task.wanted_at = event.at
        task.waited_for = -1
        task.retry_at = 0.0
        task.ended = None
        task.ready_at = event.at
        state.ready.push(task, event.at)


def decision(state: State, event: DecisionMade) -> None:
    task = state.task(TaskKey(event.run, event.task))
    if task.state is not TaskState.NEEDS_DECISION:
        raise Refused(story(task, "it waits for no decision"))
    if task.taken is not None:
        raise Refused(story(task, f"{task.taken.by} has taken it over; it is finished or given back, not decided"))
    if event.choice == "retry":
        task.ready_at = None
        move(state, task, TaskState.WAITING)
        line_up(state, task, event.at)
    elif event.choice == "give up":
        finish(state, task, TaskState.FAILED, event.at)
    else:
        raise Refused(f"'{event.choice}' is no choice for task {task.key}; the choices: retry, give up")


def priority(state: State, event: PrioritySet) -> None:
    run = state.run(event.run)
    run.priority = event.priority
    state.changed_runs[run] = None
    for task in run.tasks:
        if task.ticket:
            state.withdraw(task)
            state.ready.push(task, event.at)

"""How runs and tasks come into the state."""

from callboard.core.events import RunSubmitted, TasksAdded
from callboard.core.graph import children, remaining_paths
from callboard.core.moves import finish, was
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import BAD, Priority, TaskState
from callboard.errors import Refused


def submitted(state: State, event: RunSubmitted) -> None:
    if event.run <= state.last_run and event.run in state.runs:
        raise Refused(f"run {event.run} is there already")
    run = Run(
        event.run, event.name, event.workspace, event.by, event.trigger, Priority(event.priority), event.at, event.key
    )
    specs = event.specs
    for spec in specs:
        if not all(0 <= place < len(specs) for place in (*spec.depends, *spec.after)):
            raise Refused(f"task '{spec.name}' waits for a place that run {event.run} does not have")
    run.config = event.config
    run.tasks = [Task(run, index, spec) for index, spec in enumerate(specs)]
    run.unfinished = len(specs)
    run.counts = {TaskState.WAITING: len(specs)}
    parents = [(*s.depends, *s.after) if s.after else s.depends for s in specs]
    for task, longest in zip(run.tasks, remaining_paths(parents, [s.estimate for s in specs]), strict=True):
        task.remaining = longest
    for place, below in enumerate(children([s.depends for s in specs])):
        if below:
            run.tasks[place].below = below
    if any(s.after for s in specs):
        only_after = [[p for p in s.after if p not in s.depends] for s in specs]
        for place, later in enumerate(children(only_after)):
            if later:
                run.tasks[place].later = later
    state.last_run = max(state.last_run, event.run)
    state.runs[event.run] = run
    if event.key:
        state.keys[event.key] = event.run
    state.changed_runs[run] = None
    for task, above in zip(run.tasks, parents, strict=True):
        task.unmet = len(set(above)) if len(above) > 1 else len(above)
        state.changed_tasks[task] = None
        state.queued[task.spec.agent] = state.queued.get(task.spec.agent, 0) + 1
        if task.unmet == 0:
            state.make_ready(task, event.at)
    if not specs:
        run.started = run.ended = event.at


def added_tasks(state: State, event: TasksAdded) -> None:
    run = state.run(event.run)
    first = len(run.tasks)
    if not run.unfinished:
        raise Refused(f"run {run.id} has ended; no task can be added")
    if run.cancelled:
        raise Refused(f"run {run.id} was cancelled; no task can be added")
    for place, spec in enumerate(event.specs, first):
        if any(not 0 <= parent < place for parent in (*spec.depends, *spec.after)):
            raise Refused(f"added task '{spec.name}' depends on a place that is not before it")
    added = [Task(run, index, spec) for index, spec in enumerate(event.specs, first)]
    run.tasks += added
    run.unfinished += len(added)
    run.counts[TaskState.WAITING] = run.counts.get(TaskState.WAITING, 0) + len(added)
    state.changed_runs[run] = None
    for task in added:
        state.changed_tasks[task] = None
        state.queued[task.spec.agent] = state.queued.get(task.spec.agent, 0) + 1
        for parent in dict.fromkeys(task.spec.depends):
            run.tasks[parent].below = [*run.tasks[parent].below, task.index]
        for parent in dict.fromkeys(p for p in task.spec.after if p not in task.spec.depends):
            run.tasks[parent].later = [*run.tasks[parent].later, task.index]
        task.unmet = sum(1 for parent in {*task.spec.depends, *task.spec.after} if not run.tasks[parent].final)
    for task in reversed(added):
        lengthen(state, task, event.at)
    for task in added:
        if task.state is not TaskState.WAITING:
            continue
        bad = next((run.tasks[p] for p in task.spec.depends if run.tasks[p].state in BAD), None)
        if bad is not None:
            task.outcome_reason = f"needs {bad.spec.name}, which {was(bad.state)}"
            finish(state, task, TaskState.SKIPPED, event.at)
        elif task.unmet == 0:
            state.make_ready(task, event.at)


def lengthen(state: State, task: Task, now: float) -> None:
    """What comes before the task has a longer path ahead of it now; those that are ready get their new rank."""
    todo = [task]
    tasks = task.run.tasks
    while todo:
        child = todo.pop()
        for place in (*child.spec.depends, *child.spec.after):
            parent = tasks[place]
            longer = parent.spec.estimate + child.remaining
            if longer > parent.remaining and not parent.final:
                parent.remaining = longer
                todo.append(parent)
                if parent.ticket:
                    state.withdraw(parent)
                    state.ready.push(parent, now)

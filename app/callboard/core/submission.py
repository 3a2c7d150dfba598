"""How runs and tasks come into the state."""

from dataclasses import replace

from callboard.core.events import RunSubmitted, TasksAdded
from callboard.core.graph import children, remaining_paths
from callboard.core.moves import finish, was
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import BAD, Priority, TaskState, Verdict
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
        changed = next((specs[place] for place in spec.depends if specs[place].stands_for is None), None)
        if spec.stands_for is not None and changed is not None:
            raise Refused(f"an earlier '{spec.name}' cannot stand: it needs {changed.name}, which is run again")
    run.config = event.config
    run.git = event.git
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
        state.waits(task)
        if task.unmet == 0:
            state.make_ready(task, event.at)
    for task in run.tasks:
        if task.spec.stands_for is not None and not task.final:
            task.verdict = Verdict.PASS
            task.outcome_reason = task.spec.affected or f"unchanged since run {task.spec.stands_for[0]}"
            finish(state, task, TaskState.UNCHANGED, event.at)
    if not specs:
        run.started = run.ended = event.at


def added_tasks(state: State, event: TasksAdded) -> None:
    run = state.run(event.run)
    first = len(run.tasks)
    _check_added(run, event)
    added = [Task(run, index, spec) for index, spec in enumerate(event.specs, first)]
    run.tasks += added
    run.unfinished += len(added)
    run.ended = None
    run.counts[TaskState.WAITING] = run.counts.get(TaskState.WAITING, 0) + len(added)
    state.changed_runs[run] = None
    for task in added:
        task.wanted_at = event.at
        state.changed_tasks[task] = None
        state.waits(task)
        for parent in dict.fromkeys(task.spec.depends):
            run.tasks[parent].below = [*run.tasks[parent].below, task.index]
        for parent in dict.fromkeys(p for p in task.spec.after if p not in task.spec.depends):
            run.tasks[parent].later = [*run.tasks[parent].later, task.index]
        task.unmet = sum(1 for parent in {*task.spec.depends, *task.spec.after} if not run.tasks[parent].final)
    for place in event.waiting:
        _wait_too(state, run.tasks[place], event.task, added)
    _lengthen(state, added, event.at)
    for task in added:
        if task.state is not TaskState.WAITING:
            continue
        bad = next((run.tasks[p] for p in task.spec.depends if run.tasks[p].state in BAD), None)
        if bad is not None:
            task.outcome_reason = f"needs {bad.spec.name}, which {was(bad.state)}"
            finish(state, task, TaskState.SKIPPED, event.at)
        elif task.unmet == 0:
            state.make_ready(task, event.at)
    if event.task >= 0 and event.specs and event.specs[0].undoes:
        undone = run.tasks[event.task]
        undone.dirty = False
        state.to_undo.pop(undone, None)


def _check_added(run: Run, event: TasksAdded) -> None:
    undo = bool(event.specs) and all(spec.undoes for spec in event.specs)
    if not run.unfinished and not undo:
        raise Refused(f"run {run.id} has ended; no task can be added")
    if run.cancelled and not undo:
        raise Refused(f"run {run.id} was cancelled; no task can be added")
    first = len(run.tasks)
    for place, spec in enumerate(event.specs, first):
        if any(not 0 <= parent < place for parent in (*spec.depends, *spec.after)):
            raise Refused(f"added task '{spec.name}' depends on a place that is not before it")
    for place in event.waiting:
        if not 0 <= place < first or run.tasks[place].state is not TaskState.WAITING:
            raise Refused(f"{run.id}.{place} does not wait, so it cannot wait for added tasks")


def _wait_too(state: State, child: Task, adder: int, added: list[Task]) -> None:
    """What waits for the adding task waits for the added ones in the same way."""
    spec = child.spec
    places = tuple(task.index for task in added)
    state.withdraw(child)
    child.ready_at = None
    child.unmet += len(added)
    state.changed_tasks[child] = None
    if adder in spec.depends:
        child.spec = replace(spec, depends=(*spec.depends, *places))
        for task in added:
            task.below = [*task.below, child.index]
    else:
        child.spec = replace(spec, after=(*spec.after, *places))
        for task in added:
            task.later = [*task.later, child.index]


def _lengthen(state: State, added: list[Task], now: float) -> None:
    """The paths that the added tasks are on, from the last one back; then those of what comes before them."""
    if not added:
        return
    first, tasks = added[0].index, added[0].run.tasks
    before: dict[Task, None] = {}
    for task in reversed(added):
        behind = (tasks[p].remaining for p in (*task.below, *task.later))
        task.remaining = task.spec.estimate + max(behind, default=0.0)
        if any(place < first for place in (*task.spec.depends, *task.spec.after)):
            before[task] = None
    for task in before:
        lengthen(state, task, now)


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

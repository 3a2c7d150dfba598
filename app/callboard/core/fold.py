"""Puts one event into the state, or refuses it; the same events give the same state."""

import heapq
from collections.abc import Sequence
from typing import assert_never

from callboard.core.events import (
    AgentSet,
    AgentsFound,
    ArtifactKept,
    AttemptBegan,
    AttemptDecided,
    AttemptEnded,
    AttemptStopping,
    CancelAsked,
    DecisionMade,
    EngineStarted,
    Event,
    FindingsFound,
    MetricsTaken,
    PrioritySet,
    QuestionAnswered,
    QuestionAsked,
    RetryAsked,
    RunSubmitted,
    ScheduleFired,
    TasksAdded,
)
from callboard.core.graph import children, remaining_paths
from callboard.core.run import NONE_FOUND, SEVERITIES, Run, Task
from callboard.core.state import State
from callboard.core.task import BAD, FINAL, GOOD, Priority, TaskKey, TaskState, Verdict
from callboard.errors import Refused

START_WITHIN_S = 30.0
END_GRACE_S = 15.0


def fold(state: State, event: Event) -> None:
    """Changes the state as the event says; O(log n) plus the direct children of its task.

    Raises `Refused` for an event that the state does not allow, and leaves the state as it was.
    """
    match event:
        case AttemptDecided():
            _decided(state, event)
        case AttemptBegan():
            _began(state, event)
        case AttemptEnded():
            _ended(state, event)
        case AttemptStopping():
            task = _live(state, event.run, event.task, event.attempt)
            task.stopping = task.stopping or event.reason
            task.put_back = event.put_back
            task.late = event.late
            state.changed_tasks[task] = None
        case RunSubmitted():
            _submitted(state, event)
        case TasksAdded():
            _added_tasks(state, event)
        case CancelAsked():
            _cancel(state, event)
        case RetryAsked():
            _retry(state, event)
        case DecisionMade():
            _decision(state, event)
        case PrioritySet():
            _priority(state, event)
        case FindingsFound():
            _found(state, event)
        case QuestionAsked():
            task = _live(state, event.run, event.task, event.attempt)
            task.questions = {**(task.questions or {}), event.question: (event.text, event.choices, event.at)}
            state.changed_tasks[task] = None
        case QuestionAnswered():
            task = _live(state, event.run, event.task, event.attempt)
            if event.question not in (task.questions or {}):
                raise Refused(f"task {task.key} does not ask question '{event.question}'")
            task.questions = {k: v for k, v in (task.questions or {}).items() if k != event.question} or None
            state.changed_tasks[task] = None
        case MetricsTaken() | ArtifactKept():
            state.task(TaskKey(event.run, event.task))
        case AgentSet():
            _agent_set(state, event)
        case AgentsFound():
            _agents_found(state, event)
        case EngineStarted():
            if event.epoch <= state.epoch:
                raise Refused(f"epoch {event.epoch} is not newer than {state.epoch}")
            state.epoch = event.epoch
        case ScheduleFired():
            state.fired[event.schedule] = event.due
            state.last_run = max(state.last_run, event.run)
        case _:
            assert_never(event)


def _submitted(state: State, event: RunSubmitted) -> None:
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


def _added_tasks(state: State, event: TasksAdded) -> None:
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
        _lengthen(state, task, event.at)
    for task in added:
        if task.state is not TaskState.WAITING:
            continue
        bad = next((run.tasks[p] for p in task.spec.depends if run.tasks[p].state in BAD), None)
        if bad is not None:
            task.outcome_reason = f"needs {bad.spec.name}, which {_was(bad.state)}"
            _finish(state, task, TaskState.SKIPPED, event.at)
        elif task.unmet == 0:
            state.make_ready(task, event.at)


def _lengthen(state: State, task: Task, now: float) -> None:
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


def _decided(state: State, event: AttemptDecided) -> None:
    task = state.task(TaskKey(event.run, event.task))
    if task.state is not TaskState.WAITING or task.unmet or event.attempt != task.attempt + 1:
        raise Refused(_story(task, f"attempt {event.attempt} cannot be decided"))
    state.withdraw(task)
    task.attempt = event.attempt
    task.decided = event.at
    task.started = task.ended = None
    task.ready_at = None
    task.retry_at = 0.0
    task.outcome_reason = ""
    task.verdict = None
    task.stopping = ""
    task.put_back = False
    task.late = False
    task.process = None
    task.findings = NONE_FOUND
    task.held = _added(task.held, event.holds)
    _move(state, task, TaskState.STARTING)
    state.pool.take(task)
    state.live[task.key] = task
    if task.spec.agent:
        state.working.setdefault(task.spec.agent, {})[task] = None
        state.changed_agents[task.spec.agent] = None
    if task.run.started is None:
        task.run.started = event.at
    heapq.heappush(state.deadlines, (event.at + START_WITHIN_S, task.attempt_key, "starting"))


def _began(state: State, event: AttemptBegan) -> None:
    task = _live(state, event.run, event.task, event.attempt)
    if task.state is TaskState.RUNNING and not event.adopted:
        raise Refused(_story(task, "it runs already"))
    task.process = event.process
    if task.started is None:
        task.started = event.at
    if task.state is not TaskState.RUNNING:
        _move(state, task, TaskState.RUNNING)
    state.changed_tasks[task] = None
    if task.spec.limits.time_s:
        due = task.started + task.spec.limits.time_s + END_GRACE_S
        heapq.heappush(state.deadlines, (due, task.attempt_key, "running"))


def _ended(state: State, event: AttemptEnded) -> None:
    task = _live(state, event.run, event.task, event.attempt)
    if event.outcome not in FINAL and event.outcome not in (TaskState.WAITING, TaskState.NEEDS_DECISION):
        raise Refused(_story(task, f"an attempt cannot end as '{event.outcome}'"))
    _let_go(state, task)
    task.ended = event.at
    task.verdict = event.verdict
    task.outcome_reason = event.reason
    task.questions = None
    task.cpu_s += event.usage.cpu_s
    task.peak_mb = max(task.peak_mb, event.usage.peak_mb)
    task.read_mb += event.usage.read_mb
    task.written_mb += event.usage.written_mb
    if event.outcome in FINAL:
        _finish(state, task, event.outcome, event.at)
        return
    _move(state, task, event.outcome)
    if event.outcome is TaskState.WAITING:
        task.retry_at = event.retry_at
        _line_up(state, task, event.at)


def _line_up(state: State, task: Task, at: float) -> None:
    """A waiting task becomes ready, unless it still waits for others or backs off."""
    if task.unmet:
        return
    if task.retry_at > at:
        heapq.heappush(state.backoffs, (task.retry_at, task.key, task.attempt))
    else:
        state.make_ready(task, at)


def _let_go(state: State, task: Task) -> None:
    state.pool.give(task)
    del state.live[task.key]
    if task.spec.agent:
        working = state.working[task.spec.agent]
        del working[task]
        if not working:
            del state.working[task.spec.agent]
        state.changed_agents[task.spec.agent] = None


def _finish(state: State, task: Task, outcome: TaskState, at: float) -> None:
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
        _move(state, ended, final)
        if ended.ended is None or not ended.attempt:
            ended.ended = at
        run.unfinished -= 1
        if ended.verdict is Verdict.UNKNOWN and final in GOOD:
            run.unknowns += 1
        good = final in GOOD
        for place in ended.below:
            child = tasks[place]
            if child.state is not TaskState.WAITING:
                continue
            child.unmet -= 1
            if not good:
                child.outcome_reason = f"needs {ended.spec.name}, which {_was(final)}"
                todo.append((child, TaskState.SKIPPED))
            elif child.unmet == 0:
                child.waited_for = ended.index
                _line_up(state, child, at)
            state.stirred[child] = None
        for place in ended.later:
            child = tasks[place]
            if child.final:
                continue
            child.unmet -= 1
            state.stirred[child] = None
            if child.unmet == 0 and child.state is TaskState.WAITING:
                child.waited_for = ended.index
                _line_up(state, child, at)
    if run.unfinished == 0:
        run.ended = at
        if run.started is None:
            run.started = at


def _was(final: TaskState) -> str:
    return {TaskState.LOST: "was lost", TaskState.SKIPPED: "was skipped", TaskState.CANCELLED: "was cancelled"}.get(
        final, str(final)
    )


def _cancel(state: State, event: CancelAsked) -> None:
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
            raise Refused(_story(task, "it has ended already"))
        chosen = [task]
    for task in chosen:
        if task.live:
            task.stopping = words
            task.put_back = False
            task.late = False
            state.changed_tasks[task] = None
        elif not task.final:
            task.outcome_reason = words
            _finish(state, task, TaskState.CANCELLED, event.at)


def _retry(state: State, event: RetryAsked) -> None:
    run = state.run(event.run)
    asked = [state.task(TaskKey(event.run, place)) for place in event.tasks]
    for task in asked:
        if task.state not in BAD:
            raise Refused(_story(task, "only what failed, was cancelled, lost or skipped can be tried again"))
    again: dict[Task, None] = {}
    todo = list(asked)
    while todo:
        task = todo.pop()
        if task in again:
            continue
        again[task] = None
        todo += [run.tasks[p] for p in task.below if run.tasks[p].state in (TaskState.SKIPPED, TaskState.CANCELLED)]
        todo += [run.tasks[p] for p in task.spec.depends if run.tasks[p].state in BAD]
    for task in again:
        for place in task.later:
            child = run.tasks[place]
            if child not in again and not child.final:
                state.withdraw(child)
                child.ready_at = None
                child.unmet += 1
        task.verdict = None
        task.outcome_reason = ""
        task.ready_at = None
        task.retry_at = 0.0
        task.ended = None
        task.waited_for = -1
        task.wanted_at = event.at
        _move(state, task, TaskState.WAITING)
    run.unfinished += len(again)
    run.ended = None
    run.cancelled = False
    for task in again:
        parents = {*task.spec.depends, *task.spec.after}
        task.unmet = sum(1 for place in parents if not run.tasks[place].final)
        _line_up(state, task, event.at)


def _decision(state: State, event: DecisionMade) -> None:
    task = state.task(TaskKey(event.run, event.task))
    if task.state is not TaskState.NEEDS_DECISION:
        raise Refused(_story(task, "it waits for no decision"))
    if event.choice == "retry":
        task.ready_at = None
        _move(state, task, TaskState.WAITING)
        _line_up(state, task, event.at)
    elif event.choice == "give up":
        _finish(state, task, TaskState.FAILED, event.at)
    else:
        raise Refused(f"'{event.choice}' is no choice for task {task.key}; the choices: retry, give up")


def _priority(state: State, event: PrioritySet) -> None:
    run = state.run(event.run)
    run.priority = event.priority
    state.changed_runs[run] = None
    for task in run.tasks:
        if task.ticket:
            state.withdraw(task)
            state.ready.push(task, event.at)


def _found(state: State, event: FindingsFound) -> None:
    task = state.task(TaskKey(event.run, event.task))
    counts = list(task.findings)
    for finding in event.findings:
        counts[SEVERITIES.index(finding["severity"])] += 1
    task.findings = tuple(counts)
    state.changed_tasks[task] = None


def _agent_set(state: State, event: AgentSet) -> None:
    if event.limit is not None and event.limit < 0:
        raise Refused(f"agent '{event.agent}' cannot work on {event.limit} at once; 0 means no limit of its own")
    agent = state.agent(event.agent)
    if event.paused is not None:
        agent.paused_by = event.by if event.paused else ""
        agent.pause_reason = event.reason if event.paused else ""
        agent.paused_at = event.at if event.paused else 0.0
    if event.limit is not None:
        agent.limit = event.limit
    state.changed_agents[event.agent] = None


def _agents_found(state: State, event: AgentsFound) -> None:
    state.agents_known = True
    here = set(event.agents)
    for name in here:
        state.agent(name).present = True
        state.changed_agents[name] = None
    for name, agent in state.agents.items():
        if name not in here:
            agent.present = False
            state.changed_agents[name] = None


def _live(state: State, run: int, place: int, attempt: int) -> Task:
    task = state.task(TaskKey(run, place))
    if not task.live or task.attempt != attempt:
        raise Refused(_story(task, f"attempt {attempt} is not under way"))
    return task


def _move(state: State, task: Task, to: TaskState) -> None:
    counts = task.run.counts
    counts[task.state] -= 1
    counts[to] = counts.get(to, 0) + 1
    agent = task.spec.agent
    if task.state is TaskState.WAITING:
        state.queued[agent] -= 1
    elif to is TaskState.WAITING:
        state.queued[agent] = state.queued.get(agent, 0) + 1
    task.state = to
    state.changed_tasks[task] = None
    state.changed_runs[task.run] = None


def _added(held: tuple[tuple[str, float], ...], more: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    if not held:
        return more
    total = dict(held)
    for cause, seconds in more:
        total[cause] = total.get(cause, 0.0) + seconds
    return tuple(total.items())


def _story(task: Task, what: str) -> str:
    return f"task {task.key} '{task.spec.name}' is {task.state} (attempt {task.attempt}): {what}"

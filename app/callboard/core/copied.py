"""A copy of what the state knows of work, so that its future can be tried many times."""

import heapq
from dataclasses import replace

from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import TaskState
from callboard.core.yielding import Yields


def copied(state: State) -> State:
    """Runs that have not ended with their tasks, agents, what is taken, what is ready and what backs off; nothing else.

    The copy can be run ahead and thrown away. Tasks that have ended are shared, for nothing changes them.
    O(tasks that have not ended).
    """
    twin = State(state.ready.ageing_s)
    twin.epoch, twin.last_run = state.epoch, state.last_run
    twin.agents_known = state.agents_known
    twin.agents = {name: replace(agent) for name, agent in state.agents.items()}
    twin.ready.cuts = dict(state.ready.cuts)
    twin.yields = _yields(state.yields)
    twin.pool.capacity = state.pool.capacity
    ready: list[tuple[int, Task, float | None]] = []
    for run in state.runs.values():
        if run.unfinished:
            twin.runs[run.id] = _run(state, twin, run, ready)
    twin.backoffs = [entry for entry in state.backoffs if entry[1].run in twin.runs]
    heapq.heapify(twin.backoffs)
    for _, task, since in sorted(ready, key=lambda entry: entry[0]):
        twin.ready.push(task, since if since is not None else 0.0)
    for key in state.live:
        task = twin.task(key)
        twin.live[key] = task
        twin.pool.take(task)
        if task.spec.agent:
            twin.working.setdefault(task.spec.agent, {})[task] = None
    twin.unrouted = {twin.task(task.key): None for task in state.unrouted if task.run.id in twin.runs}
    twin.to_undo = {twin.task(task.key): None for task in state.to_undo if task.run.id in twin.runs}
    return twin


def _run(state: State, twin: State, run: Run, ready: list[tuple[int, Task, float | None]]) -> Run:
    copy = Run(run.id, run.name, run.workspace, run.by, run.trigger, run.priority, run.submitted, run.key)
    copy.started, copy.cancelled = run.started, run.cancelled
    copy.unfinished, copy.unknowns = run.unfinished, run.unknowns
    copy.counts = dict(run.counts)
    tasks = copy.tasks
    undo = state.to_undo
    for task in run.tasks:
        if task.final and task not in undo:
            tasks.append(task)
            continue
        own = _task(copy, task)
        tasks.append(own)
        if own.state is TaskState.WAITING:
            twin.waits(own)
            if task.ticket:
                ready.append((task.ticket, own, task.ready_at))
    return copy


def _task(run: Run, task: Task) -> Task:
    own = Task.__new__(Task)
    own.run = run
    own.index = task.index
    own.spec = task.spec
    own.state = task.state
    own.verdict = task.verdict
    own.outcome_reason = task.outcome_reason
    own.attempt = task.attempt
    own.unmet = task.unmet
    own.below = task.below
    own.later = task.later
    own.remaining = task.remaining
    own.ready_at = task.ready_at
    own.retry_at = task.retry_at
    own.waited_for = task.waited_for
    own.decided = task.decided
    own.started = task.started
    own.ended = task.ended
    own.process = task.process
    own.stopping = task.stopping
    own.put_back = task.put_back
    own.late = task.late
    own.dirty = task.dirty
    own.pinned = task.pinned
    own.hand = task.hand
    own.cut = task.cut
    own.wanted_at = task.wanted_at
    own.ticket = 0
    own.yielded = task.yielded
    own.snapshot = None
    own.held = ()
    own.questions = None
    own.findings = task.findings
    own.cpu_s = own.peak_mb = own.read_mb = own.written_mb = 0.0
    return own


def _yields(yields: Yields) -> Yields:
    twin = replace(yields)
    twin.active = {kind: replace(active) for kind, active in yields.active.items()}
    return twin

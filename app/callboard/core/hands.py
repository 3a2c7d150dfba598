"""What a person's own hand does: agents are drained or stopped, tasks are taken over, finished and given back."""

from dataclasses import replace

from callboard.core.events import AgentDrained, AgentDraining, AgentStopped, TaskFinished, TaskReleased, TaskTaken
from callboard.core.intervention import open_undo, reopen
from callboard.core.moves import finish, line_up, move, story, was
from callboard.core.retry import given_up
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import BAD, GOOD, LIVE, Hand, TaskKey, TaskState, Verdict
from callboard.errors import Refused


def draining(state: State, event: AgentDraining) -> None:
    agent = state.agent(event.agent)
    if agent.paused_by:
        raise Refused(
            f"agent '{event.agent}' was paused by {agent.paused_by}: what it has would never be finished; resume it, then drain it"
        )
    if agent.drained_by:
        raise Refused(f"agent '{event.agent}' is being drained by {agent.drained_by} already")
    state.set_drain(event.agent, event.by, event.reason, event.at, event.until)
    state.reroute()
    state.changed_agents[event.agent] = None


def drained(state: State, event: AgentDrained) -> None:
    if event.agent not in state.ready.cuts:
        raise Refused(f"agent '{event.agent}' is not being drained")
    state.set_drain(event.agent, "", "", 0.0, 0)
    agent = state.agent(event.agent)
    agent.paused_by = event.by
    agent.pause_reason = "drained" + (f", {event.reason}" if event.reason else "")
    agent.paused_at = event.at
    state.reroute()
    state.changed_agents[event.agent] = None


def stopped(state: State, event: AgentStopped) -> None:
    state.set_drain(event.agent, "", "", 0.0, 0)
    agent = state.agent(event.agent)
    agent.paused_by = "" if event.restart else event.by
    agent.pause_reason = "" if event.restart else "stopped" + (f", {event.reason}" if event.reason else "")
    agent.paused_at = 0.0 if event.restart else event.at
    state.reroute()
    state.changed_agents[event.agent] = None


def taken(state: State, event: TaskTaken) -> None:
    task = state.task(TaskKey(event.run, event.task))
    if task.taken is not None:
        raise Refused(story(task, f"{task.taken.by} has taken it over already"))
    if task.state in GOOD:
        raise Refused(story(task, "there is nothing left to take over"))
    if given_up(task) and task.live:
        raise Refused(story(task, f"it is being ended: {task.stopping}"))
    if task.dirty and task.final:
        raise Refused(story(task, "its undo is about to begin; wait for it, or cancel it"))
    undo = open_undo(task)
    if undo is not None:
        raise Refused(story(task, f"its undo ({undo.key}) has not ended; wait for it, or cancel it"))
    hand = Hand(event.by, event.at, event.reason, task.state, task.outcome_reason, task.verdict)
    state.changed_tasks[task] = None
    state.changed_runs[task.run] = None
    if task.live:
        task.hand = hand
        task.stopping = task.stopping or f"taken over by {event.by}" + (f": {event.reason}" if event.reason else "")
        task.put_back = True
        return
    task.hold_on(event.holds)
    state.withdraw(task)
    task.ready_at = None
    task.verdict = None
    task.outcome_reason = ""
    if task.final:
        run = task.run
        run.unfinished += 1
        run.ended = None
        run.cancelled = False
        for place in (*task.below, *task.later):
            child = run.tasks[place]
            if not child.final:
                state.withdraw(child)
                child.ready_at = None
                child.unmet += 1
        task.unmet = 0
        for place in {*task.spec.depends, *task.spec.after}:
            task.unmet += not run.tasks[place].final
    task.hand = hand
    move(state, task, TaskState.NEEDS_DECISION)


def ended_while_taken(task: Task) -> None:
    """The attempt of a task that was taken over is gone; given back, it is tried again, or a person decides."""
    hand = task.hand
    if hand is not None and hand.state in LIVE:
        former = TaskState.WAITING if task.spec.idempotent else TaskState.NEEDS_DECISION
        task.hand = replace(hand, state=former, words=task.outcome_reason)


def _of(state: State, event: TaskFinished | TaskReleased) -> tuple[Task, Hand]:
    """The task and the hand of the one who asks, which has to be the one who has it."""
    task = state.task(TaskKey(event.run, event.task))
    if task.taken is None:
        raise Refused(story(task, "nobody has taken it over; take it first"))
    if task.taken.by != event.by:
        raise Refused(story(task, f"{task.taken.by} has taken it over, not {event.by}"))
    return task, task.taken


def finished(state: State, event: TaskFinished) -> None:
    task, hand = _of(state, event)
    if task.live:
        raise Refused(story(task, "its attempt is still being ended; finish it in a moment"))
    task.hand = replace(hand, ended=event.at, done=event.done, note=event.note)
    task.outcome_reason = f"by hand by {event.by}: {event.note}"
    task.verdict = Verdict.PASS if event.done else None
    task.ended = event.at
    if not event.done:
        finish(state, task, TaskState.FAILED, event.at)
        return
    task.run.by_hand += 1
    finish(state, task, TaskState.SUCCEEDED, event.at)
    _revive(state, task, event.at)


def _revive(state: State, task: Task, at: float) -> None:
    """What was skipped because of the task waits again, unless it also needs something else that came to a bad end."""
    tasks = task.run.tasks
    again: dict[Task, None] = {}
    todo = [task]
    while todo:
        for place in todo.pop().below:
            child = tasks[place]
            if child.state is not TaskState.SKIPPED or child in again:
                continue
            bad = next((tasks[p] for p in child.spec.depends if tasks[p].state in BAD and tasks[p] not in again), None)
            if bad is None:
                again[child] = None
                todo.append(child)
            else:
                child.outcome_reason = f"needs {bad.spec.name}, which {was(bad.state)}"
                state.changed_tasks[child] = None
    if again:
        reopen(state, task.run, again, at)


def released(state: State, event: TaskReleased) -> None:
    task, hand = _of(state, event)
    task.hand = None
    state.changed_tasks[task] = None
    state.changed_runs[task.run] = None
    if task.live:
        return
    task.outcome_reason, task.verdict = hand.words, hand.verdict
    if hand.state in BAD:
        finish(state, task, hand.state, event.at)
        return
    bad = next((task.run.tasks[p] for p in task.spec.depends if task.run.tasks[p].state in BAD), None)
    if bad is not None:
        task.outcome_reason = f"needs {bad.spec.name}, which {was(bad.state)}"
        finish(state, task, TaskState.SKIPPED, event.at)
    elif hand.state is TaskState.WAITING:
        move(state, task, TaskState.WAITING)
        line_up(state, task, event.at)

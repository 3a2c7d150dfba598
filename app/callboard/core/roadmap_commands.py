"""What is wished of the roadmap, and the events that grant it; and what the end of a run means for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from callboard.core.events import CancelAsked, Event
from callboard.core.roadmap import Assignment, Stage, holder, told_state
from callboard.core.roadmap_events import (
    RoadmapAssigned,
    RoadmapCounted,
    RoadmapDone,
    RoadmapForeseen,
    RoadmapPlaced,
    RoadmapStarted,
    RoadmapTicked,
    RoadmapWithdrawn,
)
from callboard.core.run import Run, RunState, Task
from callboard.core.state import State
from callboard.core.task import GOOD, NO_OPTIONS, Verdict
from callboard.errors import NotFound, Refused


@dataclass(frozen=True, slots=True)
class AssignTask:
    """Give a task of a change to an agent or a person; with `instead` a former assignment that does not run makes room."""

    id: str
    workspace: str
    ref: str
    text: str
    to: str
    kind: str
    action: str
    why: str
    by: str
    reason: str = ""
    options: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    instead: bool = False


@dataclass(frozen=True, slots=True)
class WithdrawTask:
    """Take an assignment back; a run of it is cancelled."""

    id: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TaskDoneBy:
    """A person's word that a task of theirs is done; a task that nobody has becomes theirs with `id`."""

    workspace: str
    ref: str
    note: str
    by: str
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class NoteTick:
    """What became of the line of a task with evidence."""

    id: str
    outcome: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """Where a change belongs; see `RoadmapPlaced`."""

    workspace: str
    change: str
    by: str
    layer: str | None = None
    rank: int | None = None
    after: tuple[str, ...] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NoteRoadmap:
    """Counts that changed, or the forecasts of a day; see `RoadmapCounted` and `RoadmapForeseen`."""

    workspace: str
    done: int = 0
    total: int = 0
    counts: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    day: str = ""
    moments: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


RoadmapCommand = AssignTask | WithdrawTask | TaskDoneBy | NoteTick | PlaceChange | NoteRoadmap


def grant_roadmap(state: State, command: RoadmapCommand, now: float) -> list[Event]:
    """The events that carry out the command, each of which the state takes; raises `Refused` or `NotFound`."""
    match command:
        case AssignTask():
            return _assign(state, command, now)
        case WithdrawTask():
            return _withdraw(state, command, now)
        case TaskDoneBy():
            return _done_by(state, command, now)
        case NoteTick():
            one = state.roadmaps.get(command.id)
            if one is not None and (one.tick, one.tick_why) == (command.outcome, command.why):
                return []
            return [RoadmapTicked(now, command.id, command.outcome, command.why, command.by)]
        case PlaceChange():
            return [
                RoadmapPlaced(
                    now, command.workspace, command.change, command.by, command.layer, command.rank, command.after, command.reason
                )
            ]  # fmt: skip
        case NoteRoadmap():
            if command.day:
                return [RoadmapForeseen(now, command.workspace, command.day, command.moments)]
            return [RoadmapCounted(now, command.workspace, command.done, command.total, command.counts)]
        case _:
            assert_never(command)


def _assign(state: State, command: AssignTask, now: float) -> list[Event]:
    if state.roadmaps.get(command.id) is not None:
        return []
    events: list[Event] = []
    former = state.roadmaps.of(command.workspace, command.ref)
    if former is not None and command.instead:
        if former.state is Stage.RUNNING:
            raise Refused(
                f"{command.ref} {told_state(former)} with {holder(former)}; withdraw it first, which cancels that run"
            )
        events.append(RoadmapWithdrawn(now, former.id, command.by, f"assigned to {command.to} instead"))
    going = _going(state, former)
    if going is not None:
        raise Refused(
            f"run {going.id} of an earlier assignment of {command.ref} still goes on; let it end, or cancel it"
        )
    events.append(
        RoadmapAssigned(
            now, command.id, command.workspace, command.ref, command.text, command.to, command.kind, command.action,
            command.why, command.by, command.reason, command.options,
        )
    )  # fmt: skip
    return events


def _going(state: State, one: Assignment | None) -> Run | None:
    """The run of an assignment, while it has not ended: also one that failed and is being tried again."""
    run = state.runs.get(one.run) if one is not None and one.run else None
    return run if run is not None and run.unfinished else None


def _withdraw(state: State, command: WithdrawTask, now: float) -> list[Event]:
    one = state.roadmaps.get(command.id)
    if one is None:
        raise NotFound(f"there is no assignment '{command.id[:60]}' that stands; see `callboard roadmap`")
    events: list[Event] = [RoadmapWithdrawn(now, one.id, command.by, command.reason)]
    going = _going(state, one)
    if going is not None:
        words = f"the assignment of {one.ref} was withdrawn" + (f": {command.reason}" if command.reason else "")
        events.append(CancelAsked(now, going.id, -1, command.by, words))
    return events


def _done_by(state: State, command: TaskDoneBy, now: float) -> list[Event]:
    note = command.note.strip()
    if not note:
        raise Refused(f"say in a note how {command.ref} was done: it is all the evidence that there is")
    one = state.roadmaps.of(command.workspace, command.ref)
    if one is None:
        mine = RoadmapAssigned(
            now, command.id, command.workspace, command.ref, command.text, command.by, "person", "",
            f"{command.by} says that it is done", command.by,
        )  # fmt: skip
        return [mine, RoadmapDone(now, command.id, True, note, command.by)]
    if one.state is Stage.DONE:
        raise Refused(f"{one.ref} is done already, by the word of {one.who}: {one.words}")
    if one.kind == "agent":
        raise Refused(
            f"{one.ref} is with agent {one.to}, and {told_state(one)}; withdraw that first, then say that it is done"
        )
    if one.to != command.by:
        raise Refused(
            f"{one.ref} is {one.to}'s to do, not {command.by}'s; {one.by} assigned it, and it can be withdrawn"
        )
    return [RoadmapDone(now, one.id, True, note, command.by)]


def may_start(state: State, id: str) -> None:
    """Raises `Refused` unless an assignment waits under this id."""
    one = state.roadmaps.get(id)
    if one is None or one.state is not Stage.WAITS:
        raise Refused(f"assignment {id} {told_state(one) if one else 'does not stand any more'}; it is not started")


def started(id: str, run: int, now: float) -> RoadmapStarted:
    """The fact that belongs to the submission of its run."""
    return RoadmapStarted(now, id, run)


def ends(state: State, now: float) -> list[Event]:
    """What the runs that ended in this step mean for the assignments that they carry out; put into the state already."""
    said: list[Event] = []
    if not len(state.roadmaps):
        return said
    for run in state.changed_runs:
        one = state.roadmaps.of_run(run.id) if not run.unfinished else None
        if one is None:
            continue
        event = _judged(one, run, now)
        if one.state is Stage.FAILED and not event.ok and event.words == one.words:
            continue
        state.roadmaps.take(event)
        said.append(event)
    return said


def _judged(one: Assignment, run: Run, now: float) -> RoadmapDone:
    """Only a verdict pass of the job itself, in a run with nothing that failed, is evidence."""
    task = run.tasks[0]
    commit = str(run.git.get("commit") or "")
    name = f"{task.spec.name} in run {run.id}"
    good = run.state is RunState.SUCCEEDED and task.state in GOOD and task.verdict is Verdict.PASS
    reason = f": {task.outcome_reason}" if task.outcome_reason else ""
    words = f"{name} passed{reason}" if good else f"{_ended(run, task, name)}{reason}; that is no evidence"
    return RoadmapDone(now, one.id, good, words, task.spec.agent or run.by, run.id, str(task.key), commit)


def _ended(run: Run, task: Task, name: str) -> str:
    if task.state in GOOD and task.verdict is not Verdict.PASS:
        return f"{name} ended with verdict {task.verdict or 'unknown'}"
    if task.state in GOOD:
        return f"{name} passed, but the run is {run.state}"
    return f"{name} is {task.state}"

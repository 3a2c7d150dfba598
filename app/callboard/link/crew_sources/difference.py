"""From one look at the platform's workflows to the next: the facts in between."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.link.crew_sources.snapshot import SeenTask, SeenWorkflow
from callboard.link.crew_sources.values import FAILED, RUNNING, SUCCEEDED, WAITING

SEEN_EVERY_S = 40.0
MOST_KNOWN = 400
PLAIN_ID = 12
AGE_S = 60.0

Fact = dict[str, Any]


@dataclass(slots=True)
class _Known:
    """What was told of a workflow."""

    id: str
    over: bool = False
    told: bool = True
    seen: float = 0.0
    done: int | None = None
    total: int | None = None
    now: tuple[str, str] = ("", "")
    count: int = 0
    states: dict[str, str] = field(default_factory=dict)


class Differences:
    """Facts by comparing looks. What was over before the first look is not told; an id that begins anew is a new workflow."""

    def __init__(self, kind: str, began: float, going_on: Iterable[str] = ()) -> None:
        self._kind = kind
        self._began = began
        self._known: dict[str, _Known] = {}
        for whole in going_on:
            self._known[whole.partition("@")[0]] = _Known(whole)

    def facts(self, look: Sequence[SeenWorkflow], at: float, *, whole: bool = True) -> list[Fact]:
        """What happened since the look before. `whole`: what is not in it goes on no more, and looks come regularly."""
        facts: list[Fact] = []
        there = set()
        for workflow in look:
            key = workflow.id or f"{self._kind}"
            there.add(key)
            facts += self._workflow(key, workflow, at, beats=whole)
        if not whole:
            return facts
        for key, known in self._known.items():
            if key not in there and not known.over and known.told:
                facts += self._gone(known, at)
        return facts

    def _workflow(self, key: str, seen: SeenWorkflow, at: float, *, beats: bool) -> list[Fact]:
        known = self._known.get(key)
        running = seen.state == RUNNING
        facts: list[Fact] = []
        if seen.state == WAITING and (known is None or known.over):
            return []
        if known is None or (known.over and running):
            known = self._begin(key, seen, at)
            if known.told:
                facts.append(_started(known.id, seen, at))
        if not known.told or known.over:
            return facts
        facts += self._tasks(known, seen, at)
        facts += self._current(known, seen, at)
        if not seen.tasks and seen.done is not None and (seen.done, seen.total) != (known.done, known.total):
            facts.append(
                {"what": "progress", "at": at, "workflow": known.id, "done": seen.done, "total": seen.total or 0}
            )
            if not seen.total:
                del facts[-1]["total"]
        known.done, known.total = seen.done, seen.total
        if seen.state in (SUCCEEDED, FAILED):
            facts += self._left(known, seen.ended or at, well=seen.state == SUCCEEDED)
            facts.append(_ended(known.id, seen, at))
            known.over = True
        elif beats and at - known.seen >= SEEN_EVERY_S:
            known.seen = at
            if not facts:
                facts.append({"what": "seen", "at": at, "workflow": known.id})
        return facts

    def _begin(self, key: str, seen: SeenWorkflow, at: float) -> _Known:
        """A workflow that is new here. What ended before anybody looked is history, and not told."""
        whole = key
        if len(key) < PLAIN_ID or key in self._known or not seen.id:
            whole = f"{key}@{(seen.started or at):.0f}"
        latest = seen.ended or seen.started
        old = seen.state != RUNNING and (latest < self._began - AGE_S if latest else at <= self._began + AGE_S)
        over = [key for key, known in self._known.items() if known.over] if len(self._known) > MOST_KNOWN else []
        for old_key in over[: MOST_KNOWN // 4]:
            del self._known[old_key]
        known = self._known[key] = _Known(whole, over=old, told=not old, seen=at)
        return known

    def _tasks(self, known: _Known, seen: SeenWorkflow, at: float) -> list[Fact]:
        facts: list[Fact] = []
        if not seen.id:  # agents alone were told: who works no more is done
            there = {task.key for task in seen.tasks}
            for key in [key for key, state in known.states.items() if state == RUNNING and key not in there]:
                del known.states[key]
                facts.append({"what": "task-ended", "at": at, "workflow": known.id, "task": key, "ok": True})
        for task in seen.tasks:
            state, before = task.state, known.states.get(task.key, "")
            if state in ("", WAITING) or state == before or before in (SUCCEEDED, FAILED):
                continue
            known.states[task.key] = state
            if before != RUNNING:
                facts.append(_task("task-started", known.id, task, task.started or _begun(task, at)))
            if state in (SUCCEEDED, FAILED):
                facts.append(_task_ended(known.id, task, task.ended or at))
        return facts

    def _current(self, known: _Known, seen: SeenWorkflow, at: float) -> list[Fact]:
        """A workflow that tells only who works now: when that changes, the one before is done."""
        now = seen.now if seen.state == RUNNING and not seen.tasks else ("", "")
        if now == known.now or seen.tasks:
            return []
        facts: list[Fact] = []
        if any(known.now):
            role, name = known.now
            went_well = seen.state != FAILED
            facts.append(
                {"what": "task-ended", "at": at, "workflow": known.id, "task": f"{known.count}", "role": role,
                 "name": name or role, "ok": went_well}
            )  # fmt: skip
        if any(now):
            known.count += 1
            facts.append(
                {"what": "task-started", "at": at, "workflow": known.id, "task": f"{known.count}", "role": now[0],
                 "name": now[1] or now[0]}
            )  # fmt: skip
        known.now = now
        return facts

    def _gone(self, known: _Known, at: float) -> list[Fact]:
        """It is told no more: over when all of it was done, else nobody knows, and it is left to its silence."""
        known.over = True
        done = known.total is not None and known.done == known.total
        agents_alone = known.id.startswith(f"{self._kind}@") and known.states and FAILED not in known.states.values()
        if not done and not agents_alone:
            return []
        ended: Fact = {"what": "workflow-ended", "at": at, "workflow": known.id, "ok": True}
        return [*self._left(known, at, well=True), ended]

    def _left(self, known: _Known, at: float, *, well: bool) -> list[Fact]:
        """The ends of tasks that ran when they were looked at last."""
        left = [key for key, state in known.states.items() if state == RUNNING]
        return [{"what": "task-ended", "at": at, "workflow": known.id, "task": key, "ok": well} for key in left]


def _started(workflow: str, seen: SeenWorkflow, at: float) -> Fact:
    fact: Fact = {"what": "workflow-started", "at": seen.started or at, "workflow": workflow, "name": seen.name}
    if seen.process in ("sequential", "hierarchical", "flow"):
        fact["process"] = seen.process
    if seen.total:
        fact["total"] = seen.total
    if seen.tasks:
        fact["tasks"] = [[task.key, task.name, task.role] for task in seen.tasks]
    return fact


def _ended(workflow: str, seen: SeenWorkflow, at: float) -> Fact:
    well = seen.state == SUCCEEDED
    fact: Fact = {"what": "workflow-ended", "at": seen.ended or at, "workflow": workflow, "ok": well}
    if not well and seen.error:
        fact["error"] = seen.error
    for key, count in (("input", seen.input), ("output", seen.output)):
        if count is not None:
            fact[key] = count
    return fact


def _begun(task: SeenTask, at: float) -> float:
    """When it must have begun, by what is told of its end."""
    if task.seconds is not None:
        return (task.ended or at) - task.seconds
    return task.ended or at


def _task(what: str, workflow: str, task: SeenTask, at: float) -> Fact:
    return {"what": what, "at": at, "workflow": workflow, "task": task.key, "name": task.name, "role": task.role}


def _task_ended(workflow: str, task: SeenTask, at: float) -> Fact:
    fact = _task("task-ended", workflow, task, at)
    fact["ok"] = task.state == SUCCEEDED
    if task.seconds is not None:
        fact["seconds"] = task.seconds
    elif task.started and task.ended:
        fact["seconds"] = max(0.0, task.ended - task.started)
    for key, value in (
        ("error", task.error if task.state == FAILED else ""),
        ("input", task.input),
        ("output", task.output),
    ):
        if value not in ("", None):
            fact[key] = value
    return fact

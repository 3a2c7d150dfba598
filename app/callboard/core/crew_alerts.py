"""What a crew of the platform raises and resolves: it failed, one of its agents is slow, nothing is heard of it any more."""

from collections.abc import Iterable, Iterator

from callboard.core.alert_kinds import RULES
from callboard.core.alerts import AlertEvent
from callboard.core.crew import FAILED, LOST, RUNNING, SUCCEEDED, CrewState, CrewTask, Workflow
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.crew_pace import Slow, seconds_words, slow_agents, usual
from callboard.core.events import AlertRaised, AlertResolved
from callboard.core.state import State

LOOK_S = 5.0
WORK_ENDED = frozenset({"task-ended", "agent-ended", "workflow-ended"})


def of_crew(state: State, event: CrewSeen | CrewSilent, now: float) -> Iterator[AlertEvent]:
    """What these facts raise and resolve, one after the other: each is put into the state before the next is asked for."""
    crew = state.crews[event.crew]
    if isinstance(event, CrewSilent):
        yield from _silent(crew, event, now)
        return
    if any("workflow" in fact for fact in event.facts):
        yield from _resolved(state, f"crew-silent:{crew.name}", "something is heard of it again", now)
    for fact in event.facts:
        if fact["what"] == "workflow-ended":
            workflow = crew.workflows.get(fact["workflow"])
            if workflow is not None and workflow.state == FAILED and not _blames(crew, workflow):
                yield _failed(crew, workflow, now)
            elif workflow is not None and workflow.state == SUCCEEDED:
                yield from _resolved(state, f"crew-failed:{crew.name}", "a later workflow succeeded", now)
    if any(fact["what"] in WORK_ENDED for fact in event.facts):
        yield from _slow(state, crew, now)


def by_time(state: State, now: float) -> Iterator[AlertEvent]:
    """Who has been at one piece of work for too long by now; looked at every LOOK_S."""
    if state.crews and not 0.0 <= now - state.crews_looked < LOOK_S:
        state.crews_looked = now
        for crew in state.crews.values():
            if crew.running:
                yield from _slow(state, crew, now)


def _resolved(state: State, key: str, why: str, now: float) -> Iterator[AlertEvent]:
    if state.alerts.get(key) is not None:
        yield AlertResolved(now, key, why)


def _blames(crew: CrewState, workflow: Workflow) -> bool:
    """Whether it failed because one inside of it did, which tells more."""
    return any(inner.parent == workflow.id and inner.state == FAILED for inner in crew.workflows.values())


def _failed(crew: CrewState, workflow: Workflow, now: float) -> AlertRaised:
    """At which task, whose, with what error, how long it worked and usually does, and how often in a row."""
    broken = [task for task in workflow.tasks.values() if task.state == FAILED]
    error = workflow.error
    where, words = "", []
    if broken:
        task = broken[-1]
        error = task.error or error
        where = f" at {_named(task)}"
        words.append(_took(crew, task))
    row = _in_a_row(crew)
    words.append(f"{workflow.done} of {workflow.total} tasks were done" if workflow.total else "")
    words.append(f"it is the {row}. workflow in a row that failed" if row > 1 else "")
    text = "; ".join(word for word in (error or "nobody said why", *words) if word)
    return _raised("crew-failed", crew, f"A workflow of crew {_title(crew)} failed{where}", text, workflow.id, now)


def _slow(state: State, crew: CrewState, now: float) -> list[AlertEvent]:
    slow = {f"crew-slow:{crew.name}:{found.role}": found for found in slow_agents(crew, now)}
    said: list[AlertEvent] = [
        _raised(
            "crew-slow", crew, f"{found.role} of crew {_title(crew)} is slow", _slow_words(found, now), "", now, key
        )
        for key, found in slow.items()
        if state.alerts.get(key) is None
    ]
    beginning = f"crew-slow:{crew.name}:"
    for alert in state.alerts:
        if alert.kind == "crew-slow" and alert.key.startswith(beginning) and alert.key not in slow:
            said.append(AlertResolved(now, alert.key, "its last work took no longer than usual"))
    return said


def _slow_words(slow: Slow, now: float) -> str:
    return f"{slow.words}; for {seconds_words(max(0.0, now - slow.since))} now"


def _silent(crew: CrewState, event: CrewSilent, now: float) -> list[AlertEvent]:
    lost = [crew.workflows[number] for number in event.workflows if number in crew.workflows]
    if not lost:
        return []
    newest = max(lost, key=lambda workflow: workflow.heard)
    at = [task for task in newest.tasks.values() if task.state == RUNNING]
    where = f"; it was at {_named(at[-1])}" if at else ""
    many = f"{len(lost)} workflows" if len(lost) > 1 else "a workflow"
    text = f"nothing was heard of {many} for {seconds_words(max(0.0, now - newest.heard))}{where}; the program may have been ended"
    return [
        _raised("crew-silent", crew, f"Crew {_title(crew)} fell silent in the middle of its work", text, newest.id, now)
    ]


def _raised(kind: str, crew: CrewState, title: str, text: str, workflow: str, now: float, key: str = "") -> AlertRaised:
    href = f"/crew?workflow={workflow}" if workflow else "/crew"
    return AlertRaised(now, key or f"{kind}:{crew.name}", kind, RULES[kind].severity, title, text, href)


def _title(crew: CrewState) -> str:
    return crew.title or crew.name


def _named(task: CrewTask) -> str:
    return f"{task.name or task.key}" + (f" ({task.role})" if task.role else "")


def _took(crew: CrewState, task: CrewTask) -> str:
    if task.seconds is None:
        return ""
    known = usual(crew.agents.get(task.role), task.name)
    return f"after {seconds_words(task.seconds)}" + (f", usually {seconds_words(known)}" if known is not None else "")


def _in_a_row(crew: CrewState) -> int:
    """How many of the newest workflows that are over failed, one after the other."""
    over = sorted(
        (w for w in crew.workflows.values() if w.state in (SUCCEEDED, FAILED, LOST) and not _inside(crew, w)),
        key=lambda workflow: -(workflow.ended or workflow.heard),
    )
    return _leading(workflow.state == FAILED for workflow in over)


def _inside(crew: CrewState, workflow: Workflow) -> bool:
    return bool(workflow.parent) and workflow.parent in crew.workflows


def _leading(truths: Iterable[bool]) -> int:
    count = 0
    for true in truths:
        if not true:
            break
        count += 1
    return count

"""Puts facts about a crew into its state; they may come twice, in any order, and not all of them."""

from collections.abc import Mapping
from typing import Any, assert_never

from callboard.core.crew import (
    FAILED,
    LOST,
    MOST_GONE,
    MOST_KEPT,
    MOST_ROLES,
    MOST_RUNNING,
    MOST_STREAMS,
    MOST_TASKS,
    RUNNING,
    SUCCEEDED,
    WAITING,
    CrewAgent,
    CrewSource,
    CrewState,
    CrewTask,
    Sample,
    Use,
    Workflow,
)
from callboard.core.crew_events import CrewSeen, CrewSilent, Fact

OVER = (SUCCEEDED, FAILED)


def take(crews: dict[str, CrewState], event: CrewSeen | CrewSilent) -> None:
    """Puts what was seen, or that nothing was heard, into the state of that crew; makes the crew on first use."""
    crew = crews.setdefault(event.crew, CrewState(event.crew))
    match event:
        case CrewSilent():
            for number in event.workflows:
                workflow = crew.workflows.get(number)
                if workflow is not None and workflow.state == RUNNING:
                    _end(workflow, LOST, None)
        case CrewSeen():
            told = any(
                fact["what"] not in ("crew", "source") for fact in event.facts
            )  # what the team wrote down is nothing that was heard
            crew.heard = event.at if told else crew.heard
            if event.stream:
                crew.streams.pop(event.stream, None)
                crew.streams[event.stream] = event.upto
                while len(crew.streams) > MOST_STREAMS:
                    del crew.streams[next(iter(crew.streams))]
            source = crew.sources.get(event.source)
            said = any(fact["what"] == "source" for fact in event.facts)
            if told and (source is None or (source.state != "fresh" and not said)):
                crew.sources[event.source] = CrewSource(event.source, "fresh", event.at)
            for fact in event.facts:
                _fact(crew, event, fact)
            _forget(crew)
        case _:
            assert_never(event)


def listen_anew(crews: dict[str, CrewState], at: float) -> None:
    """While no engine listened nobody could be heard: what ran goes on, until nothing is heard of it for too long from now on."""
    for crew in crews.values():
        for workflow in crew.running:
            workflow.heard = max(workflow.heard, at)


def _fact(crew: CrewState, event: CrewSeen, fact: Fact) -> None:
    what, at = fact["what"], float(fact["at"])
    if what == "source":
        crew.sources[event.source] = CrewSource(event.source, fact["state"], event.at, fact.get("words", ""))
    elif what == "crew":
        crew.title = fact.get("title", crew.title)
        for role in fact.get("roles", ()):
            _agent(crew, _known(crew, role))
    elif what == "dropped":
        crew.dropped += fact.get("calls", 0)
    elif fact["workflow"] not in crew.gone:
        workflow = _workflow(crew, event, fact)
        if "role" in fact:
            fact = {**fact, "role": _known(crew, fact["role"])}
        _OF_WORKFLOW[what](crew, workflow, fact, at)


def _known(crew: CrewState, role: str) -> str:
    """The role as the crew has it already: 'PDF Builder', 'pdf_builder' and what the team wrote down are one agent."""
    if not role or role in crew.agents:
        return role
    plain = _plain(role)
    return next((known for known in crew.agents if _plain(known) == plain), role)


def _plain(role: str) -> str:
    return "".join(letter for letter in role.casefold() if letter.isalnum()) or role


def _workflow(crew: CrewState, event: CrewSeen, fact: Fact) -> Workflow:
    """The one that the fact is about; one that was given up goes on when it speaks again."""
    found = crew.workflows.get(fact["workflow"])
    if found is None:
        found = Workflow(fact["workflow"], crew.name, event.at, event.source, started=float(fact["at"]))
        crew.workflows[found.id] = found
    found.heard = max(found.heard, event.at)
    if found.state == LOST:
        found.state, found.ended = RUNNING, None
    return found


def _started(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    workflow.started = at if workflow.started is None else min(at, workflow.started)
    workflow.process = fact.get("process", workflow.process)
    workflow.name = fact.get("name", workflow.name)
    workflow.parent = fact.get("parent", workflow.parent)
    for row in fact.get("tasks", ()):
        key, name, role = (*row, "", "", "")[:3]
        role = _known(crew, role)
        if key:
            task = _task(workflow, {"task": key, "name": name, "role": role})
            if task is not None and role:
                _agent(crew, role)
    if "total" in fact or fact.get("tasks"):
        workflow.counted_total = max(workflow.counted_total or 0, fact.get("total", 0), len(fact.get("tasks", ())))


def _ended(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    """The last word counts: of a workflow that was retried from a checkpoint there is more than one."""
    if workflow.state in OVER and workflow.ended is not None and at < workflow.ended:
        return
    _end(workflow, SUCCEEDED if fact.get("ok", True) else FAILED, at)
    workflow.error = fact.get("error", "") if workflow.state == FAILED else ""
    if workflow.input is None and "input" in fact:
        workflow.input, workflow.output = fact["input"], fact.get("output", 0)


def _end(workflow: Workflow, state: str, at: float | None) -> None:
    """What still ran is over with it, as far as nobody says better."""
    workflow.state, workflow.ended = state, at
    workflow.working.clear()
    workflow.waits = False
    for task in workflow.tasks.values():
        if task.state == RUNNING and state != LOST:
            _assume(workflow, task)


def _assume(workflow: Workflow, task: CrewTask) -> None:
    task.state, task.ended, task.assumed = workflow.state, workflow.ended, True


def _task_started(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    task = _task(workflow, fact)
    if task is None:
        return
    over = task.state in OVER and not task.assumed
    if over and task.ended is not None and at > task.ended and workflow.state == RUNNING:
        task.retries += 1
        task.state, task.started, task.ended, task.took, task.error = RUNNING, at, None, None, ""
        task.counted = False
        return
    if not task.retries:
        task.started = at if task.started is None else min(task.started, at)
    if task.state == WAITING:
        task.state = RUNNING
        if workflow.state in OVER:
            _assume(workflow, task)
    if task.role:
        _agent(crew, task.role)
        _count(crew, workflow, task)


def _task_ended(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    """The last end counts; that of an earlier try than the one that runs is passed over."""
    task = _task(workflow, fact)
    if task is None:
        return
    if task.state in OVER and not task.assumed and task.ended is not None and at <= task.ended:
        return
    if task.state == RUNNING and task.retries and task.started is not None and at < task.started:
        return
    ok = fact.get("ok", True)
    task.state, task.ended, task.assumed = SUCCEEDED if ok else FAILED, at, False
    task.error = "" if ok else fact.get("error", "")
    task.took = fact.get("seconds", task.took)
    if "input" in fact or "output" in fact:
        task.input, task.output = fact.get("input", 0), fact.get("output", 0)
    if task.role:
        agent = _agent(crew, task.role)
        if at >= agent.heard:
            agent.heard, agent.failed_last, agent.last_task = at, not ok, task.name
        _count(crew, workflow, task)


def _count(crew: CrewState, workflow: Workflow, task: CrewTask) -> None:
    """A task that went well is a sample of how long its role takes, once both its ends are known."""
    known = task.state == SUCCEEDED and not task.assumed and task.seconds is not None
    if known and not task.counted and workflow.process != "flow":
        task.counted = True
        _agent(crew, task.role).samples.append(
            Sample(task.started or task.ended or 0.0, task.seconds or 0.0, task.name)
        )


def _task_retried(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    task = _task(workflow, fact)
    if task is not None:
        task.retries += 1
        task.error = fact.get("error", "")


def _agent_started(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    role = fact.get("role")
    if role and workflow.state == RUNNING:
        _agent(crew, role)
        if len(workflow.working) < MOST_ROLES:
            workflow.working.setdefault(role, (fact.get("task", ""), at))


def _agent_ended(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    """Work that another agent's task asked for is a sample of its own; that of its own task is counted with the task."""
    role = fact.get("role")
    if not role:
        return
    _, since = workflow.working.pop(role, ("", None))
    task = workflow.tasks.get(fact.get("task", ""))
    if task is None or task.role == role:
        return
    agent, ok = _agent(crew, role), fact.get("ok", True)
    if at >= agent.heard:
        agent.heard, agent.failed_last, agent.last_task = at, not ok, task.name
    seconds = fact.get("seconds", at - since if since is not None else None)
    if ok and seconds is not None:
        agent.samples.append(Sample(at - seconds, max(0.0, seconds), task.name))


def _llm(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    places: list[Workflow | CrewTask | Use] = [workflow]
    task = _task(workflow, fact) if fact.get("task") else None
    if task is not None:
        places.append(task)
        task.calls += fact.get("calls", 0)
    role = fact.get("role", "")
    if role in workflow.used or len(workflow.used) < MOST_ROLES:
        use = workflow.used.setdefault(role, Use())
        use.calls += fact.get("calls", 0)
        places.append(use)
    for place in places:
        if "input" in fact or "output" in fact:
            place.input = (place.input or 0) + fact.get("input", 0)
            place.output = (place.output or 0) + fact.get("output", 0)


def _waits(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    workflow.waits = bool(fact.get("on")) and workflow.state == RUNNING


def _progress(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    workflow.counted_done = max(workflow.counted_done, fact.get("done", 0))
    if "total" in fact:
        workflow.counted_total = fact["total"]


def _seen(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    workflow.beats = True


def _nothing(crew: CrewState, workflow: Workflow, fact: Fact, at: float) -> None:
    """That a tool was used is a sign of life."""


_OF_WORKFLOW = {
    "workflow-started": _started,
    "workflow-ended": _ended,
    "task-started": _task_started,
    "task-ended": _task_ended,
    "task-retried": _task_retried,
    "agent-started": _agent_started,
    "agent-ended": _agent_ended,
    "llm": _llm,
    "tool": _nothing,
    "waits": _waits,
    "progress": _progress,
    "seen": _seen,
}


def _task(workflow: Workflow, fact: Mapping[str, Any]) -> CrewTask | None:
    """The task that a fact names, made on first use; None for one too many, and for none."""
    key = fact.get("task", "")
    task = workflow.tasks.get(key)
    if task is None:
        if not key or len(workflow.tasks) >= MOST_TASKS:
            return None
        task = workflow.tasks[key] = CrewTask(key, state=WAITING)
    task.name = fact.get("name") or task.name
    task.role = task.role or fact.get("role", "")
    return task


def _agent(crew: CrewState, role: str) -> CrewAgent:
    """The agent of this role; of more than there is room for, the one that was heard of first is forgotten."""
    agent = crew.agents.get(role)
    if agent is None:
        if len(crew.agents) >= MOST_ROLES:
            del crew.agents[next(iter(crew.agents))]
        agent = crew.agents[role] = CrewAgent(role)
    return agent


def _forget(crew: CrewState) -> None:
    """Keeps the newest of those that are over, and of those that run as many as there is room for."""
    over = [workflow for workflow in crew.workflows.values() if workflow.state != RUNNING]
    running = crew.running
    drop = sorted(over, key=lambda workflow: workflow.heard)[: max(0, len(over) - MOST_KEPT)]
    drop += sorted(running, key=lambda workflow: workflow.heard)[: max(0, len(running) - MOST_RUNNING)]
    for workflow in drop:
        del crew.workflows[workflow.id]
        crew.gone[workflow.id] = None
    while len(crew.gone) > MOST_GONE:
        del crew.gone[next(iter(crew.gone))]

"""A crew of the platform as surfaces show it."""

from collections.abc import Mapping
from typing import Any

from callboard.core.crew import FAILED, LOST, RUNNING, SUCCEEDED, WAITING, CrewAgent, CrewState, CrewTask, Workflow
from callboard.core.crew_pace import ENOUGH, Slow, quantile, slow_agents, usual
from callboard.rows import Row

MOST_WORKFLOWS = 30
MOST_TREND = 30
MOST_TROUBLES = 20
STALE_AFTER_S = 300.0


def crew_row(
    crew: CrewState,
    now: float,
    totals: Mapping[str, Mapping[str, Any]],
    tokens: tuple[int, int] | None,
    heard: Mapping[str, float],
) -> Row:
    """All about one crew; `totals` by role and `tokens` are what the record counts, `heard` when each source was heard last."""
    slow = slow_agents(crew, now)
    by_role = {found.role: found for found in slow}
    newest = sorted(crew.workflows.values(), key=lambda w: (w.state != RUNNING, -(w.started or w.heard)))
    shown = sorted(newest[:MOST_WORKFLOWS], key=lambda workflow: -(workflow.started or workflow.heard))
    agents = [_agent_row(crew, agent, by_role.get(role), totals.get(role, {})) for role, agent in crew.agents.items()]
    return {
        "name": crew.name,
        "title": crew.title or crew.name,
        "sources": [_source_row(crew, kind, now, heard) for kind in crew.sources],
        "in_flight": crew.in_flight,
        "agents": agents,
        "workflows": [workflow_row(crew, workflow, now) for workflow in shown],
        "slow": [slow_row(found) for found in slow],
        "troubles": _troubles(crew),
        "tokens": {"input": (tokens or (0, 0))[0], "output": (tokens or (0, 0))[1], "known": tokens is not None},
        "dropped": crew.dropped,
        "heard": crew.heard or None,
    }


def slow_row(slow: Slow) -> Row:
    """An agent that is slower than usual."""
    return {
        "agent": slow.role,
        "task": slow.task,
        "words": slow.words,
        "since": slow.since,
        "now_s": round(slow.now_s, 3),
        "usual_s": round(slow.usual_s, 3),
        "n": slow.n,
        "times": slow.times,
    }


def _source_row(crew: CrewState, kind: str, now: float, heard: Mapping[str, float]) -> Row:
    source = crew.sources[kind]
    last = max(source.at, heard.get(kind, 0.0))
    state, words = source.state, source.words
    if state == "fresh" and crew.in_flight and now - last > STALE_AFTER_S:
        state, words = "stale", "nothing was heard for a while, though a workflow is under way"
    return {"kind": kind, "state": state, "last": last, "words": words}


def _agent_row(crew: CrewState, agent: CrewAgent, slow: Slow | None, total: Mapping[str, Any]) -> Row:
    work: tuple[str, float | None] | None = None
    for workflow in crew.running:
        for task in workflow.tasks.values():
            if task.role == agent.role and task.state == RUNNING:
                work = (task.name or task.key, task.started)
        if agent.role in workflow.working:
            key, since = workflow.working[agent.role]
            known = workflow.tasks.get(key)
            work = ((known.name or key) if known is not None else key, since)
    seconds = [sample.seconds for sample in agent.samples]
    known_at_all = bool(seconds) or agent.failed_last or bool(total.get("done") or total.get("failed"))
    state = "working" if work else "failed" if agent.failed_last else "idle" if known_at_all else "unknown"
    return {
        "role": agent.role,
        "state": state,
        "task": work[0] if work else agent.last_task,
        "since": work[1] if work else None,
        "done": total.get("done", 0),
        "failed": total.get("failed", 0),
        "retries": total.get("retries", 0),
        "p50_s": _round(quantile(seconds, 0.5)) if seconds else None,
        "p95_s": _round(quantile(seconds, 0.95)) if seconds else None,
        "last_s": _round(seconds[-1]) if seconds else None,
        "n": len(seconds),
        "input": total.get("input"),
        "output": total.get("output"),
        "trend": [_round(value) for value in seconds[-MOST_TREND:]],
        "slow": {"words": slow.words, "since": slow.since} if slow else None,
        "slow_why": "" if len(seconds) >= ENOUGH else f"too little data: {len(seconds)} of {ENOUGH}",
    }


def workflow_row(crew: CrewState, workflow: Workflow, now: float) -> Row:
    """One execution with its tasks."""
    total = workflow.total
    done = workflow.done
    over = workflow.state == SUCCEEDED
    percent = 100.0 if over and total is None else round(100 * min(1.0, done / total), 1) if total else None
    return {
        "id": workflow.id,
        "crew": crew.name,
        "name": workflow.name,
        "parent": workflow.parent or None,
        "process": workflow.process,
        "state": workflow.state,
        "waits": workflow.waits,
        "started": workflow.started,
        "ended": workflow.ended,
        "heard": workflow.heard,
        "done": done,
        "total": total,
        "percent": percent,
        "eta": _eta(crew, workflow, now),
        "source": workflow.source,
        "input": workflow.input,
        "output": workflow.output,
        "error": workflow.error,
        "tasks": [_task_row(crew, task) for task in workflow.tasks.values()],
    }


def _task_row(crew: CrewState, task: CrewTask) -> Row:
    usual_s = usual(crew.agents.get(task.role), task.name)
    return {
        "key": task.key,
        "name": task.name or task.key,
        "role": task.role,
        "state": task.state,
        "started": task.started,
        "ended": task.ended,
        "seconds": _round(task.seconds),
        "usual_s": _round(usual_s),
        "retries": task.retries,
        "calls": task.calls,
        "input": task.input,
        "output": task.output,
        "error": task.error,
    }


def _eta(crew: CrewState, workflow: Workflow, now: float) -> float | None:
    """When it is over if its tasks take what they usually do, one after the other; None where one of them is not known."""
    if workflow.state != RUNNING or workflow.waits or workflow.total is None or workflow.total > len(workflow.tasks):
        return None
    left = 0.0
    for task in workflow.tasks.values():
        if task.state not in (WAITING, RUNNING):
            continue
        takes = usual(crew.agents.get(task.role), task.name)
        if takes is None:
            return None
        passed = now - task.started if task.state == RUNNING and task.started is not None else 0.0
        left += max(0.0, takes - passed)
    return now + left


def _troubles(crew: CrewState) -> list[Row]:
    """What went wrong in the workflows that are kept, the newest first."""
    rows: list[Row] = []
    for workflow in crew.workflows.values():
        href = f"/crew?workflow={workflow.id}"
        common = {"workflow": workflow.id, "href": href}
        if workflow.state == FAILED:
            rows.append({"at": workflow.ended, "words": failed_words(workflow), "severity": "high", **common})
        elif workflow.state == LOST:
            words = "nothing more was heard of it; nobody knows what became of it"
            rows.append({"at": workflow.heard, "words": words, "severity": "medium", **common})
        else:
            for task in workflow.tasks.values():
                if task.retries:
                    words = f"{task.name or task.key} was tried {task.retries + 1} times"
                    words += f": {task.error}" if task.error else ""
                    rows.append({"at": task.ended or task.started or workflow.heard, "words": words, "severity": "low",
                                 **common})  # fmt: skip
    rows.sort(key=lambda row: -(row["at"] or 0.0))
    return rows[:MOST_TROUBLES]


def failed_words(workflow: Workflow) -> str:
    """At which task it failed, whose that was, and with what kind of error."""
    broken = [task for task in workflow.tasks.values() if task.state == FAILED]
    if not broken:
        return f"failed: {workflow.error}" if workflow.error else "failed; nobody said where"
    task = broken[-1]
    who = f" ({task.role})" if task.role else ""
    error = task.error or workflow.error
    return f"failed at {task.name or task.key}{who}" + (f": {error}" if error else "")


def _round(value: float | None) -> float | None:
    return round(value, 3) if value is not None else None

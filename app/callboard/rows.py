"""Plain values of runs, tasks, agents and events: the same for pages, REST, the command line and live messages."""

from collections.abc import Iterable, Mapping
from typing import Any

from callboard.core.events import AlertRaised, Event
from callboard.core.graph import remaining_paths
from callboard.core.holds import Hold
from callboard.core.load import Load
from callboard.core.relief import Relief
from callboard.core.resources import Needs
from callboard.core.run import SEVERITIES, Run, Task
from callboard.core.state import AgentState, State
from callboard.core.task import AttemptKey, TaskKey, TaskState
from callboard.core.words import sentence

Row = dict[str, Any]
ORDER = (
    "waiting", "starting", "running", "needs decision", "succeeded", "unchanged", "failed", "timed out", "cancelled",
    "lost", "skipped",
)  # fmt: skip
CLOSE = 1e-6


def needs_row(needs: Needs, learned: Mapping[str, Any] | None = None) -> Row:
    """What a task takes; `learned` says what was declared instead, and why it was corrected."""
    return {
        "cpus": needs.cpus,
        "memory_mb": needs.memory_mb,
        "locks": [{"name": lock.name, "shared": lock.shared} for lock in needs.locks],
        "extra": dict(needs.extra),
        "declared": (learned or {}).get("declared"),
        "learned": (learned or {}).get("words", ""),
    }


def hold_row(hold: Hold | None, since: float) -> Row | None:
    """Why a task does not run, since when, and the task to look at."""
    if hold is None:
        return None
    culprit = str(hold.culprit) if hold.culprit is not None else None
    return {"kind": hold.kind, "reason": hold.words(), "since": round(since, 3), "culprit": culprit}


def found_row(findings: Iterable[int]) -> dict[str, int]:
    """Counts by severity."""
    return dict(zip(SEVERITIES, findings, strict=True))


def task_row(
    task: Task,
    *,
    hold: Row | None = None,
    progress: tuple[float | None, str] = (None, ""),
    now_uses: tuple[float, float] = (0.0, 0.0),
    on_critical_path: bool = False,
) -> Row:
    """A task as a surface shows it. `now_uses` are cores and MiB at this moment."""
    spec, run = task.spec, task.run
    expected_end = None
    if task.live and task.started is not None:
        expected_end = task.started + spec.estimate
    return {
        "id": str(task.key),
        "run": run.id,
        "name": spec.name,
        "agent": spec.agent or None,
        "action": spec.action or "command",
        "title": " ".join(spec.argv)[:200] if spec.argv else "",
        "stage": spec.stage,
        "folder": spec.folder,
        "because": spec.because,
        "state": task.state.value,
        "verdict": task.verdict.value if task.verdict is not None else None,
        "reason": task.outcome_reason,
        "priority": run.priority.name.lower(),
        "attempt": task.attempt,
        "attempts_allowed": spec.retry.attempts,
        "stopping": task.stopping,
        "hold": hold,
        "progress": progress[0] if task.live else None,
        "note": progress[1] if task.live else "",
        "submitted": run.submitted,
        "ready": task.ready_at,
        "decided": task.decided,
        "started": task.started,
        "ended": task.ended if not task.live else None,
        "estimate": spec.estimate,
        "expected_start": None,
        "expected_end": expected_end,
        "expected_end_late": None,
        "cpu_s": round(task.cpu_s, 3),
        "peak_mb": round(task.peak_mb, 1),
        "read_mb": round(task.read_mb, 1),
        "written_mb": round(task.written_mb, 1),
        "cpus_now": round(now_uses[0], 2) if task.live else 0.0,
        "memory_now_mb": round(now_uses[1], 1) if task.live else 0.0,
        "findings": found_row(task.findings),
        "depends": [f"{run.id}.{place}" for place in spec.depends],
        "after": [f"{run.id}.{place}" for place in spec.after],
        "remaining_path_s": round(task.remaining, 3),
        "critical": on_critical_path,
        "needs": needs_row(spec.needs, spec.learned),
        "wants": spec.wants or None,
        "others": [other.agent for other in spec.candidates if other.agent != spec.agent],
        "undoes": spec.undoes or None,
        "affected": spec.affected,
        "stands_for": "{}.{}#{}".format(*spec.stands_for) if spec.stands_for is not None else None,
        "idempotent": spec.idempotent,
        "time_limit": spec.limits.time_s,
        **hand_rows(task),
        "holds": [{"reason": cause, "seconds": seconds} for cause, seconds in task.held],
    }


def critical_places(run: Run) -> set[int]:
    """The tasks that lie on a longest path of the whole run, by their estimates."""
    if not run.tasks:
        return set()
    length = max(task.remaining for task in run.tasks)
    found: set[int] = set()
    level = [task.index for task in run.tasks if not task.spec.depends and task.remaining >= length - CLOSE]
    while level:
        place = level.pop()
        if place in found:
            continue
        found.add(place)
        task = run.tasks[place]
        rest = task.remaining - task.spec.estimate
        level += [child for child in task.below if abs(run.tasks[child].remaining - rest) <= CLOSE and rest > CLOSE]
    return found


def run_row(run: Run, *, expected_end: float | None = None) -> Row:
    """A run as a surface shows it."""
    counts = {state: run.counts.get(TaskState(state), 0) for state in ORDER}
    findings = [0] * len(SEVERITIES)
    for task in run.tasks:
        if task.findings:
            findings = [a + b for a, b in zip(findings, task.findings, strict=True)]
    total = len(run.tasks)
    return {
        "id": run.id,
        "name": run.name,
        "workspace": run.workspace,
        "workspace_name": run.workspace.rstrip("/").rsplit("/", 1)[-1],
        "state": run.state.value,
        "priority": run.priority.name.lower(),
        "by": run.by,
        "trigger": run.trigger,
        "submitted": run.submitted,
        "started": run.started,
        "ended": run.ended,
        "expected_end": expected_end,
        "counts": {state: count for state, count in counts.items() if count},
        "total": total,
        "done": total - run.unfinished,
        "findings": found_row(findings),
        "summary": summary(counts, run.unknowns, total, run.by_hand),
        "git": dict(run.git) or None,
    }


def hand_rows(task: Task) -> Row:
    """Who has the task by hand now, and by whose word it ended; null where nobody."""
    taken, by_hand = task.taken, task.by_hand
    return {
        "taken": {"by": taken.by, "since": taken.at, "reason": taken.reason} if taken else None,
        "by_hand": {"by": by_hand.by, "at": by_hand.ended, "note": by_hand.note, "done": by_hand.done}
        if by_hand
        else None,
    }


def summary(counts: Mapping[str, int], unknowns: int, total: int, by_hand: int = 0) -> str:
    """'2 failed, 1 unknown, 6 succeeded (1 by hand) of 9'."""
    parts = []
    for state in ORDER:
        count = counts.get(state, 0)
        if state == "succeeded" and unknowns:
            parts.append(f"{unknowns} unknown")
            count -= unknowns
        if count:
            hand = f" ({by_hand} by hand)" if by_hand and state == "succeeded" else ""
            parts.append(f"{count} {state}{hand}")
    return ", ".join(parts) + f" of {total}" if parts else f"{total} tasks"


def event_row(seq: int, event: Event) -> Row:
    """One line of a history; an alert names a run and is no part of its history."""
    run = None if isinstance(event, AlertRaised) else getattr(event, "run", None) or None
    place = getattr(event, "task", None)
    task = f"{run}.{place}" if run is not None and isinstance(place, int) and place >= 0 else None
    return {
        "seq": seq,
        "at": event.at,
        "run": run,
        "task": task,
        "kind": type(event).__name__,
        "sentence": sentence(event),
    }


def finding_row(number: int, run: int, task: int, agent: str, at: float, finding: Mapping[str, Any]) -> Row:
    """A finding as a surface shows it."""
    witness = {"tool": finding["tool"], "version": finding["tool_version"]}
    return {
        "id": f"f{number}",
        "run": run,
        "task": f"{run}.{task}",
        "agent": agent,
        "rule": finding["rule"],
        "severity": finding["severity"],
        "path": finding["path"],
        "line": finding["line"],
        "column": finding["column"],
        "message": finding["message"],
        "help": finding["help"],
        "fingerprint": finding["fingerprint"],
        "accepted": finding.get("accepted", ""),
        "since": finding.get("since", 0.0) or at,
        "is_new": bool(finding.get("is_new", False)),
        "witnesses": [witness] if finding["tool"] else [],
        "at": at,
    }


def live_task_row(
    state: State,
    task: Task,
    now: float,
    progress: Mapping[AttemptKey, tuple[float | None, str, float]],
    rates: Mapping[AttemptKey, tuple[float, float]],
    critical: frozenset[int] | set[int] = frozenset(),
) -> Row:
    """A task of the present state, with its hold and what is known of its attempt; only on the engine's thread."""
    hold = hold_row(state.hold_of(task, now), state.since_of(task)) if not task.final else None
    key = task.attempt_key
    fraction, note, _ = progress.get(key, (None, "", 0.0))
    return task_row(
        task,
        hold=hold,
        progress=(fraction, note),
        now_uses=rates.get(key, (0.0, 0.0)),
        on_critical_path=task.index in critical,
    )


def agent_row(agent: AgentState, working: Iterable[Row], waiting: int, last: Row | None, left: int = 0) -> Row:
    """An agent's changing side: what it does, how much waits for it, what it did last; `left` counts what it has while drained."""
    rows = list(working)
    known = [row["progress"] for row in rows if row["progress"] is not None]
    ends = [row["expected_end"] for row in rows if row["expected_end"] is not None]
    if not agent.present:
        state = "absent"
    elif agent.paused_by or agent.drained_by:
        state = "paused"
    elif rows:
        state = "running"
    elif last is not None and last["state"] in ("failed", "timed out", "lost"):
        state = "error"
    else:
        state = "idle"
    paused = (
        {"by": agent.paused_by, "reason": agent.pause_reason, "since": agent.paused_at} if agent.paused_by else None
    )
    draining: Row | None = None
    if agent.drained_by:
        draining = {"by": agent.drained_by, "reason": agent.drain_reason, "since": agent.drained_at, "left": left}
        words = f"is being drained, {left} task{'' if left == 1 else 's'} left"
        why = f"{words}: {agent.drain_reason}" if agent.drain_reason else words
        paused = {"by": agent.drained_by, "reason": why, "since": agent.drained_at}
    return {
        "name": agent.name,
        "state": state,
        "paused": paused,
        "draining": draining,
        "concurrency": agent.limit,
        "running": [row["id"] for row in rows],
        "tasks": [
            {"id": row["id"], "name": row["name"], "progress": row["progress"], "note": row["note"]} for row in rows
        ],
        "waiting": waiting,
        "progress": sum(known) / len(known) if known else None,
        "note": rows[0]["note"] if rows else "",
        "eta": max(ends) if ends else None,
        "cpus_now": round(sum(row["cpus_now"] for row in rows), 2),
        "memory_now_mb": round(sum(row["memory_now_mb"] for row in rows), 1),
        "last": last,
    }


def load_row(load: Load, relief: Relief | None) -> Row:
    """What waits for an agent, why, and what would relieve it; `act` is what can be done about it with one call."""
    change = relief.change if relief else None
    act: Row | None = None
    if change is not None and change.resumed:
        act = {"kind": "resume"}
    elif change is not None and change.limit is not None:
        act = {"kind": "concurrency", "limit": change.limit}
    return {
        "queue": load.queue,
        "oldest_wait_s": round(load.oldest_wait_s, 1) if load.oldest_wait_s is not None else None,
        "running": load.running,
        "limit": load.limit,
        "held": [
            {
                "reason": held.hold.key,
                "kind": held.hold.kind,
                "words": held.hold.words(),
                "culprit": str(held.hold.culprit) if held.hold.culprit is not None else None,
                "seconds": round(held.seconds, 1),
                "tasks": held.tasks,
            }
            for held in load.held
        ],
        "overloaded": load.overloaded,
        "words": load.words,
        "relief": relief.words if relief else "",
        "act": act,
    }


def forecast_run(run: Run, parents: list[tuple[int, ...]], now: float) -> float | None:
    """A lower bound of when an unfinished run ends: the longest remaining path from now on."""
    if not run.unfinished:
        return None
    left = []
    for task in run.tasks:
        if task.final:
            left.append(0.0)
        elif task.live and task.started is not None:
            left.append(max(0.0, task.spec.estimate - (now - task.started)))
        else:
            left.append(task.spec.estimate)
    return now + max(remaining_paths(parents, left), default=0.0)


def key_of(text: str) -> TaskKey | None:
    """The task that '12.3' names, None for anything else."""
    run, dot, place = text.partition(".")
    if dot and run.isdecimal() and place.isdecimal() and len(text) < 24:
        return TaskKey(int(run), int(place))
    return None

"""What waiting cost: by cause over time, on the path of a run, through unsteady work, and what stood idle meanwhile. Pure."""

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.core.run import Run
from callboard.core.task import NO_OPTIONS
from callboard.insight.whatif import path

DAY = 86_400.0
ENOUGH = 10
MOST_CAUSES = 25
MOST_BLAMED = 30
DEPENDENCY = "dependency"
_KINDS = (
    (re.compile(r"waits for a decision|taken over by a person"), "decision"),
    (re.compile(r"waits for "), DEPENDENCY),
    (re.compile(r"lock '"), "lock"),
    (re.compile(r"cpus"), "cpus"),
    (re.compile(r"memory"), "memory"),
    (re.compile(r"resource '|parallelism"), "resource"),
    (re.compile(r"agent .+ busy"), "agent busy"),
    (re.compile(r"agent .+ (paused|drained)"), "agent paused"),
    (re.compile(r"backs off"), "backoff"),
    (re.compile(r"kept for "), "reserved"),
    (re.compile(r"nobody can do this"), "nobody"),
    (re.compile(r"too large"), "too large"),
    (re.compile(r"a crew of the platform|users of the platform"), "yields"),
    (re.compile(r"halted"), "halted"),
)
Row = dict[str, Any]


def kind_of(cause: str) -> str:
    """The kind of hold that this cause is booked for."""
    return next((kind for pattern, kind in _KINDS if pattern.match(cause)), "other")


def about(cause: str) -> str:
    """What the cause is about: the lock, the agent, the task that room is kept for; '' where it is nothing with a name."""
    quoted = re.fullmatch(r"(?:lock|resource) '(.*)'", cause, re.DOTALL)
    if quoted:
        return quoted[1]
    agent = re.fullmatch(r"agent (.+) (?:busy|paused|drained)", cause, re.DOTALL)
    if agent:
        return agent[1]
    return cause.removeprefix("kept for ") if cause.startswith("kept for ") else ""


@dataclass(frozen=True, slots=True)
class Past:
    """A task that has been: what it was held by, when it was decided, ran, and what it took."""

    key: str
    name: str
    agent: str
    held: Mapping[str, float]
    decided: float
    started: float | None
    ended: float | None
    cpus: float = 1.0
    memory_mb: float = 0.0
    locks: tuple[str, ...] = ()


@dataclass(slots=True)
class Cost:
    """What one cause cost in a time, by day, and whom."""

    cause: str
    kind: str
    seconds: float = 0.0
    tasks: int = 0
    agents: dict[str, float] = field(default_factory=dict)
    days: list[float] = field(default_factory=list)
    since: float = float("inf")
    last: float = 0.0


def costs(tasks: Iterable[Past], since: float, until: float) -> tuple[list[Cost], float]:
    """By cause, the dearest first, and the seconds that tasks waited for other tasks, which is no waiting for room."""
    count = max(1, round((until - since) / DAY))
    found: dict[str, Cost] = {}
    inherent = 0.0
    for task in tasks:
        for cause, seconds in task.held.items():
            kind = kind_of(cause)
            if kind == DEPENDENCY:
                inherent += seconds
                continue
            cost = found.get(cause)
            if cost is None:
                cost = found[cause] = Cost(cause, kind, days=[0.0] * count)
            cost.seconds += seconds
            cost.tasks += 1
            cost.agents[task.agent] = cost.agents.get(task.agent, 0.0) + seconds
            cost.since = min(cost.since, task.decided - seconds)
            cost.last = max(cost.last, task.decided)
            cost.days[min(count - 1, max(0, int((task.decided - since) / (until - since) * count)))] += seconds
    return sorted(found.values(), key=lambda cost: (-cost.seconds, cost.cause)), inherent


@dataclass(frozen=True, slots=True)
class Culprit:
    """The job that took most of what was waited for, with which share of it, and its newest task."""

    name: str
    share: float
    key: str


def culprit(cost: Cost, tasks: Sequence[Past]) -> Culprit | None:
    """Who took most of it in the time: of cores and memory by what was booked, of a lock by who held it."""
    took: dict[str, float] = {}
    newest: dict[str, str] = {}
    wanted = about(cost.cause)
    for task in tasks:
        if task.started is None or task.ended is None:
            continue
        seconds = task.ended - task.started
        if cost.kind == "cpus":
            amount = seconds * task.cpus
        elif cost.kind == "memory":
            amount = seconds * task.memory_mb
        elif cost.kind == "lock":
            amount = seconds if wanted in task.locks else 0.0
        elif cost.kind == "reserved":
            amount = seconds if task.name == wanted else 0.0
        elif cost.kind == "backoff":
            amount = task.held.get(cost.cause, 0.0)
        elif cost.kind == "agent busy":
            amount = seconds if task.agent == wanted else 0.0
        else:
            return None
        if amount > 0:
            took[task.name] = took.get(task.name, 0.0) + amount
            newest.setdefault(task.name, task.key)
    if not took:
        return None
    name = max(took, key=lambda one: took[one])
    return Culprit(name, took[name] / sum(took.values()), newest[name])


def relief(cost: Cost, most: Culprit | None, limits: Mapping[str, int] = NO_OPTIONS) -> str:
    """What could be done about it, in words; '' where nothing is known."""
    name = about(cost.cause)
    match cost.kind:
        case "agent busy":
            now = limits.get(name, 0)
            return (
                f"let it do more at once: callboard concurrency {name} {now + 1}" if now else "let it do more at once"
            )
        case "agent paused":
            return f"resume it: callboard resume {name}"
        case "lock":
            by = f"shorten {most.name}, which holds it for longest, or " if most else ""
            return f"{by}ask for it `shared` where work only reads, or split it"
        case "cpus" | "memory":
            by = f"see whether {most.name} needs what it declares, " if most else ""
            return (
                f"{by}move a schedule to a quieter hour, or give it more {'cores' if cost.kind == 'cpus' else 'memory'}"
            )
        case "reserved":
            return f"lower the needs of {name}, or run it alone at a quiet hour"
        case "backoff":
            return f"mend what makes {most.name if most else 'it'} break off, or wait less with `retry`"
        case "decision":
            return "decide sooner: callboard inbox; or mark jobs `idempotent` that may run again by themselves"
        case "resource":
            return "raise its amount in callboard.toml, if there is more of it"
        case "nobody":
            return "switch the agent on, or install its plugin"
        case "yields":
            return "the platform is spared on purpose: see [coordination]"
        case _:
            return ""


def blame(run: Run) -> list[Row]:
    """What a run was long for: the waits and the work on the path to its end, in their order."""
    if run.ended is None:
        return []
    whole = max(0.001, run.ended - run.submitted)
    rows: list[Row] = []
    reached = run.submitted
    for task in reversed(path(run.tasks)):
        if task.started is None or task.ended is None:
            continue
        waited = task.started - reached
        if waited > 0.005 * whole and waited > 0.01:
            causes = sorted(((s, cause) for cause, s in task.held if kind_of(cause) != DEPENDENCY), reverse=True)
            why = f"waited, most for {causes[0][1]}" if causes else "waited for its start"
            rows.append(_blamed(str(task.key), task.spec.name, waited, whole, why))
        tries = f" in its {task.attempt} tries" if task.attempt > 1 else ""
        ran = task.ended - max(task.started, reached)
        rows.append(
            _blamed(
                str(task.key), task.spec.name, max(0.0, ran), whole, f"ran{tries}, by {task.spec.agent or 'a command'}"
            )
        )
        reached = max(reached, task.ended)
    return rows[-MOST_BLAMED:]


def _blamed(key: str, name: str, seconds: float, whole: float, why: str) -> Row:
    return {"task": key, "name": name, "seconds": round(seconds, 3), "share": round(seconds / whole, 4), "why": why}


def idle(tasks: Iterable[Past], cpus: float, since: float, until: float) -> tuple[float, float]:
    """Core-seconds that nobody had booked while something waited for anything but other tasks, and the share of all that
    nobody had booked."""
    marks: list[tuple[float, float, int]] = []
    for task in tasks:
        if task.started is not None and task.ended is not None and task.ended > since:
            marks += [(max(since, task.started), task.cpus, 0), (task.ended, -task.cpus, 0)]
        waited = sum(
            seconds for cause, seconds in task.held.items() if kind_of(cause) not in (DEPENDENCY, "backoff", "decision")
        )
        if waited > 0 and task.decided > since:
            marks += [(max(since, task.decided - waited), 0.0, 1), (task.decided, 0.0, -1)]
    heapq.heapify(marks)
    at, booked, waiting, while_waiting, unused = since, 0.0, 0, 0.0, 0.0
    while marks and at < until:
        moment, more, one = heapq.heappop(marks)
        free = max(0.0, cpus - booked) * max(0.0, min(moment, until) - at)
        unused += free
        while_waiting += free if waiting else 0.0
        at, booked, waiting = max(at, moment), booked + more, waiting + one
    unused += max(0.0, cpus - booked) * max(0.0, until - at)
    return while_waiting, unused / max(1e-9, cpus * (until - since))


def load(days: Sequence[tuple[int, float]], today: float) -> Row:
    """The core-seconds of work that the next seven days bring, by (weekday, core-seconds) of the days that were, oldest first.

    Nothing is said by fewer than ENOUGH days. A weekday with three of its own goes by these, else by all days.
    """
    count = len(days)
    if count < ENOUGH:
        return {
            "words": f"too little data: {count} days of work were seen, {ENOUGH} are needed",
            "n": count,
            "forecast": None,
        }
    rows = []
    for ahead in range(1, 8):
        weekday = (days[-1][0] + ahead) % 7
        own = [seconds for day, seconds in days if day == weekday]
        values = sorted(own if len(own) >= 3 else [seconds for _, seconds in days])
        rows.append([today + ahead * DAY, round(_at(values, 0.5), 1), round(_at(values, 0.8), 1)])
    mean = sum(seconds for _, seconds in days) / count
    words = f"about {mean / 3600:.1f} core-hours of work a day, by {count} days"
    return {"words": words, "n": count, "forecast": rows}


def _at(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

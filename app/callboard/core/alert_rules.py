"""What raises an alert and what resolves it: one table of rules over what happened in a step, and over what is known outside.

Nothing is weighed: each rule is a plain condition. `follow` sees the events of a step with the state after them, in the same
transaction, so that no alert is lost and none is raised again by a replay. `outside` sees the machine and the plugins.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.core.alert_kinds import CALM_S, ENOUGH_DISK_GB, LOW_DISK_GB, MOST_EACH, PRESSED_S, RULES
from callboard.core.alerts import Alert, AlertEvent
from callboard.core.crew_alerts import by_time, of_crew
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.events import (
    AlertRaised,
    AlertResolved,
    AttemptEnded,
    CancelAsked,
    DecisionMade,
    Event,
    FindingsFound,
    RunSubmitted,
    ScheduleFired,
    TasksAdded,
)
from callboard.core.facts import How
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import TaskState, Verdict

LONGEST_TITLE = 200
BROKEN = (TaskState.FAILED, TaskState.TIMED_OUT, TaskState.LOST)
QUIET = ("quiet hours", "seen for the first time")  # notes of the schedules: nothing was to start
BUSY = "of this schedule still goes on"
FINDINGS_TAB = "?tab=findings"


FINDINGS: Mapping[str, str] = {"endpoint-down": "endpoint-down"}


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known beside the log: GiB free (None: not measured), for how long memory has been short or not, and the plugins
    that are there, each with its trouble or ''. A plugin that is not named is gone."""

    disk_free_gb: float | None = None
    pressed_s: float = 0.0
    calm_s: float = 0.0
    plugins: tuple[tuple[str, str], ...] = ()


class _Step:
    """The alerts of a step, each told to the state at once, so that the next rule sees it."""

    def __init__(self, state: State, now: float) -> None:
        self.state = state
        self.now = now
        self.said: list[AlertEvent] = []

    def tell(self, event: AlertEvent) -> None:
        self.state.alerts.take(event)
        self.said.append(event)

    def resolve(self, key: str, why: str) -> None:
        if self.state.alerts.get(key) is not None:
            self.tell(AlertResolved(self.now, key, why))

    def raise_of(
        self, kind: str, about: str, title: str, text: str, task: Task, *, tab: str = "", job: str = ""
    ) -> None:
        """One of a task; what the same attempt has told already is not told twice."""
        key, run, href = f"{kind}:{about}", task.run, f"/tasks/{task.key}{tab}"
        known = self.state.alerts.get(key)
        if known is not None and known.place == task.attempt_key and known.text == text:
            return
        self.tell(
            AlertRaised(self.now, key, kind, RULES[kind].severity, title[:LONGEST_TITLE], text, href, run.workspace, job,
                        task.spec.agent, run.id, task.index, task.attempt)
        )  # fmt: skip

    def gather(self, into: str, alerts: Iterable[Alert]) -> None:
        for alert in alerts:
            self.resolve(alert.key, f"it is told with the others: {into}")


def follow(state: State, events: Sequence[Event], now: float) -> list[AlertEvent]:
    """What the events of a step raise and resolve, and what wakes up; put into the state already."""
    step = _Step(state, now)
    for event in state.alerts.due(now):
        step.tell(event)
    for late in by_time(state, now):
        step.tell(late)
    for happened in events:
        rule = _BY_EVENT.get(type(happened))
        if rule is not None:
            rule(step, happened)
    for run in state.changed_runs if events else ():
        if not run.unfinished:
            _run_ended(step, run)
    return step.said


def outside(state: State, facts: Outside, now: float) -> list[AlertEvent]:
    """What the machine and the plugins raise and resolve; not put into the state."""
    said: list[AlertEvent] = []

    def tell(kind: str, about: str, *, bad: bool, good: bool, title: str, text: str, why: str, href: str) -> None:
        key = f"{kind}:{about}" if about else kind
        known = state.alerts.get(key)
        if bad and known is None:
            said.append(AlertRaised(now, key, kind, RULES[kind].severity, title, text, href, agent=""))
        elif good and known is not None:
            said.append(AlertResolved(now, key, why))

    free = facts.disk_free_gb
    if free is not None:
        words = f"{free:.1f} GiB are free where Callboard keeps its data"
        tell(
            "disk-low", "", bad=free < LOW_DISK_GB, good=free >= ENOUGH_DISK_GB, title="The disk is nearly full",
            text=f"{words}; once it is full, no new work is started", why=words, href="/machine",
        )  # fmt: skip
    tell(
        "pressure", "", bad=facts.pressed_s >= PRESSED_S, good=facts.calm_s >= CALM_S, title="Memory is short on this machine",
        text=f"for {PRESSED_S:g} s nothing new could be started", why="there is enough memory again", href="/machine",
    )  # fmt: skip
    there = dict(facts.plugins)
    for name, trouble in there.items():
        tell("plugin-broken", name, bad=bool(trouble), good=not trouble, title=f"Plugin {name} cannot be used", text=trouble,
             why="it can be loaded", href="/agents")  # fmt: skip
    gone = [
        alert for alert in state.alerts if alert.kind == "plugin-broken" and alert.key.partition(":")[2] not in there
    ]
    said += [AlertResolved(now, alert.key, "the plugin is gone") for alert in gone]
    return said


# -- attempts --------------------------------------------------------------------------------------------------------


def _attempt_ended(step: _Step, event: AttemptEnded) -> None:
    task = step.state.runs[event.run].tasks[event.task]
    spec, job = task.spec, _job(task)
    orderly = event.how is How.EXITED
    if event.outcome is TaskState.NEEDS_DECISION:
        title = f"{spec.name} waits for your decision"
        step.raise_of("task-lost", str(task.key), title, event.reason, task)
    if orderly and event.verdict is not Verdict.UNKNOWN:
        _look_at_findings(step, task, job)
    if orderly and spec.action:
        step.resolve(f"agent-error:{spec.action}", f"{spec.action} came to an orderly end in run {event.run}")
    if event.outcome is TaskState.SUCCEEDED and event.verdict is not Verdict.UNKNOWN:
        _passed(step, job, f"{spec.name} passed in run {event.run}")
        if spec.undoes:
            step.resolve(f"undo-failed:{task.run.workspace}:{spec.undoes}", f"{spec.name} passed in run {event.run}")
    elif event.outcome in BROKEN:
        _broke(step, task, event)


def _passed(step: _Step, job: str, why: str) -> None:
    step.resolve(f"task-broken:{job}", why)
    step.resolve(f"undo-failed:{job}", why)


def _broke(step: _Step, task: Task, event: AttemptEnded) -> None:
    """One cause, one alert: the undo, else the agent, else a finding that has one already, else the run, else the job."""
    spec, run, job = task.spec, task.run, _job(task)
    alerts = step.state.alerts
    if spec.undoes:
        title = f"What {spec.undoes} did could not be taken back"
        step.raise_of("undo-failed", f"{run.workspace}:{spec.undoes}", title, event.reason, task)
        return
    if spec.action and event.how in (How.CRASHED, How.NOT_STARTED):
        known = alerts.get(f"agent-error:{spec.action}")
        if known is None or known.run != run.id:
            what = "crashed" if event.how is How.CRASHED else "could not be started"
            step.raise_of("agent-error", spec.action, f"{spec.action} {what}", event.reason, task)
        return
    if _origin(run) or any(alert.place == task.attempt_key for alert in alerts.of_job(job)):
        return
    known = alerts.get(f"run-broken:{_pipeline(run)}")
    if known is None and _broken_of(run) <= MOST_EACH:
        step.raise_of("task-broken", job, f"{spec.name} {task.state}", event.reason, task)
        return
    if _broken_of(run) > MOST_EACH and (known is None or known.run != run.id):
        _tell_run(step, run)
    step.resolve(f"task-broken:{job}", f"it is told with the others of run {run.id}")


def _tell_run(step: _Step, run: Run) -> None:
    """The jobs of the run that have alerts are told with it from now on."""
    step.tell(_of_run(step, run, f"more than {MOST_EACH} of its jobs broke"))
    mine = [a for a in step.state.alerts if a.kind == "task-broken" and a.run == run.id]
    step.gather(f"more than {MOST_EACH} jobs of run {run.id} broke", mine)


def _of_run(step: _Step, run: Run, text: str) -> AlertRaised:
    key = f"run-broken:{_pipeline(run)}"
    title = f"Run {run.id} of {run.name} is broken"
    severity = RULES["run-broken"].severity
    return AlertRaised(step.now, key, "run-broken", severity, title, text, f"/runs/{run.id}", run.workspace, run=run.id)


def _run_ended(step: _Step, run: Run) -> None:
    key = f"run-broken:{_pipeline(run)}"
    known = step.state.alerts.get(key)
    if known is None or _origin(run):
        return
    count = _broken_of(run)
    text = f"{count} of its {len(run.tasks)} jobs broke"
    if count > MOST_EACH:
        if known.text != text or known.run != run.id:
            step.tell(_of_run(step, run, text))
    elif len(run.tasks) > MOST_EACH and run.id >= known.run and not run.cancelled:
        step.resolve(key, f"run {run.id} ended with {text}" if count else f"in run {run.id} none broke")
        for task in run.tasks:
            if task.state in BROKEN and not task.spec.undoes:
                step.raise_of("task-broken", _job(task), f"{task.spec.name} {task.state}", task.outcome_reason, task)


# -- findings --------------------------------------------------------------------------------------------------------


def _findings_found(step: _Step, event: FindingsFound) -> None:
    task = step.state.runs[event.run].tasks[event.task]
    job = _job(task)
    for finding in event.findings:
        kind = FINDINGS.get(finding["rule"]) or ("finding-critical" if finding["severity"] == "critical" else "")
        if not kind or finding.get("accepted"):
            continue
        if kind == "finding-critical" and task.findings[0] > MOST_EACH:
            _tell_findings(step, task, job)
        else:
            about = f"{task.run.workspace}:{finding['fingerprint'] or finding['rule']}"
            step.raise_of(kind, about, str(finding["message"]), _place(finding), task, tab=FINDINGS_TAB, job=job)


def _tell_findings(step: _Step, task: Task, job: str) -> None:
    """More than can be told each: one alert of the job, in which those of this attempt are told."""
    known = step.state.alerts.get(f"findings-critical:{job}")
    if known is not None and known.place == task.attempt_key:
        return
    title = f"{task.spec.name} reports critical findings"
    step.raise_of("findings-critical", job, title, f"more than {MOST_EACH}", task, tab=FINDINGS_TAB, job=job)
    mine = [a for a in step.state.alerts.of_job(job) if a.kind == "finding-critical" and a.place == task.attempt_key]
    step.gather(f"{task.spec.name} reports more than {MOST_EACH}", mine)


def _look_at_findings(step: _Step, task: Task, job: str) -> None:
    """What the job reported before and not in this attempt is gone."""
    for alert in step.state.alerts.of_job(job):
        if alert.place != task.attempt_key:
            step.resolve(alert.key, f"{task.spec.name} did not report it in run {task.run.id}")
        elif alert.kind == "findings-critical":
            text = f"{task.findings[0]} critical findings"
            step.raise_of("findings-critical", job, alert.title, text, task, tab=FINDINGS_TAB, job=job)


def _place(finding: Mapping[str, Any]) -> str:
    where = f"{finding['path']}:{finding['line']}" if finding["path"] and finding["line"] else finding["path"]
    return f"{finding['rule']} in {where}" if where else str(finding["rule"])


# -- the rest --------------------------------------------------------------------------------------------------------


def _submitted(step: _Step, event: RunSubmitted | TasksAdded) -> None:
    """An earlier pass that stands for a task is a pass."""
    run = step.state.runs[event.run]
    for task in run.tasks[-len(event.specs) :] if event.specs else ():
        if task.spec.stands_for is not None:
            why = f"{task.spec.name} is as when it passed in run {task.spec.stands_for[0]}"
            _passed(step, _job(task), why)
            for alert in step.state.alerts.of_job(_job(task)):
                if alert.place != task.spec.stands_for:
                    step.resolve(alert.key, why)


def _decided(step: _Step, event: DecisionMade) -> None:
    step.resolve(f"task-lost:{event.run}.{event.task}", f"{event.by} decided: {event.choice}")


def _cancelled(step: _Step, event: CancelAsked) -> None:
    for alert in step.state.alerts:
        if alert.kind == "task-lost" and alert.run == event.run and event.task in (-1, alert.task):
            step.resolve(alert.key, f"cancelled by {event.by}")


def _fired(step: _Step, event: ScheduleFired) -> None:
    workspace, _, name = event.schedule.rpartition(":")

    def tell(kind: str, title: str, text: str, href: str) -> None:
        key = f"{kind}:{event.schedule}"
        step.tell(AlertRaised(step.now, key, kind, RULES[kind].severity, title, text, href, workspace, run=event.run))

    if event.run:
        step.resolve(f"schedule-missed:{event.schedule}", f"it started run {event.run}")
        if event.missed:
            text = f"{event.missed} due time(s) passed while Callboard did not run; run {event.run} makes up for them"
            tell("schedule-late", f"Schedule {name} was late", text, f"/runs/{event.run}")
        else:
            step.resolve(f"schedule-late:{event.schedule}", f"it started run {event.run} when it was due")
    elif BUSY in event.note:
        tell("schedule-late", f"Schedule {name} was due too early", event.note, "/runs")
    elif not event.note.startswith(QUIET):
        tell("schedule-missed", f"Schedule {name} started nothing", event.note, "/")


def _crew(step: _Step, event: CrewSeen | CrewSilent) -> None:
    for said in of_crew(step.state, event, step.now):
        step.tell(said)


_BY_EVENT: Mapping[type, Callable[[_Step, Any], None]] = {
    AttemptEnded: _attempt_ended,
    FindingsFound: _findings_found,
    RunSubmitted: _submitted,
    TasksAdded: _submitted,
    DecisionMade: _decided,
    CancelAsked: _cancelled,
    ScheduleFired: _fired,
    CrewSeen: _crew,
    CrewSilent: _crew,
}


def _origin(run: Run) -> str:
    """'' for a pipeline; single actions that a person started, and reports that were handed in, are not the team's checks."""
    if run.name == "ingest":
        return "ingest"
    return "do" if run.name.startswith("do ") else ""


def _job(task: Task) -> str:
    """Whose attempts tell of the same thing."""
    origin = _origin(task.run)
    return f"{task.run.workspace}:{origin + ' ' if origin else ''}{task.spec.name}"


def _pipeline(run: Run) -> str:
    return f"{run.workspace}:{run.name}"


def _broken_of(run: Run) -> int:
    return sum(run.counts.get(state, 0) for state in BROKEN)

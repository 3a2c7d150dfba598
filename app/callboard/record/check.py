"""Whether the read tables say what the log says, and whether the log keeps the promises of the core."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import peewee

from callboard.core.advice_events import (
    AdviceGiven,
    AdviceGone,
    AdviceJudged,
    AdviceOverruled,
    AdviceReopened,
    AdviceSnoozed,
    AdviceTaken,
    RuleDone,
    RuleFired,
    RuleUndone,
)
from callboard.core.alerts import Alert
from callboard.core.alerts import told as alert_after
from callboard.core.case_events import CaseGone, CaseMerged, CaseMoved, CaseNoted, CaseOpened, CaseSeen, CaseSplit
from callboard.core.case_known import resolved, taken_back
from callboard.core.events import (
    AlertMarked,
    AlertRaised,
    AlertResolved,
    ArtifactKept,
    AttemptBegan,
    AttemptDecided,
    AttemptEnded,
    Event,
    FindingsFound,
    MetricsTaken,
    PatchDecided,
    PersonSet,
    ScheduleFired,
    SectionShown,
)
from callboard.core.fold import fold
from callboard.core.invariants import promises_of_log
from callboard.core.notice_events import NoticeRenewed, NoticesMade, NoticesTried
from callboard.core.notices import Notice
from callboard.core.person import over
from callboard.core.roadmap import Assignment
from callboard.core.roadmap import told as assignment_after
from callboard.core.roadmap_events import (
    RoadmapAssigned,
    RoadmapDone,
    RoadmapStarted,
    RoadmapTicked,
    RoadmapWithdrawn,
)
from callboard.core.state import State
from callboard.errors import CallboardError
from callboard.record.advice_rows import ADVICE_READ, AdviceTold
from callboard.record.alert_rows import ALERT_COLUMNS, alert_values
from callboard.record.case_rows import (
    CASE_COLUMNS,
    SYMPTOM_COLUMNS,
    case_values,
    resolved_values,
    symptom_values,
)
from callboard.record.codec import to_json
from callboard.record.log import SqliteLog, agent_values, run_values, task_values
from callboard.record.notice_rows import NOTICE_COLUMNS, notice_after, notice_values
from callboard.record.roadmap_rows import ASSIGNMENT_COLUMNS, assignment_values

Row = tuple[Any, ...]
Rows = Mapping[Row, Row]


def differences(database: peewee.SqliteDatabase) -> list[str]:
    """What the tables say otherwise than the log folded from the start, one sentence each; none when all is well."""
    state, told = State(), _Told()
    try:
        for seq, event in SqliteLog(database).load_all():
            told.seq = seq
            fold(state, event)
            told.add(event)
            told.learn(event, state)
    except (CallboardError, ValueError, TypeError, KeyError) as error:
        return [f"the log does not fold at event {told.seq}: {error}"]
    runs = {(run.id,): (*run_values(run)[:-1], len(run.tasks), run.key) for run in state.runs.values()}
    tasks = {
        (run.id, task.index): (*task_values(task), to_json(task.spec))
        for run in state.runs.values()
        for task in run.tasks
    }
    agents = {(a.name,): agent_values(a) for a in state.agents.values()}
    expected: Mapping[str, Rows] = {
        "run": runs,
        "task": tasks,
        "agent": agents,
        "schedule": told.schedules,
        "attempt": {key: tuple(row) for key, row in told.attempts.items()},
        "finding": {key: (count,) for key, count in told.findings.items() if count},
        "metric": {key: (count,) for key, count in told.metrics.items() if count},
        "section": _sections(state, told.sections),
        "artifact": {key: (count,) for key, count in told.artifacts.items()},
        "patch": told.patches,
        "notice": {(one.id,): notice_values(one)[1:] for one in told.notices.values()},
        "case_row": {(case.id,): case_values(case)[1:] for case in (*state.cases.open(), *state.cases.closed())},
        "case_symptom": {
            (case.id, key): symptom_values(case, symptom)[2:]
            for case in (*state.cases.open(), *state.cases.closed())
            for key, symptom in case.symptoms.items()
        },
        "case_resolved": told.resolved,
        "alert": {(alert.id,): alert_values(alert)[1:] for alert in told.alerts.values()},
        "roadmap_task": {(one.id,): assignment_values(one) for one in told.assignments.values()},
        "person": {(name,): (at, to_json(kept)) for name, (at, kept) in told.people.items()},
        **told.advice.tables(),
    }
    return [words for table, rows in expected.items() for words in _compared(database, table, rows)]


def broken_promises(database: peewee.SqliteDatabase) -> list[str]:
    """What in the log breaks a promise of the core, by a reading that shares nothing with the folding."""
    return promises_of_log(event for _, event in SqliteLog(database).load_all())


class _Told:
    """What the events say of the tables that the state does not hold."""

    def __init__(self) -> None:
        self.seq = 0
        self.attempts: dict[Row, list[Any]] = {}
        self.findings: dict[Row, int] = {}
        self.metrics: dict[Row, int] = {}
        self.artifacts: dict[Row, int] = {}
        self.patches: dict[Row, Row] = {}
        self.sections: list[SectionShown] = []
        self.schedules: dict[Row, Row] = {}
        self.alerts: dict[str, Alert] = {}
        self.assignments: dict[str, Assignment] = {}
        self.notices: dict[str, Notice] = {}
        self.people: dict[str, tuple[float, dict[str, Any]]] = {}
        self.advice = AdviceTold()
        self.resolved: dict[Row, Row] = {}

    def add(self, event: Event) -> None:
        match event:
            case AttemptDecided():
                self.attempts[_key(event)] = [event.epoch, event.why, event.at, None, None, None, None, None, None, ""]
            case AttemptBegan():
                row = self.attempts[_key(event)]
                row[3] = row[3] if row[3] is not None else event.at
                row[4] = event.process.pid
            case AttemptEnded():
                self.attempts[_key(event)][5:] = [event.at, event.how, event.outcome, event.verdict, event.reason]
            case FindingsFound():
                self.findings[_key(event)] = self.findings.get(_key(event), 0) + len(event.findings)
            case MetricsTaken():
                self.metrics[_key(event)] = self.metrics.get(_key(event), 0) + len(event.metrics)
            case ArtifactKept():
                self.artifacts[_key(event)] = self.artifacts.get(_key(event), 0) + 1
            case SectionShown():
                self.sections.append(event)
            case PatchDecided():
                self.patches[(*_key(event), event.name)] = (event.choice, event.by, event.at, event.reason)
            case AlertRaised() | AlertResolved() | AlertMarked():
                self.alerts[event.key] = alert_after(self.alerts.get(event.key), event)
            case RoadmapAssigned() | RoadmapStarted() | RoadmapDone() | RoadmapTicked() | RoadmapWithdrawn():
                self.assignments[event.id] = assignment_after(self.assignments.get(event.id), event)
            case NoticesMade() | NoticesTried() | NoticeRenewed():
                notice_after(self.notices, event)
            case (
                AdviceGiven()
                | AdviceGone()
                | AdviceJudged()
                | AdviceOverruled()
                | AdviceReopened()
                | AdviceSnoozed()
                | AdviceTaken()
                | RuleDone()
                | RuleFired()
                | RuleUndone()
            ):
                self.advice.add(event)
            case PersonSet():
                known = self.people.get(event.person, (0.0, {}))[1]
                self.people[event.person] = (event.at, over(known, event.values))
            case ScheduleFired():
                self.schedules[(event.schedule,)] = (event.due, event.run, event.missed, event.note)
            case _:
                pass

    def learn(self, event: Event, state: State) -> None:
        """What resolved cases, by what the state says after the event."""
        if not isinstance(event, CaseOpened | CaseSeen | CaseGone | CaseMoved | CaseMerged | CaseSplit | CaseNoted):
            return
        case = state.cases.get(event.case)
        if case is None:
            return
        mine = [key for key in self.resolved if key[0] == case.id]
        if taken_back(event) and mine:
            last = max(key[1] for key in mine)
            for key in mine:
                if key[1] == last:
                    self.resolved[key] = (*self.resolved[key][:-1], False)
        for one in resolved(case, event):
            values = resolved_values(one)
            self.resolved[values[:3]] = values[3:]


def _sections(state: State, shown: Iterable[SectionShown]) -> dict[Row, Row]:
    """The last content of each section."""
    found: dict[Row, Row] = {}
    for event in shown:
        run = state.runs[event.run]
        key = (run.workspace, run.tasks[event.task].spec.agent, event.name)
        found[key] = (event.at, event.run, event.task, event.attempt, to_json(event.blocks))
    return found


def _key(
    event: AttemptDecided | AttemptBegan | AttemptEnded | FindingsFound | MetricsTaken | ArtifactKept | PatchDecided,
) -> Row:
    return (event.run, event.task, event.attempt)


_OF_ATTEMPT = "SELECT run, task, attempt, count(*) FROM {} GROUP BY run, task, attempt"
_AGENT = (
    "SELECT name, present, paused_by, pause_reason, paused_at, [limit], drained_by, drain_reason, drained_at, drain_until"
    " FROM agent"
)
_READ: Mapping[str, tuple[int, str]] = {
    "run": (
        1,
        'SELECT id, priority, started, ended, state, cancelled, unfinished, unknowns, counts, by_hand, total, "key" FROM run',
    ),
    "task": (
        2,
        "SELECT run, place, state, verdict, reason, attempt, decided, started, ended, cpu_s, peak_mb, read_mb, written_mb, held,"
        " findings, hand, spec FROM task",
    ),
    "attempt": (
        3,
        "SELECT run, task, attempt, epoch, why, decided, started, pid, ended, how, outcome, verdict, reason FROM attempt",
    ),
    "finding": (3, _OF_ATTEMPT.format("finding")),
    "metric": (3, _OF_ATTEMPT.format("metric")),
    "artifact": (3, _OF_ATTEMPT.format("artifact")),
    "patch": (4, 'SELECT run, task, attempt, name, choice, "by", at, reason FROM patch'),
    "section": (3, "SELECT workspace, agent, name, at, run, task, attempt, blocks FROM section"),
    "agent": (1, _AGENT),
    "case_row": (1, f"SELECT {CASE_COLUMNS} FROM case_row"),  # noqa: S608
    "case_symptom": (2, f"SELECT {SYMPTOM_COLUMNS} FROM case_symptom"),  # noqa: S608
    "case_resolved": (3, 'SELECT "case", at, family, workspace, kind, what, words, worked FROM case_resolved'),
    "alert": (1, f"SELECT {ALERT_COLUMNS} FROM alert"),  # noqa: S608
    "roadmap_task": (1, f"SELECT {ASSIGNMENT_COLUMNS} FROM roadmap_task"),  # noqa: S608
    "notice": (1, f"SELECT {NOTICE_COLUMNS} FROM notice"),  # noqa: S608
    "person": (1, "SELECT name, at, kept FROM person"),
    **ADVICE_READ,
    "schedule": (1, "SELECT name, due, run, missed, note FROM schedule"),
}


def _compared(database: peewee.SqliteDatabase, table: str, expected: Rows) -> list[str]:
    length, sql = _READ[table]
    found = {tuple(row[:length]): tuple(row[length:]) for row in database.execute_sql(sql).fetchall()}
    wrong: list[str] = []
    for key in sorted(expected.keys() | found.keys()):
        name = f"{table} {'.'.join(map(str, key))}"
        if key not in found:
            wrong.append(f"{name} is in the log and not in the table")
        elif key not in expected:
            wrong.append(f"{name} is in the table and not in the log")
        elif not all(_same(a, b) for a, b in zip(found[key], expected[key], strict=True)):
            wrong.append(f"{name} is {found[key]} in the table and {expected[key]} by the log")
    return wrong


def _same(found: Any, expected: Any) -> bool:
    if isinstance(found, str) and found.startswith("{") and isinstance(expected, str):
        return bool(json.loads(found) == json.loads(expected))
    return bool(found == expected)

"""The append-only log: events and the read tables change in one transaction."""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
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
from callboard.core.case_events import (
    CaseGone,
    CaseMerged,
    CaseMoved,
    CaseNoted,
    CaseOpened,
    CaseSeen,
    CaseSplit,
)
from callboard.core.cases import Case
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.events import (
    AgentDrained,
    AgentDraining,
    AgentSet,
    AgentsFound,
    AgentStopped,
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
    RunSubmitted,
    ScheduleFired,
    SectionShown,
    TaskMoved,
    TasksAdded,
)
from callboard.core.forecast_events import ForecastKept
from callboard.core.notice_events import NoticeRenewed, NoticesMade, NoticesTried
from callboard.core.person import over
from callboard.core.roadmap_events import (
    RoadmapAssigned,
    RoadmapCounted,
    RoadmapDone,
    RoadmapForeseen,
    RoadmapStarted,
    RoadmapTicked,
    RoadmapWithdrawn,
)
from callboard.core.run import SEVERITIES, Run, Task
from callboard.core.state import AgentState, State
from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen
from callboard.record.advice_rows import ADVICE_KINDS, ADVICE_LOAD, write_advice
from callboard.record.alert_rows import write_alert
from callboard.record.case_rows import (
    CASE_KINDS,
    CASE_LOAD,
    LOOK_KIND,
    open_cases,
    write_case,
    write_changed,
    write_resolved,
)
from callboard.record.codec import decode, encode, to_json
from callboard.record.crew_rows import CREW_KINDS, CREW_LOAD, write_crew
from callboard.record.database import full_or_raise
from callboard.record.forecast_rows import FORECAST_KINDS, write_forecast
from callboard.record.notice_rows import NOTICE_KINDS, write_notices
from callboard.record.roadmap_rows import (
    ASSIGNMENT_KINDS,
    NOTED_KINDS,
    STANDS,
    write_assignment,
    write_counts,
    write_forecasts,
)
from callboard.record.yield_rows import YIELD_KINDS, YIELD_LOAD, write_yield

TASK_COLUMNS = (
    "state=?,verdict=?,reason=?,attempt=?,decided=?,started=?,ended=?,"
    "cpu_s=?,peak_mb=?,read_mb=?,written_mb=?,held=?,findings=?,hand=?"
)
OF_AGENTS = (AgentSet, AgentsFound, AgentDraining, AgentDrained, AgentStopped)
WAIT_MS = 50
NOTHING_HELD = "{}"
ALERT_KINDS = "'AlertRaised', 'AlertResolved', 'AlertMarked'"
_LOAD = (
    "SELECT seq, kind, body FROM event WHERE run IN (SELECT id FROM run WHERE unfinished > 0)"  # noqa: S608
    f" OR (run IS NULL AND kind NOT IN ('ScheduleFired', 'PersonSet', {ALERT_KINDS}, {ASSIGNMENT_KINDS}, {NOTED_KINDS},"
    f" {CREW_KINDS}, {YIELD_KINDS}, {ADVICE_KINDS}, {NOTICE_KINDS}, {FORECAST_KINDS}, {CASE_KINDS}, {LOOK_KIND}))"
    " OR seq IN (SELECT max(seq) FROM event WHERE kind = 'ScheduleFired' GROUP BY json_extract(body, '$.schedule'))"
    " OR seq IN (SELECT e.seq FROM alert a JOIN event e ON json_extract(e.body, '$.key') = a.key"
    f" AND e.kind IN ({ALERT_KINDS}) WHERE a.state != 'resolved')"
    f" OR seq IN (SELECT e.seq FROM roadmap_task a JOIN event e ON json_extract(e.body, '$.id') = a.id"
    f" AND e.kind IN ({ASSIGNMENT_KINDS}) WHERE {STANDS}) OR {CASE_LOAD} OR {CREW_LOAD} OR {YIELD_LOAD}"
    f" OR {ADVICE_LOAD} ORDER BY seq"
)
NOTHING_FOUND = json.dumps(dict.fromkeys(SEVERITIES, 0))


def finding_id(seq: int, nth: int) -> int:
    """The number of the `nth` finding of the event `seq`; the same in the table and in what is shown live."""
    return seq * 1000 + nth


def _run_of(event: Event) -> int | None:
    """The run that an event belongs to; a schedule's firing and an alert belong to none, though they may name one."""
    return None if isinstance(event, ScheduleFired | AlertRaised) else getattr(event, "run", None)


class SqliteLog:
    """The `Log` of the engine. All calls come from one thread, the only writer."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self._database = database
        self._synchronous = ""
        self._is_patient = True
        self._last: int | None = None

    def load(self) -> Iterable[tuple[int, Event]]:
        """Events of runs that have not ended, and of no run; of schedules only the newest firing, of alerts that are resolved
        none, and of cases how far they were looked for: what stands of them tells `open_cases`."""
        return self._read(_LOAD, ())

    def open_cases(self) -> Iterable[Case]:
        """The cases that are not closed, read back: the same as their events folded, at a fraction of the cost."""
        return open_cases(self._database.connection())

    def last_case(self) -> int:
        """The highest number that a case ever had."""
        return int(self._database.execute_sql("SELECT coalesce(max(id), 0) FROM case_row").fetchone()[0])

    def load_all(self) -> Iterable[tuple[int, Event]]:
        """Every event from the first."""
        return self._read("SELECT seq, kind, body FROM event ORDER BY seq", ())

    def load_run(self, run: int) -> Iterable[tuple[int, Event]]:
        """Every event of a run."""
        return self._read(
            "SELECT seq, kind, body FROM event WHERE run = ? AND kind != 'ScheduleFired' ORDER BY seq", (run,)
        )

    def _read(self, sql: str, values: Sequence[Any]) -> Iterator[tuple[int, Event]]:
        for seq, kind, body in self._database.execute_sql(sql, values):
            yield seq, decode(kind, body)

    def last_run(self) -> int:
        """The highest number that a run ever had."""
        return int(self._database.execute_sql("SELECT coalesce(max(id), 0) FROM run").fetchone()[0])

    def append(self, events: Sequence[Event], state: State, *, durable: bool) -> int:
        """One transaction for the events and all rows that changed; raises `RecordFull` with nothing written.

        When another program holds the database it does not wait for it: the engine's loop goes on and comes again.
        """
        connection: sqlite3.Connection = self._database.connection()
        try:
            if self._is_patient:
                connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
                self._is_patient = False
            self._set_synchronous(connection, "FULL" if durable else "NORMAL")
            connection.execute("BEGIN IMMEDIATE")
            last = self._write(connection, events, state)
            connection.execute("COMMIT")
            self._last = last
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise full_or_raise(error) from error
            raise
        return last

    def _set_synchronous(self, connection: sqlite3.Connection, mode: str) -> None:
        if mode != self._synchronous:
            connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode

    def _write(self, connection: sqlite3.Connection, events: Sequence[Event], state: State) -> int:
        first = self._next_seq(connection)
        rows = [
            (seq, event.at, type(event).__name__, _run_of(event), getattr(event, "task", None), encode(event))
            for seq, event in enumerate(events, first)
        ]
        connection.executemany("INSERT INTO event (seq, at, kind, run, task, body) VALUES (?,?,?,?,?,?)", rows)
        for seq, event in enumerate(events, first):
            self._write_detail(connection, event, state, seq)
        connection.executemany(
            "UPDATE run SET priority=?,started=?,ended=?,state=?,cancelled=?,unfinished=?,unknowns=?,counts=?,by_hand=? WHERE id=?",
            [run_values(run) for run in state.changed_runs],
        )
        connection.executemany(
            f"UPDATE task SET {TASK_COLUMNS} WHERE run=? AND place=?",  # noqa: S608
            [(*task_values(task), task.run.id, task.index) for task in state.changed_tasks],
        )
        if state.cases.changed:
            write_changed(connection, state.cases)
        if any(isinstance(event, OF_AGENTS) for event in events):
            self._write_agents(connection, state)
        return first + len(events) - 1

    def _next_seq(self, connection: sqlite3.Connection) -> int:
        """The number of the next event: one more than any that was ever given."""
        if self._last is None:
            self._last = int(connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])
        return self._last + 1

    def _write_agents(self, connection: sqlite3.Connection, state: State) -> None:
        for name in state.changed_agents:
            agent = state.agents.get(name)
            if agent is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO agent (name, present, paused_by, pause_reason, paused_at, [limit], drained_by,"
                    " drain_reason, drained_at, drain_until) VALUES (?,?,?,?,?,?,?,?,?,?)",
                    (name, *agent_values(agent)),
                )

    def _write_detail(self, connection: sqlite3.Connection, event: Event, state: State, seq: int) -> None:
        match event:
            case AttemptDecided():
                connection.execute(
                    "INSERT INTO attempt (run, task, attempt, epoch, why, decided, reason, cpu_s, peak_mb, read_mb, written_mb)"
                    " VALUES (?,?,?,?,?,?,'',0,0,0,0)",
                    (event.run, event.task, event.attempt, event.epoch, event.why, event.at),
                )
            case AttemptBegan():
                connection.execute(
                    "UPDATE attempt SET started=coalesce(started, ?), pid=? WHERE run=? AND task=? AND attempt=?",
                    (event.at, event.process.pid, event.run, event.task, event.attempt),
                )
            case AttemptEnded():
                use = event.usage
                connection.execute(
                    "UPDATE attempt SET ended=?,how=?,outcome=?,verdict=?,code=?,reason=?,cpu_s=?,peak_mb=?,read_mb=?,"
                    "written_mb=?,data_age_days=? WHERE run=? AND task=? AND attempt=?",
                    (event.at, event.how, event.outcome, event.verdict, event.code, event.reason, use.cpu_s, use.peak_mb,
                     use.read_mb, use.written_mb, event.data_age_days, event.run, event.task, event.attempt),
                )  # fmt: skip
            case RunSubmitted():
                _insert_run(connection, state.runs[event.run], len(event.specs))
            case TasksAdded():
                run = state.runs[event.run]
                first = connection.execute("SELECT count(*) FROM task WHERE run=?", (run.id,)).fetchone()[0]
                _insert_tasks(connection, run.tasks[first : first + len(event.specs)])
                connection.execute("UPDATE run SET total=? WHERE id=?", (len(run.tasks), run.id))
                connection.executemany(
                    "UPDATE task SET spec=? WHERE run=? AND place=?",
                    [(to_json(run.tasks[place].spec), run.id, place) for place in event.waiting],
                )
                connection.executemany(
                    "UPDATE task SET remaining=? WHERE run=? AND place=?",
                    [(task.remaining, run.id, task.index) for task in run.tasks[:first] if not task.final],
                )
            case TaskMoved():
                spec = state.runs[event.run].tasks[event.task].spec
                connection.execute(
                    "UPDATE task SET agent=?,action=?,spec=? WHERE run=? AND place=?",
                    (spec.agent, spec.action, to_json(spec), event.run, event.task),
                )
            case FindingsFound():
                agent = state.runs[event.run].tasks[event.task].spec.agent
                connection.executemany(
                    'INSERT INTO finding (id, run, task, attempt, at, agent, rule, severity, path, line, "column", message, help,'
                    " tool, tool_version, fingerprint, accepted, since, is_new)"
                    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    [
                        (finding_id(seq, nth), event.run, event.task, event.attempt, event.at, agent,
                         f["rule"], f["severity"], f["path"], f["line"],
                         f["column"], f["message"], f["help"], f["tool"], f["tool_version"], f["fingerprint"],
                         f.get("accepted", ""), f.get("since", 0.0), f.get("is_new", False))
                        for nth, f in enumerate(event.findings)
                    ],
                )  # fmt: skip
            case MetricsTaken():
                connection.executemany(
                    "INSERT INTO metric (run, task, attempt, at, name, value, unit) VALUES (?,?,?,?,?,?,?)",
                    [(event.run, event.task, event.attempt, event.at, *metric) for metric in event.metrics],
                )
            case ArtifactKept():
                patch = to_json(event.patch) if event.patch is not None else None
                connection.execute(
                    "INSERT INTO artifact (run, task, attempt, at, name, path, size, format, patch) VALUES (?,?,?,?,?,?,?,?,?)",
                    (
                        event.run,
                        event.task,
                        event.attempt,
                        event.at,
                        event.name,
                        event.path,
                        event.size,
                        event.format,
                        patch,
                    ),
                )
            case SectionShown():
                run = state.runs[event.run]
                connection.execute(
                    "INSERT OR REPLACE INTO section (workspace, agent, name, at, run, task, attempt, blocks)"
                    " VALUES (?,?,?,?,?,?,?,?)",
                    (run.workspace, run.tasks[event.task].spec.agent, event.name, event.at, event.run, event.task,
                     event.attempt, to_json(event.blocks)),
                )  # fmt: skip
            case PatchDecided():
                connection.execute(
                    'INSERT OR REPLACE INTO patch (run, task, attempt, name, choice, "by", at, reason, result)'
                    " VALUES (?,?,?,?,?,?,?,?,?)",
                    (event.run, event.task, event.attempt, event.name, event.choice, event.by, event.at, event.reason,
                     to_json(event.result)),
                )  # fmt: skip
            case AlertRaised() | AlertResolved() | AlertMarked():
                write_alert(connection, event)
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
                write_advice(connection, event, seq)
            case ForecastKept():
                write_forecast(connection, event)
            case DrainSet() | DrainSeen() | HandoffMade() | HandoffSeen():
                write_yield(connection, event)
            case NoticesMade() | NoticesTried() | NoticeRenewed():
                write_notices(connection, event)
            case CaseOpened() | CaseSeen() | CaseGone() | CaseMoved() | CaseMerged() | CaseSplit() | CaseNoted():
                write_case(connection, event, seq)
                write_resolved(connection, event, state.cases)
            case CrewSeen() | CrewSilent():
                write_crew(connection, event, state.crews[event.crew], seq)
            case RoadmapAssigned() | RoadmapStarted() | RoadmapDone() | RoadmapTicked() | RoadmapWithdrawn():
                write_assignment(connection, event)
            case RoadmapCounted():
                write_counts(connection, event)
            case RoadmapForeseen():
                write_forecasts(connection, event)
            case PersonSet():
                known = connection.execute("SELECT kept FROM person WHERE name=?", (event.person,)).fetchone()
                kept = over(json.loads(known[0]) if known else {}, event.values)
                connection.execute(
                    "INSERT OR REPLACE INTO person (name, at, kept) VALUES (?,?,?)",
                    (event.person, event.at, to_json(kept)),
                )
            case ScheduleFired():
                connection.execute(
                    "INSERT OR REPLACE INTO schedule (name, due, run, missed, note) VALUES (?,?,?,?,?)",
                    (event.schedule, event.due, event.run, event.missed, event.note),
                )
            case _:
                pass


def _insert_run(connection: sqlite3.Connection, run: Run, submitted: int) -> None:
    """The run with the tasks of its submission; those that joined later have events of their own."""
    connection.execute(
        "INSERT INTO run (priority, started, ended, state, cancelled, unfinished, unknowns, counts, by_hand, id, name,"
        ' workspace, "by", "trigger", submitted, total, "key", git) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)',
        (
            *run_values(run),
            run.name,
            run.workspace,
            run.by,
            run.trigger,
            run.submitted,
            len(run.tasks),
            run.key,
            to_json(run.git),
        ),
    )
    _insert_tasks(connection, run.tasks[:submitted])


def _insert_tasks(connection: sqlite3.Connection, tasks: Sequence[Task]) -> None:
    connection.executemany(
        "INSERT INTO task (state, verdict, reason, attempt, decided, started, ended, cpu_s, peak_mb, read_mb, written_mb, held,"
        " findings, hand, run, place, name, agent, action, spec, remaining) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            (*task_values(task), task.run.id, task.index, task.spec.name, task.spec.agent, task.spec.action, to_json(task.spec),
             task.remaining)
            for task in tasks
        ],
    )  # fmt: skip


def run_values(run: Run) -> tuple[Any, ...]:
    """What changes of a run: priority, started, ended, state, cancelled, unfinished, unknowns, counts, by_hand; its number last."""
    counts = to_json({state.value: count for state, count in run.counts.items() if count})
    return (
        run.priority,
        run.started,
        run.ended,
        run.state,
        run.cancelled,
        run.unfinished,
        run.unknowns,
        counts,
        run.by_hand,
        run.id,
    )


def agent_values(agent: AgentState) -> tuple[Any, ...]:
    """All that is set for an agent, without its name."""
    return (
        agent.present, agent.paused_by, agent.pause_reason, agent.paused_at, agent.limit, agent.drained_by,
        agent.drain_reason, agent.drained_at, agent.drain_until,
    )  # fmt: skip


def task_values(task: Task) -> tuple[Any, ...]:
    """What changes of a task, in the order of TASK_COLUMNS."""
    held = to_json(dict(task.held)) if task.held else NOTHING_HELD
    found = to_json(dict(zip(SEVERITIES, task.findings, strict=True))) if any(task.findings) else NOTHING_FOUND
    return (
        task.state, task.verdict, task.outcome_reason, task.attempt, task.decided, task.started, task.ended,
        task.cpu_s, task.peak_mb, task.read_mb, task.written_mb, held, found,
        to_json(task.hand) if task.hand is not None else "",
    )  # fmt: skip


class MemoryLog:
    """A `Log` that keeps events in a list, for planning ahead and for measuring."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = list(events)

    def load(self) -> Iterable[tuple[int, Event]]:
        """All events from the first."""
        return enumerate(list(self.events), 1)

    def open_cases(self) -> Iterable[Case]:
        """None: all events are loaded."""
        return ()

    def last_case(self) -> int:
        """0, for the same reason."""
        return 0

    def last_run(self) -> int:
        """The highest number of a run."""
        return max((event.run for event in self.events if isinstance(event, RunSubmitted)), default=0)

    def append(self, events: Sequence[Event], state: State, *, durable: bool) -> int:
        """Keeps the events."""
        self.events += events
        return len(self.events)

"""What the read tables say of the past: runs, tasks, attempts, findings, samples."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import peewee

from callboard.core.events import Event
from callboard.core.graph import children
from callboard.core.run import SEVERITIES, Run, Task
from callboard.core.task import BAD, Priority, TaskState, Verdict
from callboard.record.codec import decode, decode_hand, decode_spec
from callboard.rows import Row, event_row, finding_row, found_row, summary

MOST = 10_000
NEWEST_POINTS = 500
MOST_POINTS = 200
_BRANCH = "coalesce(json_extract(git, '$.branch'), '')"
_RUN_WANTS = {
    "state": "state = ?",
    "pipeline": "name = ?",
    "branch": f"{_BRANCH} = ?",
    "person": '"by" = ?',
    "workspace": "workspace = ?",
    "text": f'(name LIKE ? OR "by" LIKE ? OR "trigger" LIKE ? OR {_BRANCH} LIKE ? OR cast(id AS text) LIKE ?)',
}
Point = tuple[float, float, int, int]


class History:
    """Reads, each on the connection of the calling thread. Numbers in, plain values out."""

    def __init__(self, database: peewee.SqliteDatabase) -> None:
        self.database = database

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.database.connection_context() if self.database.is_closed() else _Open():
            return list(self.database.execute_sql(sql, values).fetchall())

    def select(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query that reads."""
        return self._rows(sql, values)

    def runs(self, limit: int = 50, before: int = 0, **wants: str) -> list[Row]:
        """The newest runs, without their tasks; `wants` are state, pipeline, branch, person, workspace and text."""
        where = ["id < ?"]
        values: list[Any] = [before or 1 << 60]
        for name, value in wants.items():
            if value:
                where.append(_RUN_WANTS[name])
                values += [value if name != "text" else f"%{value}%"] * _RUN_WANTS[name].count("?")
        found = self._rows(
            'SELECT id, name, workspace, "by", "trigger", priority, submitted, started, ended, state, total, unfinished, counts,'  # noqa: S608
            f" unknowns, git, by_hand FROM run WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?",
            (*values, min(limit, MOST)),
        )
        numbers = [row[0] for row in found]
        findings = self._findings_of(numbers)
        return [_run_row(row, findings.get(row[0], [0] * 5)) for row in found]

    def run_facets(self, most: int = 40, points: int = 40) -> Row:
        """What runs can be narrowed by, the most frequent first, and by pipeline the newest ended runs with their seconds."""
        kinds = (("pipeline", "name"), ("branch", _BRANCH), ("person", '"by"'), ("state", "state"))
        facets: Row = {
            kind: [
                {"name": name, "runs": count}
                for name, count in self._rows(
                    f"SELECT {column}, count(*) FROM run WHERE {column} != '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?",  # noqa: S608
                    (most,),
                )
            ]
            for kind, column in kinds
        }
        facets["trends"] = []
        for pipeline in facets["pipeline"][:12]:
            found = self._rows(
                "SELECT id, ended - started, state FROM run WHERE name = ? AND ended IS NOT NULL AND started IS NOT NULL"
                " ORDER BY id DESC LIMIT ?",
                (pipeline["name"], points),
            )
            ended = [{"run": r[0], "seconds": round(r[1], 3), "state": r[2]} for r in reversed(found)]
            facets["trends"].append({"pipeline": pipeline["name"], "ended": ended})
        return facets

    def _findings_of(self, runs: Sequence[int]) -> dict[int, list[int]]:
        counts: dict[int, list[int]] = {}
        if runs:
            marks = ",".join("?" * len(runs))
            sql = (
                "SELECT f.run, f.severity, count(*) FROM finding f JOIN task t ON t.run = f.run AND t.place = f.task"  # noqa: S608
                f" AND t.attempt = f.attempt WHERE f.run IN ({marks}) AND f.accepted = '' GROUP BY f.run, f.severity"
            )
            for run, severity, count in self._rows(sql, runs):
                counts.setdefault(run, [0] * 5)[SEVERITIES.index(severity)] = count
        return counts

    def run(self, number: int) -> Run | None:
        """A run with its tasks as they stand in the tables; not for deciding, only for showing."""
        found = self._rows(
            'SELECT id, name, workspace, "by", "trigger", priority, submitted, "key", started, ended, cancelled, unfinished,'
            " unknowns, counts, git, by_hand FROM run WHERE id = ?",
            (number,),
        )
        if not found:
            return None
        row = found[0]
        run = Run(row[0], row[1], row[2], row[3], row[4], Priority(row[5]), row[6], row[7])
        run.started, run.ended, run.cancelled, run.unfinished, run.unknowns = (
            row[8],
            row[9],
            bool(row[10]),
            row[11],
            row[12],
        )
        run.counts = {TaskState(state): count for state, count in json.loads(row[13]).items()}
        run.git = json.loads(row[14])
        run.by_hand = row[15]
        run.tasks = [_task(run, values) for values in self._rows(_TASKS, (number,))]
        for kind in ("depends", "after"):
            below = children([getattr(task.spec, kind) for task in run.tasks])
            for task, places in zip(run.tasks, below, strict=True):
                setattr(task, "below" if kind == "depends" else "later", places)
        return run

    def ended(self, number: int, limit: int) -> list[Task]:
        """The tasks of a run that are over, those that came to a bad end or know too little first, then the newest; for
        showing, each without its neighbours."""
        bad = f"(state IN ({', '.join('?' * len(BAD))}) OR coalesce(verdict, '') = ?)"
        sql = _TASKS.replace(" ORDER BY place", f" AND ended IS NOT NULL ORDER BY {bad} DESC, ended DESC LIMIT ?")
        found = self._rows(sql, (number, *(state.value for state in BAD), Verdict.UNKNOWN.value, limit))
        if not found:
            return []
        head = 'SELECT name, workspace, "by", "trigger", priority, submitted, "key" FROM run WHERE id = ?'
        name, workspace, by, trigger, priority, submitted, key = self._rows(head, (number,))[0]
        run = Run(number, name, workspace, by, trigger, Priority(priority), submitted, key)
        return [_task(run, values) for values in found]

    def run_by_key(self, key: str) -> int:
        """The run that a submission with this key made, 0 for none."""
        found = self._rows('SELECT id FROM run WHERE "key" = ? AND "key" != \'\'', (key,))
        return int(found[0][0]) if found else 0

    def attempts(self, run: int, task: int = -1) -> list[Row]:
        """The tries at a task, first to last, with their artefacts; without `task` those at all tasks of the run."""
        where, values = ("run = ? AND task = ?", (run, task)) if task >= 0 else ("run = ?", (run,))
        kept: dict[tuple[int, int], list[Row]] = {}
        for place, attempt, name, path, size, form, patch, number in self._rows(
            f"SELECT task, attempt, name, path, size, format, patch, id FROM artifact WHERE {where} ORDER BY id",  # noqa: S608
            values,
        ):
            url = f"/api/v1/tasks/{run}.{place}/artifacts/{attempt}/{name}"
            kept.setdefault((place, attempt), []).append(
                {"id": number, "name": name, "path": path, "size": size, "format": form, "url": url,
                 "patch": json.loads(patch) if patch else None}
            )  # fmt: skip
        found = self._rows(
            "SELECT attempt, why, decided, started, ended, pid, how, outcome, verdict, code, reason, cpu_s, peak_mb, read_mb,"  # noqa: S608
            f" written_mb, data_age_days, epoch, task FROM attempt WHERE {where} ORDER BY task, attempt",
            values,
        )
        return [
            {
                "id": f"{run}.{r[17]}#{r[0]}", "attempt": r[0], "why": r[1], "decided": r[2], "started": r[3], "ended": r[4],
                "pid": r[5], "how": r[6], "state": r[7] or ("running" if r[3] else "starting"), "verdict": r[8], "code": r[9],
                "reason": r[10], "data_age_days": r[15], "epoch": r[16], "artifacts": kept.get((r[17], r[0]), []),
                "usage": {"cpu_s": r[11], "peak_mb": r[12], "read_mb": r[13], "written_mb": r[14],
                          "wall_s": (r[4] - r[3]) if r[3] and r[4] else 0.0},
            }
            for r in found
        ]  # fmt: skip

    def finding(self, number: int) -> Row | None:
        """The finding of that number, None when there is none."""
        found = self._findings("f.id = ?", [number], "f.id", 1)
        return found[0] if found else None

    def findings(
        self, run: int = 0, task: int = -1, agent: str = "", severity: str = "", limit: int = MOST
    ) -> list[Row]:
        """Findings, the worst first and then the newest; of the newest attempt of each task only."""
        wants, values = ["1=1"], []
        for column, value in (("f.run", run or None), ("f.task", task if task >= 0 else None), ("f.agent", agent or None),
                              ("f.severity", severity or None)):  # fmt: skip
            if value is not None:
                wants.append(f"{column} = ?")
                values.append(value)
        marks = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(SEVERITIES))
        order = f"CASE f.severity {marks} END, f.id" if run else "f.id DESC"
        return self._findings(" AND ".join(wants), values, order, limit)

    def findings_at(self, run: int, path: str) -> list[Row]:
        """The findings of a run in one file."""
        return self._findings("f.run = ? AND f.path = ?", [run, path], "f.line, f.id", MOST)

    def shared(self, run: int) -> list[Row]:
        """The findings of a run whose fingerprint several of its tasks reported, without the accepted ones."""
        wants = (
            "f.run = ? AND f.accepted = '' AND f.fingerprint IN (SELECT fingerprint FROM finding WHERE run = ?"
            " AND fingerprint != '' GROUP BY fingerprint HAVING count(DISTINCT task) > 1)"
        )
        return self._findings(wants, [run, run], "f.id", MOST)

    def _findings(self, wants: str, values: Sequence[Any], order: str, limit: int) -> list[Row]:
        found = self._rows(
            "SELECT f.id, f.run, f.task, f.agent, f.at, f.rule, f.severity, f.path, f.line, f.[column], f.message, f.help,"  # noqa: S608
            " f.tool, f.tool_version, f.fingerprint, f.accepted, f.since, f.is_new"
            " FROM finding f JOIN task t ON t.run = f.run AND t.place = f.task"
            f" AND t.attempt = f.attempt WHERE {wants} ORDER BY {order} LIMIT ?",
            (*values, min(limit, MOST)),
        )
        names = ("rule", "severity", "path", "line", "column", "message", "help", "tool", "tool_version", "fingerprint",
                 "accepted", "since", "is_new")  # fmt: skip
        return [finding_row(r[0], r[1], r[2], r[3], r[4], dict(zip(names, r[5:], strict=True))) for r in found]

    def events(self, after: int = 0, run: int = 0, task: int = -1, limit: int = 1000) -> list[Row]:
        """Events as sentences, oldest first."""
        wants, values = ["seq > ?", "kind != 'PersonSet'"], [after]
        if run:
            wants.append("run = ?")
            values.append(run)
        if task >= 0:
            wants.append("(task = ? OR task = -1)")
            values.append(task)
        found = self._rows(
            f"SELECT seq, kind, body FROM event WHERE {' AND '.join(wants)} ORDER BY seq LIMIT ?",  # noqa: S608
            (*values, min(limit, MOST)),
        )
        return [event_row(seq, decode(kind, body)) for seq, kind, body in found]

    def run_events(self, run: int) -> Iterable[Event]:
        """The events of a run, for bringing it back."""
        for kind, body in self._rows(
            "SELECT kind, body FROM event WHERE run = ? AND kind != 'ScheduleFired' ORDER BY seq", (run,)
        ):
            yield decode(kind, body)

    def person(self, name: str) -> Row:
        """What is kept of a person, nothing for one who never chose anything."""
        found = self._rows("SELECT kept FROM person WHERE name = ?", (name,))
        return dict(json.loads(found[0][0])) if found else {}

    def last_seq(self) -> int:
        """The number of the newest event."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM event")[0][0])

    def last_of_agents(self) -> dict[str, Row]:
        """For each agent the task that ended last."""
        found = self._rows(
            "SELECT agent, run, place, name, state, max(ended), reason FROM task WHERE agent != '' AND ended IS NOT NULL"
            " AND attempt > 0 GROUP BY agent"
        )
        return {
            r[0]: {"task": f"{r[1]}.{r[2]}", "name": r[3], "state": r[4], "ended": r[5], "reason": r[6]} for r in found
        }

    def recent_of_agent(self, agent: str, limit: int = 50) -> list[Row]:
        """The agent's newest ended tasks."""
        found = self._rows(
            "SELECT run, place, name, action, state, verdict, started, ended, reason, cpu_s, peak_mb FROM task WHERE agent = ?"
            " AND ended IS NOT NULL ORDER BY ended DESC LIMIT ?",
            (agent, min(limit, MOST)),
        )
        names = ("name", "action", "state", "verdict", "started", "ended", "reason", "cpu_s", "peak_mb")
        return [{"id": f"{r[0]}.{r[1]}", "run": r[0], **dict(zip(names, r[2:], strict=True))} for r in found]

    def samples(self, run: int, task: int, since: float = 0.0, limit: int = 2000) -> list[Row]:
        """What a task used over time, or with run 0 what the host did."""
        found = self._rows(
            "SELECT at, cpus, memory_mb, more FROM (SELECT * FROM sample WHERE run = ? AND task = ? AND at >= ?"
            " ORDER BY at DESC LIMIT ?) ORDER BY at",
            (run, task, since, limit),
        )
        return [{"at": r[0], "cpus": r[1], "memory_mb": r[2], **(json.loads(r[3]) if r[3] else {})} for r in found]

    def metrics(self, run: int, task: int) -> list[Row]:
        """Numbers that a task reported."""
        found = self._rows(
            "SELECT attempt, at, name, value, unit FROM metric WHERE run = ? AND task = ? ORDER BY id", (run, task)
        )
        return [dict(zip(("attempt", "at", "name", "value", "unit"), r, strict=True)) for r in found]

    def sections(self, workspace: str, agent: str) -> dict[str, Row]:
        """What each section of the agent shows of the workspace, by name."""
        found = self._rows(
            "SELECT name, at, run, task, blocks FROM section WHERE workspace = ? AND agent = ?", (workspace, agent)
        )
        return {r[0]: {"at": r[1], "run": r[2], "task": f"{r[2]}.{r[3]}", "blocks": json.loads(r[4])} for r in found}

    def places(self, run: int, agent: str) -> dict[tuple[str, int], Row]:
        """The agent's findings of a run by path and line, and by path with line 0: number and task."""
        found = self._rows(
            "SELECT f.path, f.line, f.id, f.task FROM finding f JOIN task t ON t.run = f.run AND t.place = f.task"
            " AND t.attempt = f.attempt WHERE f.run = ? AND f.agent = ? AND f.path != '' ORDER BY f.id DESC LIMIT ?",
            (run, agent, MOST),
        )
        places: dict[tuple[str, int], Row] = {}
        for path, line, number, task in found:
            places[path, line] = places[path, 0] = {"id": f"f{number}", "task": f"{run}.{task}"}
        return places

    def metric_names(self, workspace: str, begin: str, limit: int = 12) -> list[str]:
        """Metrics of the workspace whose names begin so, those that were taken last first."""
        found = self._rows(
            "SELECT m.name FROM metric m JOIN run r ON r.id = m.run WHERE m.name >= ? AND m.name < ? AND r.workspace = ?"
            " GROUP BY m.name ORDER BY max(m.id) DESC LIMIT ?",
            (begin, begin + "\U0010ffff", workspace, limit),
        )
        return [row[0] for row in found]

    def series(self, workspace: str, metric: str) -> Row:
        """The metric over time in this workspace: its unit, the points [at, value, run], oldest first, and the task of each."""
        found = self._rows(
            "SELECT m.at, m.value, m.run, m.unit, m.task FROM metric m JOIN run r ON r.id = m.run"
            " WHERE m.name = ? AND r.workspace = ?"
            " ORDER BY m.id DESC LIMIT ?",
            (metric, workspace, NEWEST_POINTS),
        )
        points = thinned([(at, value, run, task) for at, value, run, _, task in reversed(found)])
        return {
            "metric": metric,
            "unit": found[0][3] if found else "",
            "points": [list(point[:3]) for point in points],
            "tasks": [f"{run}.{task}" for _, _, run, task in points],
        }

    def schedules(self) -> dict[str, Row]:
        """When each schedule was last dealt with."""
        found = self._rows("SELECT name, due, run, missed, note FROM schedule")
        return {r[0]: {"due": r[1], "run": r[2] or None, "missed": r[3], "note": r[4]} for r in found}


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most so many of the points, in order: the first, the last, and of equal stretches between the lowest and highest."""
    if len(points) <= most:
        return list(points)
    stretches = (most - 2) // 2
    inner = points[1:-1]
    kept = [points[0]]
    for nth in range(stretches):
        stretch = inner[nth * len(inner) // stretches : (nth + 1) * len(inner) // stretches]
        ends = {min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1])}
        kept += [point for point in dict.fromkeys(stretch) if point in ends]
    return [*kept, points[-1]]


class _Open:
    """The thread's connection is open already."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


_TASKS = (
    "SELECT place, spec, remaining, state, verdict, reason, attempt, decided, started, ended, cpu_s, peak_mb, read_mb,"
    " written_mb, held, findings, hand FROM task WHERE run = ? ORDER BY place"
)


def _task(run: Run, row: tuple[Any, ...]) -> Task:
    task = Task(run, row[0], decode_spec(json.loads(row[1])))
    task.remaining = row[2]
    task.state = TaskState(row[3])
    task.verdict = Verdict(row[4]) if row[4] else None
    task.outcome_reason = row[5]
    task.attempt, task.decided, task.started, task.ended = row[6], row[7], row[8], row[9]
    task.cpu_s, task.peak_mb, task.read_mb, task.written_mb = row[10], row[11], row[12], row[13]
    task.held = tuple(json.loads(row[14]).items())
    found = json.loads(row[15])
    task.findings = tuple(found[name] for name in SEVERITIES)
    task.hand = decode_hand(row[16])
    return task


def _run_row(row: tuple[Any, ...], findings: list[int]) -> Row:
    counts = json.loads(row[12])
    return {
        "id": row[0],
        "name": row[1],
        "workspace": row[2],
        "workspace_name": row[2].rstrip("/").rsplit("/", 1)[-1],
        "state": row[9],
        "priority": Priority(row[5]).name.lower(),
        "by": row[3],
        "trigger": row[4],
        "submitted": row[6],
        "started": row[7],
        "ended": row[8],
        "expected_end": None,
        "counts": counts,
        "total": row[10],
        "done": row[10] - row[11],
        "findings": found_row(findings),
        "summary": summary(counts, row[13], row[10], row[15]),
        "git": json.loads(row[14]) or None,
    }

"""What checks saw since the keeper of cases looked last, with all that tells of it: read from the log and the read tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.core.events import AlertRaised, AlertResolved, AttemptEnded
from callboard.record.case_trigger import OF_NO_CASE
from callboard.record.codec import decode
from callboard.record.history import History

KINDS = "'AttemptEnded', 'AlertRaised', 'AlertResolved'"
MOST_EVENTS = 200
MOST_FINDINGS = 5_000
OLD_RUNS = 20
MOST_BEFORE = 40
_RUN = 'SELECT workspace, "trigger", git FROM run WHERE id = ?'
_TASK = "SELECT name, agent, action, state, verdict, reason, attempt, spec, started, ended FROM task WHERE run = ? AND place = ?"
_FOUND = (
    "SELECT rule, severity, path, line, message, tool, tool_version, fingerprint, accepted, since, is_new FROM finding"
    " WHERE run = ? AND task = ? AND attempt = ? ORDER BY id LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task as it stands in the tables; `after` are the places of those that it comes after, `argv` the words of a command
    and `folder` where it runs."""

    run: int
    place: int
    name: str
    agent: str
    action: str
    state: str
    verdict: str
    reason: str
    attempt: int
    options: Mapping[str, Any]
    after: tuple[int, ...]
    started: float | None
    ended: float | None
    argv: tuple[str, ...] = ()
    folder: str = ""


@dataclass(frozen=True, slots=True)
class RunRow:
    """The run of a task: where it worked, what set it off, and what git said when it was submitted."""

    workspace: str
    trigger: str
    git: Mapping[str, Any] = field(default_factory=dict)


class CaseLooks(History):
    """Reads them."""

    def begin(self) -> int:
        """From where on a workspace is looked at that was never looked at: the last few runs."""
        found = self._rows("SELECT min(seq) FROM event WHERE run >= (SELECT max(id) FROM run) - ?", (OLD_RUNS,))
        return max(0, int(found[0][0] or 1) - 1)

    def told(self, after: int) -> list[tuple[int, AttemptEnded | AlertRaised | AlertResolved]]:
        """The next events that tell of what checks saw."""
        found = self._rows(
            f"SELECT seq, kind, body FROM event WHERE seq > ? AND kind IN ({KINDS}) ORDER BY seq LIMIT ?",  # noqa: S608
            (after, MOST_EVENTS),
        )
        events = [(seq, decode(kind, body)) for seq, kind, body in found]
        return [(seq, event) for seq, event in events if isinstance(event, AttemptEnded | AlertRaised | AlertResolved)]

    def run_row(self, run: int) -> RunRow | None:
        """The run of this number."""
        found = self._rows(_RUN, (run,))
        if not found:
            return None
        git = json.loads(found[0][2]) if found[0][2] else {}
        return RunRow(found[0][0], found[0][1], git if isinstance(git, dict) else {})

    def ended_at(self, run: int) -> float:
        """When the last attempt of a run came to its end, 0 when none did."""
        return float(self._rows("SELECT max(ended) FROM task WHERE run = ?", (run,))[0][0] or 0.0)

    def submitted_at(self, run: int) -> float:
        """When a run was submitted, 0 for an unknown one."""
        found = self._rows("SELECT submitted FROM run WHERE id = ?", (run,))
        return float(found[0][0] or 0.0) if found else 0.0

    def task_row(self, run: int, place: int) -> TaskRow | None:
        """The task of this name."""
        found = self._rows(_TASK, (run, place))
        return _task(run, place, found[0]) if found else None

    def skipped(self, run: int, at: float) -> list[TaskRow]:
        """The tasks of a run that were skipped at that moment."""
        found = self._rows(
            f"SELECT place, {_TASK[7 : _TASK.index(' FROM')]} FROM task WHERE run = ? AND state = 'skipped' AND ended = ?"  # noqa: S608
            " ORDER BY place LIMIT ?",
            (run, at, MOST_EVENTS),
        )
        return [_task(run, row[0], row[1:]) for row in found]

    def failed_of(self, run: int, places: Sequence[int]) -> list[str]:
        """The names of those tasks that failed."""
        marks = ",".join("?" * len(places[:MOST_EVENTS]))
        sql = (
            f"SELECT name FROM task WHERE run = ? AND place IN ({marks})"  # noqa: S608
            " AND state IN ('failed', 'timed out', 'lost') ORDER BY place"
        )
        return [row[0] for row in self._rows(sql, (run, *places[:MOST_EVENTS]))]

    def found(self, run: int, place: int, attempt: int) -> list[dict[str, Any]]:
        """The findings of an attempt."""
        names = (
            "rule",
            "severity",
            "path",
            "line",
            "message",
            "tool",
            "tool_version",
            "fingerprint",
            "accepted",
            "since",
            "is_new",
        )
        return [dict(zip(names, row, strict=True)) for row in self._rows(_FOUND, (run, place, attempt, MOST_FINDINGS))]

    def looked_before(self, workspace: str, check: str, run: int) -> list[tuple[int, Mapping[str, Any]]]:
        """The newest earlier runs in which this check came to an orderly end with a verdict, and what git said then."""
        found = self._rows(
            "SELECT r.id, r.git FROM task t JOIN run r ON r.id = t.run WHERE r.workspace = ? AND t.name = ? AND t.run < ?"
            " AND t.state IN ('succeeded', 'failed') AND coalesce(t.verdict, 'pass') != 'unknown' ORDER BY t.run DESC LIMIT ?",
            (workspace, check, run, 3),
        )
        return [(row[0], json.loads(row[1]) if row[1] else {}) for row in found]

    def seconds_before(self, workspace: str, check: str, run: int) -> list[float]:
        """How long the newest earlier orderly attempts of this check took, the newest first."""
        found = self._rows(
            "SELECT a.ended - a.started FROM attempt a JOIN task t ON t.run = a.run AND t.place = a.task JOIN run r ON r.id = a.run"
            " WHERE r.workspace = ? AND t.name = ? AND a.run < ? AND a.how = 'exited' AND a.outcome = 'succeeded'"
            " AND a.started IS NOT NULL AND a.ended IS NOT NULL ORDER BY a.run DESC LIMIT ?",
            (workspace, check, run, MOST_BEFORE),
        )
        return [max(0.0, row[0]) for row in found]

    def checks_of_newest(self, workspace: str, runs: int) -> list[tuple[int, str, frozenset[str]]]:
        """The newest runs of the workspace by a person, a schedule or a commit: number, pipeline, and the names of their jobs."""
        found = self._rows(
            f"SELECT id, name FROM run WHERE workspace = ? AND {OF_NO_CASE} ORDER BY id DESC LIMIT ?",  # noqa: S608
            (workspace, runs),
        )
        return [
            (run, name, frozenset(row[0] for row in self._rows("SELECT name FROM task WHERE run = ?", (run,))))
            for run, name in found
        ]


def _task(run: int, place: int, row: Sequence[Any]) -> TaskRow:
    spec = json.loads(row[7]) if row[7] else {}
    options, after = spec.get("options"), [*spec.get("after", ()), *spec.get("depends", ())]
    argv = spec.get("argv")
    return TaskRow(
        run, place, row[0], row[1] or "", row[2] or "", row[3], row[4] or "", row[5] or "", row[6] or 0,
        options if isinstance(options, dict) else {}, tuple(place for place in after if isinstance(place, int)), row[8], row[9],
        tuple(map(str, argv)) if isinstance(argv, list) and not row[2] else (), str(spec.get("folder") or ""),
    )  # fmt: skip

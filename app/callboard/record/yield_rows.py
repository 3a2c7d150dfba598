"""The drain and the handoffs in their tables, and which of the platform's events a new engine has to know."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen, YieldEvent
from callboard.record.codec import to_json
from callboard.record.history import History
from callboard.rows import Row

YIELD_KINDS = "'YieldSet', 'DrainSet', 'DrainSeen', 'HandoffMade', 'HandoffSeen'"
YIELD_LOAD = "seq IN (SELECT max(seq) FROM event WHERE kind = 'YieldSet' GROUP BY json_extract(body, '$.kind'))"
MOST_HANDOFFS = 50
NO_DRAIN: Row = {"wanted": False, "by": "", "at": None, "reason": "", "until": None, "seen": None}


def write_yield(connection: sqlite3.Connection, event: YieldEvent) -> None:
    """Makes the row what it is after the event."""
    match event:
        case DrainSet():
            connection.execute(
                'INSERT OR REPLACE INTO drain (id, wanted, "by", at, reason, until, seen) VALUES (1,?,?,?,?,?,NULL)',
                (event.wanted, event.by, event.at, event.reason, event.until),
            )
        case DrainSeen():
            connection.execute("UPDATE drain SET seen=coalesce(seen, ?) WHERE id=1", (event.at,))
        case HandoffMade():
            connection.execute(
                'INSERT OR IGNORE INTO handoff (id, at, record, signature, "key", "by", seen) VALUES (?,?,?,?,?,?,NULL)',
                (event.id, event.at, to_json(event.record), event.signature, event.key, event.by),
            )
        case HandoffSeen():
            connection.execute("UPDATE handoff SET seen=coalesce(seen, ?) WHERE id=?", (event.at, event.id))
        case _:
            pass  # whether tasks are held is in the log alone


@dataclass(frozen=True, slots=True)
class Ended:
    """How a task of a run stands."""

    place: int
    name: str
    state: str
    verdict: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Deploy:
    """An ended task that put a release into an environment, or took one back, and the gate that was written down for it."""

    run: int
    place: int
    name: str
    action: str
    state: str
    verdict: str | None
    reason: str
    attempt: int
    ended: float
    environment: str
    depends: tuple[int, ...]
    gate: tuple[str, ...]

    @property
    def id(self) -> str:
        """Its task, '12.3'."""
        return f"{self.run}.{self.place}"


class YieldRecord(History):
    """Reads the drain, the handoffs and what was measured of endpoints."""

    def drain(self) -> Row:
        """The drain as it was set last."""
        rows: Sequence[Any] = self._rows('SELECT wanted, "by", at, reason, until, seen FROM drain WHERE id=1')
        if not rows:
            return dict(NO_DRAIN)
        wanted, by, at, reason, until, seen = rows[0]
        return {"wanted": bool(wanted), "by": by, "at": at, "reason": reason, "until": until, "seen": seen}

    def handoffs(self, most: int = MOST_HANDOFFS) -> list[Row]:
        """The newest first, each with its record as it was signed."""
        rows: Sequence[Any] = self._rows(
            'SELECT id, at, record, signature, "key", "by", seen FROM handoff ORDER BY at DESC, id LIMIT ?', (most,)
        )
        return [
            {
                "id": id,
                "at": at,
                "record": json.loads(record),
                "signature": signature,
                "key": key,
                "by": by,
                "seen": seen,
            }
            for id, at, record, signature, key, by, seen in rows
        ]

    def deploys(self, workspace: str, environment: str = "", run: int = 0, most: int = 50) -> list[Deploy]:
        """Ended deploys and what took them back, the newest first; of one environment or run if one is named."""
        rows: Sequence[Any] = self._rows(
            "SELECT t.run, t.place, t.name, t.action, t.state, t.verdict, t.reason, t.attempt, t.ended, t.spec, e.body"
            " FROM task t JOIN run r ON r.id = t.run JOIN event e ON e.run = t.run AND e.kind = 'RunSubmitted'"
            " WHERE t.agent = 'infra' AND t.action IN ('infra.deploy', 'infra.rollback', 'infra.undeploy')"
            " AND t.ended IS NOT NULL AND (t.attempt > 0 OR t.state = 'skipped') AND r.workspace = ? AND (? = 0 OR t.run = ?)"
            " AND (? = '' OR json_extract(t.spec, '$.options.environment') = ?) ORDER BY t.ended DESC LIMIT ?",
            (workspace, run, run, environment, environment, most),
        )
        return [_deploy(row) for row in rows]

    def tasks_of(self, run: int) -> list[Ended]:
        """How each task of the run stands."""
        rows: Sequence[Any] = self._rows(
            "SELECT place, name, state, verdict, reason FROM task WHERE run = ? ORDER BY place", (run,)
        )
        return [Ended(*row) for row in rows]

    def held_since(self, kind: str) -> float | None:
        """When the rule of this kind began to hold or ceased to the last time."""
        rows: Sequence[Any] = self._rows(
            "SELECT json_extract(body, '$.at') FROM event WHERE kind = 'YieldSet' AND json_extract(body, '$.kind') = ?"
            " ORDER BY seq DESC LIMIT 1",
            (kind,),
        )
        return float(rows[0][0]) if rows else None

    def endpoint_trend(self, name: str, most: int = 40) -> list[float]:
        """The newest values of its p95 in milliseconds, oldest first."""
        rows: Sequence[Any] = self._rows(
            "SELECT cpus FROM sample WHERE run = 0 AND task = -1 AND json_extract(more, '$.endpoint') = ?"
            " ORDER BY at DESC LIMIT ?",
            (name, most),
        )
        return [float(row[0]) for row in reversed(rows)]


def _deploy(row: Sequence[Any]) -> Deploy:
    run, place, name, action, state, verdict, reason, attempt, ended, text, body = row
    spec, config = json.loads(text), json.loads(body).get("config") or {}
    environment = str((spec.get("options") or {}).get("environment", ""))
    table = (config.get("environments") or {}).get(environment) or {}
    gate = table.get("gate")
    return Deploy(
        run, place, name, action, state, verdict, reason, attempt, float(ended), environment, tuple(spec["depends"]),
        tuple(str(pattern) for pattern in gate) if isinstance(gate, list) else (),
    )  # fmt: skip

"""The patches that attempts kept, with what became of each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard.record.history import History


@dataclass(frozen=True, slots=True)
class KeptPatch:
    """A patch as the record tells of it. `choice` is the last word of a person: proposed, accepted, rejected or undone.

    `newer` is the number of a later patch of the same job under the same name, 0 for none.
    """

    number: int
    run: int
    task: int
    attempt: int
    at: float
    name: str
    path: str
    size: int
    about: Mapping[str, Any]
    task_name: str
    agent: str
    action: str
    task_state: str
    workspace: str
    choice: str
    by: str
    decided: float | None
    reason: str
    result: Mapping[str, Any]
    newer: int


_KEPT = (
    "WITH kept AS (SELECT max(id) AS id FROM artifact WHERE format = 'patch' AND patch IS NOT NULL"
    " GROUP BY run, task, attempt, name),"
    " whole AS (SELECT a.id, a.run, a.task, a.attempt, a.at, a.name, a.path, a.size, a.patch, t.name AS job, t.agent, t.action,"
    ' t.state, r.workspace, p.choice, p."by", p.at AS decided, p.reason, p.result,'
    " max(a.id) OVER (PARTITION BY r.workspace, t.name, a.name) AS newest"
    " FROM kept k JOIN artifact a ON a.id = k.id JOIN task t ON t.run = a.run AND t.place = a.task JOIN run r ON r.id = a.run"
    " LEFT JOIN patch p ON p.run = a.run AND p.task = a.task AND p.attempt = a.attempt AND p.name = a.name)"
    " SELECT * FROM whole WHERE "
)


class PatchRecord(History):
    """Reads them, each time from the tables."""

    def patches(self, limit: int = 200, run: int = 0) -> list[KeptPatch]:
        """The newest patches, of all runs or of one."""
        found = self._rows(f"{_KEPT} (? = 0 OR run = ?) ORDER BY id DESC LIMIT ?", (run, run, limit))
        return [_kept(row) for row in found]

    def patch(self, number: int) -> KeptPatch | None:
        """One patch."""
        found = self._rows(f"{_KEPT} id = ?", (number,))
        return _kept(found[0]) if found else None

    def run_of_trigger(self, trigger: str, since: float) -> int | None:
        """The newest run that something set off, not before `since`."""
        sql = 'SELECT max(id) FROM run WHERE "trigger" = ? AND submitted >= ?'
        found = self._rows(sql, (trigger, since))[0][0]
        return int(found) if found is not None else None


def _kept(row: tuple[Any, ...]) -> KeptPatch:
    choice, by, decided, reason, result, newest = row[14:]
    values = (
        *row[:8], json.loads(row[8]), *row[9:14], choice or "proposed", by or "", decided, reason or "",
        json.loads(result) if result else {}, newest if newest != row[0] else 0,
    )  # fmt: skip
    return KeptPatch(*values)

"""What the record says of the time since a moment: looked up by index, so that a long history costs no more than a short one."""

import json
from collections.abc import Sequence
from typing import Any

from callboard.core.events import Event
from callboard.record.codec import decode
from callboard.record.history import History
from callboard.record.log import finding_id
from callboard.record.migrations import TOLD
from callboard.rows import Row

MOST = 2_000
RARE = "kind IN ('AgentSet', 'EngineStarted', 'PatchDecided', 'ScheduleFired')"
CONTROL = "kind IN ('AgentDraining', 'AgentDrained', 'AgentStopped')"
_GOOD = "({t}.state = 'unchanged' OR ({t}.state = 'succeeded' AND coalesce({t}.verdict, 'pass') = 'pass'))"
_BAD = "({t}.state IN ('failed', 'timed out', 'lost') OR ({t}.state = 'succeeded' AND {t}.verdict = 'fail'))"
_TOLD = f"({_GOOD} OR {_BAD})"


class News(History):
    """Reads each time from the tables."""

    def first_seq(self, since: float) -> int:
        """The number of the first event at or after a moment; one more than the last when there is none. O(log n)."""
        low, high = self._rows("SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 FROM event")[0]
        while low < high:
            middle = (low + high) // 2
            found = self._rows("SELECT seq, at FROM event WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,))
            if found and found[0][1] < since:
                low = found[0][0] + 1
            else:
                high = middle
        return int(low)

    def runs_ended(self, since: float) -> list[Row]:
        """Runs that ended since, the newest first."""
        found = self._rows(
            "SELECT id, name, state, ended, workspace FROM run WHERE ended >= ? ORDER BY ended DESC LIMIT ?",
            (since, MOST),
        )
        return [dict(zip(("id", "name", "state", "ended", "workspace"), row, strict=True)) for row in found]

    def turned(self, since: float) -> list[Row]:
        """Jobs that came out otherwise than when they were last done before: `good` says how it is now."""
        first = self._rows(
            "SELECT min(id) FROM (SELECT min(id) AS id FROM run WHERE ended >= ?"
            " UNION ALL SELECT min(id) FROM run WHERE ended IS NULL)",
            (since,),
        )[0][0]
        if first is None:
            return []
        told, good = _TOLD.format(t="t"), _GOOD.format(t="t")
        before_told, before_good = _TOLD.format(t="p"), _GOOD.format(t="p")
        found = self._rows(
            f"WITH now AS (SELECT t.run, t.place, t.name, t.ended, t.reason, t.agent, r.workspace, {good} AS good,"  # noqa: S608
            " row_number() OVER (PARTITION BY r.workspace, t.name ORDER BY t.ended DESC, t.run DESC) AS nth"
            f" FROM task t JOIN run r ON r.id = t.run WHERE t.run >= ? AND t.ended >= ? AND {told}),"
            f" both AS (SELECT now.*, (SELECT {before_good} FROM task p JOIN run q ON q.id = p.run WHERE p.name = now.name"
            f" AND q.workspace = now.workspace AND p.run <= now.run AND p.ended < ? AND {before_told}"
            " ORDER BY p.run DESC LIMIT 1) AS before FROM now WHERE nth = 1)"
            " SELECT run, place, name, ended, reason, agent, good FROM both WHERE before IS NOT NULL AND before != good"
            " ORDER BY ended DESC LIMIT ?",
            (first, since, since, MOST),
        )
        return [
            {"task": f"{r[0]}.{r[1]}", "name": r[2], "ended": r[3], "reason": r[4], "agent": r[5], "good": bool(r[6])}
            for r in found
        ]

    def new_findings(self, first: int, most: int) -> tuple[dict[str, int], list[Row]]:
        """Findings from the event `first` on that were not there before: how many by severity, and the worst of them."""
        wants = "f.id >= ? AND f.is_new = 1 AND f.accepted = ''"
        start = finding_id(first, 0)
        counts = self._rows(
            "SELECT f.severity, count(DISTINCT CASE f.fingerprint WHEN '' THEN f.id ELSE f.fingerprint END) FROM finding f"  # noqa: S608
            f" JOIN task t ON t.run = f.run AND t.place = f.task AND t.attempt = f.attempt WHERE {wants} GROUP BY f.severity",
            (start,),
        )
        rank = "CASE f.severity WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END"
        return dict(counts), self._findings(wants, [start], f"{rank}, f.id DESC", most) if counts else []

    def rare(self, first: int) -> list[tuple[int, Event]]:
        """Events of agents, engines, schedules and decided patches, from the event `first` on, oldest first."""
        found = self._rows(
            f"SELECT seq, kind, body FROM event WHERE {RARE} AND seq >= ? UNION ALL"  # noqa: S608
            f" SELECT seq, kind, body FROM event WHERE {TOLD} AND {CONTROL} AND seq >= ? ORDER BY seq DESC LIMIT ?",
            (first, first, MOST),
        )
        return [(seq, decode(kind, body)) for seq, kind, body in reversed(found)]

    def patches_made(self, since: float) -> list[Row]:
        """Patches that attempts kept since, the newest first."""
        found = self._rows(
            "SELECT max(a.id), a.run, a.task, a.at, a.patch, t.name, t.agent FROM artifact a"
            " JOIN task t ON t.run = a.run AND t.place = a.task WHERE a.format = 'patch' AND a.at >= ?"
            " GROUP BY a.run, a.task, a.name ORDER BY a.at DESC LIMIT ?",
            (since, MOST),
        )
        return [
            {"id": r[0], "task": f"{r[1]}.{r[2]}", "at": r[3], "files": _files(r[4]), "name": r[5], "agent": r[6]}
            for r in found
        ]

    def newest(self, run: int, task: int, kinds: Sequence[str], most: int = 20) -> list[Event]:
        """The newest events of these kinds of a task, the newest first."""
        marks = ",".join("?" * len(kinds))
        found = self._rows(
            f"SELECT kind, body FROM event WHERE run = ? AND task = ? AND kind IN ({marks}) ORDER BY seq DESC LIMIT ?",  # noqa: S608
            (run, task, *kinds, most),
        )
        return [decode(kind, body) for kind, body in found]

    def last_value(self, workspace: str, metric: str) -> Row | None:
        """What was last measured under this name in a workspace."""
        found = self._rows(
            "SELECT m.value, m.unit, m.at, m.run, m.task FROM metric m JOIN run r ON r.id = m.run WHERE m.name = ?"
            " AND r.workspace = ? ORDER BY m.id DESC LIMIT 1",
            (metric, workspace),
        )
        if not found:
            return None
        value, unit, at, run, task = found[0]
        return {"value": value, "unit": unit, "at": at, "task": f"{run}.{task}"}


def _files(patch: str | None) -> list[Any]:
    about = json.loads(patch) if patch else {}
    files = about.get("files") if isinstance(about, dict) else None
    return list(files) if isinstance(files, list) else []

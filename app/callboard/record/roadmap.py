"""What the record tells of the roadmap: assignments, what happened to each change, counts over time, forecasts of each day."""

from callboard.core.events import Event
from callboard.core.roadmap import Assignment
from callboard.record.codec import decode
from callboard.record.history import History
from callboard.record.roadmap_rows import ASSIGNMENT_COLUMNS, ASSIGNMENT_KINDS, WHOLE, assignment_of

MOST = 5_000
MOST_STEPS = 200
Moments = tuple[float, float, float]


class RoadmapRecord(History):
    """Reads, each time from the tables."""

    def assignments(self, workspace: str, change: str = "") -> dict[str, Assignment]:
        """The newest assignment of each task, by its ref; a withdrawn one counts only when there was no other."""
        where, values = ('AND "change" = ?', (workspace, change)) if change else ("", (workspace,))
        sql = (
            f"SELECT {ASSIGNMENT_COLUMNS} FROM roadmap_task WHERE workspace = ? {where}"  # noqa: S608
            " ORDER BY state = 'withdrawn', at DESC LIMIT ?"
        )
        found: dict[str, Assignment] = {}
        for row in self._rows(sql, (*values, MOST)):
            one = assignment_of(row)
            found.setdefault(one.ref, one)
        return found

    def assignment(self, id: str) -> Assignment | None:
        """The one of this id, also one that is history."""
        found = self._rows(f"SELECT {ASSIGNMENT_COLUMNS} FROM roadmap_task WHERE id = ?", (id,))  # noqa: S608
        return assignment_of(found[0]) if found else None

    def steps(self, workspace: str, change: str, limit: int = MOST_STEPS) -> list[tuple[Event, str]]:
        """What happened to the tasks and the place of a change, each with the ref that it is about ('' for the change), the
        newest first."""
        found = self._rows(
            f"SELECT e.seq, e.kind, e.body, a.ref FROM roadmap_task a JOIN event e ON json_extract(e.body, '$.id') = a.id"  # noqa: S608
            f' AND e.kind IN ({ASSIGNMENT_KINDS}) WHERE a.workspace = ? AND a."change" = ? UNION ALL'
            " SELECT seq, kind, body, '' FROM event WHERE kind = 'RoadmapPlaced' AND json_extract(body, '$.workspace') = ?"
            " AND json_extract(body, '$.change') = ? ORDER BY 1 DESC LIMIT ?",
            (workspace, change, workspace, change, limit),
        )
        return [(decode(kind, body), ref) for _, kind, body, ref in found]

    def ticks_since(self, workspace: str, since: float, limit: int = 500) -> list[Assignment]:
        """Assignments whose line was ticked, or whose tick was refused, since then; the newest first."""
        sql = (
            f"SELECT {ASSIGNMENT_COLUMNS} FROM roadmap_task WHERE workspace = ? AND ticked >= ?"  # noqa: S608
            " ORDER BY ticked DESC LIMIT ?"
        )
        return [assignment_of(row) for row in self._rows(sql, (workspace, since, limit))]

    def counts(self, workspace: str) -> dict[str, tuple[int, int]]:
        """Done and total as they were kept last, by change; '' for all; gone changes are left out."""
        found = self._rows(
            'SELECT "change", done, total, max(id) FROM roadmap_count WHERE workspace = ? GROUP BY "change"',
            (workspace,),
        )
        return {change: (done, total) for change, done, total, _ in found if total >= 0}

    def readings(self, workspace: str, change: str = WHOLE) -> list[tuple[float, int, int]]:
        """When, done, total: each time that it changed, oldest first."""
        return self._rows(
            'SELECT at, done, total FROM roadmap_count WHERE workspace = ? AND "change" = ? ORDER BY id',
            (workspace, change),
        )

    def all_readings(self, workspace: str) -> dict[str, list[tuple[float, int, int]]]:
        """The readings of every change, '' for all of them together."""
        found: dict[str, list[tuple[float, int, int]]] = {}
        for change, at, done, total in self._rows(
            'SELECT "change", at, done, total FROM roadmap_count WHERE workspace = ? ORDER BY id', (workspace,)
        ):
            found.setdefault(change, []).append((at, done, total))
        return found

    def forecasts(self, workspace: str) -> list[tuple[str, str, float, Moments]]:
        """Every forecast that was kept: day, name, when, and its moments; oldest first."""
        found = self._rows(
            "SELECT day, name, at, p50, p80, p95 FROM roadmap_forecast WHERE workspace = ? ORDER BY day, name",
            (workspace,),
        )
        return [(day, name, at, (p50, p80, p95)) for day, name, at, p50, p80, p95 in found]

    def last_day(self, workspace: str) -> str:
        """The day whose forecasts were kept last, '' for none."""
        found = self._rows("SELECT coalesce(max(day), '') FROM roadmap_forecast WHERE workspace = ?", (workspace,))
        return str(found[0][0])

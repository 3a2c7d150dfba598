"""What the record tells of the work on cases: the runs that were started for them, and how checks looked before and after."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.core.case_verdict import FAILED, PASSED, UNTOLD, Look, Seen
from callboard.core.events import AttemptEnded
from callboard.record.case_trigger import OF_A_CASE, OF_NO_CASE, said_by
from callboard.record.history import History

MOST_RUNS = 2_000
MOST_LOOKS = 500
ENDED = ("succeeded", "unchanged", "failed", "timed out")
_LOOKS = (
    "SELECT t.run, t.place, t.name, t.state, t.verdict, t.reason FROM task t JOIN run r ON r.id = t.run"
    " WHERE r.workspace = ? AND t.state IN ('succeeded','unchanged','failed','timed out') AND t.hand = ''"
)


@dataclass(frozen=True, slots=True)
class CaseRun:
    """A run that was started for a case: which step it is, who wished it, and whether it is over; `goes_on` when all of the
    steps were wished."""

    case: int
    step: str
    run: int
    by: str
    submitted: float
    over: bool
    state: str
    goes_on: bool


class CaseWorkRecord(History):
    """Reads it, each time from the tables."""

    def case_runs(self) -> dict[int, list[CaseRun]]:
        """The newest runs for cases, by case, the oldest first."""
        rows = self._rows(
            f'SELECT id, "trigger", "by", submitted, ended, unfinished, cancelled FROM run WHERE {OF_A_CASE}'  # noqa: S608
            " ORDER BY id DESC LIMIT ?",
            (MOST_RUNS,),
        )
        found: dict[int, list[CaseRun]] = {}
        for run, trigger, by, submitted, ended, unfinished, cancelled in reversed(rows):
            said = said_by(str(trigger))
            if said is None:
                continue
            case, step, goes_on = said
            over = ended is not None and not unfinished
            state = "cancelled" if cancelled else "over" if over else "running"
            one = CaseRun(case, step, run, by, submitted, over, state, goes_on)
            found.setdefault(one.case, []).append(one)
        return found

    def started_since(self, by: str, since: float) -> int:
        """How many runs for cases somebody started since then."""
        sql = f'SELECT count(*) FROM run WHERE {OF_A_CASE} AND "by" = ? AND submitted >= ?'  # noqa: S608
        return int(self._rows(sql, (by, since))[0][0])

    def outputs(self, run: int) -> dict[str, Any]:
        """The outputs of the attempts of a run, put together, the newest last."""
        found: dict[str, Any] = {}
        for event in self.run_events(run):
            if isinstance(event, AttemptEnded):
                found.update(event.outputs)
        return found

    def looks(self, workspace: str, run: int) -> dict[str, Look]:
        """How the jobs of a run looked, by name."""
        rows = self._rows(f"{_LOOKS} AND t.run = ? LIMIT ?", (workspace, run, MOST_LOOKS))
        return {row[2]: self._look(row) for row in rows}

    def looks_before(self, workspace: str, names: Sequence[str], before: float) -> dict[str, Look]:
        """How each of the jobs looked last in a run that was submitted before that moment."""
        found = {}
        for name in names[:MOST_LOOKS]:
            sql = f"{_LOOKS} AND t.name = ? AND r.submitted < ? AND r.{OF_NO_CASE} ORDER BY t.run DESC LIMIT 1"
            for row in self._rows(sql, (workspace, name, before)):
                found[name] = self._look(row)
        return found

    def _look(self, row: tuple[Any, ...]) -> Look:
        run, place, name, state, verdict, reason = row
        said = verdict or (PASSED if state in ("succeeded", "unchanged") else FAILED)
        said = UNTOLD if state == "timed out" else said
        seen = [
            Seen(one["fingerprint"], one["rule"], one["severity"], one["path"], one["message"])
            for one in self.findings(run=run, task=place)
            if not one["accepted"]
        ]
        return Look(name, said, seen, f"{run}.{place}", str(reason or ""))

    def runs_since(self, workspace: str, since: float, after: int) -> list[int]:
        """Runs of the workspace that are over, were submitted since then, and have a number above `after`."""
        sql = (
            "SELECT id FROM run WHERE workspace = ? AND submitted >= ? AND id > ? AND ended IS NOT NULL AND unfinished = 0"
            " ORDER BY id LIMIT ?"
        )
        return [row[0] for row in self._rows(sql, (workspace, since, after, MOST_LOOKS))]

    def is_check_of(self, run: int, patch: int) -> bool:
        """Whether the run checks what a patch touches, right after it was accepted."""
        return bool(self._rows('SELECT 1 FROM run WHERE id = ? AND "trigger" = ?', (run, f"patch {patch} accepted")))

    def git_of(self, run: int) -> Mapping[str, Any]:
        """What git said when the run began."""
        rows = self._rows("SELECT git FROM run WHERE id = ?", (run,))
        told = json.loads(rows[0][0]) if rows and rows[0][0] else {}
        return told if isinstance(told, dict) else {}

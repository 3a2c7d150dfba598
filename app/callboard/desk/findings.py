"""Findings, as they are asked for: each once, and as the team accepts them by now."""

import datetime
from pathlib import Path

from callboard.config import read_config
from callboard.core.run import SEVERITIES
from callboard.core.state import State
from callboard.desk.room import Room
from callboard.errors import ConfigError, NotFound
from callboard.reports import sarif_of_run
from callboard.rows import Row
from callboard.witnesses import merged
from callboard.work.accepting import Accepted, accepted_of, cover
from callboard.work.finding import Finding, Severity


class Findings(Room):
    """What was noticed."""

    def run_findings(self, run: int) -> list[Row]:
        """The findings of a run, the worst first; what several saw is one."""
        place = self._workspace_of(run)
        return merged(self._as_accepted_now(place, self._history.findings(run=run)))

    def _workspace_of(self, run: int) -> str:
        """Where a run works; raises `NotFound`."""

        def look(state: State) -> str:
            return state.runs[run].workspace if run in state.runs else ""

        return self._engine.inspect(look) or self._kept(run).workspace

    def _as_accepted_now(self, workspace: str, rows: list[Row]) -> list[Row]:
        """The findings, where what the workspace's `callboard.toml` accepts by now says so; counts follow with the next run."""
        tables = _accepted_in(Path(workspace)) if any(not row["accepted"] for row in rows) else []
        today = datetime.date.today()
        for row in rows if tables else ():
            holding, _ = cover(tables, _as_finding(row), today)
            row["accepted"] = row["accepted"] or (holding.words if holding is not None else "")
        return rows

    def run_sarif(self, run: int) -> Row:
        """The findings of a run as SARIF 2.1.0."""
        return sarif_of_run(self.run_findings(run), self._version)

    def findings(self, run: int | None = None, agent: str | None = None, severity: str | None = None) -> list[Row]:
        """Findings, the newest first; what several saw in one run is one."""
        if severity and severity not in SEVERITIES:
            raise NotFound(f"there is no severity '{severity[:50]}'; the severities: {', '.join(SEVERITIES)}")
        return merged(self._history.findings(run=run or 0, agent=agent or "", severity=severity or "", limit=1000))


def _accepted_in(workspace: Path) -> list[Accepted]:
    """What is accepted there; nothing while the file cannot be read."""
    try:
        return accepted_of(read_config(workspace).table)
    except ConfigError:
        return []


def _as_finding(row: Row) -> Finding:
    return Finding(row["rule"], Severity(row["severity"]), "", row["path"], fingerprint=row["fingerprint"])

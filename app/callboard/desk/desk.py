"""The desk as a whole, and the board."""

import os
import time
from collections.abc import Callable, Iterator

from callboard.config import read_config
from callboard.config.model import ScheduleTable
from callboard.core.state import State
from callboard.desk.acceptance import Acceptance
from callboard.desk.advice_report import AdviceReport
from callboard.desk.again import Again
from callboard.desk.alerts import Alerts
from callboard.desk.bottlenecks import Bottlenecks
from callboard.desk.case_near import CasesNear
from callboard.desk.cases import MOST_CASES
from callboard.desk.catchup import CatchUp
from callboard.desk.ci import Ci
from callboard.desk.control import Control
from callboard.desk.diff import Diffs
from callboard.desk.exports import Exports
from callboard.desk.host_looks import HostLooks
from callboard.desk.incidents import Incidents
from callboard.desk.ingest import Ingest
from callboard.desk.log_looks import LogLooks
from callboard.desk.notices import Notices
from callboard.desk.on_board import MOST_ENDED, listed
from callboard.desk.platform import Platform
from callboard.desk.search import Search
from callboard.desk.source import Sources
from callboard.desk.sparing import Sparing
from callboard.desk.telemetry import Telemetry
from callboard.live import Listener
from callboard.rows import Row, task_row
from callboard.settings import SAMPLE_MARK
from callboard.witnesses import merged

NEWEST_RUNS = 20
MOST_MOMENTS = 1_000


class Desk(
    Control,
    Incidents,
    AdviceReport,
    Telemetry,
    Ci,
    Alerts,
    CatchUp,
    Platform,
    Again,
    Exports,
    Ingest,
    Acceptance,
    HostLooks,
    Diffs,
    LogLooks,
    Sources,
    Search,
    Sparing,
    CasesNear,
    Bottlenecks,
    Notices,
):
    """Stands between the surfaces and the engine."""

    def board(self) -> Row:
        """Everything that the first page shows."""
        live = self._engine.inspect(self._board)
        active = {row["id"] for row in live["runs"]}
        runs = live["runs"] + [row for row in self._history.runs(NEWEST_RUNS) if row["id"] not in active]
        runs.sort(key=lambda row: -row["id"])
        tasks = live["tasks"]
        if runs:
            known = {row["id"] for row in tasks}
            over = [task_row(task) for task in self._history.ended(runs[0]["id"], MOST_ENDED)]
            tasks = tasks + [row for row in over if row["id"] not in known]
        return {
            "seq": self._history.last_seq(),
            "runs": runs[:NEWEST_RUNS],
            "tasks": tasks,
            "left_out": live["left_out"],
            "agents": self.agents(wait=False),
            "host": self.host(),
            "findings": merged(self._history.findings(limit=50)),
            "questions": self.questions(),
            "workspace": self.workspace_row(),
            "engine": self.engine_row(),
            "banner": live["banner"],
            "platform": self.platform(),
        }

    def _board(self, state: State) -> Row:
        runs = [self._feed.run_row(run) for run in state.runs.values() if run.unfinished]
        tasks, left_out = listed(state)
        return {
            "runs": runs,
            "tasks": [self._feed.task_row(task) for task in tasks],
            "left_out": left_out,
            "banner": self._feed.banner(),
        }

    def workspace_row(self) -> Row:
        """The workspace that this desk was opened for."""
        return {
            "path": str(self.workspace),
            "name": self.workspace.name,
            "trusted": not self._trust.why_not(self.workspace),
            "sample": (self.workspace / ".git" / SAMPLE_MARK).is_file(),
        }

    def engine_row(self) -> Row:
        """The engine's own state."""
        state = self._engine.inspect(lambda state: (state.epoch, state.halted))
        return {
            "version": self._version,
            "epoch": state[0],
            "since": self._since,
            "state": "halted" if state[1] else "running",
            "reason": state[1],
            "pid": os.getpid(),
        }

    def schedules(self) -> list[Row]:
        """The workspace's schedules with their next due times."""
        from callboard.trigger.next import next_times

        config = read_config(self.workspace)
        last = self._history.schedules()
        rows = []
        for schedule in config.schedules.values():
            name = f"{self.workspace}:{schedule.name}"
            rows.append(
                {
                    "name": schedule.name,
                    "workspace": str(self.workspace),
                    "pipeline": schedule.pipeline,
                    "when": _when(schedule),
                    "quiet": schedule.quiet,
                    "next": next_times(schedule, time.time(), 3),
                    "last": last.get(name),
                    "missed": (last.get(name) or {}).get("missed", 0),
                }
            )
        return rows

    def _held_elsewhere(self) -> list[Row]:
        """How the forecasts of the roadmap held, once they were worked out."""
        known = self._roadmap_worked_out.get("")
        if known is None:
            return []
        told = known[1].calibration
        share = told["held"]
        return [{"kind": "roadmap", **told, "held": round((share or 0.0) * told["n"]), "share": share}]

    def _schedules_rows(self, wants: Row) -> Iterator[Row]:
        yield from self.schedules()

    def _machine_rows(self, wants: Row) -> Iterator[Row]:
        yield from self.machine(wants.get("since"), wants.get("until"), MOST_MOMENTS)["history"]

    def _inbox_rows(self, wants: Row) -> Iterator[Row]:
        yield from (row for row in self.inbox() if wants.get("run") in (None, row["run"]))

    def _roadmap_rows(self, wants: Row) -> Iterator[Row]:
        yield from self.roadmap_tasks()

    def _alerts_rows(self, wants: Row) -> Iterator[Row]:
        yield from self.alerts(**wants)

    def _cases_rows(self, wants: Row) -> Iterator[Row]:
        yield from self.cases(**wants, limit=MOST_CASES)["cases"]

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Live messages for the listener, from the engine's thread; returns what ends that."""
        return self._feed.watch(listener)


def _when(schedule: ScheduleTable) -> str:
    if schedule.cron:
        return f"cron {schedule.cron} ({schedule.zone})"
    if schedule.every_s:
        return f"every {schedule.every_s:g} s"
    if schedule.at:
        return f"once at {schedule.at}"
    if schedule.on:
        return "on " + ", ".join(schedule.on)
    return "when files change: " + ", ".join(schedule.files)

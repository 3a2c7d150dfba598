"""Joins the schedules of the workspace to the engine and the desk."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from callboard.config import read_config
from callboard.core.commands import PassOver
from callboard.desk import Desk
from callboard.engine import Engine
from callboard.errors import CallboardError
from callboard.record.history import History
from callboard.trigger.schedules import Due, Schedules


class Timetable:
    """Runs on the engine's loop."""

    def __init__(self, engine: Engine, desk: Desk, history: History) -> None:
        self._engine = engine
        self._desk = desk
        self._history = history
        self._runs: dict[str, int] = {
            name: row["run"] for name, row in history.schedules().items() if row["run"] is not None
        }
        self._schedules = Schedules(
            desk.workspace,
            fired=self._fired,
            submit=self._submit,
            pass_over=self._pass_over,
            busy=self._busy,
        )

    async def start_when_ready(self) -> None:
        """Waits for the engine, then begins."""
        await asyncio.to_thread(self._engine.ready.wait)
        try:
            config = read_config(self._desk.workspace)
        except CallboardError:
            return
        await self._schedules.start(config.schedules)

    def close(self) -> None:
        """Looks no more."""
        self._schedules.close()

    def _fired(self) -> Mapping[str, float]:
        return self._engine.state.fired

    async def _pass_over(self, command: PassOver) -> int:
        return await self._engine.ask(command)

    def _busy(self, name: str) -> int:
        run = self._engine.state.runs.get(self._runs.get(name, 0))
        return run.id if run is not None and run.unfinished else 0

    async def _submit(self, due: Due) -> None:
        prepared = await asyncio.to_thread(self._desk.prepare, due.pipeline)
        await asyncio.to_thread(self._desk.require_trust)
        command = prepared.command(by="schedule", trigger=due.trigger, priority=None)
        number = await self._engine.ask(replace(command, schedule=due.schedule, due=due.due, missed=due.missed))
        self._runs[due.schedule] = number

"""Joins the schedules of the workspace to the engine and the desk."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from callboard.config import CONFIG_NAME, read_config
from callboard.core.commands import PassOver
from callboard.core.run import RunState
from callboard.desk import Desk
from callboard.engine import Engine, Published
from callboard.errors import CallboardError, Refused
from callboard.record.history import History
from callboard.trigger.changes import stamps
from callboard.trigger.schedules import Due, Schedules

CONFIG_LOOK_S = 2.0
FIRE_S = 30.0
LOOK_S = 0.05


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
        self._following: set[asyncio.Future[None]] = set()

    async def start_when_ready(self) -> None:
        """Waits for the engine, then begins."""
        while not self._engine.ready.is_set():  # noqa: ASYNC110 - a thread that waited would keep a failed engine alive
            await asyncio.sleep(LOOK_S)
        self._engine.watchers.append(self._note_ends)
        self._desk.fire_with(self._fire_from)
        stamp: tuple[int, int] | None = None
        while True:
            now = stamps(self._desk.workspace, [CONFIG_NAME]).get(CONFIG_NAME, (0, 0))
            if now != stamp:
                stamp = now
                await self._begin()
            await asyncio.sleep(CONFIG_LOOK_S)

    async def _begin(self) -> None:
        """Takes the schedules of `callboard.toml` as it is now; a broken one leaves the former ones in force."""
        try:
            config = read_config(self._desk.workspace)
        except CallboardError:
            return
        await self._schedules.start(config.schedules)

    def _note_ends(self, published: Published) -> None:
        """Tells the schedules of runs that succeeded with this step."""
        for run in {task.run for task in published.tasks if task.final}:
            if run.unfinished or run.state is not RunState.SUCCEEDED or run.workspace != str(self._desk.workspace):
                continue
            work = asyncio.ensure_future(self._schedules.ended(run.name, run.id))
            self._following.add(work)
            work.add_done_callback(self._following.discard)

    def _fire_from(self, name: str, trigger: str) -> None:
        """Fires a schedule, from any thread."""
        loop = self._engine.loop
        if loop is None:
            raise Refused("the engine is not running; start it with `callboard up`")
        asyncio.run_coroutine_threadsafe(self._schedules.fire(name, trigger), loop).result(FIRE_S)

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
        await asyncio.to_thread(self._desk.name_agents)
        command = await asyncio.to_thread(self._desk.submission, prepared, by="schedule", trigger=due.trigger)
        number = await self._engine.ask(replace(command, schedule=due.schedule, due=due.due, missed=due.missed))
        self._runs[due.schedule] = number

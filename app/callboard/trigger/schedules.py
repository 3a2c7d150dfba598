"""Drives the schedules of a workspace: APScheduler says when to look, the due times lie in our own table."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from callboard.config.model import ScheduleTable
from callboard.core.commands import PassOver
from callboard.errors import CallboardError, NotFound, Refused
from callboard.trigger.changes import changed, head_of, stamps
from callboard.trigger.next import is_quiet, newest_due, trigger_of

LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class Due:
    """A schedule is due: for which moment, how many earlier ones were missed, and what set it off."""

    schedule: str
    pipeline: str
    due: float
    missed: int
    trigger: str


class Schedules:
    """The schedules of one workspace, on the loop that calls `start`.

    `fired` gives the last due time that was dealt with, by name; `submit` starts a run and returns when it is durable; `pass_over`
    notes a due time that starts nothing; `busy` says which run of a schedule still goes on, 0 for none.
    """

    def __init__(
        self,
        workspace: Path,
        *,
        fired: Callable[[], Mapping[str, float]],
        submit: Callable[[Due], Awaitable[None]],
        pass_over: Callable[[PassOver], Awaitable[int]],
        busy: Callable[[str], int],
    ) -> None:
        self._workspace = workspace
        self._fired = fired
        self._submit = submit
        self._pass_over = pass_over
        self._busy = busy
        self._timer = AsyncIOScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True})
        self._files: dict[str, dict[str, tuple[int, int]]] = {}
        self._head = ""
        self._looking: dict[str, asyncio.Lock] = {}
        self._schedules: dict[str, ScheduleTable] = {}

    def full_name(self, schedule: ScheduleTable) -> str:
        """The schedule's name among all workspaces."""
        return f"{self._workspace}:{schedule.name}"

    async def start(self, schedules: Mapping[str, ScheduleTable]) -> None:
        """Begins, or goes on with other schedules; due times that were missed meanwhile are dealt with now."""
        self._timer.remove_all_jobs()
        self._schedules = dict(schedules)
        for schedule in schedules.values():
            name = self.full_name(schedule)
            if trigger_of(schedule, time.time()) is None:
                continue
            if name not in self._fired():
                await self._pass_over(PassOver(name, time.time(), 0, "seen for the first time"))
            self._timer.add_job(self._look, trigger_of(schedule, self._fired()[name]), args=[schedule], id=name)
            await self._look(schedule)
        if any(s.files or s.on for s in schedules.values()):
            self._head = head_of(self._workspace)
            for schedule in schedules.values():
                if schedule.files:
                    self._files[schedule.name] = await asyncio.to_thread(stamps, self._workspace, schedule.files)
            self._timer.add_job(self._look_at_workspace, "interval", seconds=LOOK_S, id="workspace", max_instances=1)
        if not self._timer.running:
            self._timer.start()

    async def fire(self, name: str, trigger: str) -> None:
        """Starts the schedule of this name now; raises `NotFound`, and `Refused` for one that is not 'on' a webhook."""
        schedule = self._schedules.get(name)
        if schedule is None:
            known = ", ".join(self._schedules) or "none"
            raise NotFound(f"there is no schedule '{name[:100]}'; the schedules: {known}")
        if "webhook" not in schedule.on:
            raise Refused(f"schedule '{name}' does not listen to webhooks; write on = [\"webhook\"] into its table")
        await self._fire(schedule, time.time(), 0, trigger)

    async def ended(self, pipeline: str, run: int) -> None:
        """A run of the pipeline succeeded: starts the schedules that wait for that."""
        for schedule in self._schedules.values():
            if f"run:{pipeline}" in schedule.on:
                await self._fire(schedule, time.time(), 0, f"run {run} of {pipeline}")

    def close(self) -> None:
        """Looks no more."""
        if self._timer.running:
            self._timer.shutdown(wait=False)

    async def _look(self, schedule: ScheduleTable) -> None:
        """Deals with all due times up to now at once: one run for the newest, the earlier ones are said to be missed."""
        name = self.full_name(schedule)
        async with self._looking.setdefault(name, asyncio.Lock()):
            now = time.time()
            due = await asyncio.to_thread(newest_due, schedule, self._fired().get(name, now), now)
            if due is not None:
                await self._fire(schedule, *due, f"schedule {schedule.name}")

    async def _fire(self, schedule: ScheduleTable, due: float, missed: int, trigger: str) -> None:
        name = self.full_name(schedule)
        running = self._busy(name)
        if is_quiet(schedule, time.time()):
            await self._pass_over(PassOver(name, due, missed, f"quiet hours {schedule.quiet}"))
        elif running:
            await self._pass_over(PassOver(name, due, missed, f"run {running} of this schedule still goes on"))
        else:
            try:
                await self._submit(Due(name, schedule.pipeline, due, missed, trigger))
            except CallboardError as error:
                await self._pass_over(PassOver(name, due, missed, str(error)[:500]))

    async def _look_at_workspace(self) -> None:
        head = head_of(self._workspace)
        moved = head != self._head and bool(head)
        self._head = head or self._head
        for schedule in self._schedules.values():
            if moved and "commit" in schedule.on:
                await self._fire(schedule, time.time(), 0, f"commit {head[:10]}")
            if schedule.files:
                before = self._files.get(schedule.name, {})
                after = await asyncio.to_thread(stamps, self._workspace, schedule.files)
                self._files[schedule.name] = after
                names = changed(before, after)
                if names:
                    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
                    await self._fire(schedule, time.time(), 0, f"file {names[0]}{more} changed")

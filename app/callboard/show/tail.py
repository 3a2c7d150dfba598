"""The ends of logs that somebody watches, read ten times a second and not at all when nobody does."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from callboard.errors import CallboardError
from callboard.show.api.desk import Desk

logger = logging.getLogger(__name__)

EVERY_S = 0.1
RESTING_S = 1.0
PIECE = 65_536
FAR_BEHIND = 1 << 20

Emit = Callable[[str, Mapping[str, Any], str], Awaitable[None]]


class Tails:
    """One task for each log that is watched; it begins at the end of what is there and follows new attempts."""

    def __init__(self, desk: Desk, emit: Emit) -> None:
        self._desk = desk
        self._emit = emit
        self._running: dict[str, asyncio.Task[None]] = {}

    def follow(self, room: str, watched: Callable[[str], bool]) -> None:
        """Makes sure that the log of a room such as 'log:12.3' is followed as long as it is watched."""
        if room in self._running:
            return
        task = asyncio.create_task(self._follow(room, watched), name=room)
        self._running[room] = task
        task.add_done_callback(lambda _: self._running.pop(room, None))

    def tasks(self) -> list[asyncio.Task[None]]:
        """What runs now."""
        return list(self._running.values())

    async def _follow(self, room: str, watched: Callable[[str], bool]) -> None:
        task_id = room.removeprefix("log:")
        attempt, offset = 0, 0
        while watched(room):
            try:
                pause, attempt, offset = await self._step(room, task_id, attempt, offset)
            except CallboardError:
                pause = RESTING_S  # no such task, or nothing printed yet
            except Exception:
                logger.exception("The log of %s cannot be followed", task_id)
                return
            await asyncio.sleep(pause)

    async def _step(self, room: str, task_id: str, attempt: int, offset: int) -> tuple[float, int, int]:
        if not attempt:
            found = await asyncio.to_thread(self._desk.log, task_id, None, -1, 1)
            return EVERY_S, found["attempt"], found["size"]
        part = await asyncio.to_thread(self._desk.log, task_id, None, offset, PIECE)
        if part["attempt"] != attempt:
            part = await asyncio.to_thread(self._desk.log, task_id, None, 0, PIECE)
        elif part["size"] - offset > FAR_BEHIND:
            part = await asyncio.to_thread(self._desk.log, task_id, None, -PIECE, PIECE)
        if part["text"] or part["attempt"] != attempt:
            said = {"task": task_id, **{key: part[key] for key in ("attempt", "offset", "next", "text")}}
            await self._emit("log", said, room)
        resting = part["ended"] and part["next"] >= part["size"]
        return RESTING_S if resting else EVERY_S, part["attempt"], part["next"]

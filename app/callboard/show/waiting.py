"""Keeps the number of what waits for a person fresh: read anew when something happened that may change it."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from callboard.errors import CallboardError
from callboard.show.api.desk import Desk

logger = logging.getLogger(__name__)

SOON_S = 0.05
APART_S = 0.4
IDLE_S = 5.0  # files change without an event: a patch becomes stale, callboard.toml is edited
SHARE = 20.0
NO_MATTER = frozenset(("FindingsFound", "MetricsTaken", "SectionShown", "AttemptBegan", "AttemptDecided", "PersonSet"))


class Waiting:
    """Calls `told` on the loop with the number whenever what waits has changed. `hear` may be called from any thread."""

    def __init__(self, desk: Desk, told: Callable[[int], None]) -> None:
        self._desk = desk
        self._told = told
        self._woken: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._lock = threading.Lock()
        self._pending = False
        self._banner: Any = None
        self._known: tuple[str, ...] | None = None

    def open(self) -> None:
        """Begins; on the loop."""
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        self._task = asyncio.create_task(self._for_ever(), name="waiting")

    def close(self) -> list[asyncio.Task[None]]:
        """Ends; gives what is to be waited for."""
        if self._task is None:
            return []
        self._task.cancel()
        return [self._task]

    def hear(self, message: Mapping[str, Any]) -> None:
        """Looks whether a live message is about something that may wait for a person."""
        banner = message.get("banner", self._banner)
        matters = banner != self._banner or any(row["kind"] not in NO_MATTER for row in message.get("events") or ())
        matters = matters or any(_asks(row) for row in message.get("tasks") or ())
        self._banner = banner
        with self._lock:
            if not matters or self._pending or self._loop is None or self._woken is None:
                return
            self._pending = True
        try:
            self._loop.call_soon_threadsafe(self._woken.set)
        except RuntimeError:
            return  # the loop has ended

    async def _for_ever(self) -> None:
        woken = self._woken
        while woken is not None:
            try:
                await asyncio.wait_for(woken.wait(), IDLE_S)
            except TimeoutError:
                pass
            else:
                await asyncio.sleep(SOON_S)
            woken.clear()
            with self._lock:
                self._pending = False
            begun = time.monotonic()
            try:
                await self._look()
            except CallboardError:
                continue
            except Exception:
                logger.exception("What waits for a person could not be counted")
            await asyncio.sleep(max(APART_S, SHARE * (time.monotonic() - begun)))

    async def _look(self) -> None:
        rows = await asyncio.to_thread(self._desk.inbox)
        found = tuple(f"{row['id']} {row['title']}" for row in rows)
        if found != self._known:
            self._known = found
            self._told(len(rows))


def _asks(task: Mapping[str, Any]) -> bool:
    hold = task.get("hold")
    return task["state"] == "needs decision" or (
        hold is not None and hold["kind"] in ("question", "decision", "nobody", "too large")
    )

"""Notices the end of processes that are not our children."""

import asyncio
import os
import sys
from collections.abc import Callable

from callboard.core.task import AttemptKey, Process
from callboard.measure.process import start_of


class Watch:
    """Calls `on_gone` once when a process that is watched is gone: at once where the kernel tells, else at the next `poll`."""

    def __init__(self, on_gone: Callable[[AttemptKey], None]) -> None:
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._handles: dict[AttemptKey, int] = {}
        self._polled: dict[AttemptKey, Process] = {}

    def add(self, key: AttemptKey, process: Process) -> None:
        """Begins to watch; one that is gone already is told of soon."""
        if key in self._handles or key in self._polled:
            return
        if sys.platform == "linux" and hasattr(os, "pidfd_open"):
            try:
                handle = os.pidfd_open(process.pid)
            except ProcessLookupError:
                self._loop.call_soon(self._on_gone, key)
                return
            except OSError:
                self._polled[key] = process
                return
            if start_of(process.pid) != process.ticks:
                os.close(handle)
                self._loop.call_soon(self._on_gone, key)
                return
            self._handles[key] = handle
            self._loop.add_reader(handle, self._ended, key)
        else:
            self._polled[key] = process

    def _ended(self, key: AttemptKey) -> None:
        self.remove(key)
        self._on_gone(key)

    def poll(self) -> None:
        """Looks at those that the kernel does not tell about."""
        for key, process in list(self._polled.items()):
            if start_of(process.pid) != process.ticks:
                self._ended(key)

    @property
    def needs_poll(self) -> bool:
        """Whether `poll` has anything to look at."""
        return bool(self._polled)

    def remove(self, key: AttemptKey) -> None:
        """Ends the watch, if there is one."""
        handle = self._handles.pop(key, None)
        if handle is not None:
            self._loop.remove_reader(handle)
            os.close(handle)
        self._polled.pop(key, None)

    def close(self) -> None:
        """Ends all of them."""
        for key in [*self._handles, *self._polled]:
            self.remove(key)

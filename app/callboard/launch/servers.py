"""The two fork servers of a launcher: a lean one for commands, a warm one for actions."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from callboard.launch.forks import ForkServer, former_locks, until_unlocked
from callboard.measure.process import read_small

MOST_RESTARTS = 5
RESTARTS_WITHIN = 60.0
LONGEST_BARRIER = 10.0


class Servers:
    """Starts them, and starts them anew when one is gone, unless that happens too often."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        paths: Sequence[str],
        notices: int,
        on_gone: Callable[[ForkServer], None],
    ) -> None:
        self._folder = folder
        self._environment = environment
        self._paths = paths
        self._notices = notices
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._restarts: list[float] = []
        self._servers: dict[bool, ForkServer] = {}

    async def open(self) -> None:
        """Starts both. Raises OSError when that cannot be done."""
        for path in former_locks(self._folder, ()):
            await until_unlocked(path, 0.0)
        for warm in (False, True):
            self._servers[warm] = self._started(warm)

    def _started(self, warm: bool) -> ForkServer:
        server = ForkServer(self._folder, self._environment, self._paths, self._notices, self._on_gone, warm=warm)
        server.start()
        return server

    def take(self, warm: bool) -> ForkServer:
        """The server of that kind, a new one if it is gone; it may be gone still."""
        now = self._loop.time()
        self._restarts = [at for at in self._restarts if now - at < RESTARTS_WITHIN]
        if not self._servers[warm].is_open and len(self._restarts) < MOST_RESTARTS:
            self._restarts.append(now)
            with contextlib.suppress(OSError):
                self._servers[warm] = self._started(warm)
        return self._servers[warm]

    async def former_are_gone(self) -> bool:
        """Waits until no order of a former launcher is on its way any more; False when that takes too long."""
        own = [server.lock for server in self._servers.values()]
        waits = [until_unlocked(path, LONGEST_BARRIER) for path in former_locks(self._folder, own)]
        return all(await asyncio.gather(*waits))

    def let_go(self) -> None:
        """Lets both end."""
        for server in self._servers.values():
            server.let_go()

    async def wait_gone(self) -> None:
        """Waits for the end of both."""
        await asyncio.gather(*(server.wait_gone(2.0) for server in self._servers.values()))


def last_words(server: ForkServer) -> str:
    """The last line that a server wrote before it went."""
    lines = read_small(str(server.log)).decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it says nothing"

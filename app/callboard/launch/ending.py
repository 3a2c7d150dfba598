"""Ends an attempt's processes from the engine's side, when its wrapper cannot."""

import asyncio
import signal

from callboard.core.task import Process
from callboard.launch.tree import kill_all, send, strays
from callboard.measure.process import Stat

LONGEST = 2.5
PAUSE = 0.05


def signal_wrapper(process: Process) -> None:
    """Asks the wrapper to end its tree; a wrapper that somebody halted is let go on."""
    own = Stat(process.pid, "S", 0, 0, 0, 0, process.ticks, 0)
    send(own, signal.SIGTERM)
    send(own, signal.SIGCONT)


async def end_strays(process: Process | None, cookie: bytes) -> set[int]:
    """Kills all that belongs to the attempt, again and again until nothing is found; what is left after LONGEST seconds."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGEST
    while True:
        found = await asyncio.to_thread(_kill_once, process, cookie)
        if not found or loop.time() >= until:
            return found
        await asyncio.sleep(PAUSE)


def _kill_once(process: Process | None, cookie: bytes) -> set[int]:
    leader, start = (process.pid, process.ticks) if process else (0, 0)
    found = strays(leader, start, cookie)
    if found:
        kill_all(lambda: strays(leader, start, cookie))
    return set(found)

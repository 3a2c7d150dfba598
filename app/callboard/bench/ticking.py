"""A launcher whose attempts do nothing but say that they go on, so often a second; to measure what watching costs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import cycle

from callboard.bench.instant import NOBODY
from callboard.core.facts import Began, Ended, Fact, How, Progressed
from callboard.core.task import AttemptKey
from callboard.ports import Clock, LeftRunning, Order

BEAT_S = 0.02


class TickingLauncher:
    """Attempts begin at once; all of them together report `changes` times a second. Each ends after `life` reports, with
    success; with 0 it runs until it is stopped.

    The note of each report is 'tick ' and the time at which it was made.
    """

    def __init__(self, clock: Clock, changes: float, life: int = 0) -> None:
        self._clock = clock
        self._changes = changes
        self._life = life
        self._running: dict[AttemptKey, int] = {}
        self._deliver: Callable[[Fact], None] = lambda fact: None
        self._ticking: asyncio.Task[None] | None = None

    async def open(self, deliver: Callable[[Fact], None]) -> None:
        """Begins to tick."""
        self._deliver = deliver
        self._ticking = asyncio.create_task(self._tick())

    def launch(self, orders: Sequence[Order]) -> None:
        """Each begins."""
        for order in orders:
            self._running[order.key] = 0
            self._deliver(Began(order.key, self._clock.wall(), NOBODY))

    def stop(self, key: AttemptKey, reason: str) -> None:
        """It ends."""
        self._running.pop(key, None)
        self._deliver(Ended(key, self._clock.wall(), How.STOPPED, reason))

    def answer(self, key: AttemptKey, question: str, choice: str, by: str) -> None:
        """Nothing ever asks."""

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        """Nothing is ever left."""

    async def close(self) -> None:
        """Ticks no more."""
        if self._ticking is not None:
            self._ticking.cancel()

    async def _tick(self) -> None:
        owed = 0.0
        turns = cycle(range(1 << 30))
        while True:
            await asyncio.sleep(BEAT_S)
            owed += self._changes * BEAT_S
            keys = list(self._running)
            while owed >= 1 and keys:
                owed -= 1
                number = next(turns)
                now = time.time()
                key = keys[number % len(keys)]
                if key not in self._running:
                    continue
                self._deliver(Progressed(key, now, number % 100 / 100, f"tick {now:.4f}"))
                self._running[key] += 1
                if self._running[key] == self._life:
                    del self._running[key]
                    self._deliver(Ended(key, self._clock.wall(), How.EXITED, "", 0))

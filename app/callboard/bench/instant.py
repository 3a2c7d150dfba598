"""A launcher and a meter that cost nothing, to measure the engine alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from callboard.core.facts import Began, Ended, Fact, How
from callboard.core.resources import Capacity
from callboard.core.task import AttemptKey, Process, Usage
from callboard.ports import Clock, LeftRunning, Order

NOBODY = Process(pid=0, ticks=0, boot="")


class InstantLauncher:
    """Each attempt begins and ends at once, with success."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deliver: Callable[[Fact], None] = lambda fact: None

    async def open(self, deliver: Callable[[Fact], None]) -> None:
        """Remembers whom to tell."""
        self._deliver = deliver

    def launch(self, orders: Sequence[Order]) -> None:
        """Tells that each began and ended."""
        now = self._clock.wall()
        for order in orders:
            self._deliver(Began(order.key, now, NOBODY))
            self._deliver(Ended(order.key, now, How.EXITED, "", 0))

    def stop(self, key: AttemptKey, reason: str) -> None:
        """Nothing is ever running."""

    def answer(self, key: AttemptKey, question: str, choice: str, by: str) -> None:
        """Nothing ever asks."""

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        """Whatever was left is lost."""
        for item in left:
            self._deliver(Ended(item.key, self._clock.wall(), How.LOST, "lost", never_ran=True))

    async def close(self) -> None:
        """Nothing to let go of."""


class FixedMeter:
    """A machine of a fixed size with nobody else on it."""

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity

    def capacity(self, running: Mapping[AttemptKey, Process]) -> Capacity:
        """Always the same."""
        return self._capacity

    def usage(self, running: Mapping[AttemptKey, Process]) -> Mapping[AttemptKey, Usage]:
        """Nobody uses anything."""
        return {}

    def now(self, key: AttemptKey) -> tuple[float, int] | None:
        """Nobody was seen."""
        return None

    def host(self) -> Mapping[str, Any]:
        """Nothing is known of the host."""
        return {}

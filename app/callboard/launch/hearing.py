"""Reads what all attempts say, ten times a second, within a budget of time so that the loop stays free."""

import asyncio
import time
from collections.abc import Callable, Sequence

from callboard.core.facts import Fact
from callboard.launch.attempt import Attempt
from callboard.launch.watch import Watch

BEAT = 0.1
BUDGET = 0.003


class Hearing:
    """`hand_over` gets the facts; `said_all` is called for an attempt that is over once all it said was handed over."""

    def __init__(
        self, hand_over: Callable[[Sequence[Fact]], None], said_all: Callable[[Attempt], None], watch: Watch
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._hand_over = hand_over
        self._said_all = said_all
        self._watch = watch
        self._attempts: list[Attempt] = []
        self._over: list[Attempt] = []
        self._timer: asyncio.TimerHandle | None = None
        self._draining: asyncio.Handle | None = None

    def add(self, attempt: Attempt) -> None:
        """From now on it is heard; a command is only noted so that the watch is polled."""
        if attempt.tail is not None:
            self._attempts.append(attempt)
        if self._timer is None:
            self._timer = self._loop.call_later(BEAT, self._beat)

    def finish(self, attempt: Attempt) -> None:
        """It is over: what is left is read now."""
        if attempt in self._attempts:
            self._attempts.remove(attempt)
        self._over.append(attempt)
        if self._draining is None:
            self._drain()

    def remove(self, attempt: Attempt) -> None:
        """It is heard no more."""
        for listed in (self._attempts, self._over):
            if attempt in listed:
                listed.remove(attempt)

    def close(self) -> None:
        """Nobody is heard any more."""
        for handle in (self._timer, self._draining):
            if handle is not None:
                handle.cancel()
        self._attempts.clear()
        self._over.clear()

    def _beat(self) -> None:
        self._timer = None
        self._watch.poll()
        until = time.perf_counter() + BUDGET
        for attempt in list(self._attempts):
            _take(attempt, until)
            self._tell(attempt)
        self._attempts.append(self._attempts.pop(0)) if self._attempts else None
        if self._attempts or self._watch.needs_poll:
            self._timer = self._loop.call_later(BEAT, self._beat)

    def _drain(self) -> None:
        self._draining = None
        until = time.perf_counter() + BUDGET
        while self._over and time.perf_counter() < until:
            attempt = self._over[0]
            is_done = _take(attempt, until)
            if is_done and attempt.tail is not None:
                attempt.tail.skip_to_end()
                is_done = _take(attempt, until)
            self._tell(attempt, is_last=is_done)
            if is_done:
                self._over.remove(attempt)
                self._said_all(attempt)
        if self._over:
            self._draining = self._loop.call_soon(self._drain)

    def _tell(self, attempt: Attempt, *, is_last: bool = False) -> None:
        if attempt.intake is not None:
            facts = attempt.intake.flush(is_last=is_last)
            if facts:
                self._hand_over(facts)


def _take(attempt: Attempt, until: float) -> bool:
    """Reads until there is nothing more, True then, or the time is over."""
    if attempt.tail is None or attempt.intake is None:
        return True
    while True:
        line = attempt.tail.next_line()
        if line is None:
            return True
        attempt.intake.take(line)
        if time.perf_counter() >= until:
            return False

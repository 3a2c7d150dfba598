"""Looks at the machine and the plugins once a second, and tells the engine what raises or resolves an alert."""

import asyncio
from collections.abc import Callable, Iterable

from callboard.core.alert_rules import Outside, outside
from callboard.core.commands import LookOutside
from callboard.engine import Engine


class AlertWatch:
    """`look` is called on the engine's thread whenever it has measured; `plugins` gives each with its trouble or ''."""

    def __init__(self, engine: Engine, plugins: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self._engine = engine
        self._plugins = plugins
        self._since: tuple[bool, float] | None = None
        self._asked: asyncio.Future[int] | None = None

    def look(self) -> None:
        """Asks the engine for an alert, or for its end; never for a second thing before the first is in the log."""
        if self._engine.loop is None or (self._asked is not None and not self._asked.done()):
            return
        facts, now = self._facts(), self._engine.now()
        if outside(self._engine.state, facts, now):
            self._asked = asyncio.ensure_future(self._engine.ask(LookOutside(facts)))
            self._asked.add_done_callback(_heard)

    def _facts(self) -> Outside:
        now, pressed = self._engine.now(), self._engine.capacity.pressed
        if self._since is None or self._since[0] != pressed:
            self._since = (pressed, now)
        lasted = max(0.0, now - self._since[1])
        free = self._engine.host().get("disk_free_gb")
        return Outside(
            disk_free_gb=float(free) if isinstance(free, int | float) else None,
            pressed_s=lasted if pressed else 0.0,
            calm_s=0.0 if pressed else lasted,
            plugins=tuple(self._plugins()),
        )


def _heard(answer: "asyncio.Future[int]") -> None:
    """A refusal, or the end of the engine, is no fault: it is looked at again."""
    if not answer.cancelled():
        answer.exception()

"""What every part of the desk stands on."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from callboard.agents.crew import Catalogue
from callboard.core.commands import (
    Command,
)
from callboard.core.run import Run
from callboard.desk.changes import Changes
from callboard.engine import Engine
from callboard.errors import NotFound
from callboard.guard.trust import Trust
from callboard.learn.durations import Learned
from callboard.live import LiveFeed
from callboard.record.history import History
from callboard.rows import Row

HIGHEST = 2**53


class Room:
    """The engine, the record and the catalogue, for one workspace."""

    def __init__(
        self,
        *,
        engine: Engine,
        feed: LiveFeed,
        history: History,
        data: Path,
        workspace: Path,
        version: str,
        catalogue: Catalogue,
    ) -> None:
        self.workspace = workspace
        self.data = data
        self._engine = engine
        self._feed = feed
        self._history = history
        self._version = version
        self._catalogue = catalogue
        self._trust = Trust(data)
        self._since = time.time()
        self._named: tuple[str, ...] | None = None
        self._preflight: tuple[float, dict[str, list[Row]]] = (0.0, {})
        self._able: dict[str, tuple[bool | None, str]] = {}
        self._asked_again = float("-inf")
        self._learned: dict[Path, tuple[float, dict[str, Learned]]] = {}
        self._changes = Changes(history, lambda: self._catalogue)
        self._looking = threading.Lock()
        self._fire: Callable[[str, str], None] | None = None

    def _require_run(self, run: int) -> None:
        if not self._engine.inspect(lambda state: run in state.runs):
            self._kept(run)

    def _kept(self, number: int) -> Run:
        """A run of the record; raises `NotFound`."""
        kept = self._history.run(number) if 0 < number < HIGHEST else None
        if kept is None:
            raise NotFound(f"there is no run {number}; see `callboard runs`")
        return kept

    def _do(self, command: Command) -> int:
        return self._engine.ask_from(command)

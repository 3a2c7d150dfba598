"""What is kept about a service that was started: one JSON file, the output, and a history of starts and stops."""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context

KEPT_HISTORY = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """A start. `pid` is 0 while nothing has been started yet; `mark` stands in the environment of every process."""

    service: str
    workspace: str
    mark: str
    port: int
    url: str
    pid: int = 0
    start: str = ""
    boot: str = ""
    at: float = 0.0
    commit: str = ""


class Shelf:
    """The folder of one service of one workspace."""

    def __init__(self, ctx: Context, service: str) -> None:
        data = os.environ.get("CALLBOARD_DATA")
        home = Path(data).absolute() / "services" if data else ctx.scratch.parent / "callboard-services"
        whose = hashlib.sha256(str(ctx.workspace.path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.folder = home / whose / service
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.output = self.folder / "output.log"
        self._record = self.folder / "service.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps a second start or stop of the same service out; raises `CallboardError` when one is at work."""
        with open(self.folder / "lock", "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CallboardError(
                    f"another start or stop works in {self.folder}; wait until it has ended"
                ) from error
            yield

    def read(self) -> Record | None:
        """The last start that was not stopped; None when there is none, or none that can be read."""
        try:
            return Record(**json.loads(self._record.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, record: Record) -> None:
        """Keeps it at once and whole."""
        new = self._record.with_suffix(".new")
        with open(new, "w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._record)

    def forget(self) -> None:
        """Takes the record away; the output and the history stay."""
        self._record.unlink(missing_ok=True)

    def turn_over(self) -> None:
        """Puts the output of the former start aside, one generation."""
        if self.output.exists():
            self.output.replace(self.folder / "output.1.log")

    def note(self, event: str, record: Record, **more: Any) -> None:
        """Adds a line to the history."""
        entry = {
            "at": round(time.time(), 3),
            "event": event,
            "service": record.service,
            "commit": record.commit,
            **more,
        }
        history = self.folder / "history.jsonl"
        lines = history.read_text("utf-8").splitlines()[-KEPT_HISTORY:] if history.exists() else []
        history.write_text("".join(f"{line}\n" for line in [*lines, json.dumps(entry)]), "utf-8")

    def last_lines(self, count: int = 5, longest: int = 600) -> str:
        """The last lines of the output."""
        try:
            with open(self.output, "rb") as file:
                file.seek(max(0, self.output.stat().st_size - 16_384))
                lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
        except OSError:
            return ""
        return " | ".join(lines[-count:])[-longest:]

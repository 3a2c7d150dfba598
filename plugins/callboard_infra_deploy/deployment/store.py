"""What is kept about the releases of one environment: a folder for each, which one is current, and the history."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, Context
from callboard_infra_deploy.processes import boot_id, look

KEPT_HISTORY = 1_000
KEPT_RECORDS = 50
LARGEST_OUTPUT = 64_000_000
KEPT_OUTPUT = 8_000_000
PASSING = ("building", "starting", "checking", "switching")


@dataclass(frozen=True, slots=True)
class Release:
    """One release. `state` is one of PASSING while somebody works on it, then live, kept, undone, failed or removed.

    `mark` stands in the environment of each of its processes; `run`, `task`, `attempt`, `by` say who asked. `recipe` stands for
    the way in which it was built and started.
    """

    number: int
    commit: str
    mark: str
    state: str = "building"
    subject: str = ""
    port: int = 0
    pid: int = 0
    start: str = ""
    boot: str = ""
    created: float = 0.0
    live_at: float = 0.0
    run: str = ""
    task: str = ""
    by: str = ""
    attempt: int = 1
    gates: tuple[str, ...] = ()
    override: str = ""
    health: str = ""
    seconds: float = 0.0
    why: str = ""
    recipe: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether the very process that was started still runs: pid, start and boot fit."""
        return is_alive(self.pid, self.start, self.boot)


def releases_of(ctx: Context) -> Path:
    """Where the environments of the workspace have their folders."""
    return ctx.data / "releases" / hashlib.sha256(os.fsencode(ctx.workspace.path)).hexdigest()[:16]


def is_alive(pid: int, start: str, boot: str) -> bool:
    """Whether that very process still runs."""
    seen = look(pid) if pid else None
    return seen is not None and seen.start == start and boot == boot_id()


class Busy(CallboardError):
    """Somebody else works on the environment."""


class Store:
    """The folder of one environment of one workspace."""

    def __init__(self, ctx: Context, environment: str) -> None:
        self.name = environment
        self.folder = releases_of(ctx) / environment
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def alone(self, patience: float = 0.0) -> Iterator[None]:
        """Keeps others off the environment; raises `Busy` when somebody is still at work after so many seconds."""
        until = time.monotonic() + patience
        with open(self.folder / "lock", "w", encoding="ascii") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError as error:
                    if time.monotonic() >= until:
                        raise Busy(
                            f"another task works on environment '{self.name}' now; wait until it has ended"
                        ) from error
                    time.sleep(0.1)
            yield

    def place(self, number: int) -> Path:
        """The folder of a release."""
        return self.folder / str(number)

    def tree(self, number: int) -> Path:
        """Where its files lie."""
        return self.place(number) / "tree"

    def output(self, number: int) -> Path:
        """Where its processes write to."""
        return self.place(number) / "output.log"

    def releases(self) -> list[Release]:
        """All that are known, oldest first; what cannot be read is left out."""
        numbers = sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdigit())
        return [release for number in numbers if (release := self.read(number)) is not None]

    def read(self, number: int) -> Release | None:
        """The release of that number, None when there is none that can be read."""
        try:
            said = json.loads((self.place(number) / "release.json").read_text("utf-8"))
            known = {field.name for field in fields(Release)}
            given = {key: value for key, value in said.items() if key in known}
            return Release(**{**given, "gates": tuple(given.get("gates", ()))})
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def create(self, release: Release) -> Release:
        """Gives it the next number and a folder."""
        numbers = [int(path.name) for path in self.folder.iterdir() if path.name.isdigit()]
        numbered = replace(release, number=max(numbers, default=0) + 1)
        self.place(numbered.number).mkdir(mode=0o700)
        return self.write(numbered)

    def write(self, release: Release, **changes: Any) -> Release:
        """Keeps it, with the changes, at once and whole."""
        changed = replace(release, **changes)
        write_json(self.place(release.number) / "release.json", asdict(changed))
        return changed

    def state(self) -> dict[str, Any]:
        """`current`: the number of the release that is in service (0 for none); `forwarder`: its process."""
        return read_json(self.folder / "state.json")

    def keep_state(self, **changes: Any) -> None:
        """Keeps what changed in the state."""
        write_json(self.folder / "state.json", {**self.state(), **changes})

    @property
    def current(self) -> Release | None:
        """The release that was put into service last and not taken out of it."""
        number = self.state().get("current", 0)
        return self.read(number) if isinstance(number, int) and number else None

    def remove_tree(self, release: Release) -> None:
        """Gives back the room of a release; its record and its logs stay."""
        shutil.rmtree(self.tree(release.number), ignore_errors=True)
        self.write(release, state="removed")

    def trim(self, number: int) -> None:
        """Cuts the output of a release to its last part once it has grown too large; it is only ever added to, so none is torn."""
        path = self.output(number)
        try:
            size = path.stat().st_size
            if size <= LARGEST_OUTPUT:
                return
            with open(path, "rb+") as file:
                file.seek(size - KEPT_OUTPUT)
                path.with_suffix(".1.log").write_bytes(file.read(KEPT_OUTPUT))
                file.truncate(0)
        except OSError:
            return

    def forget_oldest(self) -> None:
        """Takes away what is left of releases without files, but for the newest KEPT_RECORDS; the history stays."""
        gone = [release for release in self.releases() if not self.tree(release.number).is_dir()]
        for release in gone[:-KEPT_RECORDS]:
            shutil.rmtree(self.place(release.number), ignore_errors=True)

    def note(self, event: str, release: Release | None, **more: Any) -> None:
        """Adds a line to the history."""
        entry: dict[str, Any] = {"at": round(time.time(), 3), "event": event}
        if release is not None:
            entry |= {"release": release.number, "commit": release.commit}
        path = self.folder / "history.jsonl"
        lines = path.read_text("utf-8").splitlines()[-KEPT_HISTORY:] if path.exists() else []
        fresh = path.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in [*lines, json.dumps({**entry, **more})]), "utf-8")
        fresh.replace(path)

    def history(self) -> list[dict[str, Any]]:
        """The history, oldest first."""
        try:
            lines = (self.folder / "history.jsonl").read_text("utf-8").splitlines()
            return [entry for line in lines if isinstance(entry := json.loads(line), dict)]
        except (OSError, ValueError):
            return []


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Keeps it at once and whole."""
    fresh = path.with_suffix(".new")
    with open(
        os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """What it holds; {} when that cannot be read."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def last_lines(path: Path, count: int = 5, longest: int = 600) -> str:
    """The last lines of a file in one line."""
    return " | ".join(tail(path, count))[-longest:]


def tail(path: Path, count: int) -> list[str]:
    """The last lines that are not blank."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, path.stat().st_size - 262_144))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if line.strip()][-count:]

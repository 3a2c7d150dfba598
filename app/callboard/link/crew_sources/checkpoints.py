"""A folder of CrewAI's checkpoints (or its SQLite file), looked at now and then: the newest holds all that came before."""

import asyncio
import json
import os
import shutil
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError
from callboard.link.crew_sources.checkpoint import Checkpoint
from callboard.link.crew_sources.look import ERROR, STALE, Fact, Look, Tell
from callboard.link.crew_sources.places import open_regular, place_of
from callboard.link.crew_sources.values import text_of

LARGEST_HERE = 2 << 20
LARGEST = 64 << 20
CHILD_S = 30.0
MOST_BRANCHES = 50
MOST_FILES = 5_000
MOST_TOLD = 50_000
MOST_FACTS = 400
OLD_S = 900.0
JSONB = (3, 45)
MAGIC = b"SQLite format 3\0"
SIDES = ("", "-wal")


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest file, and what tells whether it changed."""

    place: Path
    stamp: tuple[str, int, int]
    at: float


class Checkpoints:
    """What finished long before the first look is not told."""

    kind = "checkpoints"

    def __init__(self, workspace: Path, written: str, every_s: float, wall: Callable[[], float] = time.time) -> None:
        self._workspace = workspace
        self._written = written
        self._every_s = every_s
        self._wall = wall
        self._stamp: tuple[str, int, int] | None = None
        self._told: dict[str, None] = {}
        self._first = True

    async def watch(self, tell: Tell) -> None:
        """Looks, tells, waits."""
        while True:
            tell(await self.look())
            await asyncio.sleep(self._every_s)

    async def look(self) -> Look:
        """Looks once; reads only what changed."""
        try:
            newest = await asyncio.to_thread(self._newest)
            if newest is None:
                return Look(words="there is no checkpoint yet")
            if newest.stamp == self._stamp:
                return Look()
            facts = await self._read(newest)
        except CallboardError as error:
            return Look(ERROR, str(error))
        self._stamp = newest.stamp
        if facts is None:
            return Look(STALE, f"'{newest.place.name}' is no checkpoint of CrewAI")
        return Look(facts=self._new(facts, newest.at))

    def _new(self, facts: list[tuple[str, Fact]], at: float) -> list[Fact]:
        """Those that were not told before; at the first look only of workflows that may still go on."""
        first, self._first = self._first, False
        over = {str(fact["workflow"]) for _, fact in facts if fact["what"] == "workflow-ended"}
        quiet = first and self._wall() - at > OLD_S
        fresh: list[Fact] = []
        for key, fact in facts:
            if key in self._told:
                continue
            self._told[key] = None
            if not quiet and not (first and fact["workflow"] in over):
                fresh.append(fact)
        while len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        return fresh[:MOST_FACTS]

    def _newest(self) -> Newest | None:
        place = place_of(self._workspace, self._written)
        try:
            mode = place.stat().st_mode
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CallboardError(f"'{self._written}' cannot be looked at: {error.strerror}") from error
        if stat.S_ISREG(mode):
            return _stamped([place, Path(f"{place}-wal")])
        if not stat.S_ISDIR(mode):
            raise CallboardError(f"'{self._written}' is neither a folder nor a file")
        files = [entry for folder in (place, *_folders(place)) for entry in _entries(folder, ".json")]
        if not files:
            return None
        latest = max(files, key=lambda entry: (entry[1], entry[0].name))
        return _stamped([latest[0]])

    async def _read(self, newest: Newest) -> list[tuple[str, Fact]] | None:
        if newest.stamp[2] > LARGEST:
            raise CallboardError(f"'{newest.place.name}' has more than {LARGEST >> 20} MiB")
        if newest.stamp[2] > LARGEST_HERE:
            return await _read_apart(newest.place)
        return await asyncio.to_thread(facts_in, newest.place)


def facts_in(place: Path) -> list[tuple[str, Fact]] | None:
    """The facts of a checkpoint with the ids of their events, None when it is none; raises `CallboardError` in words."""
    with open_regular(place) as file:
        head = file.read(len(MAGIC))
        if head == MAGIC:
            text: Any = _of_database(place)
        else:
            text = head + file.read(LARGEST)
    try:
        checkpoint = Checkpoint(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise CallboardError(f"'{place.name}' is not whole, or no JSON") from error
    return list(checkpoint.facts()) if checkpoint.is_one else None


def _of_database(place: Path) -> str:
    """The newest checkpoint of a copy: the platform's own file is never opened as a database."""
    with tempfile.TemporaryDirectory(prefix="callboard-") as folder:
        copy = Path(folder) / "checkpoints.db"
        for side in SIDES:
            try:
                with open_regular(Path(f"{place}{side}")) as source, open(f"{copy}{side}", "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            except CallboardError:
                if not side:
                    raise
        try:
            with closing(sqlite3.connect(copy)) as database:
                row = database.execute("SELECT typeof(data) FROM checkpoints ORDER BY rowid DESC LIMIT 1").fetchone()
                if row is None:
                    raise CallboardError(f"there is no checkpoint in '{place.name}' yet")
                if row[0] == "blob" and sqlite3.sqlite_version_info < JSONB:
                    raise CallboardError(
                        f"checkpoints in SQLite need SQLite 3.45 to be read, here is {sqlite3.sqlite_version}; "
                        "use CrewAI's JSON provider"
                    )
                found = database.execute("SELECT json(data) FROM checkpoints ORDER BY rowid DESC LIMIT 1").fetchone()
                return str(found[0])
        except sqlite3.Error as error:
            raise CallboardError(f"'{place.name}' cannot be read now: {text_of(str(error))}") from error


async def _read_apart(place: Path) -> list[tuple[str, Fact]] | None:
    """A large one is taken apart by a process of its own, so that nobody here waits for it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", __name__, str(place),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(CHILD_S):
            said, _ = await child.communicate()
        answer = json.loads(said)
    except (TimeoutError, ValueError) as error:
        raise CallboardError(f"'{place.name}' could not be read within {CHILD_S:g} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if isinstance(answer, str):
        raise CallboardError(answer)
    return None if answer is None else [(str(key), dict(fact)) for key, fact in answer]


def _folders(place: Path) -> Iterator[Path]:
    """The branches: folders, no links."""
    count = 0
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and count < MOST_BRANCHES:
                count += 1
                yield Path(entry.path)


def _entries(folder: Path, suffix: str) -> list[tuple[Path, int]]:
    """The regular files of a folder with that end, and when they were changed."""
    found: list[tuple[Path, int]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(suffix) and entry.is_file(follow_symlinks=False):
                    found.append((Path(entry.path), entry.stat(follow_symlinks=False).st_mtime_ns))
                    if len(found) >= MOST_FILES:
                        break
    except OSError:
        return found
    return found


def _stamped(places: list[Path]) -> Newest | None:
    """The first of the places, with a stamp over all."""
    size, changed = 0, 0
    for place in places:
        try:
            status = place.stat()
        except OSError:
            continue
        size += status.st_size
        changed = max(changed, status.st_mtime_ns)
    return Newest(places[0], (str(places[0]), changed, size), changed / 1e9) if changed else None


def main() -> None:
    """Prints the facts of the file that is named as JSON, or in words why not."""
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (int(CHILD_S), int(CHILD_S)))
    try:
        print(json.dumps(facts_in(Path(sys.argv[1]))))
    except CallboardError as error:
        print(json.dumps(str(error)))


if __name__ == "__main__":
    main()

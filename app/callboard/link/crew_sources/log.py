"""A log file of the platform, followed at its end: also when it is rotated, cut, or written anew as a whole."""

import asyncio
import io
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError
from callboard.link.crew_sources.logbook import Logbook
from callboard.link.crew_sources.look import ERROR, STALE, Fact, Look, Tell
from callboard.link.crew_sources.places import open_regular, place_of
from callboard.link.crew_sources.values import moment_of

MOST_AT_ONCE = 1 << 20
LONGEST_LINE = 64 << 10
LARGEST_JSON = 8 << 20
LOOK_BACK = 256 << 10
OLD_S = 900.0
MOST_FACTS = 400
STRANGE_AFTER = 200
STRANGE = "it is written, but in no words of CrewAI's log or verbose output"


class Log:
    """At the first look only what belongs to a workflow that may still go on is told."""

    kind = "log"

    def __init__(self, workspace: Path, written: str, every_s: float, wall: Callable[[], float] = time.time) -> None:
        self._workspace = workspace
        self._written = written
        self._every_s = every_s
        self._wall = wall
        self._book = Logbook()
        self._file: tuple[int, int] = (0, 0)
        self._offset = 0
        self._left = b""
        self._entries = 0
        self._changed = 0
        self._first = True

    async def watch(self, tell: Tell) -> None:
        """Looks, tells, waits."""
        while True:
            tell(await self.look())
            await asyncio.sleep(self._every_s)

    async def look(self) -> Look:
        """Looks once; reads only what is new."""
        try:
            facts, changed = await asyncio.to_thread(self._read)
        except CallboardError as error:
            self._first = False
            return Look(ERROR, str(error))
        now = self._wall()
        facts += self._book.rest(now)
        if self._first:
            self._first = False
            facts = facts if now - changed < OLD_S else []
            ended = {str(fact["workflow"]) for fact in facts if fact["what"] == "workflow-ended"}
            facts = [fact for fact in facts if fact["workflow"] not in ended]
        if not self._book.known and self._book.strange > STRANGE_AFTER:
            return Look(STALE, STRANGE, facts[:MOST_FACTS])
        return Look(facts=facts[-MOST_FACTS:])

    def _read(self) -> tuple[list[Fact], float]:
        """The new facts, and when the file was changed."""
        place = place_of(self._workspace, self._written)
        with open_regular(place) as file:
            status = os.fstat(file.fileno())
            same = (status.st_dev, status.st_ino) == self._file and status.st_size >= self._offset
            if place.suffix == ".json":
                if status.st_mtime_ns != self._changed:
                    return self._read_json(file, status), status.st_mtime
                return [], status.st_mtime
            if not same:
                self._left = b""
                self._offset = max(0, status.st_size - LOOK_BACK) if self._first else 0
                skip = self._offset > 0
                self._file = (status.st_dev, status.st_ino)
            else:
                skip = False
            if status.st_size - self._offset > 16 * MOST_AT_ONCE:
                self._offset, self._left, skip = status.st_size - MOST_AT_ONCE, b"", True
            file.seek(self._offset)
            data = file.read(MOST_AT_ONCE)
        self._offset += len(data)
        return self._lines(data, skip), status.st_mtime

    def _lines(self, data: bytes, skip: bool) -> list[Fact]:
        now = self._wall()
        lines = (self._left + data).split(b"\n")
        self._left = lines.pop()
        if len(self._left) > LONGEST_LINE:
            self._left = self._left[:LONGEST_LINE]
        facts: list[Fact] = []
        for line in lines[1:] if skip else lines:
            facts += self._book.line(line[:LONGEST_LINE].decode("utf-8", "replace"), now)
        return facts

    def _read_json(self, file: io.BufferedIOBase | Any, status: os.stat_result) -> list[Fact]:
        """The whole file is one list that is written anew with each entry; while it is being written it is not whole."""
        if status.st_size > LARGEST_JSON:
            raise CallboardError(
                f"it has more than {LARGEST_JSON >> 20} MiB; CrewAI writes it anew each time, use .txt"
            )
        try:
            entries = json.loads(file.read(LARGEST_JSON + 1))
        except (ValueError, RecursionError):
            return []
        if not isinstance(entries, list):
            raise CallboardError("it is no list of entries, as CrewAI writes them")
        self._changed = status.st_mtime_ns
        if len(entries) < self._entries:
            self._entries = 0
        facts: list[Fact] = []
        now = self._wall()
        for entry in entries[self._entries :]:
            if isinstance(entry, dict):
                facts += self._book.entry(entry, now, moment_of(entry.get("timestamp")))
        self._entries = len(entries)
        return facts

"""The folder where observers leave what they saw when there is no network between them and Callboard: followed, never written."""

import contextlib
import json
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError, Refused
from callboard.guard.running import read_private, write_private

LOOK_S = 1.0
MOST_FILES = 200
MOST_AT_ONCE = 512 << 10
LONGEST_LINE = 128 << 10
MOST_FACTS = 500
CLOSE_S = 5.0
STREAM = re.compile(r"[0-9a-f]{8,64}")
FILE = re.compile(r"[A-Za-z0-9_-]{1,60}\.jsonl(\.1)?")

Tell = Callable[[str, str, Sequence[Mapping[str, Any]], str, int], object]


class ObserverFolder:
    """Tells the lines of its files, each batch with its sender and its number, so that one that is read again counts once.

    Reads plain files alone, and of each a bounded piece at a time; a file that was renamed is gone on with where it was left,
    also by a later program: `marks` is the file that keeps how far each was read.
    """

    def __init__(self, folder: Path, marks: Path, tell: Tell) -> None:
        self._folder = folder
        self._marks = marks
        self._tell = tell
        self._read = _kept(marks)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Looks once a second, in a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="crew folder", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the looking."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(CLOSE_S)

    def _work(self) -> None:
        while not self._ended.wait(LOOK_S):
            with contextlib.suppress(CallboardError, OSError):
                self.look()

    def look(self) -> int:
        """Tells what is new and returns how many batches that were; raises `CallboardError` when nobody takes it now."""
        told = 0
        before = dict(self._read)
        there: set[int] = set()
        for path in self._files():
            told += self._follow(path, there)
        for gone in self._read.keys() - there:
            del self._read[gone]
        if self._read != before:
            with contextlib.suppress(OSError):
                write_private(self._marks, json.dumps(self._read).encode())
        return told

    def _files(self) -> list[Path]:
        """The oldest first, so that what was renamed comes before what took its place."""
        try:
            with os.scandir(self._folder) as entries:
                found = [
                    (entry.stat(follow_symlinks=False).st_mtime, entry.name)
                    for entry in entries
                    if FILE.fullmatch(entry.name)
                ]
        except OSError:
            return []
        return [self._folder / name for _, name in sorted(found)[-MOST_FILES:]]

    def _follow(self, path: Path, there: set[int]) -> int:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return 0
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return 0
            there.add(found.st_ino)
            start = self._read.get(found.st_ino, 0)
            if found.st_size < start:
                start = 0
            raw = os.pread(descriptor, MOST_AT_ONCE, start)
        finally:
            os.close(descriptor)
        end = raw.rfind(b"\n") + 1
        if not end:
            if len(raw) >= LONGEST_LINE:
                self._read[found.st_ino] = start + len(raw)
            return 0
        told = 0
        for crew, facts, stream, upto in _batches(raw[:end]):
            try:
                self._tell(crew, "observer", facts, stream, upto)
                told += 1
            except Refused:
                continue
        self._read[found.st_ino] = start + end
        return told


def _batches(raw: bytes) -> Iterator[tuple[str, list[dict[str, Any]], str, int]]:
    """The batches of whole lines; a line that is none is passed over."""
    for line in raw.splitlines():
        if not line or len(line) > LONGEST_LINE:
            continue
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(said, dict) or said.get("version") != 1:
            continue
        crew, stream, facts = (said.get(name) for name in ("crew", "observer", "facts"))
        if not isinstance(crew, str) or not isinstance(stream, str) or not STREAM.fullmatch(stream):
            continue
        if not isinstance(facts, list) or len(facts) > MOST_FACTS:
            continue
        good = [
            fact for fact in facts if isinstance(fact, dict) and type(fact.get("n")) is int and 0 < fact["n"] < 2**53
        ]
        if good:
            yield crew, good, stream, max(fact["n"] for fact in good)


def _kept(marks: Path) -> dict[int, int]:
    raw = read_private(marks)
    try:
        found = json.loads(raw) if raw is not None else {}
        return {int(file): int(place) for file, place in found.items() if int(place) >= 0}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}

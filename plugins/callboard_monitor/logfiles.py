"""Reading log files from where the last look ended, whatever happens to them in between."""

import glob
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

COUNTED = 200_000_000  # of a larger file the number of a line is not worked out
LONGEST_LINE = 65_536
HEAD = 256
BINARY_SHARE = 0.05
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".lz4")
TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number (0: not known). `is_new`: it was not there at the last look."""

    number: int
    text: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was read: inode, start of the first line that was not whole, the end of the file then, and how it begins."""

    inode: int
    offset: int
    end: int
    line: int
    head: str
    head_size: int

    @classmethod
    def of(cls, kept: object) -> "Position | None":
        """From what was remembered; None when that is not sound."""
        if not isinstance(kept, Mapping):
            return None
        parts = [kept.get(key) for key in ("inode", "offset", "end", "line", "head_size")]
        if not all(isinstance(part, int) and not isinstance(part, bool) and part >= 0 for part in parts):
            return None
        inode, offset, end, line, size = (int(part) for part in parts if isinstance(part, int))
        return cls(inode, offset, end, line, str(kept.get("head", "")), min(size, HEAD))

    def kept_form(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in ("inode", "offset", "end", "line", "head", "head_size")}


class Unread(Exception):
    """A file that is not read; its words say why."""


class LogFile:
    """One log. After `lines` was exhausted, `position` is where the next look begins; `state` says what became of the file."""

    def __init__(self, path: Path, former: Position | None, most: int, only_new: bool) -> None:
        self._path = path
        self._former = former
        self._most = most
        self._only_new = only_new
        self.position: Position | None = None
        self.state = "first look" if former is None else "continued"
        self.skipped = 0

    def lines(self) -> Iterator[Line]:
        """The lines of the last `most` bytes, or only the new ones. Raises `Unread`, and OSError when it cannot be opened."""
        if self._path.suffix.lower() in COMPRESSED:
            raise Unread("is compressed")
        with open(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            size = status.st_size
            former = self._same(file, status.st_ino, size)
            if self._former is not None and former is None:
                yield from self._rest_of_rotated()
            known_end = former.end if former is not None else 0
            start = max(0, size - self._most)
            if self._only_new and former is not None:
                start = max(start, former.offset)
            self._refuse_binary(file, start, size)
            number = self._number_at(file, start, former)
            self.skipped = start if former is None else max(0, start - former.offset) if self._only_new else 0
            yield from self._read(file, start, size, number, known_end, status.st_ino)

    def _same(self, file: BinaryIO, inode: int, size: int) -> Position | None:
        """The former position, if this is the same file and was not cut."""
        former = self._former
        if former is None:
            return None
        file.seek(0)
        head = hashlib.sha256(file.read(former.head_size)).hexdigest()[:16]
        if former.inode != inode:
            self.state = "rotated"
        elif size < former.end or head != former.head:
            self.state = "truncated"
        else:
            return former
        return None

    def _rest_of_rotated(self) -> Iterator[Line]:
        """What was written to the former file between the last look and its renaming to 'NAME.…'."""
        former = self._former
        if former is None or self.state != "rotated":
            return
        for sibling in sorted(self._path.parent.glob(f"{glob.escape(self._path.name)}*"))[:50]:
            if sibling == self._path or sibling.suffix.lower() in COMPRESSED or sibling.is_symlink():
                continue
            with open(os.open(sibling, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino != former.inode:
                    continue
                start = max(former.offset, status.st_size - self._most)
                yield from (
                    Line(0, line.text, line.is_new)
                    for line in self._read(file, start, status.st_size, former.line, former.end, status.st_ino)
                    if line.is_new
                )
                return

    def _refuse_binary(self, file: BinaryIO, start: int, size: int) -> None:
        file.seek(0)
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return
        for at in {start, max(start, size - 65_536)}:
            file.seek(at)
            block = file.read(65_536).lstrip(b"\0")  # what was cut while it was written begins with a hole
            odd = sum(block.count(bytes([code])) for code in range(32) if code not in TEXT_CONTROLS)
            if start == size or (block and odd <= BINARY_SHARE * len(block)):
                return
        raise Unread("is binary")

    def _number_at(self, file: BinaryIO, start: int, former: Position | None) -> int:
        """How many lines end before `start`; -1 when it is too far to count."""
        if former is not None and start == former.offset:
            return former.line
        if start > COUNTED:
            return -1
        file.seek(0)
        number, left = 0, start
        while left > 0 and (block := file.read(min(1 << 20, left))):
            number += block.count(b"\n")
            left -= len(block)
        return number

    def _read(self, file: BinaryIO, start: int, size: int, number: int, known_end: int, inode: int) -> Iterator[Line]:
        file.seek(0)
        head = file.read(min(HEAD, size))
        encoding = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(head[:2], "utf-8")
        at = start - start % 2 if encoding != "utf-8" else start
        file.seek(at)
        if start > 0 and (self._former is None or start != self._former.offset):
            at += self._skip_line(file, size)
            number = number + 1 if number >= 0 else number
        whole_at, whole_number = at, number
        while at < size and (raw := file.readline(min(LONGEST_LINE, size - at))):
            begun = raw
            at += len(raw)
            whole = raw.endswith(b"\n")
            if encoding == "utf-16-le" and whole:
                at += len(file.read(1))
            while not whole and at < size and (rest := file.readline(min(1 << 20, size - at))):
                at += len(rest)
                whole = rest.endswith(b"\n")
            if number >= 0:
                number += 1
            yield Line(max(number, 0), decoded(begun, encoding), at > known_end)
            if whole:
                whole_at, whole_number = at, number
        mark = hashlib.sha256(head).hexdigest()[:16]
        self.position = Position(inode, whole_at, size, max(0, whole_number), mark, len(head))

    def _skip_line(self, file: BinaryIO, size: int) -> int:
        """The bytes of the rest of a line that the start cut."""
        skipped = 0
        while file.tell() < size and (rest := file.readline(1 << 20)):
            skipped += len(rest)
            if rest.endswith(b"\n"):
                break
        return skipped


def decoded(raw: bytes, encoding: str) -> str:
    """The text of a line; bad bytes are replaced, NUL is left out."""
    if encoding == "utf-16-le" and len(raw) % 2:
        raw += b"\0"
    text = raw.decode(encoding, "replace").lstrip("\ufeff")
    return text.replace("\0", "").rstrip("\r\n")

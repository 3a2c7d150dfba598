"""Goes through the output file of an attempt, however long it is, in pieces of a bounded size."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callboard.record.outputs import data_from

PIECE = 1 << 20
LONGEST_LINE = 1 << 22
CHUNK = 1 << 18
MOST_LINES = 50_000
LONGEST_S = 8.0
_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")
_ESCAPE = re.compile(rb"\x1b(?:\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = bytes(sorted({*range(32), 127} - {9, 10}))
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")
# What the pages go by too, in ansi.js.
_ERROR = re.compile(
    r"(?i)\b(error|errors|failed|failure|fatal|critical|traceback|exception|panic)\b|^E\s{2,}|^\s*[✗✘×]"
)
_CLEAN = re.compile(r"(?i)\b(0|no) (errors?|failed|failures?)\b")
_WARNING = re.compile(r"(?i)\b(warn|warning|warnings|deprecated)\b")
_FAILURE = re.compile(
    r"E {2,}\S|FAILED\b|ERROR\b|Traceback|.*\b(?:AssertionError|Error:|error:|FAIL(?:ED)?\b|fatal:|panic:|Exception:)"
)
_ERROR_HINTS = (b"error", b"fail", b"fatal", b"critical", b"traceback", b"exception", b"panic", b"\ne  ", b"\ne\t",
                "✗".encode(), "✘".encode(), "×".encode())  # fmt: skip
_HINTS = {
    "error": _ERROR_HINTS,
    "warning": (*_ERROR_HINTS, b"warn", b"deprecated"),
    "failure": (b"error", b"fail", b"traceback", b"fatal:", b"panic:", b"exception:", b"\ne  "),
}


@dataclass(slots=True)
class Found:
    """Numbers of lines from 0, at most MOST_LINES of `count`; `lines` lines were gone through, to the end if `whole`."""

    numbers: list[int] = field(default_factory=list)
    count: int = 0
    lines: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of whole lines: bytes from `start` to `end`, the number of its first line from 0, how many there are, and the
    colours in force where it begins, as their escape sequences."""

    start: int
    end: int
    first: int
    lines: int
    style: str


def level_of(text: str) -> str:
    """'error', 'warning' or '', read off the words of a plain line."""
    if text.startswith("$ "):
        return ""  # a command that is about to run
    if _ERROR.search(text) and not _CLEAN.search(text):
        return "error"
    return "warning" if _WARNING.search(text) else ""


def search(path: Path, text: str = "", level: str = "", start: int = 0) -> Found:
    """The lines from number `start` on that hold the text, in any case and without escapes, and that have the level: 'error',
    'warning' (errors too), 'failure' (what says that something failed) or ''. Ends after LONGEST_S with what it has."""
    found = Found()
    until = time.monotonic() + LONGEST_S
    fits = _judge(text, level)
    needle = text.lower()
    hints = (needle.encode(),) if needle.isascii() and needle else () if needle else _HINTS.get(level, ())
    sure = bool(hints) and not level
    for piece in _pieces(path):
        lines = piece.count(b"\n") + (not piece.endswith(b"\n"))
        if found.lines + lines > start:
            if b"\x1b" in piece or b"\r" in piece or b"\0" in piece:
                piece = _plain(piece)
            for number, begin, end in _candidates(piece, hints):
                at = found.lines + number
                if at >= start and (sure or fits(piece[begin:end].decode("utf-8", "replace"))):
                    found.count += 1
                    if len(found.numbers) < MOST_LINES:
                        found.numbers.append(at)
        found.lines += lines
        if time.monotonic() > until:
            found.whole = False
            break
    return found


def chunks_of(path: Path, start: int = 0, first: int = 0) -> tuple[list[Chunk], str]:
    """Where the lines of the file are, from the byte `start`, the beginning of the line number `first`, to the last line end; and
    the colours in force there."""
    found: list[Chunk] = []
    style = b""
    try:
        with open(path, "rb") as file:
            at = data_from(file.fileno(), start)
            while True:
                body = _read(file.fileno(), at, CHUNK)
                if not body:
                    return found, style.decode("ascii", "replace")
                end = body.rfind(b"\n") + 1 or (len(body) if len(body) >= LONGEST_LINE else 0)
                following = data_from(file.fileno(), at + (end or len(body)))
                if not end:
                    if following == at + len(body):
                        return found, style.decode("ascii", "replace")
                    end = len(body)  # a line that was cut when the middle of the log was given back
                body = body[:end]
                lines = body.count(b"\n") + (not body.endswith(b"\n"))
                found.append(Chunk(at, at + end, first, lines, style.decode("ascii", "replace")))
                style = _carried(style, body)
                first += lines
                at = max(at + end, following)
    except OSError:
        return found, ""


def _judge(text: str, level: str) -> Callable[[str], bool]:
    needle = text.lower()

    def fits(line: str) -> bool:
        if needle and needle not in line.lower():
            return False
        if level == "failure":
            return _FAILURE.match(line) is not None
        return not level or level_of(line) == "error" or (level == "warning" and level_of(line) == "warning")

    return fits


def _pieces(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines; what was given back to the disk is passed over."""
    try:
        with open(path, "rb") as file:
            at = data_from(file.fileno(), 0)
            while True:
                piece = _read(file.fileno(), at, PIECE)
                if not piece:
                    return
                if len(piece) >= PIECE:
                    piece = piece[: piece.rfind(b"\n") + 1] or piece
                at = data_from(file.fileno(), at + len(piece))
                yield piece
    except OSError:
        return


def _read(descriptor: int, at: int, size: int) -> bytes:
    """So many bytes from `at`; where no line ends in them, on to the end of the line, at most LONGEST_LINE."""
    body = os.pread(descriptor, size, at)
    while len(body) >= size and len(body) < LONGEST_LINE and b"\n" not in body[-size:]:
        more = os.pread(descriptor, min(size, LONGEST_LINE - len(body)), at + len(body))
        if not more:
            break
        body += more
    return body


def _candidates(piece: bytes, hints: tuple[bytes, ...]) -> Iterator[tuple[int, int, int]]:
    """Number, begin and end of each line of the piece; with hints only of those that hold one, each once."""
    if not hints:
        at = 0
        for number, line in enumerate(piece.removesuffix(b"\n").split(b"\n")):
            yield number, at, at + len(line)
            at += len(line) + 1
        return
    low = b"\n" + piece.lower()
    starts: list[int] = []
    for hint in hints:
        skip = hint.startswith(b"\n")
        at = low.find(hint)
        while at >= 0:
            starts.append(at + 1 if skip else low.rfind(b"\n", 0, at) + 1)
            end = low.find(b"\n", at + 1)
            at = low.find(hint, end) if end >= 0 else -1
    number, counted = 0, 1
    for begin in sorted(set(starts)) if len(hints) > 1 else starts:
        number += low.count(b"\n", counted, begin)
        counted = begin
        end = low.find(b"\n", begin)
        yield number, begin - 1, end - 1 if end >= 0 else len(piece)


def _plain(piece: bytes) -> bytes:
    """Without escapes, and of each line what a terminal would show after the last carriage return."""
    piece = piece.replace(b"\r\n", b"\n")
    if b"\r" in piece:
        piece = b"\n".join(_after_return(line) for line in piece.split(b"\n"))
    piece = _SEQUENCE.sub(b"", piece)
    if b"\x1b" in piece:
        piece = _ESCAPE.sub(b"", piece)
    return piece.translate(None, _CONTROLS)


def _after_return(line: bytes) -> bytes:
    return next((part for part in reversed(line.split(b"\r")) if part), b"") if b"\r" in line else line


def _carried(style: bytes, body: bytes) -> bytes:
    """The colours that are in force after the text: the sequences since the last reset, at most the last twenty."""
    if b"\x1b[" not in body:
        return style
    reset = max(body.rfind(b"\x1b[0m"), body.rfind(b"\x1b[m"))
    now = _COLOUR.findall(body, reset + 3) if reset >= 0 else [style, *_COLOUR.findall(body)]
    return b"".join(now[-20:])

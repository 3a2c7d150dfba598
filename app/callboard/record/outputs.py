"""Reads the output files of attempts, in pieces; the part that was given back to the disk is passed over."""

import os
from pathlib import Path


def size_of(path: Path) -> int:
    """Bytes of the file, 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def read_piece(path: Path, start: int, limit: int) -> tuple[int, int, bytes]:
    """At most `limit` bytes from `start`: where they begin, where the next piece begins, and the bytes.

    A hole is skipped, so that reading on never has to go through zeros; a piece ends with a whole UTF-8 character.
    Raises OSError when the file cannot be read.
    """
    with open(path, "rb") as file:
        start = data_from(file.fileno(), start)
        file.seek(start)
        text = file.read(limit)
    text = text[: len(text) - _torn(text)]
    return start, start + len(text), text


def _torn(text: bytes) -> int:
    """How many bytes at the end begin a UTF-8 character that is not whole; 0 where that is all there is."""
    for back in range(1, min(4, len(text)) + 1):
        byte = text[-back]
        if byte & 0xC0 == 0x80:
            continue
        width = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return back if width > back and back < len(text) else 0
    return 0


def data_from(descriptor: int, start: int) -> int:
    if not hasattr(os, "SEEK_DATA"):
        return start
    try:
        return os.lseek(descriptor, start, os.SEEK_DATA)
    except OSError:
        return start

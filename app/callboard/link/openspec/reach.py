"""Reading a folder that somebody else wrote: bounded walks and bounded files, never through a link that leads out."""

import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_ENTRIES = 60_000
DEEPEST = 24
LARGEST_FILE = 4_000_000
OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | getattr(os, "O_NOFOLLOW", 0)
Stamp = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """Something below a walked folder: `name` relative to it with '/', `kind` is file, link, folder or other.

    `stamp` changes when it does; of a link it is its target's. `moment` is its modification in whole milliseconds as Node
    rounds it, None where it leads nowhere.
    """

    name: str
    kind: str
    stamp: Stamp
    moment: int | None


class Unreadable(Exception):
    """A file that cannot be read as it should; `str()` says why in words that go on after its name."""


def walk(folder: str, most: int = MOST_ENTRIES) -> Iterator[Entry]:
    """Everything below the folder, by the bytes of its names, links not followed; at most `most`, at most DEEPEST down.

    Raises `OSError` when the folder itself cannot be listed; what cannot be listed further down comes as 'other'.
    """
    found = 0
    waiting: list[tuple[str, int]] = [("", 0)]
    while waiting:
        prefix, depth = waiting.pop()
        try:
            with os.scandir(os.path.join(folder, prefix) if prefix else folder) as listed:
                inside = sorted(listed, key=lambda item: os.fsencode(item.name))
        except OSError:
            if not prefix:
                raise
            yield Entry(prefix.rstrip("/"), "other", (prefix, 0, 0, 0, 0), None)
            continue
        folders = []
        for item in inside:
            found += 1
            if found > most:
                return
            entry = _entry(item, prefix + item.name)
            yield entry
            if entry.kind == "folder" and depth < DEEPEST:
                folders.append((entry.name + "/", depth + 1))
        waiting.extend(reversed(folders))


def _entry(item: os.DirEntry[str], name: str) -> Entry:
    try:
        if item.is_symlink():
            try:
                return _stamped(name, "link", item.stat())
            except OSError:
                return Entry(name, "link", (name, -1, 0, 0, 0), None)
        about = item.stat(follow_symlinks=False)
    except OSError:
        return Entry(name, "other", (name, -1, 0, 0, 0), None)
    kind = "folder" if stat.S_ISDIR(about.st_mode) else "file" if stat.S_ISREG(about.st_mode) else "other"
    return _stamped(name, kind, about)


def _stamped(name: str, kind: str, about: os.stat_result) -> Entry:
    seconds, rest = divmod(about.st_mtime_ns, 1_000_000_000)
    moment = math.floor(seconds * 1_000 + rest / 1_000_000 + 0.5)
    return Entry(name, kind, (name, about.st_mtime_ns, about.st_ctime_ns, about.st_size, about.st_ino), moment)


def moment(path: str) -> int:
    """The modification of a folder in whole milliseconds as Node rounds it; raises `OSError`."""
    return _stamped("", "folder", os.stat(path)).moment or 0


def inside(path: str, folder: str) -> str:
    """The real path of what exists; raises `Unreadable` when a link in it leads out of the folder, or nowhere."""
    try:
        real = os.path.realpath(path, strict=True)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or type(error).__name__}") from error
    except ValueError as error:
        raise Unreadable("is no name of a file") from error
    around = os.path.realpath(folder)
    if real != around and not real.startswith(around.rstrip("/") + "/"):
        raise Unreadable(f"leads out of {os.path.basename(folder) or folder}")
    return real


def content(path: str, folder: str, largest: int = LARGEST_FILE, plain: bool = False) -> bytes:
    """The bytes of a regular file whose real path lies in the folder; raises `Unreadable`, also for one above `largest`.

    `plain` says that a walk of the folder has just found a file there, and no link on the way.
    """
    real = path if plain else inside(path, folder)
    try:
        descriptor = os.open(real, OPEN)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or type(error).__name__}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("is no regular file")
    with open(descriptor, "rb") as opened:
        try:
            found = opened.read(largest + 1)
        except OSError as error:
            raise Unreadable(f"cannot be read: {error.strerror or type(error).__name__}") from error
    if len(found) > largest:
        raise Unreadable(f"is larger than {largest // 1_000_000} MB")
    return found


def text(path: str, folder: str, largest: int = LARGEST_FILE, plain: bool = False) -> str:
    """The text as Node reads it: what is no UTF-8 becomes U+FFFD, a byte-order mark stays; raises `Unreadable`."""
    return content(path, folder, largest, plain).decode("utf-8", "replace")


def is_folder(path: str | Path) -> bool:
    """Whether a folder is there, through links too."""
    try:
        return os.path.isdir(path)
    except ValueError:
        return False

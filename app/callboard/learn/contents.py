"""What lies in the files that an action reads: a fingerprint of each, fast, and which files a pattern means."""

import fnmatch
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Any

from callboard.agents.catalogue import write_cache
from callboard.work.workspace import GIT_SAFE, Workspace

CACHE = Path("cache", "contents")
LARGEST_READ = 64_000_000
SETTLED_S = 2.0
GIT_S = 5.0
EVERYTHING = frozenset({"*", "**", "**/*"})


@dataclass(frozen=True, slots=True)
class Content:
    """A file's fingerprint, and when it was last written, moved or given other rights."""

    print: str
    changed: float


def short_hash(value: Any) -> str:
    """The same for equal plain values, and for no others."""
    told = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Contents:
    """The files of a workspace. A file is read once for each look; a settled one is not read again while its
    times, size and number stay as they are. `data` is the data folder that keeps what was read, None for nowhere."""

    def __init__(self, workspace: Path, data: Path | None = None) -> None:
        self.path = workspace.resolve()
        self.began = time.time()
        self._workspace = Workspace(self.path)
        self._cache = data / CACHE / f"{short_hash(str(self.path))}.json" if data is not None else None
        self._read: dict[str, Content] = {}
        self._known: dict[str, tuple[Any, ...]] = {}

    def matching(self, patterns: Sequence[str], folder: str = "") -> dict[str, Content]:
        """The files that the patterns mean, by path: those below the folder, and beside the folders that lead to it.

        A pattern without '/' means names anywhere; '*' also fits '/', as rather too many files than too few are to count.
        Files that git ignores count where a pattern is more special than everything.
        """
        within = _within(folder)
        every = _expression(patterns)
        special = _expression([pattern for pattern in patterns if pattern not in EVERYTHING])
        names = [name for name in self._workspace.files if every.match(name) and within(name)]
        names += [name for name in self._ignored if special.match(name) and within(name)]
        return {name: self._content(name) for name in sorted(set(names))}

    def keep(self) -> None:
        """Writes down what was read, for the next look."""
        if self._cache is None or not self._known:
            return
        settled = {
            name: known for name, known in {**self._kept, **self._known}.items() if known[1] < self.began - SETTLED_S
        }
        write_cache(self._cache, settled)

    @cached_property
    def _kept(self) -> dict[str, tuple[Any, ...]]:
        """By path: fingerprint, time of change, and the state of the file then."""
        try:
            kept = json.loads(self._cache.read_bytes()) if self._cache is not None else {}
            return {str(name): (str(k[0]), float(k[1]), [int(n) for n in k[2]]) for name, k in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError, IndexError, KeyError, RecursionError):
            return {}

    @cached_property
    def _ignored(self) -> list[str]:
        """Files that git ignores by themselves, not those in folders that it ignores as a whole."""
        if not (self.path / ".git").exists():
            return []
        command = ["git", *GIT_SAFE, "-C", str(self.path), "ls-files", "-z", "-oi", "--exclude-standard", "--directory"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=GIT_S, check=False, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError):
            return []
        names = [os.fsdecode(name) for name in done.stdout.split(b"\0")] if done.returncode == 0 else []
        return [name for name in names if name and not name.endswith("/")]

    def _content(self, name: str) -> Content:
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = self._look(name)
        return found

    def _look(self, name: str) -> Content:
        full = os.path.join(self.path, name)
        try:
            state = os.stat(full, follow_symlinks=False)
        except OSError:
            return Content("gone", self.began)
        changed = max(state.st_mtime, state.st_ctime)
        mark = [state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino]
        kept = self._kept.get(name)
        if kept is not None and kept[2] == mark:
            return Content(kept[0], changed)
        if state.st_size > LARGEST_READ:
            return Content("-".join(map(str, mark)), changed)
        try:
            with open(full, "rb") as file:
                told = blake2b(file.read(LARGEST_READ + 1), digest_size=16).hexdigest()
        except OSError as error:
            told = f"unreadable {error.errno} {mark[0]}"
        self._known[name] = (told, changed, mark)
        return Content(told, changed)


def wanted(patterns: Sequence[str], folder: str = "") -> Callable[[str], bool]:
    """Whether a path is one that the patterns mean, for work on that folder."""
    expression, within = _expression(patterns), _within(folder)
    return lambda name: expression.match(name) is not None and within(name)


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    """The paths that were added, removed, or have another fingerprint, sorted."""
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _within(folder: str) -> Callable[[str], bool]:
    place = PurePosixPath(folder.strip("/") or ".")
    if str(place) == ".":
        return lambda name: True
    below = f"{place}/"
    leading = {"" if str(parent) == "." else str(parent) for parent in place.parents}
    return lambda name: name.startswith(below) or name.rpartition("/")[0] in leading


def _expression(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(_translated(pattern) for pattern in patterns) or r"(?!)")


def _translated(pattern: str) -> str:
    """The expression for a path that the pattern means, or that lies in a folder which it means."""
    pattern = pattern.removeprefix("./").rstrip("/")
    if "/" not in pattern:
        pattern = f"**/{pattern}"
    parts = [fnmatch.translate(part)[len("(?s:") : -len(r")\Z")] for part in pattern.split("**/")]
    return rf"(?s:{'(?:.*/)?'.join(parts)}(?:/.*)?)\Z"

"""What a git patch would change, read from its text alone: files, kinds of change, hunks; what no patch may do is refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from callboard.errors import CallboardError

LARGEST_PATCH = 20_000_000
MOST_FILES = 5_000
PLAIN_MODES = frozenset({"100644", "100755"})
MODE = re.compile(r"(?:old mode|new mode|new file mode|deleted file mode|index [0-9a-f.]+) (\d{6})$")
HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
ESCAPES = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


class PatchError(CallboardError):
    """A patch that is never applied: it cannot be read, or it does what no patch may do."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """`length` lines of the old text from line `start`, their surroundings included."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The last of its lines."""
        return self.start + max(1, self.length) - 1


@dataclass(slots=True)
class FileChange:
    """What becomes of one file. `kind` is changed, added, deleted, renamed, copied or mode; `old` its former path."""

    path: str
    old: str
    kind: str = "changed"
    hunks: list[Hunk] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    binary: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths that it touches."""
        return (self.path,) if self.old == self.path else (self.old, self.path)


@dataclass(frozen=True, slots=True)
class Overlap:
    """A place that two patches both change; `lines` is '10-20', '' for the whole file."""

    path: str
    lines: str


def read_patch(text: bytes) -> tuple[FileChange, ...]:
    """The changes of a patch that `git diff` wrote.

    Raises `PatchError` for what is no such patch, and for links, submodules, odd modes, and paths that lead out of the
    checkout or into git's own folder.
    """
    if len(text) > LARGEST_PATCH:
        raise PatchError(f"the patch has more than {LARGEST_PATCH // 1_000_000} MB; split it")
    changes = _Reader(text.decode("utf-8", "surrogateescape").split("\n")).changes()
    if not changes:
        raise PatchError("the patch changes nothing: it holds no 'diff --git'")
    seen: set[str] = set()
    for change in changes:
        for path in change.paths:
            _check_path(path)
        if change.path in seen:
            raise PatchError(f"the patch changes '{change.path}' twice")
        seen.add(change.path)
    return tuple(changes)


def overlaps(mine: Sequence[FileChange], other: Sequence[FileChange]) -> list[Overlap]:
    """Where two patches get into each other's way: the same lines, or the same file as a whole."""
    theirs = {path: change for change in other for path in change.paths}
    found: list[Overlap] = []
    for change in mine:
        for path in change.paths:
            against = theirs.get(path)
            if against is None:
                continue
            if not (change.hunks and against.hunks) or change.kind != "changed" or against.kind != "changed":
                found.append(Overlap(path, ""))
                continue
            met = [a for a in change.hunks for b in against.hunks if a.start <= b.end and b.start <= a.end]
            if met:
                found.append(Overlap(path, f"{min(h.start for h in met)}-{max(h.end for h in met)}"))
    return found


class _Reader:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._at = 0

    def changes(self) -> list[FileChange]:
        found: list[FileChange] = []
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.startswith("diff --git "):
                if len(found) >= MOST_FILES:
                    raise PatchError(f"the patch changes more than {MOST_FILES:,} files; split it")
                found.append(self._change())
            elif line.strip():
                raise PatchError(f"line {self._at + 1} of the patch is no part of a git diff")
            else:
                self._at += 1
        return found

    def _change(self) -> FileChange:
        head = self._lines[self._at][len("diff --git ") :]
        self._at += 1
        names: dict[str, str] = {}
        change = FileChange("", "")
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if line.startswith("diff --git ") or not line.strip():
                break
            if line.startswith("@@ "):
                self._hunk(change)
                continue
            self._at += 1
            if line == "GIT binary patch":
                change.binary = True
                self._skip_binary()
                break
            self._header(line, change, names)
        change.old = names.get("old", "")
        change.path = names.get("new", "") or change.old
        change.old = change.old or change.path
        if not change.path:
            change.path = change.old = _name_of(head)
        return change

    def _header(self, line: str, change: FileChange, names: dict[str, str]) -> None:
        mode = MODE.match(line)
        if mode and mode[1] not in PLAIN_MODES:
            what = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode[1], f"mode {mode[1]}")
            raise PatchError(f"the patch has {what}; only plain files are changed by patches")
        if line.startswith(("--- ", "+++ ")):
            name = _unquoted(line[4:].removesuffix("\t"))
            if name != "/dev/null":
                names["old" if line[0] == "-" else "new"] = _without_prefix(name)
        elif line.startswith(("rename from ", "copy from ")):
            names["old"] = _unquoted(line.partition(" from ")[2])
        elif line.startswith(("rename to ", "copy to ")):
            names["new"] = _unquoted(line.partition(" to ")[2])
            change.kind = "renamed" if line.startswith("rename") else "copied"
        elif line.startswith("new file mode "):
            change.kind = "added"
        elif line.startswith("deleted file mode "):
            change.kind = "deleted"
        elif line.startswith("new mode ") and change.kind == "changed":
            change.kind = "mode"
        elif line.startswith("Binary files "):
            raise PatchError("the patch names a binary file without its content; it was not made with --binary")
        elif not line.startswith(("index ", "old mode ", "similarity index ", "dissimilarity index ")):
            raise PatchError(f"line {self._at} of the patch is no part of a git diff")

    def _hunk(self, change: FileChange) -> None:
        head = HUNK.match(self._lines[self._at])
        if head is None:
            raise PatchError(f"line {self._at + 1} of the patch is no head of a hunk")
        self._at += 1
        old, new = int(head[2] or 1), int(head[4] or 1)
        change.hunks.append(Hunk(int(head[1]), old))
        if change.kind == "mode":
            change.kind = "changed"
        while old > 0 or new > 0:
            sign = self._lines[self._at][:1] if self._at < len(self._lines) else "!"
            self._at += 1
            if sign == "\\":
                continue
            if sign not in (" ", "-", "+"):
                raise PatchError(f"line {self._at} of the patch ends its hunk too early")
            old -= sign in " -"
            new -= sign in " +"
            change.removed += sign == "-"
            change.added += sign == "+"
        if old < 0 or new < 0:
            raise PatchError(f"line {self._at} of the patch does not fit the head of its hunk")
        if self._at < len(self._lines) and self._lines[self._at].startswith("\\"):
            self._at += 1

    def _skip_binary(self) -> None:
        while self._at < len(self._lines) and not self._lines[self._at].startswith("diff --git "):
            self._at += 1


def _without_prefix(name: str) -> str:
    if not name.startswith(("a/", "b/")):
        raise PatchError("the patch names its files without 'a/' and 'b/'")
    return name[2:]


def _name_of(head: str) -> str:
    """The name in 'a/NAME b/NAME', where both are the same."""
    if head.startswith('"'):
        return _without_prefix(_unquoted(head[: head.index('" ') + 1] if '" ' in head else head))
    half = (len(head) - 1) // 2
    if head[:half][2:] != head[half + 1 :][2:]:
        raise PatchError("the patch does not say which file it changes")
    return _without_prefix(head[:half])


def _unquoted(name: str) -> str:
    """A name as git writes it: in quotes with C escapes when it has odd characters."""
    if not name.startswith('"'):
        return name
    raw, at, inner = bytearray(), 0, name[1:-1]
    while at < len(inner):
        if inner[at] != "\\":
            raw += inner[at].encode("utf-8", "surrogateescape")
            at += 1
        elif inner[at + 1 : at + 4].isdigit():
            raw.append(int(inner[at + 1 : at + 4], 8) & 0xFF)
            at += 4
        else:
            raw.append(ESCAPES.get(inner[at + 1 : at + 2], 63))
            at += 2
    return raw.decode("utf-8", "surrogateescape")


def _check_path(path: str) -> None:
    parts = path.replace("\\", "/").split("/")
    if not path or path.startswith("/") or ".." in parts or "" in parts or "." in parts:
        raise PatchError(f"the patch names '{path[:200]}', which leads out of the checkout")
    if ".git" in (part.casefold() for part in parts):
        raise PatchError(f"the patch names '{path[:200]}', which lies in git's own folder")
    if any(ord(letter) < 32 or letter == "\x7f" for letter in path):
        raise PatchError("the patch names a file with control characters")

"""Folders below `changes/` that are no change but wrap others: OpenSpec lists them, and does not see what is inside."""

import os
from collections.abc import Sequence

from callboard.link.openspec.globs import is_glob, matching
from callboard.link.openspec.reach import Entry

MARKERS = frozenset((".openspec.yaml", "proposal.md", "tasks.md", "design.md"))
DEEPEST = 3


def nested_in(path: str, name: str, entries: Sequence[Entry], generates: Sequence[str]) -> tuple[str, ...]:
    """The changes inside of the folder, as 'name/inner'; () for a change like any other, and for an empty folder.

    `generates` are the paths and patterns that the schema of the folder would give its files.
    """
    if name.startswith(".") or any(
        entry.kind != "folder" and "/" not in entry.name and entry.name[0] != "." for entry in entries
    ):
        return ()
    if _looks_like(path, "", entries, generates):
        return ()
    found: list[str] = []
    waiting = [("", 1)]
    while waiting:
        prefix, depth = waiting.pop(0)
        for child in _folders(prefix, entries):
            inner = f"{prefix}{child}"
            if _looks_like(os.path.join(path, inner), f"{inner}/", entries, generates):
                found.append(f"{name}/{inner}")
            elif depth < DEEPEST:
                waiting.append((f"{inner}/", depth + 1))
    return tuple(sorted(found))


def _folders(prefix: str, entries: Sequence[Entry]) -> list[str]:
    names = [entry.name[len(prefix) :] for entry in entries if entry.kind == "folder" and entry.name.startswith(prefix)]
    return [name for name in names if name and "/" not in name and not name.startswith(".")]


def _looks_like(path: str, prefix: str, entries: Sequence[Entry], generates: Sequence[str]) -> bool:
    below = [entry for entry in entries if entry.name.startswith(prefix)]
    for entry in below:
        name = entry.name[len(prefix) :]
        if name in MARKERS and (
            entry.kind == "file" or (entry.kind == "link" and os.path.isfile(os.path.join(path, name)))
        ):
            return True
        if name.startswith("specs/") and entry.kind in ("file", "link") and "/." not in name:
            return True
    for pattern in generates:
        if not is_glob(pattern):
            if os.path.isfile(os.path.join(path, os.path.normpath(pattern))):
                return True
            continue
        inside = [Entry(entry.name[len(prefix) :], entry.kind, entry.stamp, entry.moment) for entry in below]
        try:
            if matching(pattern, path, inside):
                return True
        except ValueError:
            continue
    return False

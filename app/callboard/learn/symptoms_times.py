"""What changed in a workspace without git since a check was looked at before: by the times of its files, read from the disk.

Less exact than git: a file as a whole, and none whose time an edit kept. Files that are written while the jobs work are theirs.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from callboard.core.correlate_scene import Region
from callboard.learn.symptoms_scene import MOST_FILES, Changes

MOST_LISTED = 20_000
ASIDE = frozenset(
    {"node_modules", "venv", "env", "__pycache__", "site-packages", "dist", "build", "target", "coverage", "htmlcov"}
)
LEFT_OUT = (".log", ".pyc", ".tmp", ".swp", ".sqlite", ".db")


def files_of(workspace: Path) -> list[str]:
    """The files of the workspace that are its own by their place, at most MOST_LISTED, no hidden folders."""
    return [path for path, _ in _listed(workspace)]


def changed_between(workspace: Path, since: float, until: float) -> Changes:
    """The files that were written after `since` and before `until`; none when they are too many to tell which it was."""
    found: dict[str, tuple[Region, ...]] = {}
    if since <= 0 or until <= since:
        return Changes()
    for path, written in _listed(workspace):
        if since < written < until and not path.endswith(LEFT_OUT):
            found[path] = (Region(1, 1_000_000),)
            if len(found) > MOST_FILES:
                return Changes()
    return Changes(found)


def _listed(workspace: Path) -> Iterator[tuple[str, float]]:
    """Paths with the time at which each was written, links left out."""
    left, stack = MOST_LISTED, [""]
    while stack and left > 0:
        folder = stack.pop()
        try:
            with os.scandir(workspace / folder) as entries:
                for entry in entries:
                    left -= 1
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if left < 0 or entry.is_symlink():
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in ASIDE and not entry.name.startswith("."):
                            stack.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield path, entry.stat(follow_symlinks=False).st_mtime
        except OSError:
            continue

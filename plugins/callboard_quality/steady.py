"""The files that a failure is run again on must stay the same: a copy that nobody edits, else the workspace's own, watched."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from callboard.api import CallboardError, Context, Worktree
from callboard_quality.changes import git, head
from callboard_quality.commits import Repository
from callboard_quality.target import listed
from callboard_quality.trying import PythonRunner, Runner

MOST_WATCHED = 20_000
MOST_BROUGHT = 500
MOST_BYTES = 50_000_000
PASSING = {
    ".git", ".hg", ".venv", "venv", "env", ".conda", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
    ".tox", ".nox", ".coverage", ".hypothesis", ".cache", "htmlcov", ".idea", ".vscode", ".DS_Store", ".eggs",
}  # fmt: skip
PASSING_ENDS = (".pyc", ".pyo", ".egg-info", ".swp", ".log")


class Moved(CallboardError):
    """Somebody changed files of the workspace between two runs, so these say nothing of either state."""

    def __init__(self, files: list[str]) -> None:
        super().__init__(f"the files changed while it ran ({listed(files)}); run it again when they stay as they are")


@dataclass(frozen=True, slots=True)
class Still:
    """Where reruns happen: `ctx` and `runner` of the copy, or of the workspace with what its files were when it began."""

    ctx: Context
    runner: Runner
    is_copy: bool = False
    before: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)
    commit: str = ""

    @property
    def words(self) -> str:
        """What runs them, and on which files."""
        return (
            f"{self.runner.words}, on a copy of the files as they were when it began"
            if self.is_copy
            else self.runner.words
        )

    def check(self) -> None:
        """Raises `Moved` when a file that was there is another one now."""
        top = self.ctx.workspace.path
        changed = [name for name, mark in self.before.items() if _mark(top / name) != mark]
        if self.commit and head(top) != self.commit:
            changed.insert(0, "another commit is checked out")
        if changed:
            raise Moved(changed)


@contextmanager
def still(ctx: Context, runner: Runner) -> Iterator[Still]:
    """A copy for as long as it is needed, where one stands for the workspace; else the workspace itself, watched."""
    if isinstance(runner, PythonRunner) and runner.environment.is_throw_away:
        yield Still(ctx, runner, is_copy=True)  # it runs on a copy already
        return
    brought = _to_bring(ctx.workspace.path) if isinstance(runner, PythonRunner) else None
    if not isinstance(runner, PythonRunner) or brought is None:
        yield _watched(ctx, runner)
        return
    tree = Worktree(ctx.workspace.path, ctx.scratch)
    try:
        place = tree.__enter__().path
    except CallboardError as error:
        ctx.log(f"it runs on the workspace's own files, which are watched: {error}", "info")
        yield _watched(ctx, runner)
        return
    try:
        here = place / Repository(ctx.workspace.path).prefix
        for name in brought:
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ctx.workspace.path / name, here / name)
        there = ctx.at(here)
        base = here / runner.options.folder
        paths = [str(spot) for spot in (base / "src", base / "lib", base) if spot.is_dir()]
        moved = replace(runner, ctx=there, environment=replace(runner.environment, base=here), paths=paths)
        yield Still(there, moved, is_copy=True)
    finally:
        tree.__exit__(None, None, None)


def _to_bring(top: Path) -> list[str] | None:
    """Files that git ignores and that tests may need, such as .env; None where a copy would not stand for the workspace."""
    if not head(top) or Repository(top).has_submodules:
        return None
    fresh = git(top, "ls-files", "-z", "-o", "--exclude-standard", "--", ".") or ""
    if any((top / name).is_symlink() for name in filter(None, fresh.split("\0"))):
        return None
    told = git(top, "ls-files", "-z", "-o", "-i", "--exclude-standard", "--directory", "--", ".")
    if told is None:
        return None
    names: list[str] = []
    room = MOST_BYTES
    for entry in filter(None, told.split("\0")):
        for name in _files(top, entry.rstrip("/")):
            spot = top / name
            room -= spot.stat().st_size if spot.is_file() else 0
            if len(names) >= MOST_BROUGHT or room < 0 or spot.is_symlink() or not spot.is_file():
                return None
            names.append(name)
    return names


def _files(top: Path, entry: str) -> Iterator[str]:
    if _is_passing(entry):
        return
    if not (top / entry).is_dir() or (top / entry).is_symlink():
        yield entry
        return
    for folder, folders, files in os.walk(top / entry):
        folders[:] = sorted(name for name in folders if not _is_passing(name))
        yield from (os.path.relpath(os.path.join(folder, name), top) for name in sorted(files) if not _is_passing(name))


def _is_passing(name: str) -> bool:
    """What tools leave behind, or what is installed; the last part of a path counts."""
    last = name.rpartition("/")[2]
    return last in PASSING or last.endswith(PASSING_ENDS)


def _watched(ctx: Context, runner: Runner) -> Still:
    top = ctx.workspace.path
    told = git(top, "ls-files", "-z", "-c", "-o", "--exclude-standard", "--", ".") if head(top) else None
    names = (
        list(_files(top, "."))
        if told is None
        else [name for name in told.split("\0") if name and not _is_passing(name)]
    )
    before = {name: _mark(top / name) for name in names[:MOST_WATCHED]}
    return Still(ctx, runner, before=before, commit=head(top))


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        seen = path.lstat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size

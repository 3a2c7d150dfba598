"""Whether just these files were seen to fail before: only then a test that passes now is flaky, and not mended."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context
from callboard_quality.changes import git, head
from callboard_quality.history import BROKEN, History, slot
from callboard_quality.options import ReproduceOptions
from callboard_quality.target import Target
from callboard_quality.trying import WHOLE

MOST_FILES = 50_000
SOURCES = (
    ".py",
    ".toml",
    ".cfg",
    ".ini",
    ".js",
    ".ts",
    ".mjs",
    ".cjs",
    ".jsx",
    ".tsx",
    ".json",
    ".yaml",
    ".yml",
    ".sh",
)
PASSING = ("__pycache__", "node_modules", ".git", ".venv", "venv", "env")


@dataclass(frozen=True, slots=True)
class Seen:
    """How often a test was seen to fail on just these files; `why` says what is otherwise since, when that is known."""

    times: int
    why: str = ""


def seen_before(ctx: Context, options: ReproduceOptions, what: Target) -> Mapping[str, Seen]:
    """For each test of the target, and the whole: as the options say, else as the history and the files tell."""
    names = what.tests or (WHOLE,)
    if options.seen >= 0:
        return dict.fromkeys(names, Seen(options.seen))
    if options.bad and not options.bad.startswith("-"):
        found = git(ctx.workspace.path, "rev-parse", "--verify", "-q", f"{options.bad}^{{commit}}")
        if found is None or found.strip() != head(ctx.workspace.path):
            return dict.fromkeys(names, Seen(0, f"it failed at another commit ({options.bad[:12]})"))
    if what.kind == "command":
        return dict.fromkeys(names, Seen(1))
    history = History(ctx.memory, slot("npm" if what.kind == "npm" else "tests", what.folder))
    at, edited = _newest(ctx.workspace.path)
    told = {}
    for name in names:
        record = history.tests.get(name)
        if name == WHOLE and not options.job:
            told[name] = Seen(0)  # nobody says that it failed
        elif record is not None and record.results[-1:] in (*BROKEN, "k") and at > record.seen:
            told[name] = Seen(0, f"{edited} was changed since it failed")
        else:
            told[name] = Seen(1)
    return told


def _newest(top: Path) -> tuple[float, str]:
    """When a source was changed last, and which."""
    newest, found = 0.0, ""
    for name in _names(top):
        try:
            at = (top / name).lstat().st_mtime
        except OSError:
            continue
        if at > newest:
            newest, found = at, name
    return newest, found


def _names(top: Path) -> Iterator[str]:
    told = git(top, "ls-files", "-z", "-c", "--", ".") if head(top) else None
    if told is not None:
        fresh = git(top, "ls-files", "-z", "-o", "--exclude-standard", "--", ".") or ""
        yield from [name for name in told.split("\0") if name][:MOST_FILES]
        yield from [name for name in fresh.split("\0") if name.endswith(SOURCES)][:MOST_FILES]
        return
    count = 0
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in PASSING]
        for name in files:
            if name.endswith(SOURCES) and count < MOST_FILES:
                count += 1
                yield os.path.relpath(os.path.join(folder, name), top)

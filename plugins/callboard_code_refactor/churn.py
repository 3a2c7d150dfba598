"""What the history says of each file: how often it changed, by how many lines, by how many people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from callboard_code_refactor.git import git

CHANGED = re.compile(rb"\n?(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)
WHOLESALE = 500


@dataclass(slots=True)
class Churn:
    """The changes of one file, under its name of today. `lines` are those added and removed."""

    commits: int = 0
    lines: int = 0
    authors: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class History:
    """Churn by path. `commits` were counted; `wholesale` ones, of more than WHOLESALE files, were not; `oldest` is a time."""

    files: dict[str, Churn] = field(default_factory=dict)
    commits: int = 0
    wholesale: int = 0
    oldest: int = 0


@dataclass(slots=True)
class _Commit:
    time: int
    author: bytes
    changes: list[tuple[bytes, bytes, int]] = field(default_factory=list)


def churn(where: Path, days: int, most_commits: int) -> History:
    """The newest commits of the last `days`, without merges, for the files below `where`. Raises `GitTrouble`."""
    told = git(
        where,
        *("log", "-z", "--numstat", "-M", "--no-merges", "--no-ext-diff", "--no-textconv", "--relative"),
        *(f"--max-count={most_commits}", f"--since={days}.days", "--format=%x01%h%x00%ct%x00%aE", "HEAD", "--", "."),
        timeout=90,
    )
    history = History()
    names: dict[bytes, bytes] = {}  # a former name -> the name of today; the newest commit comes first
    for commit in _commits(told):
        if len(commit.changes) > WHOLESALE:
            history.wholesale += 1
        else:
            history.commits += 1
        history.oldest = commit.time
        for old, new, lines in commit.changes:
            today = names.get(new, new)
            if old != new:
                names[old] = today
            if len(commit.changes) <= WHOLESALE:
                item = history.files.setdefault(today.decode("utf-8", "surrogateescape"), Churn())
                item.commits += 1
                item.lines += lines
                item.authors.add(commit.author)
    return history


def _commits(told: bytes) -> Iterator[_Commit]:
    """The commits of a log with NUL after each field; whatever a file is called, it is read by its place."""
    words = iter(told.split(b"\0"))
    commit: _Commit | None = None
    for word in words:
        match = CHANGED.fullmatch(word)
        if match and commit is not None:
            lines = sum(int(number) for number in match.groups()[:2] if number != b"-")
            old = new = match[3]
            if not new:  # a rename has its two names in fields of their own
                old, new = next(words, b""), next(words, b"")
            commit.changes.append((old, new, lines))
        elif word.startswith(b"\x01"):
            if commit is not None:
                yield commit
            commit = _Commit(int(next(words, b"0")), next(words, b""))
    if commit is not None:
        yield commit

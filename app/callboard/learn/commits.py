"""What git says of a workspace: where it stood when a run was submitted, and what came between two of its commits."""

import hashlib
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peewee

from callboard.agents.bounded import Ran, run_bounded
from callboard.work.finding import clean
from callboard.work.workspace import GIT_SAFE

GIT_S = 2.0
MOST_BYTES = 8_000_000
MOST_COMMITS = 20
MOST_FILES = 1_000
LARGEST_DIGESTED = 64_000_000
UNTOLD = "?"
FIELDS = {"1": 8, "2": 9, "u": 10, "?": 1}  # fields before the path, in git's second form of its status
QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class LastPass:
    """The newest earlier run in which a job passed with its commit on record."""

    run: int
    commit: str
    branch: str


def git_facts(workspace: Path) -> dict[str, Any]:
    """`branch` ('' when none is checked out), `commit`, `subject`, `dirty`, `changed`, how many files differ from the commit
    or are unknown to it, and `digest` of these files: '' when there are none, UNTOLD when they are too many; {} where git knows
    nothing, or does not say so within GIT_S.

    Asks git for the state of the files, so only for a workspace that is trusted: its own filters may run.
    """
    told = _git(workspace, "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--", ".")
    if told is None:
        return {}
    facts: dict[str, Any] = {"branch": "", "commit": "", "subject": "", "dirty": False, "changed": 0, "digest": ""}
    renamed = False
    differing: list[str] = []
    for line in told.split("\0"):
        if renamed:
            renamed = False
        elif line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
            facts["commit"] = commit if COMMIT.fullmatch(commit) else ""
        elif line.startswith("# branch.head "):
            branch = clean(line.removeprefix("# branch.head "), 200)
            facts["branch"] = "" if branch == "(detached)" else branch
        elif line[:2] in ("1 ", "2 ", "u ", "? "):
            facts["changed"] += 1
            renamed = line.startswith("2 ")
            differing.append(line)
    facts["dirty"] = facts["changed"] > 0
    facts["digest"] = _digest(workspace, differing)
    if facts["commit"]:
        facts["subject"] = clean(
            (_git(workspace, "log", "-1", "--no-show-signature", "--format=%s", facts["commit"]) or "").strip(), 200
        )
    return facts


def _digest(workspace: Path, lines: Sequence[str]) -> str:
    """What tells one state of files that differ from the commit from another: what git says of each, and its content."""
    if not lines:
        return ""
    total, left = hashlib.sha256(), LARGEST_DIGESTED
    top = next((place for place in (workspace, *workspace.parents) if (place / ".git").exists()), workspace)
    for line in sorted(lines):
        path = line.split(" ", FIELDS[line[0]])[-1]
        total.update(f"{line}\0".encode("utf-8", "surrogateescape"))
        try:
            place = top / path
            seen = place.lstat()
            if not stat.S_ISREG(seen.st_mode):
                total.update(f"{seen.st_mode}".encode())
                continue
            left -= seen.st_size + 4_096
            if left < 0:
                return UNTOLD
            total.update(hashlib.sha256(place.read_bytes()).digest())
        except OSError:
            total.update(b"gone")
    return total.hexdigest()[:16]


def last_pass(database: peewee.SqliteDatabase, workspace: str, name: str, before: int) -> LastPass | None:
    """The newest pass of the job in a run before that one."""
    found = database.execute_sql(
        "SELECT r.id, json_extract(r.git, '$.commit'), json_extract(r.git, '$.branch') FROM task t JOIN run r ON r.id = t.run"
        " WHERE t.name = ? AND t.run < ? AND r.workspace = ? AND coalesce(t.verdict, 'pass') = 'pass' AND t.hand = ''"
        " AND t.state IN ('succeeded', 'unchanged')"
        " AND json_extract(r.git, '$.commit') != '' ORDER BY t.run DESC LIMIT 1",
        (name, before, workspace),
    ).fetchone()
    return LastPass(found[0], str(found[1]), str(found[2] or "")) if found else None


def commits_between(workspace: Path, old: str, new: str) -> list[dict[str, Any]] | None:
    """The commits that `new` has and `old` has not, the newest first, at most MOST_COMMITS; None when git cannot say."""
    if not (COMMIT.fullmatch(old) and COMMIT.fullmatch(new)):
        return None
    told = _git(
        workspace,
        "log",
        f"-{MOST_COMMITS}",
        "--no-show-signature",
        "-z",
        "--format=%H%x1f%an%x1f%at%x1f%s",
        f"{old}..{new}",
        "--",
    )
    if told is None:
        return None
    found = []
    for line in filter(None, told.split("\0")):
        commit, author, at, subject = [*line.split("\x1f", 3), "", "", ""][:4]
        found.append(
            {
                "commit": commit if COMMIT.fullmatch(commit) else "",
                "author": clean(author, 100),
                "at": float(at) if at.isdecimal() and len(at) < 12 else None,
                "subject": clean(" ".join(subject.split()), 200),
            }
        )
    return found


def files_between(workspace: Path, old: str, new: str) -> list[str]:
    """The paths of the workspace that differ between two commits, at most MOST_FILES."""
    if not (COMMIT.fullmatch(old) and COMMIT.fullmatch(new)):
        return []
    told = _git(workspace, "diff-tree", "-r", "-z", "--name-only", "--no-renames", "--relative", old, new, "--")
    return [name for name in (told or "").split("\0") if name][:MOST_FILES]


def ask_git(workspace: Path, *words: str, seconds: float = GIT_S, most_bytes: int = MOST_BYTES) -> Ran:
    """What git answers in the workspace, within bounds: no hook, no monitor of files, no prompt, no network; paths are plain."""
    command: Sequence[str] = (
        "git",
        "--no-optional-locks",
        "--literal-pathspecs",
        *GIT_SAFE,
        "-c",
        "protocol.allow=never",
        "-C",
        str(workspace),
        *words,
    )
    return run_bounded(command, seconds=seconds, most_bytes=most_bytes, env=QUIET)


def _git(workspace: Path, *words: str) -> str | None:
    ran = ask_git(workspace, *words)
    return os.fsdecode(ran.output) if ran.code == 0 and not ran.trouble else None

"""Asking git, so that nothing of the repository's configuration runs and nothing is fetched."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from callboard.api import clean

SAFE = (
    *("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false"),
    *("-c", "safe.bareRepository=explicit", "-c", "diff.renameLimit=400", "-c", "core.quotePath=false"),
)
SEALED = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
SHORT = 10
LEFT_OUT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_OBJECT_DIRECTORY")


class GitTrouble(Exception):
    """Git could not answer; the text is a reason for a person."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where the workspace stands: the commit, its time (seconds since 1970), its first line, and whether files differ from it."""

    commit: str
    time: int
    subject: str
    changed: bool


def git(where: Path, *words: str, given: bytes = b"", timeout: float = 60.0) -> bytes:
    """What git prints; raises `GitTrouble`."""
    env = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    try:
        done = subprocess.run(
            ["git", *SAFE, "-C", str(where), *words],
            input=given,
            capture_output=True,
            timeout=timeout,
            env={**env, **SEALED},
            check=False,
        )
    except FileNotFoundError as error:
        raise GitTrouble("git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise GitTrouble(f"git {words[0]} took longer than {timeout:.0f} s") from error
    if done.returncode != 0:
        raise GitTrouble(_reason(where, words[0], done.stderr.decode("utf-8", "replace")))
    return done.stdout


def _reason(where: Path, command: str, told: str) -> str:
    if "not a git repository" in told:
        return f"{where.name} is no git repository"
    if "does not have any commits" in told or "ambiguous argument 'HEAD'" in told or "Needed a single revision" in told:
        return "the repository has no commit yet"
    if "dubious ownership" in told:
        return f"git refuses a repository of another user; git config --global --add safe.directory '{where}'"
    return clean(f"git {command} failed: {told.strip()[-300:]}")


def whole_history(where: Path) -> None:
    """Raises `GitTrouble` where there is no repository, no commit, or only the end of the history."""
    git(where, "rev-parse", "--verify", "HEAD^{commit}")
    if git(where, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise GitTrouble("this is a shallow clone, so the history is not here; git fetch --unshallow brings it")


def head(where: Path) -> Head | None:
    """The commit that the workspace stands on, None when there is none."""
    try:
        told = git(where, "log", "-1", "--format=%H%x00%ct%x00%s", "HEAD", timeout=20).decode("utf-8", "replace")
        commit, time, subject = told.rstrip("\n").split("\0", 2)
        changed = git(where, "status", "--porcelain", "--untracked-files=normal", "--", ".", timeout=30)
        return Head(commit[:SHORT], int(time), clean(subject, 100), bool(changed.strip()))
    except (GitTrouble, ValueError):
        return None

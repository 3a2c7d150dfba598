"""The commits by which the sample came to be: always the same days, people and changes."""

import os
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.demo.faults import SAMPLE
from callboard.errors import CallboardError

EXECUTABLE = ("scripts/backup.sh",)
QUIET_GIT = (
    "-c", "init.defaultBranch=main", "-c", "core.hooksPath=/dev/null", "-c", "core.excludesFile=/dev/null",
    "-c", "core.autocrlf=false", "-c", "commit.gpgSign=false", "-c", "init.templateDir=",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Commit:
    """Who wrote what when: `files` come in, `gone` are taken out again."""

    author: str
    date: str
    message: str
    files: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a file said before the commit of the number `until`, in place of what it says in the end."""

    path: str
    until: int
    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class History:
    """All commits, oldest first. `main` stays at commit `release`; the rest is on the branch that is checked out."""

    commits: tuple[Commit, ...]
    drafts: tuple[Draft, ...]
    release: int
    branch: str

    @classmethod
    def read(cls) -> "History":
        """As HISTORY.toml writes it down."""
        with open(SAMPLE / "HISTORY.toml", "rb") as file:
            written: dict[str, Any] = tomllib.load(file)
        commits = [
            Commit(**{**c, "files": tuple(c.get("files", ())), "gone": tuple(c.get("gone", ()))})
            for c in written["commit"]
        ]
        drafts = [Draft(**draft) for draft in written["draft"]]
        return cls(tuple(commits), tuple(drafts), written["release"], written["branch"])

    def text(self, path: str, number: int, texts: Mapping[str, str]) -> str:
        """What a file said at a commit, counted from 1; `texts` are those of the end."""
        text = texts[path]
        for draft in self.drafts:
            if draft.path == path and number < draft.until:
                text = text.replace(draft.find, draft.replace)
        return text

    def left(self, texts: Mapping[str, str]) -> list[str]:
        """The files that no commit names."""
        named = {path for commit in self.commits for path in commit.files}
        return [path for path in texts if path not in named]


def commit_all(target: Path, history: History, texts: Mapping[str, str]) -> None:
    """Makes a repository with the whole history in `target`, with all files in their final form.

    What no commit names comes in with the last one, unless git ignores it.
    """
    _git(target, "init", "--quiet")
    there: list[str] = []
    for number, commit in enumerate(history.commits, 1):
        if number == history.release + 1:
            _git(target, "checkout", "--quiet", "-b", history.branch)
        last = number == len(history.commits)
        there += [path for path in [*commit.files, *(history.left(texts) if last else [])] if path in texts]
        for path in commit.gone:
            (target / path).unlink(missing_ok=True)
        there = [path for path in there if path not in commit.gone]
        for path in there:
            _write(target, path, history.text(path, number, texts))
        _git(target, "add", "--all")
        _git(target, "commit", "--quiet", "--allow-empty", "-m", commit.message, by=commit)


def _write(target: Path, path: str, text: str) -> None:
    place = target / path
    if not place.is_file() or place.read_text("utf-8") != text:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    if path in EXECUTABLE:
        place.chmod(0o755)


def _git(target: Path, *words: str, by: Commit | None = None) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    if by is not None:
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_NAME": by.author, f"GIT_{role}_EMAIL": f"{by.author.lower()}@example.invalid"}
            environment[f"GIT_{role}_DATE"] = by.date
    try:
        done = subprocess.run(
            ["git", *QUIET_GIT, "-C", str(target), *words],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise CallboardError("the sample workspace needs git, which is not installed") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise CallboardError(f"git {words[0]} failed in {target}: {said}")

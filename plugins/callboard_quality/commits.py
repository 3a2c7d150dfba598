"""What a search among commits asks git: only reading in the workspace's repository, `git bisect` in a worktree of its own."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import CallboardError, clean
from callboard_quality.changes import SAFE, git

MOST_FILES = 200
MOST_RANGE = 50
MOST_LOGGED = 2_000
FIRST_BAD = re.compile(r"^([0-9a-f]{40,64}) is the first bad commit", re.MULTILINE)
LEFT = re.compile(r"^([0-9a-f]{40,64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Repository:
    """The workspace's repository, never changed."""

    top: Path

    def commit(self, name: str) -> str:
        """The whole name of a commit, '' for what is none."""
        if not name or name.startswith("-"):
            return ""
        return (git(self.top, "rev-parse", "--verify", "-q", f"{name}^{{commit}}") or "").strip()

    @property
    def prefix(self) -> str:
        """Where the workspace lies in the repository, '' for its top."""
        return (git(self.top, "rev-parse", "--show-prefix") or "").strip().rstrip("/")

    @property
    def is_shallow(self) -> bool:
        return (git(self.top, "rev-parse", "--is-shallow-repository") or "").strip() == "true"

    @property
    def changed(self) -> list[str]:
        """Files that are otherwise than in the commit that is checked out, or that git does not know."""
        text = (
            git(self.top, "status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all", "--", ".") or ""
        )
        return [entry[3:] for entry in text.split("\0") if len(entry) > 3]

    @property
    def has_submodules(self) -> bool:
        return bool(re.search(r"^160000 ", git(self.top, "ls-files", "--stage", "--", ":(top)") or "", re.MULTILINE))

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether the new commit has the old one in its history, or is it."""
        return git(self.top, "merge-base", "--is-ancestor", old, new) is not None

    def common(self, one: str, other: str) -> str:
        """The newest commit that both have in their history, '' for none."""
        return (git(self.top, "merge-base", one, other) or "").split("\n")[0].strip()

    def back(self, commit: str, most: int) -> list[str]:
        """The commit and those before it, by first parents, the newest first."""
        words = ["rev-list", "--first-parent", f"--max-count={most + 1}", commit, "--"]
        return (git(self.top, *words) or "").split()

    def between(self, good: str, bad: str) -> list[str]:
        """All commits that bad has and good has not, the newest first."""
        return (git(self.top, "rev-list", "--topo-order", bad, f"^{good}", "--") or "").split()

    def differing(self, good: str, bad: str) -> list[str]:
        """Files, from the workspace's top, that are otherwise in `bad`, or in the workspace when that is ''."""
        words = [
            "diff",
            "--name-only",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--relative",
            "--ignore-submodules=all",
            good,
        ]
        text = git(self.top, *words, *([bad] if bad else []), "--", ".") or ""
        fresh = "" if bad else git(self.top, "ls-files", "-z", "-o", "--exclude-standard", "--", ".") or ""
        return sorted({name for name in (text + fresh).split("\0") if name})

    def touching(self, commit: str, path: str, most: int) -> list[str]:
        """The newest commits before that changed a file."""
        return (git(self.top, "log", "--format=%H", f"--max-count={most}", commit, "--", path) or "").split()

    def former(self, commit: str, path: str) -> list[str]:
        """The names that a file had before, from the workspace's top, the newest first, as far as git recognises it."""
        words = [
            "log",
            "--follow",
            "--relative",
            "-M",
            "--diff-filter=R",
            "--name-status",
            "-z",
            "--format=",
            commit,
            "--",
            path,
        ]
        found: list[str] = []
        parts = (git(self.top, *words) or "").split("\0")
        for place, part in enumerate(parts[:-2]):
            if re.fullmatch(r"\n*R\d{1,3}", part) and parts[place + 1] not in (path, *found):
                found.append(parts[place + 1])
        return found[:10]

    def tree(self, commit: str) -> str:
        """The name of all that a commit has; commits with the same tree have the same files."""
        return (git(self.top, "rev-parse", "--verify", "-q", f"{commit}^{{tree}}") or "").strip()

    def undoing(self, commit: str, bad: str) -> list[str]:
        """Commits since then that say that they revert it, or that gave a file of it its former content; the newest first."""
        told = git(self.top, "log", "--format=%H", "-F", f"--grep=reverts commit {commit}", f"{commit}..{bad}", "--")
        words = [
            "diff-tree",
            "-r",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            "--no-commit-id",
            "-m",
            "--first-parent",
            commit,
        ]
        before = {
            row.split("\t")[1]: row.split()[2] for row in (git(self.top, *words) or "").splitlines() if "\t" in row
        }
        names = [f":(top,literal){path}" for path in list(before)[:MOST_FILES]]
        words = [
            "log",
            "--format=%H",
            "--raw",
            "--no-abbrev",
            "--no-renames",
            f"--max-count={MOST_LOGGED}",
            f"{commit}..{bad}",
            "--",
        ]
        found, current = set((told or "").split()), ""
        for row in (git(self.top, *words, *names) or "").splitlines() if names else ():
            if not row.startswith(":"):
                current = row.strip() or current
            elif before.get(row.partition("\t")[2]) == row.split()[3]:
                found.add(current)
        return [one for one in self.between(commit, bad) if one in found]

    def blob(self, commit: str, path: str) -> bytes | None:
        """The content of a file in a commit; the path is from the workspace's top. None for no file."""
        text = git(self.top, "cat-file", "blob", f"{commit}:./{path}")
        return None if text is None else text.encode("utf-8", "surrogateescape")

    def files(self, commit: str, folder: str) -> list[str]:
        """The files below a folder in a commit, from the workspace's top."""
        text = git(self.top, "ls-tree", "-r", "-z", "--name-only", commit, "--", f"./{folder}" if folder else ".") or ""
        return [name for name in text.split("\0") if name]

    def about(self, commit: str) -> dict[str, Any]:
        """Subject, author, moment, parents and files of a commit."""
        text = git(self.top, "show", "-s", "--no-show-signature", "--format=%an%x00%at%x00%P%x00%s", commit, "--") or ""
        author, at, parents, subject = [*text.rstrip("\n").split("\0"), "", "", "", ""][:4]
        changed = git(
            self.top, "diff-tree", "-r", "-m", "--first-parent", "--root", "--no-commit-id", "--name-only", "-z", commit
        )
        files = list(dict.fromkeys(name for name in (changed or "").split("\0") if name))
        return {
            "commit": commit,
            "subject": clean(subject, 300),
            "author": clean(author, 200),
            "at": int(at) if at.isdecimal() else 0,
            "parents": parents.split(),
            "files": files[:MOST_FILES],
        }


class Search:
    """`git bisect` in a linked worktree; its refs are that worktree's own and go with it."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree
        self.culprit = ""
        self.left: list[str] = []
        self._line: list[str] = []

    def checkout(self, commit: str) -> None:
        """The tree as the commit has it, without anything else."""
        self._git("reset", "-q", "--hard")
        self._git("clean", "-ffdxq")
        self._git("checkout", "-q", "--force", "--detach", commit, "--")

    def start(self, bad: str, good: str, *, main: bool = False) -> None:
        """Begins anew between two commits; with `main` among the first parents of the bad one only."""
        self.culprit, self.left, self._line = "", [], ["--first-parent"] if main else []
        self.clean()
        self._git("bisect", "reset", bad, fine=(0, 1))
        self._read(self._git("bisect", "start", *self._line, bad, good, "--", fine=(0, 1, 2)))

    def mark(self, word: str, commits: Sequence[str]) -> None:
        """Says that commits are 'good', 'bad' or to 'skip'; afterwards the next one is checked out, or the search is over."""
        self.clean()
        for first in range(0, len(commits), 500):
            self._read(self._git("bisect", word, *commits[first : first + 500], fine=(0, 1, 2)))

    def _read(self, words: str) -> None:
        match = FIRST_BAD.search(words)
        if match is not None:
            self.culprit = match[1]
        elif "only 'skip'ped commits left" in words:
            self.left = LEFT.findall(words)
        elif "merge base" in words and "bad" in words and "fixed" in words:
            raise CallboardError(
                "the good commit has the failure in what it shares with the bad one; it was mended in between"
            )

    @property
    def is_over(self) -> bool:
        return bool(self.culprit or self.left)

    @property
    def current(self) -> str:
        """The commit that is checked out."""
        return self._git("rev-parse", "HEAD").strip()

    def remaining(self) -> list[str]:
        """The commits that may still be the one, the newest first."""
        good = self._git("for-each-ref", "--format=^%(objectname)", "refs/bisect/good-*").split()
        return self._git("rev-list", *self._line, "refs/bisect/bad", *good, "--").split()

    def log(self) -> str:
        """The steps, for `git bisect replay`."""
        return self._git("bisect", "log", fine=(0, 1))

    def clean(self) -> None:
        """Takes back what a run left in the tree."""
        self._git("reset", "-q", "--hard")
        self._git("clean", "-ffdxq")

    def _git(self, *words: str, fine: Sequence[int] = (0,)) -> str:
        given = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        command = ["git", *SAFE, "-c", "advice.detachedHead=false", "-C", str(self.tree), *words]
        done = subprocess.run(
            command, capture_output=True, timeout=300, check=False, stdin=subprocess.DEVNULL, env=given
        )
        if done.returncode not in fine:
            told = done.stderr.decode("utf-8", "replace").strip()[-400:]
            raise CallboardError(f"git {' '.join(words[:2])} failed: {told}")
        return done.stdout.decode("utf-8", "surrogateescape")

"""A copy of the workspace in which an action may change files, and the patch that comes out of it."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from callboard.errors import CallboardError
from callboard.work.workspace import GIT_SAFE

PLAIN_DIFF = (
    "--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/", "--submodule=short",
)  # fmt: skip


class Worktree:
    """A git worktree at HEAD, with the user's uncommitted changes laid on top unless told otherwise.

    Used as a context manager; `path` is where to work, `base` the commit. The user's own tree and index
    are never touched. Raises `CallboardError` when the workspace is no git checkout or has no commit.
    """

    def __init__(self, workspace: Path, scratch: Path, *, with_changes: bool = True) -> None:
        self._workspace = workspace
        self._with_changes = with_changes
        self.path = scratch / "worktree"
        self.base = ""

    def __enter__(self) -> Self:
        try:
            self.base = self._git("rev-parse", "--verify", "HEAD^{commit}").decode().strip()
        except CallboardError as error:
            if "dubious ownership" in str(error):
                raise CallboardError(
                    f"git refuses {self._workspace}, because it belongs to another user; "
                    f"git config --global --add safe.directory '{self._workspace}'"
                ) from error
            raise CallboardError(
                f"{self._workspace} has no commit to work from; commit once with git, then a patch can be made"
            ) from error
        self._git("worktree", "add", "--detach", "--force", str(self.path), self.base)
        if self._with_changes:
            self._bring_changes()
        return self

    def _bring_changes(self) -> None:
        changes = self._git("diff", *PLAIN_DIFF, self.base)
        if changes:
            self._git("apply", "--whitespace=nowarn", "-", at=self.path, given=changes)
        for name in self._git("ls-files", "-z", "-o", "--exclude-standard").split(b"\0"):
            source = self._workspace / os.fsdecode(name)
            if name and source.is_file() and not source.is_symlink():
                target = self.path / os.fsdecode(name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        self._git("add", "-A", at=self.path)
        self._start = self._git("write-tree", at=self.path).decode().strip()

    def diff(self) -> tuple[bytes, list[str]]:
        """What was changed since the copy was made: a patch for `git apply`, and the paths."""
        self._git("add", "-A", at=self.path)
        start = getattr(self, "_start", self.base)
        text = self._git("diff", "--cached", *PLAIN_DIFF, start, at=self.path)
        names = self._git("diff", "--cached", "--name-only", "-z", start, at=self.path).split(b"\0")
        return text, [os.fsdecode(name) for name in names if name]

    def _git(self, *words: str, at: Path | None = None, given: bytes | None = None) -> bytes:
        command: Sequence[str] = ["git", *GIT_SAFE, "-C", str(at or self._workspace), *words]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        done = subprocess.run(
            command,
            input=given if given is not None else b"",
            capture_output=True,
            timeout=300,
            env=environment,
            check=False,
        )
        if done.returncode != 0:
            words_of_git = done.stderr.decode("utf-8", "replace").strip()[-500:]
            raise CallboardError(f"git {words[0]} failed in {at or self._workspace}: {words_of_git}")
        return done.stdout

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._git("worktree", "remove", "--force", str(self.path))
        except CallboardError:
            shutil.rmtree(self.path, ignore_errors=True)
            self._git("worktree", "prune")

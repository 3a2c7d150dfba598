"""A copy of the workspace with a patch in it, in which checks look before a person accepts the patch."""

import shutil
import subprocess
from pathlib import Path

from callboard.errors import CallboardError
from callboard.work.workspace import GIT_SAFE
from callboard.work.worktree import Worktree


class PatchedCopy:
    """The copy of one case in the data folder: a git worktree with what is not committed, and the patch on top."""

    def __init__(self, workspace: Path, data: Path, case: int) -> None:
        self._workspace = workspace
        self._folder = data / "cases" / "copies" / f"C{case}"
        self.path = self._folder / "worktree"

    def make(self, patch: bytes) -> Path:
        """The folder of the workspace in the copy, made anew. Raises `CallboardError` when git cannot, or it does not fit."""
        self.remove()
        self._folder.mkdir(mode=0o700, parents=True)
        try:
            Worktree(self._workspace, self._folder).__enter__()
            top = Path(self._git("rev-parse", "--show-toplevel", at=self._workspace).decode().rstrip("\n"))
            self._git("apply", "--whitespace=nowarn", "-", at=self.path, given=patch)
            place = self.path / self._workspace.resolve().relative_to(top.resolve())
        except (CallboardError, ValueError):
            self.remove()
            raise
        return place

    def remove(self) -> None:
        """It is not there any more; one that never was is no fault."""
        if not self._folder.exists():
            return
        try:
            self._git("worktree", "remove", "--force", str(self.path), at=self._workspace)
        except CallboardError:
            shutil.rmtree(self.path, ignore_errors=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._git("worktree", "prune", at=self._workspace)
        except CallboardError:
            return

    def _git(self, *words: str, at: Path, given: bytes = b"") -> bytes:
        try:
            done = subprocess.run(
                ["git", *GIT_SAFE, "-C", str(at), *words], input=given, capture_output=True, timeout=120, check=False
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise CallboardError(f"git could not be run: {error}") from error
        if done.returncode:
            told = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise CallboardError(f"git {words[0]} failed: {told}")
        return done.stdout

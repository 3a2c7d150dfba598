"""An earlier commit of the workspace: which one to compare with, and its files in a folder of their own."""

import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from callboard.api import CallboardError, Context, ToolRun, Workspace

GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
LARGEST_TREE = 500_000_000
MAIN = ("origin/main", "origin/master", "main", "master")


@dataclass(frozen=True, slots=True)
class Base:
    """A commit, how a person calls it, and why it is the one."""

    commit: str
    called: str
    because: str

    @property
    def shown(self) -> str:
        """'v1.2 (1a2b3c4d, the last tag)'."""
        short = self.commit[:8]
        return (
            f"{self.called} ({short}, {self.because})"
            if not self.called.startswith(short)
            else f"{short} ({self.because})"
        )


def has_earlier(workspace: Workspace) -> bool:
    """Whether git has a commit before the one that is checked out, on a branch or not: what there is to compare with."""
    if not (workspace.path / ".git").exists():
        return False
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD~1^{commit}")
    command = [*GIT, "-C", str(workspace.path), *words]
    try:
        done = subprocess.run(command, capture_output=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def base_of(ctx: Context, wanted: str) -> Base:
    """The commit that is wanted; else where this branch left the main one, else the last tag, else the commit before.

    Uncommitted changes of a branch without any of those are compared with its last commit. Raises `CallboardError` with the reason.
    """
    if _git(ctx, "rev-parse", "--git-dir").code != 0:
        raise CallboardError("this is no git checkout, so there is nothing to compare with")
    head = _commit(ctx, "HEAD")
    if not head:
        raise CallboardError("there is no commit yet, so there is nothing to compare with")
    if wanted:
        if not re.fullmatch(r"[A-Za-z0-9][\w./@^~{}+-]{0,200}", wanted) or not (commit := _commit(ctx, wanted)):
            raise CallboardError(f"the option base is '{wanted}', which is no commit, branch or tag here")
        return Base(commit, wanted, "as asked for")
    for name in MAIN:
        if _commit(ctx, name) not in ("", head):
            fork = _git(ctx, "merge-base", "HEAD", name).stdout.strip()
            if fork and fork != head:
                return Base(fork, fork[:8], f"where this branch left {name}")
    tag = _git(ctx, "describe", "--tags", "--abbrev=0", "HEAD").stdout.strip()
    if tag and (commit := _commit(ctx, tag)) and commit != head:
        return Base(commit, tag, "the last tag")
    if tag and _git(ctx, "status", "--porcelain").stdout.strip():
        return Base(head, tag, "the last tag, without what is not committed")
    before = _commit(ctx, "HEAD~1")
    if before:
        return Base(before, "HEAD~1", "the commit before, for there is no tag")
    if _git(ctx, "status", "--porcelain").stdout.strip():
        return Base(head, "HEAD", "the only commit, without what is not committed")
    raise CallboardError("there is one commit only and nothing has changed since, so there is nothing to compare with")


def files_at(ctx: Context, base: Base) -> Workspace:
    """The workspace as it was at a commit, in the scratch folder; links are left out."""
    packed, place = ctx.scratch / "base.tar", ctx.scratch / "base"
    done = _git(ctx, "archive", "--format=tar", f"--output={packed}", base.commit)
    if done.code != 0:
        raise CallboardError(f"git could not give the files of {base.shown}: {done.trouble}")
    place.mkdir()
    with tarfile.open(packed) as archive:
        members = [member for member in archive if member.isfile() or member.isdir()]
        if sum(member.size for member in members) > LARGEST_TREE:
            raise CallboardError(f"the files of {base.shown} have more than {LARGEST_TREE // 1_000_000} MB")
        archive.extractall(place, members=members, filter="data")
    packed.unlink()
    return Workspace(Path(place), ctx.config)


def _commit(ctx: Context, name: str) -> str:
    return _git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").stdout.strip()


def _git(ctx: Context, *words: str) -> ToolRun:
    return ctx.run_tool([*GIT, "-C", str(ctx.workspace.path), *words], timeout=60)

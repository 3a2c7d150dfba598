"""A patch never touches what the boundary protects."""

import subprocess
from pathlib import Path

import pytest

from callboard.api import BoundaryError, Context


def checkout(folder: Path) -> Path:
    folder.mkdir()
    (folder / "a.py").write_text("a = 1\n")
    (folder / ".env").write_text("A=1\n")
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["add", "-A", "-f"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *words], check=True)
    return folder


def context(tmp_path: Path) -> Context:
    spool, scratch = tmp_path / "spool", tmp_path / "scratch"
    spool.mkdir()
    scratch.mkdir()
    return Context(workspace=checkout(tmp_path / "work"), spool=spool, scratch=scratch)


def test_a_patch_of_plain_files_is_kept_with_its_base_and_files(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    with ctx.worktree() as tree:
        (tree.path / "a.py").write_text("a = 2\n")
        kept = ctx.patch(tree, "change", {"checked": "compiled"})
    assert kept is not None
    assert b"+a = 2" in kept.read_bytes()
    assert (ctx.workspace.path / "a.py").read_text() == "a = 1\n"


def test_a_patch_that_touches_a_protected_path_is_refused_with_the_rule(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    with ctx.worktree() as tree:
        (tree.path / ".env").write_text("A=2\n")
        with pytest.raises(BoundaryError) as refused:
            ctx.patch(tree, "change", {})
    assert refused.value.rule == "boundary.protected_paths"
    assert not (ctx.spool / "artifacts").exists()

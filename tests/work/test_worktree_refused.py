"""Why no worktree could be made is said truly."""

import subprocess
from pathlib import Path

import pytest

from callboard.api import CallboardError
from callboard.work.worktree import Worktree


def test_a_checkout_of_another_user_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = tmp_path / "work"
    work.mkdir()
    subprocess.run(["git", "init", "-q", str(work)], check=True)
    with pytest.raises(CallboardError, match="has no commit"), Worktree(work, tmp_path):
        pass
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for such tests
    with pytest.raises(CallboardError, match="belongs to another user"), Worktree(work, tmp_path):
        pass

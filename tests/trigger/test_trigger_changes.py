"""What changed in a workspace, read from real checkouts."""

import os
import subprocess
from pathlib import Path

import pytest

from callboard.trigger.changes import changed, head_of, stamps


def git(folder: Path, *words: str) -> str:
    command = [
        "git",
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
        "-C",
        str(folder),
        *words,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("a")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def test_the_head_of_a_branch_moves_with_commits(checkout: Path) -> None:
    first = head_of(checkout)
    assert first == head(checkout)
    git(checkout, "commit", "-q", "--allow-empty", "-m", "two")
    assert head_of(checkout) == head(checkout) != first


def test_a_branch_with_a_slash(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "feature/cart")
    assert head_of(checkout) == head(checkout)


def test_a_detached_head(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "--detach")
    assert head_of(checkout) == head(checkout)


def test_packed_refs(checkout: Path) -> None:
    git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git" / "refs" / "heads" / "main").exists()
    assert head_of(checkout) == head(checkout)


@pytest.mark.parametrize("packed", [False, True])
def test_a_worktree_has_a_head_of_its_own(checkout: Path, tmp_path: Path, packed: bool) -> None:
    other = tmp_path / "other"
    git(checkout, "worktree", "add", "-q", "-b", "side", str(other))
    git(other, "commit", "-q", "--allow-empty", "-m", "side")
    if packed:
        git(checkout, "pack-refs", "--all")
    assert head_of(other) == head(other) != head_of(checkout)
    git(other, "checkout", "-q", "--detach", "HEAD~1")
    assert head_of(other) == head(other)


def test_where_there_is_none(tmp_path: Path) -> None:
    assert head_of(tmp_path) == ""
    git(tmp_path, "init", "-q", "-b", "main")
    assert head_of(tmp_path) == ""


@pytest.mark.parametrize(
    "text",
    [
        b"ref: ../../../secret",
        b"ref: /etc/hostname",
        b"\xff\xfe",
        b"",
        b"ref: refs/heads/none",
        b"ref: refs/heads\x00x",
    ],
)
def test_a_head_that_says_odd_things_tells_nothing(checkout: Path, text: bytes) -> None:
    (checkout.parent / "secret").write_text("secret")
    (checkout / ".git" / "HEAD").write_bytes(text)
    assert head_of(checkout) == ""


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main"])
def test_a_pipe_in_the_place_of_a_file_does_not_block(checkout: Path, name: str) -> None:
    (checkout / ".git" / name).unlink()
    os.mkfifo(checkout / ".git" / name)
    assert head_of(checkout) == ""


def test_a_git_file_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    assert head_of(tmp_path) == ""


def test_files_that_came_went_and_changed(checkout: Path) -> None:
    (checkout / "app" / "deep").mkdir(parents=True)
    (checkout / "app" / "deep" / "b.py").write_text("b")
    (checkout / "app" / "gone.py").write_text("x")
    (checkout / "readme.md").write_text("r")
    before = stamps(checkout, ["app/**", "*.py"])
    assert sorted(before) == ["a.py", "app/deep/b.py", "app/gone.py"]
    assert changed(before, stamps(checkout, ["app/**", "*.py"])) == []
    (checkout / "app" / "gone.py").unlink()
    (checkout / "app" / "new.py").write_text("n")
    (checkout / "app" / "deep" / "b.py").write_text("longer")
    os.utime(checkout / "a.py", ns=(1, 1))
    (checkout / "readme.md").write_text("not looked at")
    assert changed(before, stamps(checkout, ["app/**", "*.py"])) == [
        "a.py",
        "app/deep/b.py",
        "app/gone.py",
        "app/new.py",
    ]


def test_links_are_not_followed(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("o")
    (checkout / "link.py").symlink_to(tmp_path / "outside.py")
    assert sorted(stamps(checkout, ["*.py"])) == ["a.py"]

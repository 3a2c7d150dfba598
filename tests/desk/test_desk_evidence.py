"""What stands behind a failure: source as it was in the run, never a secret and never a file from outside; what differs since the
last pass; how two outputs differ."""

import os
import subprocess
from pathlib import Path

import pytest

from callboard.desk.hunks import numbered
from callboard.desk.source import read_inside
from callboard.desk.veil import MASK, bare, is_all_secret, is_secret, veil, veiled
from callboard.learn.versions import changed_between, content_at, head_of, logs_apart, loose_files, patch_of

SECRET = "gh" + "p_" + "a1B2" * 9


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('API_TOKEN = "s3cr3tvalue"', f'API_TOKEN = "{MASK}"'),
        ("password: hunter2hunter2", f"password: {MASK}"),
        ("url = postgres://ann:pa55word@db/shop", f"url = postgres://ann:{MASK}@db/shop"),
        (f"    return {SECRET}", f"    return {MASK}"),
        ("token = settings.token", "token = settings.token"),
        ("password = None", "password = None"),
        ('raise Refused("the token is wrong")', 'raise Refused("the token is wrong")'),
        ('secret = "not a secret but words"', 'secret = "not a secret but words"'),
    ],
)
def test_values_that_could_be_secrets_are_hidden_and_names_stay(line: str, shown: str) -> None:
    assert veil(line) == shown


@pytest.mark.parametrize(
    "line", [f'return "{SECRET}"', f"x = {SECRET}", SECRET, f"  {SECRET}  # why", "key: 'abc def ghi'"]
)
def test_nothing_of_a_value_stays_in_the_line_of_a_secret(line: str) -> None:
    assert SECRET not in bare(line)
    assert "abc" not in bare(line)
    assert MASK in bare(line)


def test_a_private_key_is_hidden_as_a_whole() -> None:
    dashes = "-" * 5
    lines = [
        "a = 1",
        f"{dashes}BEGIN PRIVATE KEY{dashes}",
        "MIIEvQ",
        "abc",
        f"{dashes}END PRIVATE KEY{dashes}",
        "b = 2",
    ]
    assert [line for line in veiled(lines) if "MII" in line or "abc" in line] == []
    assert veiled(lines)[0] == "a = 1"
    assert veiled(lines)[-1] == "b = 2"


def test_rules_and_files_of_secrets_are_known() -> None:
    assert all(map(is_secret, ("secret-github-pat", "secret-hardcoded", "hardcoded-password")))
    assert not is_secret("E501")
    assert is_all_secret("deploy/.env.production")
    assert not is_all_secret(".env.example")


def test_a_file_outside_of_the_workspace_is_never_read(tmp_path: Path) -> None:
    home, outside = tmp_path / "shop", tmp_path / "outside.txt"
    (home / ".git").mkdir(parents=True)
    (home / ".git" / "config").write_text("x")
    outside.write_text("private")
    (home / "link").symlink_to(outside)
    (home / "folder").symlink_to(tmp_path)
    os.mkfifo(home / "pipe")
    (home / "big").write_bytes(b"x" * 2_000_001)
    (home / "binary").write_bytes(b"a\0b")
    (home / "latin").write_bytes("Grün".encode("latin-1"))
    for path in ("../outside.txt", "link", "folder/outside.txt", str(outside), ".git/config", "\0", "pipe", "nothing"):
        assert read_inside(home, path).lines == (), path
        assert read_inside(home, path).trouble, path
    assert "larger" in read_inside(home, "big").trouble
    assert "binary" in read_inside(home, "binary").trouble
    assert read_inside(home, "latin").lines == ("Grün",)
    assert "Latin-1" in read_inside(home, "latin").note


def git(home: Path, *words: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    return subprocess.run(["git", *who, *words], cwd=home, capture_output=True, text=True, check=True).stdout.strip()


def test_files_and_differences_come_from_git_as_they_are_whatever_they_are_called(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    names = ["plain.py", "-dash.py", 'quo"te.py', "ünï.py", ":(top)magic.py", "a b.py"]
    for name in names:
        (tmp_path / name).write_text("one\ntwo\nthree\n")
    (tmp_path / ".gitattributes").write_text("*.py diff=evil\n")
    git(tmp_path, "config", "diff.evil.command", "touch ran-external")
    git(tmp_path, "config", "diff.evil.textconv", "touch ran-textconv; cat")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "one")
    old = git(tmp_path, "rev-parse", "HEAD")
    for name in names:
        (tmp_path / name).write_text("one\n2\nthree\n")
    git(tmp_path, "commit", "-q", "-a", "-m", "two")
    new = head_of(tmp_path)
    assert [content_at(tmp_path, old, name, 1000) for name in names] == [b"one\ntwo\nthree\n"] * len(names)
    assert content_at(tmp_path, old, "nothing", 1000) is None
    assert content_at(tmp_path, "--output=x", "plain.py", 1000) is None
    changed = changed_between(tmp_path, old, new)
    assert changed is not None
    assert sorted(file.path for file in changed) == sorted(names)
    assert {(file.added, file.removed) for file in changed} == {(1, 1)}
    for name in names:
        (lines,) = patch_of(tmp_path, old, new, [name])
        assert [(row["kind"], row["old"], row["now"], row["text"]) for row in numbered(lines)][1:] == [
            ("", 1, 1, "one"), ("del", 2, None, "two"), ("add", None, 2, "2"), ("", 3, 3, "three"),
        ]  # fmt: skip
    (tmp_path / "fresh.py").write_text("x\n")
    assert loose_files(tmp_path) == ["fresh.py"]
    assert not list(tmp_path.glob("ran-*"))


def test_a_line_that_looks_like_a_header_is_a_line_of_its_file() -> None:
    lines = ["@@ -1,2 +1,2 @@", "-diff --git a/x b/x", "+@@ -9,9 +9,9 @@", " same"]
    assert [(row["kind"], row["text"]) for row in numbered(lines)] == [
        ("at", "line 1"), ("del", "diff --git a/x b/x"), ("add", "@@ -9,9 +9,9 @@"), ("", "same"),
    ]  # fmt: skip


def test_secrets_of_the_new_file_are_hidden_in_its_diff() -> None:
    rows = numbered(["@@ -0,0 +1,2 @@", "+x = 'abcdef'", "+y = 'abcdef'"], secret={2})
    assert [row["text"] for row in rows][1:] == ["x = 'abcdef'", f"y = '{MASK}'"]


def test_two_outputs_are_compared(tmp_path: Path) -> None:
    before, after = tmp_path / "a.log", tmp_path / "-b.log"
    before.write_text("one\ntwo\n")
    after.write_text("one\n\x1b[31m2\x1b[0m\n")
    lines, trouble = logs_apart(before, after)
    assert not trouble
    assert [(row["kind"], row["text"][:3]) for row in numbered(lines, hide=False)][1:] == [
        ("", "one"),
        ("del", "two"),
        ("add", "\ufffd[3"),
    ]
    assert logs_apart(before, before) == ([], "")

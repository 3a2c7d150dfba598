"""A patch that removes a secret is kept without it, and is whole again only where the secret still is."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.api import Context, SealError, keyed_hash, seal, sealing_key, unseal

SECRET = "Zq8vT2nK5mRj7Pc1"
OTHER = "kq9Trw2xLm"
KEY = b"k" * 32


def git(place: Path, *words: str, given: str | None = None) -> str:
    argv = ["git", "-C", str(place), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    raw = None if given is None else given.encode("utf-8", "surrogateescape")
    done = subprocess.run(argv, check=True, capture_output=True, input=raw)
    return done.stdout.decode("utf-8", "surrogateescape")


def reader(place: Path) -> Callable[[str, int], str | None]:
    def line(path: str, number: int) -> str | None:
        lines = (place / path).read_bytes().decode("utf-8", "surrogateescape").split("\n")
        return lines[number - 1] if 0 < number <= len(lines) else None

    return line


def changed(place: Path, name: str, before: bytes, after: bytes) -> str:
    """The patch of a change that is taken back again."""
    git(place, "init", "-q")
    (place / name).write_bytes(before)
    git(place, "add", "-A")
    git(place, "commit", "-qm", "x")
    (place / name).write_bytes(after)
    patch = git(place, "diff", "--binary")
    (place / name).write_bytes(before)
    return patch


LONG = f"def {SECRET}():\n" + "    x = 1\n" * 8
CASES = {
    "removed": (f'import os\nKEY = "{SECRET}"\n', 'import os\nKEY = os.environ["KEY"]\n'),
    "beside a kept one": (f'A = "{SECRET}"\nB = "{OTHER}"\n', f'A = os.environ["A"]\nB = "{OTHER}"\n'),
    "two in a line, one goes": (f'A, B = "{SECRET}", "{OTHER}"\n', f'A, B = os.environ["A"], "{OTHER}"\n'),
    "carriage returns": (f'KEY = "{SECRET}"\r\nx = 1\r\n', 'KEY = os.environ["K"]\r\nx = 1\r\n'),
    "no line feed at the end": (f'KEY = "{SECRET}"', 'KEY = os.environ["K"]'),
    "in the head of a hunk": (LONG + f'    k = "{SECRET}"\n', LONG + "    k = 2\n"),
    "lines that look like heads": (f'-- {SECRET}\n++ a\n@@ -1 +1 @@\n', "++ a\n@@ -1 +1 @@\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_sealed_patch_holds_no_secret_and_applies_where_the_secret_is(tmp_path: Path, case: str) -> None:
    before, after = (text.encode() for text in CASES[case])
    patch = changed(tmp_path, "-é a.py", before, after)
    text, seals = seal(patch, [SECRET, OTHER], KEY)
    stored = text + json.dumps(seals)
    assert SECRET not in stored
    assert OTHER not in stored
    assert "index " not in text
    whole = unseal(text, json.loads(json.dumps(seals)), reader(tmp_path), KEY)
    git(tmp_path, "apply", "--whitespace=nowarn", "-", given=whole)
    assert (tmp_path / "-é a.py").read_bytes() == after


def test_without_secrets_a_patch_stays_as_it_is(tmp_path: Path) -> None:
    patch = changed(tmp_path, "a.py", b"a = 1\n", b"a = 2\n")
    assert seal(patch, [SECRET], KEY) == (patch, [])
    assert unseal(patch, [], reader(tmp_path), KEY) == patch


def test_a_line_that_changed_since_is_refused_without_saying_what_it_holds(tmp_path: Path) -> None:
    before = f'KEY = "{SECRET}"\n'.encode()
    text, seals = seal(changed(tmp_path, "a.py", before, b"KEY = 1\n"), [SECRET], KEY)
    for present in (f'KEY = "{OTHER}"\n', f'KEY = f("{SECRET}")\n', "", f'\nKEY = "{SECRET}"\n'):
        (tmp_path / "a.py").write_text(present)
        with pytest.raises(SealError, match="changed since") as refused:
            unseal(text, seals, reader(tmp_path), KEY)
        assert OTHER not in str(refused.value)
    (tmp_path / "a.py").write_bytes(before)
    with pytest.raises(SealError, match="no seal"):
        unseal(text, [], reader(tmp_path), KEY)
    with pytest.raises(SealError, match="changed since"):
        unseal(text, seals, reader(tmp_path), b"another key")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("KEY = 1\n", f'KEY = "{SECRET}"\n', "added line"),
        (f'K = "{SECRET}"\n', "⟦secret 1⟧\n", "marks of seals already"),
    ],
)
def test_what_cannot_be_sealed_is_refused(tmp_path: Path, before: str, after: str, why: str) -> None:
    patch = changed(tmp_path, "a.py", before.encode(), after.encode())
    with pytest.raises(SealError, match=why):
        seal(patch, [SECRET], KEY)
    with pytest.raises(SealError, match="several lines"):
        seal(patch, [f"{SECRET}\n{OTHER}"], KEY)


def test_a_path_with_a_secret_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    patch = changed(tmp_path, f"{SECRET}.py", f'K = "{SECRET}"\n'.encode(), b"K = 1\n")
    with pytest.raises(SealError, match="head"):
        seal(patch, [SECRET], KEY)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(SealError, match="binary"):
        seal(changed(other, "a.bin", b"\0" + SECRET.encode(), b"\0"), [SECRET], KEY)


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = sealing_key(tmp_path / "data")
    assert sealing_key(tmp_path / "data") == key
    assert len(key) == 32
    assert os.stat(tmp_path / "data" / "sealing.key").st_mode & 0o077 == 0
    assert keyed_hash(key, SECRET) == keyed_hash(key, SECRET)
    assert keyed_hash(key, SECRET) != keyed_hash(KEY, SECRET)
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["sealing.key"]


def test_an_action_keeps_its_patch_sealed(tmp_path: Path) -> None:
    work, spool, scratch = (tmp_path / name for name in ("work", "spool", "scratch"))
    for folder in (work, spool, scratch):
        folder.mkdir()
    before = f'KEY = "{SECRET}"\n'.encode()
    changed(work, "a.py", before, b"KEY = 1\n")
    ctx = Context(workspace=work, spool=spool, scratch=scratch)
    with ctx.worktree() as tree:
        (tree.path / "a.py").write_text("KEY = 1\n")
        kept = ctx.patch(tree, "move", {"words": "moved"}, secrets=[SECRET])
    assert kept is not None
    everything = b"".join(path.read_bytes() for path in spool.rglob("*") if path.is_file())
    assert SECRET.encode() not in everything
    lines = (spool / "messages.jsonl").read_text().splitlines()
    (message,) = (json.loads(line) for line in lines if '"base"' in line)
    seals = message["proof"]["sealed"]
    assert message["proof"]["words"] == "moved"
    whole = unseal(kept.read_text("utf-8"), seals, reader(work), sealing_key(ctx.data))
    git(work, "apply", "-", given=whole)
    assert (work / "a.py").read_text() == "KEY = 1\n"

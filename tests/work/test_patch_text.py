"""What a patch would change is read as git reads it; what no patch may do is refused before git sees it."""

import subprocess
from pathlib import Path

import pytest

from callboard.work.checkout import Checkout, after_of
from callboard.work.patchtext import Hunk, Overlap, PatchError, overlaps, read_patch

HEAD = "diff --git a/x b/x\n"
HUNK = "@@ -1 +1 @@\n-a\n+b\n"


def git(folder: Path, *words: str) -> bytes:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    for name, text in (
        ("a.py", "1\n2\n3\n"),
        ("with space.py", "1\n"),
        ("grün.py", "1\n"),
        ("gone.py", "1\n"),
        ("run.sh", "1\n"),
    ):
        (tmp_path / name).write_text(text)
    (tmp_path / "old.py").write_text("".join(f"{n}\n" for n in range(50)))
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    return tmp_path


def test_all_kinds_of_change_are_read_as_git_writes_them(checkout: Path) -> None:
    (checkout / "a.py").write_text("1\n2\n-- three\n++ four")
    (checkout / "with space.py").write_text("diff --git a/x b/x\n")
    (checkout / "grün.py").write_text("2\n")
    (checkout / "gone.py").unlink()
    (checkout / "old.py").rename(checkout / "new.py")
    (checkout / "run.sh").chmod(0o755)
    (checkout / "pic.bin").write_bytes(bytes(range(256)) * 20)
    (checkout / "empty.py").write_text("")
    git(checkout, "add", "-A")
    patch = git(checkout, "diff", "--cached", "--binary", "-M")
    found = {change.path: change for change in read_patch(patch)}
    kinds = {path: change.kind for path, change in found.items()}
    assert kinds == {
        "a.py": "changed", "with space.py": "changed", "grün.py": "changed", "gone.py": "deleted", "new.py": "renamed",
        "run.sh": "mode", "pic.bin": "added", "empty.py": "added",
    }  # fmt: skip
    assert (found["a.py"].added, found["a.py"].removed, found["a.py"].hunks) == (2, 1, [Hunk(1, 3)])
    assert (found["new.py"].old, found["pic.bin"].binary) == ("old.py", True)
    git(checkout, "reset", "-q", "--hard")
    place = Checkout(checkout)
    assert place.troubles(patch, read_patch(patch)) == []
    place.apply(patch)
    assert (checkout / "pic.bin").read_bytes() == bytes(range(256)) * 20
    assert git(checkout, "diff", "--cached", "--name-only") == b""
    place.apply(patch, back=True)
    assert git(checkout, "status", "--porcelain") == b""


@pytest.mark.parametrize(
    ("patch", "why"),
    [
        ("", "changes nothing"),
        ("hello\n", "no part of a git diff"),
        (HEAD + "new file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+/etc/passwd\n", "a symbolic link"),
        (HEAD + "index 123..456 120000\n--- a/x\n+++ b/x\n" + HUNK, "a symbolic link"),
        (HEAD + "old mode 100644\nnew mode 120000\n", "a symbolic link"),
        (HEAD + "new file mode 160000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+Subproject commit 1\n", "a submodule"),
        (HEAD + "new file mode 104755\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", "mode 104755"),
        ("diff --git a/../x b/../x\n--- a/../x\n+++ b/../x\n" + HUNK, "leads out of the checkout"),
        ("diff --git a//etc/x b//etc/x\n--- a//etc/x\n+++ b//etc/x\n" + HUNK, "leads out of the checkout"),
        (HEAD + "--- a/x\n+++ /etc/passwd\n" + HUNK, "without 'a/' and 'b/'"),
        ("diff --git a/.git/config b/.git/config\n--- a/.git/config\n+++ b/.git/config\n" + HUNK, "git's own folder"),
        ('diff --git "a/s/.G\\151t/c" "b/s/.G\\151t/c"\n--- "a/s/.G\\151t/c"\n+++ "b/s/.G\\151t/c"\n' + HUNK, "git's own folder"),
        (HEAD + "rename from x\nrename to ../y\n", "leads out of the checkout"),
        (HEAD + "copy from ../../secret\ncopy to y\n", "leads out of the checkout"),
        ('diff --git "a/x\\ny" "b/x\\ny"\n--- "a/x\\ny"\n+++ "b/x\\ny"\n' + HUNK, "control characters"),
        (HEAD + "--- a/x\n+++ b/x\n@@ -1,3 +1 @@\n-a\n+b\n", "ends its hunk too early"),
        (HEAD + "--- a/x\n+++ b/x\n@@ nonsense\n", "no head of a hunk"),
        (HEAD + "--- a/x\n+++ b/x\n" + HUNK + HEAD + "--- a/x\n+++ b/x\n" + HUNK, "twice"),
        (HEAD + "--- a/x\n+++ b/x\n" + HUNK + "--- a/../y\n+++ b/../y\n" + HUNK, "leads out of the checkout"),
        (HEAD + "Binary files a/x and b/x differ\n", "without its content"),
    ],
)  # fmt: skip
def test_what_no_patch_may_do_is_refused(patch: str, why: str) -> None:
    with pytest.raises(PatchError, match=why):
        read_patch(patch.encode())


def test_a_patch_that_says_one_thing_to_us_and_another_to_git_is_refused(checkout: Path) -> None:
    hidden = b"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n+9\n"
    head = b"diff --git a/gone.py b/gone.py\n--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-1\n+2\n"
    with pytest.raises(PatchError, match="part of a git diff"):
        read_patch(head + b"\n" + hidden)
    with pytest.raises(PatchError, match="git reads other files"):
        Checkout(checkout).troubles(head + b"\n" + hidden, read_patch(head))
    assert git(checkout, "status", "--porcelain") == b""


def test_nothing_is_written_through_a_link(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "f.py").write_text("1\n")
    (checkout / "way").symlink_to(outside)
    (checkout / "a.py").unlink()
    (checkout / "a.py").symlink_to(outside / "f.py")
    through = b"diff --git a/way/f.py b/way/f.py\n--- a/way/f.py\n+++ b/way/f.py\n@@ -1 +1 @@\n-1\n+2\n"
    itself = b"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-1\n+2\n"
    place = Checkout(checkout)
    assert [t.why for t in place.troubles(through, read_patch(through))] == ["'way' is a symbolic link"]
    assert [t.why for t in place.troubles(itself, read_patch(itself))] == ["it is a symbolic link"]
    assert (outside / "f.py").read_text() == "1\n"


def test_a_workspace_within_a_checkout_keeps_patches_to_itself(checkout: Path) -> None:
    (checkout / "sub").mkdir()
    place = Checkout(checkout / "sub")
    assert place.inside("sub/x/a.py") == "x/a.py"
    with pytest.raises(PatchError, match="outside of the workspace"):
        place.inside("a.py")


def test_lines_that_two_patches_change_are_named() -> None:
    def at(start: int, name: str = "x") -> bytes:
        return f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -{start},2 +{start},2 @@\n a\n-b\n+c\n".encode()

    assert overlaps(read_patch(at(10)), read_patch(at(11))) == [Overlap("x", "10-11")]
    assert overlaps(read_patch(at(10)), read_patch(at(12))) == []
    assert overlaps(read_patch(at(10)), read_patch(at(10, "y"))) == []
    gone = b"diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
    assert overlaps(read_patch(at(10)), read_patch(gone)) == [Overlap("x", "")]


def test_what_files_will_hold_is_foreseen_without_touching_them() -> None:
    patch = b"diff --git a/d/x b/d/x\n--- a/d/x\n+++ b/d/x\n@@ -1 +1 @@\n-a\n+b\n"
    assert after_of(patch, {"d/x": b"a\n"}) == {"d/x": b"b\n"}
    assert after_of(patch, {"d/x": b"b\n"}, back=True) == {"d/x": b"a\n"}
    assert after_of(patch, {"d/x": b"other\n"}) is None

"""No patch gets at what is protected, nor out of the workspace, by any of the ways that a git patch knows."""

import subprocess
import unicodedata
from pathlib import Path

import pytest

from callboard.desk.patchwork import checked

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a protected folder and links that lead to it, to git's own folder and out."""
    place = tmp_path_factory.mktemp("patched") / "work"
    (place / "deploy").mkdir(parents=True)
    (place / "callboard.toml").write_text('[boundary]\nprotected_paths = ["deploy/**", "café/**"]\n', "utf-8")
    for name in ("deploy/prod.yml", "a.txt", ".env"):
        (place / name).write_text("one\n")
    for name, goal in (("way", "deploy"), ("alias.yml", "deploy/prod.yml"), ("out", ".."), ("dot", ".git")):
        (place / name).symlink_to(goal)
    for words in (["init", "-q"], ["add", "-Af"], ["commit", "-qm", "first"]):
        subprocess.run([*GIT, "-C", str(place), *words], check=True)
    return place


def added(path: str) -> str:
    """A patch that adds a file."""
    return f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+two\n"


def changed(path: str) -> str:
    """A patch that changes its only line."""
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-one\n+two\n"


def moved(how: str, old: str, new: str) -> str:
    """A patch that renames or copies."""
    return f"diff --git a/{old} b/{new}\nsimilarity index 100%\n{how} from {old}\n{how} to {new}\n"


def mode(path: str, text: str) -> str:
    """A patch of modes alone."""
    return f"diff --git a/{path} b/{path}\n{text}\n"


NFD = unicodedata.normalize("NFD", "café/x")
PATCHES = [
    added("../x"), added("/etc/x"), added("a\\..\\..\\x"), added("deploy/new.yml"), added("DEPLOY/new.yml"),
    added("deploy\u200b/new.yml"),
    added(".GIT/hooks/x"), added("git~1/hooks/x"), added(".git /hooks/x"), added(".g\u200cit/config"), added("way/new.yml"),
    added("out/new.txt"), added("dot/hooks/post-checkout"), added(NFD), added("CAFÉ/x"), added(".env.local"), added(".env."),
    added(".Env"),
    added("x").replace("b/x", '"b/..\\057y"'), added("a/.. /x"), added("sub/.git/config"), added("./.env"), added("a//.env"),
    changed("deploy/prod.yml"), changed("way/prod.yml"), changed("alias.yml"), changed(".env"), changed("./deploy/prod.yml"),
    changed("deploy/prod.yml").replace("--- a/deploy/prod.yml", "--- a/a.txt"), changed("a.txt").replace("+++ b/a.txt",
    "+++ b/.env"),
    changed("a.txt").replace("+++ b/a.txt", '+++ "b/.\\145nv"'), changed("a.txt").replace("+++ b/a.txt", "+++ /tmp/x"),
    moved("rename", "a.txt", ".env"), moved("rename", ".env", "b.txt"), moved("copy", ".env", "b.txt"), moved("copy", "a.txt",
    "deploy/x"),
    moved("rename", "a.txt", "way/x"), moved("rename", "deploy/prod.yml", "b.yml"),
    mode("deploy/prod.yml", "old mode 100644\nnew mode 100755"), mode("a.txt", "old mode 100644\nnew mode 120000"),
    mode("link", "new file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+.env"), mode("vendor", "new file mode 160000"),
    mode("a.txt", "old mode 100644\nnew mode 104755"), mode(".env",
    "deleted file mode 100644\n--- a/.env\n+++ /dev/null\n@@ -1 +0,0 @@\n-one"),
    added("b.txt") + changed(".env"),
    mode("link", "new file mode 120000\n--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+deploy") + added("link/x"),
]  # fmt: skip


@pytest.mark.parametrize("patch", PATCHES)
def test_it_does_not_apply(work: Path, patch: str) -> None:
    check = checked(patch.encode("utf-8", "surrogateescape"), work, "", {}, brief=True)
    assert not check.applies
    assert check.refused or check.troubles
    assert "rule" not in check.refused, "the rule stands beside the words"


@pytest.mark.parametrize(
    "patch", [added("b.txt"), changed("a.txt"), moved("rename", "a.txt", "deploying.txt"), added(".env.example")]
)
def test_an_honest_one_does(work: Path, patch: str) -> None:
    check = checked(patch.encode(), work, "", {}, brief=True)
    assert check.applies, check

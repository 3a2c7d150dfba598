"""Reruns are of one state of the files: what somebody edits meanwhile is never told as flaky."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.testing import run_action
from callboard_quality import QualityAssurance

# Run for the third time, this test edits the workspace as a person would, and so mends it.
EDITS = """
import pathlib
import shop


def test_price():
    count = pathlib.Path({count!r})
    count.write_text(count.read_text() + "x" if count.exists() else "x")
    if len(count.read_text()) == 3:
        pathlib.Path({shop!r}).write_text("price = 1\\n")
    assert shop.price == 1
"""


def project(place: Path, *, git: bool, ignored: bool = False) -> Path:
    top = place / "work"
    top.mkdir()
    (top / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (top / "shop.py").write_text("price = 1\n")
    (top / "test_shop.py").write_text(EDITS.format(count=str(place / "count"), shop=str(top / "shop.py")))
    (top / ".gitignore").write_text(".env\nbig\n")
    if git:
        for words in ("init -q -b main", "add -A", "-c user.name=t -c user.email=t@example.org commit -qm first"):
            subprocess.run(["git", "-C", str(top), *words.split()], check=True)
    (top / "shop.py").write_text("price = 2\n")  # broken, and not committed
    (top / ".env").write_text("SHOP=1\n")
    if ignored:
        (top / "big").symlink_to(place)  # what cannot be copied
    return top


def told(place: Path, top: Path, action: str = "reproduce", **options: object) -> dict[str, Any]:
    spool = place / f"spool-{action}"
    spool.mkdir()
    given = {"interpreter": "callboard", "tests": ["test_shop.py::test_price"], "times": 8, "suite": False, **options}
    outcome = run_action(QualityAssurance(), action, top, given, spool=spool, data=place / "data")
    assert outcome.result is not None
    found = outcome.result.outputs["case"]
    assert isinstance(found, dict)
    return found


def test_in_a_repository_a_copy_with_what_is_not_committed_is_run_again(tmp_path: Path) -> None:
    top = project(tmp_path, git=True)
    found = told(tmp_path, top)
    assert (found["verdict"], found["failed"], found["runs"]) == ("broken", 6, 6)
    assert "on a copy of the files as they were when it began" in found["ran"]
    assert found["blame"]["lines"][0]["path"] == "test_shop.py"
    assert (top / "shop.py").read_text() == "price = 1\n", "it was edited meanwhile"
    assert "worktree" not in subprocess.run(
        ["git", "-C", str(top), "worktree", "list"], capture_output=True, text=True, check=True
    ).stdout.replace(str(top), "")


@pytest.mark.parametrize(("git", "ignored"), [(False, False), pytest.param(True, True, marks=pytest.mark.long)])
def test_where_no_copy_stands_for_the_workspace_an_edit_is_noticed(tmp_path: Path, git: bool, ignored: bool) -> None:
    found = told(tmp_path, project(tmp_path, git=git, ignored=ignored))
    assert found["verdict"] == "unknown", found["words"]
    assert "the files changed while it ran (shop.py)" in found["words"]
    assert not found["enough"]


def test_narrowing_notices_an_edit_too(tmp_path: Path) -> None:
    top, spool = project(tmp_path, git=False), tmp_path / "spool"
    spool.mkdir()
    (tmp_path / "count").write_text("x")
    given = {"interpreter": "callboard", "tests": ["test_shop.py::test_price"]}
    outcome = run_action(QualityAssurance(), "narrow", top, given, spool=spool, data=tmp_path / "data")
    assert outcome.result is not None
    found = outcome.result.outputs["case"]
    assert (found["tests"], "the files changed while it ran (shop.py)" in found["words"]) == ([], True)

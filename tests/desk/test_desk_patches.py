"""Patches: what is told before, and all or nothing when a person accepts one."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callboard.errors import BoundaryError, NotFound, Refused
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.work.checkout import Checkout, after_of
from callboard.work.journal import Journal
from callboard.work.sealing import seal, sealing_key
from patch_stage import PatchStage


@pytest.fixture
def stage(tmp_path: Path) -> PatchStage:
    return PatchStage(tmp_path)


def ended(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def test_accepting_writes_the_working_tree_alone_and_runs_the_checks_again(stage: PatchStage) -> None:
    stage.propose(stage.diff(app__a=stage.swapped(5), app__b="b = 2\n"))
    with stage.house() as desk:
        (row,) = desk.patches()
        assert (row["state"], row["task"], row["proof"]) == (
            "proposed", "1.0", [{"name": "lint", "before": "3", "after": "0"}],
        )  # fmt: skip
        whole = desk.patch(row["id"])
        assert whole["check"]["words"] == ["It applies cleanly to the files as they are now."]
        assert whole["will_run"] == ["shop.tidy"]
        assert [(c["path"], c["added"], c["removed"]) for c in whole["changes"]] == [
            ("app/a.py", 1, 1),
            ("app/b.py", 1, 1),
        ]

        answer = desk.accept_patch(row["id"], "ann")
        assert (stage.read("app/b.py"), "a5 = 'changed'\n" in stage.read("app/a.py")) == ("b = 2\n", True)
        assert stage.git("diff", "--cached", "--name-only") == ""
        assert (answer["patch"]["state"], answer["patch"]["decided"]["by"]) == ("accepted", "ann")
        run = desk.run(answer["run"])
        assert run["run"]["trigger"] == f"patch {row['id']} accepted"
        assert [task["name"] for task in run["tasks"]] == ["shop.tidy", "lint"]
        ended(lambda: desk.run(answer["run"])["run"]["state"] == "succeeded")
        assert desk.patch(row["id"])["checks_run"] == answer["run"]
        with pytest.raises(Refused, match="accepted already, by ann"):
            desk.accept_patch(row["id"], "ben")
        assert not list((stage.data / "patches" / "journal").iterdir())

        back = desk.undo_patch(row["id"], "ben")
        assert (stage.git("status", "--porcelain"), back["patch"]["state"]) == ("", "undone")
        sentences = [event["sentence"] for event in desk.run_events(1)]
        assert f"Patch {row['id']} (tidy) is accepted by ann." in sentences
        assert f"Patch {row['id']} (tidy) is undone by ben." in sentences
    database = open_database(stage.data)
    assert differences(database) == []
    database.close()


def test_a_rejected_one_stays_rejected_with_its_reason(stage: PatchStage) -> None:
    stage.propose(stage.diff(app__b="b = 2\n"))
    with stage.house() as desk:
        number = desk.patches()[0]["id"]
        row = desk.reject_patch(number, "not\x1b our style", "ann")["patch"]
        assert (row["state"], row["decided"]["reason"]) == ("rejected", "not\N{REPLACEMENT CHARACTER} our style")
        with pytest.raises(Refused, match="rejected already"):
            desk.accept_patch(number, "ann")
        assert stage.read("app/b.py") == "b = 1\n"
        with pytest.raises(NotFound):
            desk.patch(number + 100)


def test_what_is_in_the_way_is_told_before_and_nothing_is_written(stage: PatchStage) -> None:
    stage.propose(stage.diff(app__a=stage.swapped(20), app__b="b = 2\n"))
    stage.write("app/c.py", "c = 1\n")
    stage.git("add", "-A")
    stage.git("commit", "-qm", "second")
    stage.write("app/a.py", stage.swapped(19, "mine"))
    with stage.house() as desk:
        row = desk.patches()[0]
        assert (row["state"], row["applies"]) == ("stale", False)
        check = desk.patch(row["id"])["check"]
        assert check["troubles"] == [
            {"path": "app/a.py", "why": "the lines around 17 are not those that the patch was made from"}
        ]
        assert (check["uncommitted"], check["moved"]) == (["app/a.py"], 1)
        with pytest.raises(Refused, match="nothing was changed"):
            desk.accept_patch(row["id"], "ann")
        assert stage.read("app/b.py") == "b = 1\n"


def test_proposals_for_the_same_lines_are_named_and_others_of_the_same_file_are_not(stage: PatchStage) -> None:
    stage.propose(stage.diff(app__a=stage.swapped(10)), name="one", job="x.one")
    stage.propose(stage.diff(app__a=stage.swapped(12)), name="two", job="x.two")
    stage.propose(stage.diff(app__a=stage.swapped(35)), name="three", job="x.three")
    with stage.house() as desk:
        three, two, one = desk.patches()
        assert one["conflicts"] == [f"conflicts with patch {two['id']} in app/a.py lines 7-13"]
        assert two["conflicts"] == [f"conflicts with patch {one['id']} in app/a.py lines 9-15"]
        assert three["conflicts"] == []
        desk.accept_patch(one["id"], "ann")
        states = {row["name"]: row["state"] for row in desk.patches()}
        assert states == {"one": "accepted", "two": "stale", "three": "proposed"}
        desk.accept_patch(three["id"], "ann")
        assert "a10 = 'changed'" in stage.read("app/a.py")
        assert "a35 = 'changed'" in stage.read("app/a.py")


def test_a_later_run_of_the_same_job_takes_the_place_of_its_earlier_patch(stage: PatchStage) -> None:
    stage.propose(stage.diff(app__b="b = 2\n"))
    stage.propose(stage.diff(app__b="b = 3\n"))
    with stage.house() as desk:
        new, old = desk.patches()
        assert (new["state"], old["state"]) == ("proposed", "stale")
        assert old["reason"] == f"patch {new['id']} of a later run took its place"
        assert new["conflicts"] == []


def test_a_protected_path_is_refused_with_its_rule(stage: PatchStage) -> None:
    patch = b"diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-KEY=1\n+KEY=2\n"
    stage.propose(patch)
    with stage.house() as desk:
        number = desk.patches()[0]["id"]
        assert desk.patch(number)["check"]["rule"] == "boundary.protected_paths"
        with pytest.raises(BoundaryError, match=r"protected by '\.env'") as refused:
            desk.accept_patch(number, "ann")
        assert (refused.value.rule, stage.read(".env")) == ("boundary.protected_paths", "KEY=1\n")


def test_a_folder_that_is_no_checkout_is_refused(stage: PatchStage) -> None:
    stage.propose(stage.diff(app__b="b = 2\n"))
    (stage.workspace / ".git").rename(stage.workspace.parent / "gone")
    with stage.house() as desk, pytest.raises(Refused, match="no git checkout"):
        desk.accept_patch(desk.patches()[0]["id"], "ann")
    assert stage.read("app/b.py") == "b = 1\n"


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(stage: PatchStage) -> None:
    (stage.workspace / "zoo").mkdir()
    stage.write("zoo/z.py", "z = 1\n")
    stage.git("add", "-A")
    stage.git("commit", "-qm", "zoo")
    stage.propose(stage.diff(app__b="b = 2\n", zoo__z="z = 2\n"))
    (stage.workspace / "zoo").chmod(0o500)
    if os.access(stage.workspace / "zoo", os.W_OK):
        pytest.skip("root may write anywhere")
    try:
        with stage.house() as desk:
            number = desk.patches()[0]["id"]
            with pytest.raises(Exception, match="git could not apply it"):
                desk.accept_patch(number, "ann")
            assert desk.patches()[0]["state"] == "proposed"
    finally:
        (stage.workspace / "zoo").chmod(0o700)
    assert stage.git("status", "--porcelain") == ""


def cut_off(stage: PatchStage, patch: bytes, number: int) -> None:
    """What a crash between writing and recording leaves behind."""
    checkout = Checkout(stage.workspace)
    paths = ["app/a.py", "app/b.py", "app/new/n.py"]
    before = {path: (stage.workspace / path).read_bytes() for path in paths[:2]}
    journal = Journal(stage.data / "patches" / "journal" / f"{number}-accepted")
    journal.begin(checkout.top, paths, {"patch": number, "choice": "accepted", "by": "ann"}, after_of(patch, before))
    checkout.apply(patch)


@pytest.mark.parametrize("meanwhile", ["", "b = 'mine'\n"])
def test_after_a_crash_half_way_the_files_are_put_back(stage: PatchStage, meanwhile: str) -> None:
    new = b"diff --git a/app/new/n.py b/app/new/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/app/new/n.py\n"
    new += b"@@ -0,0 +1 @@\n+n = 1\n"
    patch = stage.diff(app__a=stage.swapped(5), app__b="b = 2\n") + new
    stage.propose(patch)
    with stage.house() as desk:
        number = desk.patches()[0]["id"]
    cut_off(stage, patch, number)
    assert (stage.read("app/b.py"), stage.read("app/new/n.py")) == ("b = 2\n", "n = 1\n")
    if meanwhile:
        stage.write("app/b.py", meanwhile)
    with stage.house() as desk:
        row = desk.patch(number)
        assert stage.read("app/b.py") == (meanwhile or "b = 1\n")
        assert ("changed" in stage.read("app/a.py"), (stage.workspace / "app/new").exists()) == (False, False)
        assert row["state"] == ("stale" if meanwhile else "proposed")
        assert "cut off half-way" in row["decided"]["reason"]
        assert ("but for app/b.py" in row["decided"]["reason"]) == bool(meanwhile)
        kept = list((stage.data / "patches").glob("*-kept"))
        assert [(place / "1").read_text() for place in kept] == (["b = 1\n"] if meanwhile else [])
        if not meanwhile:
            desk.accept_patch(number, "ann")
            assert stage.read("app/new/n.py") == "n = 1\n"


def test_a_patch_whose_file_is_gone_or_a_link_is_stale(stage: PatchStage, tmp_path: Path) -> None:
    stage.propose(stage.diff(app__b="b = 2\n"))
    file = next((stage.data / "attempts").rglob("*.patch"))
    file.rename(tmp_path / "elsewhere.patch")
    file.symlink_to(tmp_path / "elsewhere.patch")
    with stage.house() as desk:
        row = desk.patches()[0]
        assert (row["state"], row["reason"]) == ("stale", "its file is not there any more")
        with pytest.raises(NotFound, match="not there any more"):
            desk.accept_patch(row["id"], "ann")


def test_a_sealed_patch_takes_its_secret_out_and_nothing_keeps_the_secret(stage: PatchStage) -> None:
    secret = "hunter2-very-secret"
    stage.write("app/b.py", f"import os\n\nkey = '{secret}'\n")
    stage.git("commit", "-qam", "secret")
    sealed, seals = seal(
        stage.diff(app__b="import os\n\nkey = os.environ['KEY']\n").decode(), [secret], sealing_key(stage.data)
    )
    assert secret not in sealed
    stage.propose(sealed.encode(), proof={"words": "moved", "sealed": seals})
    with stage.house() as desk:
        row = desk.patches()[0]
        assert (row["state"], secret in str(desk.patch(row["id"]))) == ("proposed", False)
        desk.accept_patch(row["id"], "ann")
        assert stage.read("app/b.py") == "import os\n\nkey = os.environ['KEY']\n"
        with pytest.raises(Refused, match="kept nowhere"):
            desk.undo_patch(row["id"], "ann")
    for file in stage.data.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_a_sealed_patch_whose_line_changed_is_refused_without_telling_the_line(stage: PatchStage) -> None:
    stage.write("app/b.py", "key = 'first-secret'\n")
    stage.git("commit", "-qam", "secret")
    sealed, seals = seal(stage.diff(app__b="key = ''\n").decode(), ["first-secret"], sealing_key(stage.data))
    stage.propose(sealed.encode(), proof={"sealed": seals})
    stage.write("app/b.py", "key = 'other-secret'\n")
    with stage.house() as desk:
        number = desk.patches()[0]["id"]
        with pytest.raises(Refused, match="changed since the patch was made") as refused:
            desk.accept_patch(number, "ann")
        assert "other-secret" not in str(refused.value)

"""Ticking changes one character of one line, or nothing at all and says why."""

import os
import stat
from pathlib import Path

import pytest

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError, Refused
from callboard.link.openspec import Task, read, tick, untick

TEXT = (
    b"\xef\xbb\xbf## 1. Setup\r\n- [ ] 1.1 \xc3\x9cben\r\n- [x] 1.2 done\r\n- [~] 1.3 half\r\n- [] 1.4 none\r\n"
    b"  * [ \t] 1.5 wide\r\n- [ ] 1.6 bad \xff\xfe\r\nlast"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "openspec" / "changes" / "add-login" / "tasks.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(TEXT)
    path.chmod(0o640)
    return path


def task_of(file: Path, number: str) -> Task:
    found = read(file.parents[3]).task(f"add-login#{number}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("number", "before", "after"),
    [("1.1", b"[ ]", b"[x]"), ("1.3", b"[~]", b"[x]"), ("1.5", b"[ \t]", b"[x\t]"), ("1.6", b"[ ]", b"[x]")],
)
def test_one_character_changes_and_comes_back(file: Path, number: str, before: bytes, after: bytes) -> None:
    root = file.parents[3]
    done = tick(root, task_of(file, number))
    lines, old = file.read_bytes().split(b"\n"), TEXT.split(b"\n")
    assert lines[done.line - 1] == old[done.line - 1].replace(before, after)
    assert lines[: done.line - 1] + lines[done.line :] == old[: done.line - 1] + old[done.line :]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert os.listdir(file.parent) == ["tasks.md"]
    assert task_of(file, number).done
    untick(root, task_of(file, number))
    assert len(file.read_bytes()) == len(TEXT)


def test_what_has_moved_is_found_and_what_reads_otherwise_is_refused(file: Path) -> None:
    task = task_of(file, "1.1")
    file.write_bytes(b"# Tasks\n\n" + TEXT.removeprefix(b"\xef\xbb\xbf"))
    assert tick(file.parents[3], task).line == 4
    with pytest.raises(Refused, match="by somebody else"):
        tick(file.parents[3], task)
    file.write_bytes(TEXT.replace(b"1.1 \xc3\x9cben", b"1.1 other"))
    with pytest.raises(Refused, match="reads otherwise now"):
        tick(file.parents[3], task)


def test_of_lines_that_read_alike_none_is_ticked_when_they_have_moved(file: Path) -> None:
    file.write_bytes(b"- [ ] write tests\n- [ ] other\n- [ ] write tests\n")
    roadmap = read(file.parents[3])
    second = roadmap.changes[0].tasks[2]
    assert second.ref != roadmap.changes[0].tasks[0].ref
    tick(file.parents[3], second)
    assert file.read_bytes() == b"- [ ] write tests\n- [ ] other\n- [x] write tests\n"
    file.write_bytes(b"new\nnew\nnew\n- [ ] write tests\n- [ ] write tests\n")
    with pytest.raises(Refused, match="2 lines read like it"):
        tick(file.parents[3], second)


@pytest.mark.parametrize(("number", "words"), [("1.2", "ticked already"), ("1.4", r"write \[ \] there")])
def test_what_cannot_be_ticked_says_why(file: Path, number: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        tick(file.parents[3], task_of(file, number))
    assert file.read_bytes() == TEXT


def test_a_protected_path_is_refused_under_both_its_names(file: Path) -> None:
    task = task_of(file, "1.1")
    with pytest.raises(BoundaryError):
        tick(file.parents[3], task, Boundary(protected_paths=("openspec/**",)).check_path)
    real = file.parents[3] / "secret" / "real.md"
    real.parent.mkdir()
    file.rename(real)
    file.symlink_to(real)
    with pytest.raises(BoundaryError):
        tick(file.parents[3], task, Boundary(protected_paths=("secret/**",)).check_path)
    assert real.read_bytes() == TEXT


def test_nothing_is_written_outside_of_the_workspace_or_into_what_is_no_file(
    file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, task = file.parents[3], task_of(file, "1.1")
    outside = tmp_path_factory.mktemp("outside")
    (outside / "tasks.md").write_bytes(TEXT)
    file.unlink()
    file.symlink_to(outside / "tasks.md")
    with pytest.raises(Refused, match="leads out"):
        tick(root, task)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(Refused, match="no plain file"):
        tick(root, task)
    file.unlink()
    with pytest.raises(Refused, match="not there"):
        tick(root, task)
    file.parent.rmdir()
    file.parent.symlink_to(outside)
    with pytest.raises(Refused, match="leads out"):
        tick(root, task)
    assert (outside / "tasks.md").read_bytes() == TEXT

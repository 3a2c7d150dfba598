"""Counts, status and order of the roadmap are those of OpenSpec's own list, on trees as odd as they come."""

import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.link.openspec import Reader, read, refusals
from callboard.link.openspec.tasks import counted
from callboard.work.finding import clean
from odd_deltas import delta_tree
from odd_trees import odd_tree

RECORDED = json.loads((Path(__file__).parent / "golden" / "openspec-1.13.2.json").read_text())
QUIET = {"OPENSPEC_TELEMETRY": "0", "DO_NOT_TRACK": "1", "OPENSPEC_NO_UPDATE_CHECK": "1", "NO_COLOR": "1"}


def listed(root: Path) -> list[list[Any]]:
    """What we read, as the rows of `openspec list --json`."""
    rows = []
    for change in read(root).changes:
        moment = datetime.datetime.fromtimestamp(change.last, datetime.UTC).isoformat(timespec="milliseconds")
        row = [change.id, change.done, change.total, change.status, moment.replace("+00:00", "Z"), list(change.nested)]
        rows.append(row)
    return rows


@pytest.mark.parametrize("seed", sorted(RECORDED["list"]))
def test_the_rows_are_those_that_the_real_command_printed(tmp_path: Path, seed: str) -> None:
    odd_tree(tmp_path, int(seed))
    assert listed(tmp_path) == [[clean(row[0]), *row[1:]] for row in RECORDED["list"][seed]]


@pytest.mark.parametrize("seed", sorted(RECORDED["archive"]))
def test_archive_would_take_what_the_real_command_took(tmp_path: Path, seed: str) -> None:
    delta_tree(tmp_path, int(seed))
    roadmap = read(tmp_path)
    assert {change.id: not refusals(change, roadmap) for change in roadmap.changes} == RECORDED["archive"][seed]


@pytest.mark.parametrize(
    ("line", "done", "total"),
    [
        ("- [ ] 1.1 write", 0, 1),
        ("- [x] 1.1 write", 1, 1),
        ("  * [X] nested", 1, 1),
        ("12) [x] numbered", 1, 1),
        ("1234567890. [x] ten digits are no list", 0, 0),
        ("- [ x ] padded", 1, 1),
        ("- [~] other mark", 0, 1),
        ("- [✅] one unit of UTF-16", 0, 1),
        ("- [🚀] two units of UTF-16", 0, 0),
        ("- [] nothing between", 0, 1),
        ("- [](link)", 0, 0),
        ("- [x](link)", 0, 0),
        ("- [ ](blank box is a task whatever follows)", 0, 1),
        ("- [wip] a word", 0, 0),
        ("-[x]tight", 1, 1),
        ("\ufeff- [x] after a byte-order mark", 1, 1),
        ("\x85- [x] a next-line sign is no blank in JavaScript", 0, 0),
        ("- [x] windows\r\n- [ ] line ends\r", 1, 2),
        ("```\n- [x] in a fence\n```", 1, 1),
        ("<!-- - [ ] in a comment -->", 0, 0),
    ],
)
def test_a_line_counts_as_openspec_counts_it(line: str, done: int, total: int) -> None:
    assert counted(line) == (done, total)


def test_a_line_of_a_million_blanks_is_read_at_once() -> None:
    assert counted("- [" + " " * 1_000_000) == (0, 0)
    assert counted("- [" + " " * 1_000_000 + "]") == (0, 1)


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    odd_tree(tmp_path, 3)
    reader = Reader(tmp_path)
    first = reader.read()
    assert reader.read() is first
    change = tmp_path / "openspec" / "changes" / "brand-new"
    change.mkdir()
    assert reader.read().change("brand-new").status == "no-tasks"
    (change / "tasks.md").write_text("- [ ] 1.1 a\n")
    second = reader.read()
    assert second.change("brand-new").total == 1
    assert all(old in second.changes for old in first.changes)
    assert next(other for other in second.changes if other.id == first.changes[-1].id) is first.changes[-1]


@pytest.mark.long
def test_hundreds_of_odd_trees_against_the_real_command(tmp_path: Path) -> None:
    command = os.environ.get("CALLBOARD_OPENSPEC") or shutil.which("openspec")
    if not command:
        pytest.skip(
            "needs OpenSpec's command: npm install @fission-ai/openspec, or CALLBOARD_OPENSPEC=/path/to/openspec"
        )
    for seed in range(10_000, 10_200):
        root = tmp_path / str(seed)
        root.mkdir()
        odd_tree(root, seed)
        ran = subprocess.run(
            [command, "list", "--json"],
            cwd=root,
            env={**os.environ, **QUIET},
            capture_output=True,
            check=False,
            timeout=60,
        )
        rows = [
            [
                clean(c["name"]),
                c["completedTasks"],
                c["totalTasks"],
                c["status"],
                c["lastModified"],
                c.get("nested", []),
            ]
            for c in json.loads(ran.stdout)["changes"]
        ]
        assert listed(root) == rows, f"seed {seed}"
        shutil.rmtree(root)


@pytest.mark.long
def test_archive_takes_exactly_what_we_say_it_would(tmp_path: Path) -> None:
    command = os.environ.get("CALLBOARD_OPENSPEC") or shutil.which("openspec")
    if not command:
        pytest.skip(
            "needs OpenSpec's command: npm install @fission-ai/openspec, or CALLBOARD_OPENSPEC=/path/to/openspec"
        )
    for seed in range(20_000, 20_010):
        root = tmp_path / str(seed)
        delta_tree(root, seed)
        roadmap = read(root)
        for change in roadmap.changes:
            copy = tmp_path / "copy"
            shutil.copytree(root, copy)
            argv = [command, "archive", change.id, "--yes", "--json"]
            subprocess.run(argv, cwd=copy, env={**os.environ, **QUIET}, capture_output=True, check=False, timeout=60)
            taken = not (copy / "openspec" / "changes" / change.id).exists()
            assert taken == (not refusals(change, roadmap)), f"seed {seed}, {change.id}"
            shutil.rmtree(copy)

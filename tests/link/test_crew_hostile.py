"""Whatever strangers send or write: no reader raises, and what comes out is bounded."""

import gzip
import json
import math
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.core.crew_facts import MOST_LISTED, checked_facts
from callboard.errors import CallboardError
from callboard.link.crew_sources import checkpoints as checkpoint_files
from callboard.link.crew_sources.checkpoint import Checkpoint
from callboard.link.crew_sources.checkpoints import Checkpoints
from callboard.link.crew_sources.difference import Differences
from callboard.link.crew_sources.events import Events
from callboard.link.crew_sources.log import Log
from callboard.link.crew_sources.logbook import Logbook
from callboard.link.crew_sources.look import ERROR, FRESH
from callboard.link.crew_sources.places import place_of
from callboard.link.crew_sources.snapshot import snapshot_of
from callboard.link.crew_sources.values import moment_of, number_of, state_of, text_of

NOW = 1_800_000_000.0
WORDS = st.sampled_from(
    "type event status state id workflow_id task_id task agent role name data payload workflows tasks agents running done failed "
    "task_started crew_completed progress total error usage started_at entities event_record nodes tasks agent timestamp "
    "crew_kickoff_started task_completed parent_event_id started_event_id entity_type crew 2026-11-27T04:01:18Z".split()
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | WORDS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS | st.text(max_size=8), inner, max_size=8),
    max_leaves=15,
)  # fmt: skip
SOME = settings(max_examples=30, deadline=None)


def fits(facts: list[dict[str, Any]]) -> None:
    """What a source tells must be told as JSON, and mean something to the core."""
    json.dumps(facts)
    for fact in checked_facts(facts, NOW):
        assert all(len(value) <= 200 for value in fact.values() if isinstance(value, str))
        assert len(fact.get("tasks", ())) <= MOST_LISTED


@SOME
@given(
    st.lists(JSON, max_size=4),
    st.dictionaries(st.sampled_from(["workflows", "id", "tasks", "state"]), st.just(["data"])),
)
def test_any_answer_of_a_status(looks: list[Any], paths: dict[str, list[str]]) -> None:
    differences = Differences("status", NOW - 9)
    for n, said in enumerate(looks):
        found = snapshot_of(said, paths)
        if found is not None:
            fits(differences.facts(found, NOW + n))


@SOME
@given(st.lists(JSON, max_size=6))
def test_any_message_of_a_socket(messages: list[Any]) -> None:
    events = Events("socket")
    for said in messages:
        fits(events.facts(said, NOW) or [])


@SOME
@given(JSON, st.dictionaries(st.text(max_size=4), st.fixed_dictionaries({"event": JSON}), max_size=6))
def test_any_checkpoint(said: Any, nodes: dict[str, Any]) -> None:
    fits([fact for _, fact in Checkpoint(said).facts()])
    fits([fact for _, fact in Checkpoint({"event_record": {"nodes": nodes}}).facts()])


LINES = st.text(max_size=80) | st.sampled_from([
    '2026-11-27 04:01:18: task_name="a", task="b', '", agent="c", status="started"', '", agent="c", status="completed", output="',
    "╭─── 📋 Task Started ───╮", "│ Task Started │", "│ Name: x │", "│ Agent: y │", "╰────╯", '{"type": "task_started"', "[" * 500,
    "╭─ Crew Completion ─╮", "│ Crew Execution Completed │", "╭─ 🤖 Agent Started ─╮", "\x1b[31m│ Task Failed │",
])  # fmt: skip


@SOME
@given(st.lists(LINES, max_size=40))
def test_any_lines_of_a_log(lines: list[str]) -> None:
    book = Logbook()
    for n, line in enumerate(lines):
        fits(book.line(line, NOW + n))
    fits(book.flush(NOW + 50) + book.rest(NOW + 500))


@SOME
@given(JSON)
def test_any_value(value: Any) -> None:
    assert len(text_of(value)) <= 200
    assert math.isfinite(number_of(value) or 0)
    assert moment_of(value) is None or 1e8 <= (moment_of(value) or 0) < 1e11
    assert state_of(value) in ("", "waiting", "running", "succeeded", "failed")


def test_a_chain_of_events_that_is_a_circle_ends() -> None:
    node = {"event": {"type": "task_started", "timestamp": NOW, "task_id": "t", "parent_event_id": "a"}}
    assert list(Checkpoint({"event_record": {"nodes": {"a": node}}}).facts()) == []


async def test_links_out_of_the_workspace_pipes_and_giants_are_refused_in_words(tmp_path: Path) -> None:
    shop, far = tmp_path / "shop", tmp_path / "far"
    shop.mkdir()
    far.mkdir()
    (far / "crew.txt").write_text("")
    (shop / "linked.txt").symlink_to(far / "crew.txt")
    (shop / "kept").symlink_to(far)
    (shop / "circle").symlink_to("circle")
    os.mkfifo(shop / "pipe.txt")
    for written, words in (
        ("linked.txt", "leads out of the workspace"), ("pipe.txt", "no file that can be read"), ("kept/crew.txt", "leads out"),
        ("nothing.txt", "there is no 'nothing.txt' yet"), ("circle", ""),
    ):  # fmt: skip
        look = await Log(shop, written, 1.0).look()
        assert look.state == ERROR
        assert words in look.words
    assert (await Log(shop, str(far / "crew.txt"), 1.0).look()).state == FRESH, "an absolute path is meant"
    assert "leads out" in (await Checkpoints(shop, "kept", 1.0).look()).words
    assert "neither a folder" in (await Checkpoints(shop, "pipe.txt", 1.0).look()).words
    with pytest.raises(CallboardError, match="leads out"):
        place_of(shop, "kept")
    with (shop / "giant.json").open("wb") as giant:
        giant.truncate(checkpoint_files.LARGEST + 1)
    assert "more than 64 MiB" in (await Checkpoints(shop, "giant.json", 1.0).look()).words
    (shop / "sub").mkdir()
    (shop / "sub" / "a.json").symlink_to(far / "crew.txt")
    assert (await Checkpoints(shop, "sub", 1.0).look()).words == "there is no checkpoint yet"


async def test_a_log_that_grows_beyond_all_measure_costs_no_more_than_its_end(tmp_path: Path) -> None:
    file = tmp_path / "crew.txt"
    file.write_bytes(b"")
    log = Log(tmp_path, "crew.txt", 1.0)
    await log.look()
    with file.open("wb") as out:
        out.truncate(3 << 30)
    with file.open("ab") as out:
        out.write(b'\n2026-11-27 04:01:18: task_name="last", task="b", agent="c", status="started"\n')
    assert [fact["name"] for fact in (await log.look()).facts if fact["what"] == "task-started"] == ["last"]


async def test_a_large_checkpoint_is_taken_apart_elsewhere_with_the_same_facts(tmp_path: Path) -> None:
    said = json.loads(gzip.decompress((Path(__file__).parent / "recorded" / "checkpoint-failed.json.gz").read_bytes()))
    said["padding"] = "x" * checkpoint_files.LARGEST_HERE
    (tmp_path / "a.json").write_text(json.dumps(said))
    source = Checkpoints(tmp_path, ".", 1.0, wall=lambda: NOW)
    source._first = False
    assert [fact for _, fact in Checkpoint(said).facts()] == (await source.look()).facts
    (tmp_path / "b.json").write_text("[" * (checkpoint_files.LARGEST_HERE + 1))
    assert "is not whole" in (await source.look()).words


def test_checkpoints_in_a_database_are_read_from_a_copy(tmp_path: Path) -> None:
    text = gzip.decompress((Path(__file__).parent / "recorded" / "checkpoint-failed.json.gz").read_bytes()).decode()
    place = tmp_path / "kept.db"
    with sqlite3.connect(place) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE checkpoints (id, created_at, parent_id, branch, data)")
        database.execute("INSERT INTO checkpoints VALUES ('a', '', NULL, 'main', ?)", [text])
        database.commit()
        before = sorted(path.name for path in tmp_path.iterdir())
        found = checkpoint_files.facts_in(place)
        assert found == list(Checkpoint(json.loads(text)).facts())
        assert sorted(path.name for path in tmp_path.iterdir()) == before, "nothing is left beside the platform's file"
        database.execute("INSERT INTO checkpoints VALUES ('b', '', NULL, 'main', ?)", [b"\x0c\x01"])
        database.commit()
        if sqlite3.sqlite_version_info < checkpoint_files.JSONB:
            with pytest.raises(CallboardError, match=r"need SQLite 3\.45"):
                checkpoint_files.facts_in(place)
    database.close()

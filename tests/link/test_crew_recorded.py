"""Files that the real CrewAI wrote become the facts of what happened, and none of its texts."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from callboard.core.crew import CrewState
from callboard.core.crew_events import CrewSeen
from callboard.core.crew_facts import checked_facts
from callboard.core.crew_fold import take
from callboard.link.crew_sources.checkpoint import Checkpoint
from callboard.link.crew_sources.checkpoints import Checkpoints
from callboard.link.crew_sources.log import Log
from callboard.link.crew_sources.look import ERROR, FRESH, STALE

RECORDED = Path(__file__).parent / "recorded"
ROLES = [
    "Intake Editor", "Topic Scout", "Fact Checker", "Interviewer", "Writer", "Illustrator", "Style Editor", "Legal Reader",
    "Publisher",
]  # fmt: skip
NOW = 1_795_760_000.0


def recorded(name: str) -> bytes:
    data = (RECORDED / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def state_of(facts: list[dict[str, Any]], source: str = "log") -> CrewState:
    """What the facts make of a crew, as the engine does it."""
    assert "secret" not in json.dumps(facts)
    crews: dict[str, CrewState] = {}
    take(crews, CrewSeen(NOW, "journal", source, checked_facts(facts, NOW)))
    return crews["journal"]


async def logged(place: Path, name: str, piece: int) -> list[dict[str, Any]]:
    """The facts of a log that is written piece by piece, and then no more for more than a minute."""
    file, now = place / "crew.txt", [NOW - 100]
    file.write_bytes(b"")
    log = Log(place, "crew.txt", 1.0, wall=lambda: now[0])
    facts = (await log.look()).facts
    data = recorded(name)
    for start in range(0, len(data), piece):
        with file.open("ab") as out:
            out.write(data[start : start + piece])
        look = await log.look()
        assert look.state == FRESH
        facts += look.facts
    now[0] = NOW
    return facts + (await log.look()).facts


@pytest.mark.parametrize("piece", [97, 100_000])
async def test_the_output_log_tells_nine_tasks_of_nine_agents(tmp_path: Path, piece: int) -> None:
    [workflow] = state_of(await logged(tmp_path, "output-log.txt", piece)).workflows.values()
    assert [(task.role, task.state) for task in workflow.tasks.values()] == [(role, "succeeded") for role in ROLES]
    assert [task.name for task in workflow.tasks.values()] == [f"task {n}" for n in range(1, 10)]
    assert workflow.state == "succeeded"


async def test_a_log_that_stops_in_a_task_leaves_it_running(tmp_path: Path) -> None:
    """CrewAI's log has no word for a failure: so neither have we."""
    [workflow] = state_of(await logged(tmp_path, "output-log-failed.txt", 300)).workflows.values()
    assert [(task.name, task.state) for task in workflow.tasks.values()] == [
        ("step_1", "succeeded"), ("step_2", "succeeded"), ("step_3", "running"),
    ]  # fmt: skip
    assert workflow.state == "running"


async def test_what_became_of_a_workflow_is_not_made_up_when_the_next_begins(tmp_path: Path) -> None:
    file = tmp_path / "crew.txt"
    file.write_bytes(b"")
    log = Log(tmp_path, "crew.txt", 1.0, wall=lambda: NOW)
    await log.look()
    file.write_bytes(
        recorded("output-log-failed.txt") + recorded("output-log-failed.txt").replace(b"04:12:38", b"04:13:38")
    )
    crew = state_of((await log.look()).facts)
    assert [workflow.state for workflow in crew.workflows.values()] == ["running", "running"]


async def test_the_json_log_is_read_though_it_is_written_anew_each_time(tmp_path: Path) -> None:
    entries = json.loads(recorded("output-log.json.gz"))
    file, now = tmp_path / "crew.json", [NOW]
    file.write_text("[]")
    log = Log(tmp_path, "crew.json", 1.0, wall=lambda: now[0])
    facts = (await log.look()).facts
    for count in (1, 2, 7, len(entries)):
        file.write_text(json.dumps(entries[:count])[:-5])
        assert (await log.look()).facts == []
        file.write_text(json.dumps(entries[:count], indent=4))
        os.utime(file, ns=(count, count))
        facts += (await log.look()).facts
    [workflow] = state_of(facts).workflows.values()
    assert [(task.name, task.role) for task in workflow.tasks.values()] == [
        (f"step_{n}", role) for n, role in enumerate(ROLES, 1)
    ]


async def test_verbose_output_tells_of_start_roles_and_end(tmp_path: Path) -> None:
    [workflow] = state_of(await logged(tmp_path, "verbose.txt.gz", 511)).workflows.values()
    assert [(task.name, task.role) for task in workflow.tasks.values()] == [
        (f"Do step {n}.", role) for n, role in enumerate(ROLES, 1)
    ]
    assert (workflow.state, workflow.name) == ("succeeded", "journal")


async def test_verbose_output_tells_which_task_failed(tmp_path: Path) -> None:
    crew = state_of(await logged(tmp_path, "verbose-failed.txt.gz", 2_000))
    [workflow] = crew.workflows.values()
    assert [(task.name, task.role, task.state) for task in workflow.tasks.values()][-1] == (
        "step_3",
        "Fact Checker",
        "failed",
    )
    assert workflow.state == "failed"
    assert crew.agents["Fact Checker"].failed_last


async def test_a_log_that_is_rotated_cut_or_replaced_by_a_new_one_is_followed(tmp_path: Path) -> None:
    entry = '2026-11-27 04:12:38: task_name="{0}", task="Do {0}.", agent="Writer", status="started"\n'
    file = tmp_path / "crew.txt"
    file.write_text("")
    log = Log(tmp_path, "crew.txt", 1.0, wall=lambda: NOW)
    await log.look()

    async def names() -> list[str]:
        return [fact["name"] for fact in (await log.look()).facts if fact["what"] == "task-started"]

    file.write_text(entry.format("one"))
    assert await names() == ["one"]
    file.write_text("")
    file.write_text(entry.format("b"))
    assert await names() == ["b"]
    file.rename(tmp_path / "crew.txt.1")
    assert (await log.look()).state == ERROR
    file.write_text(entry.format("three"))
    assert await names() == ["three"]
    with file.open("a") as out:
        out.write(entry.format("four")[:50])
    assert await names() == []
    with file.open("a") as out:
        out.write(entry.format("four")[50:])
    assert await names() == ["four"]


async def test_what_a_log_held_before_is_no_news(tmp_path: Path) -> None:
    file = tmp_path / "crew.txt"
    file.write_bytes(recorded("output-log.txt"))
    os.utime(file, (NOW - 5_000, NOW - 5_000))
    look = await Log(tmp_path, "crew.txt", 1.0, wall=lambda: NOW).look()
    assert (look.state, look.facts) == (FRESH, [])


async def test_a_log_of_another_program_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "crew.txt").write_text("INFO something else happened\n" * 300)
    look = await Log(tmp_path, "crew.txt", 1.0).look()
    assert (look.state, look.facts) == (STALE, [])
    assert "in no words of CrewAI's" in look.words


async def test_a_checkpoint_tells_what_was_done_and_what_failed(tmp_path: Path) -> None:
    folder = tmp_path / ".checkpoints" / "main"
    folder.mkdir(parents=True)
    source = Checkpoints(tmp_path, ".checkpoints", 1.0, wall=lambda: NOW)
    assert (await source.look()).words == "there is no checkpoint yet"
    whole = recorded("checkpoint-failed.json.gz")
    (folder / "1_p-none.json").write_bytes(whole[:9_000])
    assert "is not whole" in (await source.look()).words
    (folder / "1_p-none.json").write_bytes(whole)
    assert (await source.look()).facts == [], "it failed long before anybody looked"
    facts = [fact for _, fact in Checkpoint(json.loads(whole)).facts()]
    [workflow] = state_of(facts, "checkpoints").workflows.values()
    assert (workflow.state, workflow.process, workflow.done, workflow.total) == ("failed", "sequential", 3, 9)
    assert [(t.role, t.state) for t in workflow.tasks.values()][:5] == [
        ("Intake Editor", "succeeded"), ("Topic Scout", "succeeded"), ("Fact Checker", "succeeded"), ("Interviewer", "failed"),
        ("Writer", "waiting"),
    ]  # fmt: skip


async def test_the_newest_checkpoint_is_told_once_and_the_last_task_ends_the_workflow(tmp_path: Path) -> None:
    said = json.loads(recorded("checkpoint-failed.json.gz"))
    nodes = said["event_record"]["nodes"]
    said["event_record"]["nodes"] = {
        key: node for key, node in nodes.items() if not node["event"]["type"].endswith("failed")
    }
    said["entities"] = [entity for entity in said["entities"] if entity["entity_type"] == "crew"]
    said["entities"][0]["tasks"] = said["entities"][0]["tasks"][:3]
    early = dict(list(said["event_record"]["nodes"].items())[:5])
    folder = tmp_path / "kept" / "main"
    folder.mkdir(parents=True)
    source = Checkpoints(tmp_path, str(tmp_path / "kept"), 1.0)
    (folder / "a.json").write_text(json.dumps({**said, "event_record": {"nodes": early}}))
    facts = (await source.look()).facts
    assert [fact["what"] for fact in facts] == ["workflow-started", "task-started"]
    (folder / "b.json").write_text(json.dumps(said))
    os.utime(folder / "b.json")
    facts += (await source.look()).facts
    assert (await source.look()).facts == []
    assert [fact["what"] for fact in facts].count("task-ended") == 3
    assert [fact["ok"] for fact in facts if fact["what"] == "workflow-ended"] == [True]

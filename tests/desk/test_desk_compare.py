"""A run against another one and whole tables, read off a real record."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from callboard.commands.doors import reading_desk, settings_of
from callboard.core.events import AttemptBegan, AttemptDecided, AttemptEnded, Event, FindingsFound, RunSubmitted
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskSpec, TaskState, Usage, Verdict
from callboard.record.database import open_database
from callboard.record.log import SqliteLog

RUNS_APART = 1_000.0


def finding(fingerprint: str, severity: str = "high") -> dict[str, Any]:
    return {"rule": "secret", "severity": severity, "path": "a.py", "line": 3, "column": 0, "message": "a key", "help": "",
            "tool": "ruff", "tool_version": "1", "fingerprint": fingerprint}  # fmt: skip


class Story:
    """Writes runs into a record; `job` says how long a task took, how it ended, and what it found."""

    def __init__(self, folder: Path) -> None:
        self.workspace = folder / "shop"
        self.workspace.mkdir()
        self.data = folder / "data"
        self.state = State()
        self.database = open_database(self.data)
        self.runs = 0

    def run(
        self,
        jobs: Mapping[str, tuple[float, TaskState, Sequence[Mapping[str, Any]]]],
        name: str = "default",
        **stands: Any,
    ) -> None:
        """One more run of these jobs, one after the other."""
        self.runs += 1
        run, at = self.runs, self.runs * RUNS_APART
        specs = tuple(
            TaskSpec(job, argv=("true",), agent="quality", stands_for=stands.get(job), idempotent=True) for job in jobs
        )
        events: list[Event] = [
            RunSubmitted(at, run, name, str(self.workspace), "ann", "by hand", Priority.MEDIUM, specs)
        ]
        for place, (job, (seconds, state, found)) in enumerate(jobs.items()):
            if job in stands:
                continue
            verdict = Verdict.PASS if state is TaskState.SUCCEEDED else Verdict.FAIL
            events += [
                AttemptDecided(at, run, place, 1, 1, "first"),
                AttemptBegan(at, run, place, 1, Process(1, 1, "b")),
            ]
            events += [FindingsFound(at, run, place, 1, tuple(found))] if found else []
            at += seconds
            used = Usage(cpu_s=seconds, peak_mb=5.0, wall_s=seconds)
            events.append(AttemptEnded(at, run, place, 1, How.EXITED, state, f"{job} ended", verdict, 0, usage=used))
        for event in events:
            fold(self.state, event)
            SqliteLog(self.database).append([event], self.state, durable=True)

    def desk(self) -> Any:
        """The desk over what was written."""
        self.database.close()
        given = argparse.Namespace(data=self.data, workspace=self.workspace)
        return reading_desk(settings_of(given))


GOOD, BAD = TaskState.SUCCEEDED, TaskState.FAILED


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path)


def changes(row: Mapping[str, Any]) -> dict[str, list[str]]:
    return {group["change"]: [one["name"] for one in group["of"]] for group in row["tasks"] if group["count"]}


def found(row: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        group["change"]: [one["fingerprint"] for rule in group["rules"] for one in rule["of"]]
        for group in row["findings"] if group["count"]
    }  # fmt: skip


def test_without_a_word_it_is_the_run_before_of_the_same_pipeline_and_the_last_green_one_is_named(story: Story) -> None:
    story.run({"a": (5.0, GOOD, [])})
    story.run({"a": (5.0, BAD, [])})
    story.run({"x": (5.0, GOOD, [])}, "nightly")
    story.run({"a": (5.0, BAD, [])})
    row = (desk := story.desk()).compare(4)
    assert (row["with"]["id"], row["previous"], row["green"]) == (2, 2, 1)
    assert [other["id"] for other in row["others"]] == [2, 1]
    assert (changes(row), changes(desk.compare(4, 1))) == ({"still broken": ["a"]}, {"newly broken": ["a"]})
    first = desk.compare(1)
    assert (first["with"], first["green"], changes(first)) == (None, None, {})
    assert "the first of pipeline 'default' here" in first["words"]
    other = desk.compare(4, 3)
    assert other["note"] == "run 3 is one of another pipeline, 'nightly'"
    assert changes(other) == {"new": ["a"], "gone": ["x"]}


def test_times_are_judged_by_the_tries_before_the_run_and_not_by_its_own(story: Story) -> None:
    for seconds in (10.0, 10.2, 9.9, 10.1, 10.0):
        story.run({"steady": (seconds, GOOD, []), "wild": (seconds * (2.0 if seconds > 10 else 1.0), GOOD, [])})
    story.run({"steady": (14.0, GOOD, []), "wild": (14.0, GOOD, [])})
    story.run({"steady": (6.0, GOOD, []), "wild": (14.0, GOOD, [])})
    desk = story.desk()
    slower = desk.compare(6)
    assert changes(slower) == {"slower": ["steady"]}
    (row,) = next(group["of"] for group in slower["tasks"] if group["change"] == "slower")
    assert row["words"] == "14 s, 10 s in run 5; usually 9.9 s to 10 s (5 tries)"
    assert (row["by_s"], row["now"]["id"], row["then"]["id"]) == (4.0, "6.0", "5.0")
    assert changes(desk.compare(7)) == {"faster": ["steady"]}
    early = desk.compare(3)
    assert (changes(early), early["rest"]["unjudged"]) == ({"too little known": ["wild"]}, 2)
    totals = {one["what"]: (one["then"], one["now"]) for one in slower["totals"]}
    assert totals["wall time"] == (20.0, 28.0)
    assert totals["CPU time"] == (20.0, 28.0)


def test_the_findings_of_an_unchanged_task_are_those_that_it_stands_for(story: Story) -> None:
    story.run({"a": (5.0, GOOD, [finding("old"), finding("kept")]), "b": (5.0, GOOD, [finding("of-b")])})
    story.run({"a": (5.0, GOOD, [finding("kept"), finding("fresh", "low")]), "b": (0.0, GOOD, [])}, b=(1, 1, 1))
    story.run({"a": (5.0, GOOD, [finding("kept")])})
    desk = story.desk()
    assert found(desk.compare(2)) == {"new": ["fresh"], "gone": ["old"], "still": ["kept", "of-b"]}
    assert found(desk.compare(3)) == {"gone": ["fresh"], "still": ["kept"], "not looked for": ["of-b"]}


def test_whole_tables_come_out_of_the_record(story: Story) -> None:
    story.run({"a": (5.0, GOOD, [finding("one"), finding("two", "low")]), "b": (2.0, BAD, [])})
    story.run({"a": (5.0, GOOD, [])})
    desk = story.desk()
    assert list(desk.export("runs")) == desk.runs()
    assert [row["id"] for row in desk.export("tasks", {"state": "failed"})] == ["1.1"]
    assert list(desk.export("tasks", {"run": 1})) == desk.run(1)["tasks"]
    assert [(row["id"], row["name"], row["usage"]["cpu_s"]) for row in desk.export("attempts")] == [
        ("2.0#1", "a", 5.0), ("1.0#1", "a", 5.0), ("1.1#1", "b", 2.0),
    ]  # fmt: skip
    assert [row["id"] for row in desk.export("attempts", {"task": "1.1"})] == ["1.1#1"]
    assert list(desk.export("events", {"task": "1.1"})) == desk.task("1.1")["events"]
    assert list(desk.export("findings", {"run": 1})) == desk.run_findings(1)
    assert [row["fingerprint"] for row in desk.export("findings", {"severity": "low"})] == ["two"]
    assert list(desk.export("events", {"run": 2})) == desk.run_events(2)
    assert [row["change"] for row in desk.export("compare", {"run": 2, "with": 1})] == ["gone"]


def test_a_report_has_what_went_wrong_first_and_says_what_it_leaves_out(story: Story) -> None:
    story.run({f"job.{n:02}": (1.0, BAD if n % 2 else GOOD, []) for n in range(60)})
    facts = story.desk().run_facts(1)
    assert [row["name"] for row in facts["tasks"][:2]] == ["job.01", "job.03"]
    assert [row["task"]["name"] for row in facts["failing"][:2]] == ["job.01", "job.03"]
    assert (len(facts["failing"]), facts["left"]) == (20, {"tasks": 0, "findings": 0, "failing": 10})
    assert [row["how"] for row in facts["failing"][0]["attempts"]] == ["exited"]
    assert facts["failing"][0]["events"]

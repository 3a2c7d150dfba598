"""What an attempt says is hostile until it is checked."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from callboard.core.facts import Asked, Found, Kept, Measured
from callboard.core.resources import Lock, Needs
from callboard.core.task import AttemptKey
from callboard.launch.intake import Intake
from callboard.launch.tail import Tail
from callboard.work.messages import LONGEST_LINE

KEY = AttemptKey(1, 2, 3)
FINDING = {"t": "finding", "rule": "r", "severity": "low", "message": "m", "path": "a/b.py", "line": 2}
PATCH = {
    "t": "patch",
    "name": "fix",
    "path": "artifacts/fix.patch",
    "base": "abc",
    "files": ["a.py"],
    "proof": {"n": 1},
}


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "artifacts" / "fix.patch").write_text("diff")
    (tmp_path / "artifacts" / "link").symlink_to("/etc/passwd")
    (tmp_path / "out").symlink_to("/etc")
    return tmp_path


@pytest.fixture
def intake(spool: Path) -> Intake:
    return Intake(KEY, str(spool), lambda: 100.0)


def say(intake: Intake, *messages: dict[str, Any]) -> None:
    for message in messages:
        intake.take(json.dumps(message).encode())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no json",
        b"[1]",
        b'"text"',
        b"[" * 100_000,
        b'{"t": "metric", "name": "n", "value": NaN}',
        b'{"t": "metric", "name": "n", "value": 1e999}',
        b'{"t": "metric", "name": "n", "value": 1' + b"0" * 400 + b"}",
        b'{"t": "metric", "name": "n", "value": 1' + b"0" * 5000 + b"}",
        b'{"t": "metric", "name": "n", "value": true}',
        b'{"t": "metric", "name": 5, "value": 1}',
        b'{"t": "progress", "fraction": "x"}',
        b'{"t": "launch", "argv": ["rm"]}',
        b'{"t": ["finding"]}',
        json.dumps({**FINDING, "severity": "worst"}).encode(),
        json.dumps({**FINDING, "severity": ["low"]}).encode(),
        json.dumps({**FINDING, "path": "../x"}).encode(),
        json.dumps({**FINDING, "path": "/etc/passwd"}).encode(),
        json.dumps({**FINDING, "line": -1}).encode(),
        json.dumps({**FINDING, "line": 1 << 80}).encode(),
        json.dumps({**FINDING, "rule": ""}).encode(),
        b'{"t": "artifact", "name": "n", "path": "artifacts/../../x", "size": 1}',
        b'{"t": "artifact", "name": "n", "path": "/etc/passwd", "size": 1}',
        b'{"t": "artifact", "name": "n", "path": "artifacts/link", "size": 1}',
        b'{"t": "artifact", "name": "n", "path": "out/passwd", "size": 1}',
        b'{"t": "artifact", "name": "n", "path": "artifacts", "size": 1}',
        b'{"t": "artifact", "name": "n", "path": "artifacts/a\\u0000b", "size": 1}',
        b'{"t": "ask", "id": "q", "question": "?", "choices": []}',
        b'{"t": "ask", "id": "q\\u001b", "question": "?", "choices": ["yes"]}',
        json.dumps({**PATCH, "files": ["../a"]}).encode(),
        json.dumps({**PATCH, "proof": [1]}).encode(),
    ],
)
def test_bad_lines_are_counted_and_dropped(intake: Intake, line: bytes) -> None:
    intake.take(line)
    assert intake.bad == 1
    assert intake.flush(is_last=True) == []


def test_texts_are_cleaned(intake: Intake) -> None:
    say(intake, {**FINDING, "message": "a\x1b[31m\ud800\u202eb", "rule": "x" * 900, "at": 1e300})
    (fact,) = intake.flush()
    assert isinstance(fact, Found)
    assert fact.findings[0]["message"] == "a\N{REPLACEMENT CHARACTER}[31m" + 2 * "\N{REPLACEMENT CHARACTER}" + "b"
    assert len(fact.findings[0]["rule"]) == 200
    assert len(fact.findings[0]["fingerprint"]) == 16
    assert fact.at == 100.0


def test_findings_come_in_batches_and_not_without_end(intake: Intake) -> None:
    for _ in range(5_100):
        say(intake, FINDING)
    facts = intake.flush()
    sizes = [len(fact.findings) for fact in facts if isinstance(fact, Found)]
    assert (sum(sizes), max(sizes), intake.left_out) == (5_000, 200, 100)


def test_patch_is_told_once_with_its_proof(intake: Intake) -> None:
    say(intake, {"t": "artifact", "name": "fix.patch", "path": "artifacts/fix.patch", "size": 9, "format": "patch"})
    assert intake.flush() == []
    say(intake, PATCH)
    (kept,) = intake.flush(is_last=True)
    assert isinstance(kept, Kept)
    assert (kept.name, kept.size, kept.patch) == ("fix", 4, {"base": "abc", "files": ["a.py"], "proof": {"n": 1}})


def test_patch_without_a_proof_is_still_told(intake: Intake) -> None:
    say(intake, {"t": "artifact", "name": "fix.patch", "path": "artifacts/fix.patch", "size": 9, "format": "patch"})
    (kept,) = intake.flush(is_last=True)
    assert isinstance(kept, Kept)
    assert (kept.format, kept.patch) == ("patch", None)


def test_what_was_told_before_is_left_out(spool: Path) -> None:
    intake = Intake(KEY, str(spool), lambda: 100.0, {"findings": 3, "metrics": 1, "asked": 1, "kept": 1})
    artifact = {"t": "artifact", "path": "artifacts/fix.patch", "size": 4}
    question = {"t": "ask", "question": "?", "choices": ["yes"]}
    say(intake, FINDING, FINDING, {"t": "metric", "name": "n", "value": 1}, {**artifact, "name": "old"})
    assert intake.flush() == []
    say(intake, FINDING, {**FINDING, "rule": "new"}, {"t": "metric", "name": "n", "value": 2})
    say(intake, {**artifact, "name": "new"}, {**question, "id": "old"}, {**question, "id": "new"})
    kept, asked, found, measured = intake.flush()
    assert isinstance(kept, Kept)
    assert isinstance(asked, Asked)
    assert isinstance(found, Found)
    assert isinstance(measured, Measured)
    assert (kept.name, asked.question, [f["rule"] for f in found.findings]) == ("new", "new", ["new"])
    assert measured.metrics == (("n", 2.0, ""),)


def test_question(intake: Intake) -> None:
    say(intake, {"t": "ask", "id": "q1", "question": "go?", "choices": ["yes", "no"], "at": 50})
    assert intake.flush() == [Asked(KEY, 50.0, "q1", "go?", ("yes", "no"))]


@pytest.mark.parametrize(
    ("fields", "trouble"),
    [
        ({"verdict": "maybe"}, "'verdict' is none of pass, fail, unknown"),
        ({"outputs": [1]}, "'outputs' is no table"),
        ({"outputs": {"a": "x" * 70_000}}, "'outputs' is larger than 65536 bytes; keep an artefact instead"),
        ({"summary": 5}, "'summary' is no text"),
        ({"data_age_days": "old"}, "'data_age_days' is no finite number"),
        ({"outputs": {"a": 1 << 70}}, "a number is too large"),
    ],
)
def test_results_that_cannot_be_used(intake: Intake, fields: dict[str, Any], trouble: str) -> None:
    say(intake, {"t": "result", "verdict": "pass", "summary": "s", **fields})
    assert (intake.result, intake.trouble) == (None, trouble)


def test_tail_gives_whole_lines_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    tail = Tail(str(path))
    assert tail.next_line() is None
    path.write_bytes(b"one\ntw")
    assert (tail.next_line(), tail.next_line()) == (b"one", None)
    with open(path, "ab") as file:
        file.write(b"o\n" + b"x" * (LONGEST_LINE * 3) + b"\nthree\n")
    assert (tail.next_line(), tail.next_line(), tail.next_line()) == (b"two", b"three", None)
    assert tail.dropped == 1
    tail.close()


def test_tail_opens_neither_links_nor_pipes(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("line\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    os.mkfifo(tmp_path / "pipe")
    assert Tail(str(tmp_path / "link")).next_line() is None
    assert Tail(str(tmp_path / "pipe")).next_line() is None


JOB = {"name": "part 1", "action": "fan.part", "because": "found", "options": {"n": 1}, "needs_jobs": ["a*"], "after": [],
       "needs": {"cpus": 2.0, "memory_mb": 64.0, "locks": [{"name": "db", "shared": True}], "extra": [["gpu", 1.0]]},
       "stage": "test", "estimate": 3.0}  # fmt: skip


def test_what_is_to_be_added_is_taken_with_all_its_fields(intake: Intake) -> None:
    say(
        intake,
        {"t": "tasks", "jobs": [JOB]},
        {"t": "tasks", "jobs": [{"name": "b", "action": "x.y", "because": "\x1b[1mz"}]},
    )
    first, second = intake.added.jobs
    assert (first["name"], first["action"], first["options"], first["needs_jobs"]) == (
        "part 1", "fan.part", {"n": 1}, ("a*",)
    )  # fmt: skip
    assert first["needs"] == Needs(2.0, 64.0, (Lock("db", True),), (("gpu", 1.0),))
    assert (second["needs"], second["options"], "\x1b" in second["because"]) == (None, {}, False)
    assert intake.added.unfit == ""


@pytest.mark.parametrize(
    ("jobs", "words"),
    [
        ("all", "'jobs' is no list"),
        ([7], "is no mapping"),
        ([{**JOB, "name": ""}], "is no name for a task"),
        ([{**JOB, "name": "a\nb"}], "is no name for a task"),
        ([{**JOB, "name": "n" * 201}], "is no name for a task"),
        ([{**JOB, "options": [1]}], "must be a mapping"),
        ([{**JOB, "options": {"a": "x" * 60_000}}], "must be a mapping of at most 50,000 bytes"),
        ([{**JOB, "needs_jobs": [1]}], "must hold names alone"),
        ([{**JOB, "needs": {"cpus": -1, "memory_mb": 1}}], "it must be from 0"),
        ([{**JOB, "estimate": 1e12}], "it must be from 0"),
        ([{"name": str(n), "action": "x.y", "because": ""} for n in range(2001)], "may add 2,000 tasks"),
    ],
)
def test_all_that_is_to_be_added_is_refused_for_one_that_is_wrong(intake: Intake, jobs: Any, words: str) -> None:
    say(intake, {"t": "tasks", "jobs": [JOB]}, {"t": "tasks", "jobs": jobs})
    assert intake.added.jobs == []
    assert words in intake.added.unfit
    assert intake.bad == 1
    say(intake, {"t": "tasks", "jobs": [JOB]})
    assert words in intake.added.unfit

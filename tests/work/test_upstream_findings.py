"""What the tasks before this one found, read from their spools."""

import json
from pathlib import Path
from typing import Any

from callboard.api import Finding, Severity
from callboard.work.context import Context
from callboard.work.upstream import MOST_FINDINGS, upstream_of


def entry(spool: Path) -> dict[str, Any]:
    return {"name": "a.look", "action": "a.look", "state": "succeeded", "spool": str(spool)}


def context(folder: Path) -> Context:
    for name in ("w", "spool", "scratch"):
        (folder / name).mkdir()
    return Context(workspace=folder / "w", spool=folder / "spool", scratch=folder / "scratch", task="a.look")


def test_what_a_task_reported_is_what_the_next_one_reads(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    ctx.finding(Finding("one", Severity.LOW, "first", path="a.py", line=3, column=2, help="mend it", tool="t"))
    ctx.finding(Finding("two", Severity.CRITICAL, "second"))
    assert upstream_of([entry(ctx.spool)])["a.look"].findings == tuple(ctx.findings)


def test_of_too_many_the_worst_are_read_in_their_order(tmp_path: Path) -> None:
    ctx = context(tmp_path)
    for number in range(MOST_FINDINGS):
        ctx.finding(Finding("small", Severity.INFO, f"number {number}"))
    ctx.finding(Finding("large", Severity.HIGH, "the last"))
    found = upstream_of([entry(ctx.spool)])["a.look"]
    assert len(found.findings) == MOST_FINDINGS
    assert found.findings[-1].message == "the last"
    assert found.findings[-2].message == f"number {MOST_FINDINGS - 2}"
    assert found.more_findings == 1


def test_messages_that_cannot_be_are_passed_over(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"t": "finding", "rule": "x", "severity": "awful", "message": "m"},
        {"t": "finding", "rule": 3, "severity": "high", "message": "m"},
        {
            "t": "finding",
            "rule": "x",
            "severity": "high",
            "message": ["m"],
            "line": -4,
            "since": "long",
            "path": "a\x1b[2J.py",
        },
    ]
    (tmp_path / "messages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in odd), "utf-8")
    (found,) = upstream_of([entry(tmp_path)])["a.look"].findings
    assert (found.rule, found.message, found.line, found.since) == ("x", "", 0, 0.0)
    assert "\x1b" not in found.path

"""A file that cannot be read is one finding, however many agents stumble over it, and it is said first."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from plugin_maker import environment_with, make_plugin

SOURCE = '''
import ast

from callboard.api import Agent, Finding, Severity, action, hookimpl, judged, passed, unknown, unparsable


class Reader(Agent):
    def __init__(self, name, tool):
        super().__init__()
        self.name, self.title, self.summary, self.tool = name, name.title(), "reads", tool

    @action("Read all that is Python")
    def read(self, ctx, options):
        """Reads."""
        bad = 0
        for path in sorted(ctx.workspace.path.rglob("*.py")):
            try:
                ast.parse(path.read_text())
            except SyntaxError as error:
                bad += 1
                ctx.finding(unparsable(path.name, f"{error.msg} ({self.name})", line=error.lineno, tool=self.tool))
        return unknown(f"{bad} file cannot be read, so {self.name} knows too little") if bad else passed("all read")


class Calm(Agent):
    name, title, summary = "calm", "Calm", "mentions it"

    @action("Mention it")
    def mention(self, ctx, options):
        """Mentions."""
        ctx.finding(unparsable("broken.py", "seen", tool="eye", severity=Severity.CRITICAL))
        return passed("nothing to do")


@hookimpl
def callboard_agents():
    return [Reader("linter", "ruff"), Reader("typer", "mypy"), Calm()]
'''
JOBS = """
[jobs.lint]
action = "linter.read"
[jobs.types]
action = "typer.read"
[jobs.calm]
action = "calm.mention"
"""


@pytest.mark.long
def test_one_broken_file_is_one_finding_and_the_first_thing_said(site: Any, tmp_path: Path) -> None:
    site.python = str(environment_with(tmp_path / "venv", make_plugin(tmp_path / "plugins", "readers", SOURCE)))
    (site.workspace / "broken.py").write_text("x = 1\ndef broken(:\n    pass\n")
    site.config(JOBS)
    done = site.call("run", "--trust")
    assert done.returncode == 0, done.stderr
    first, *rest = [line for line in done.stdout.splitlines() if line.strip()]
    assert first.startswith("[1] broken.py cannot be read: ")
    assert "behind 2 tasks: lint, types" in " ".join([first, *rest[:2]])
    assert [line for line in rest if "lint" in line and "[1] 1 file cannot be read" in line]
    assert "1 critical" in done.stdout
    assert done.stdout.count("unparsable: ") == 1

    (found,) = site.json("findings", "1")
    assert (found["severity"], found["tasks"], found["agents"]) == (
        "critical", ["1.0", "1.1", "1.2"], ["linter", "typer", "calm"],
    )  # fmt: skip
    assert {witness["tool"] for witness in found["witnesses"]} == {"ruff", "mypy", "eye"}
    (cause,) = site.json("status", "1")["causes"]
    assert (cause["path"], cause["tasks"], cause["finding"]) == ("broken.py", ["1.0", "1.1"], found["id"])
    assert site.json("status", "1.0")["causes"] == [cause]
    assert site.json("status", "1.2")["causes"] == []
    assert site.json("status", "1.1")["task"]["findings"]["high"] == 1

    hidden = next(number for number in found["ids"] if number != found["id"])
    assert site.call("accept", hidden, "--reason", "it goes next week", "--until", tomorrow()).returncode == 0
    assert site.json("findings", "1")[0]["accepted"].startswith(f"until {tomorrow()}: it goes next week")
    assert site.json("status", "1")["causes"] == []

    site.up()
    link = site.call("token").stdout.strip()
    base, _, token = link.partition("/?token=")
    with httpx.Client(base_url=f"{base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        assert [row["ids"] for row in client.get("/runs/1/findings").json()] == [found["ids"]]
        (run,) = client.get("/runs/1/sarif").json()["runs"]
        assert len(run["results"]) == 1
        told = site.json("run")
    assert told["causes"] == []
    assert [row["tasks"] for row in told["findings"]] == [["2.0", "2.1", "2.2"]]


def tomorrow() -> str:
    import datetime

    return str(datetime.date.today() + datetime.timedelta(1))

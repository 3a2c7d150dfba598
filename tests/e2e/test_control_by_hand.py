"""Agents are drained, stopped and restarted, tasks are taken over by hand: by the real program, which is killed meanwhile."""

from pathlib import Path
from typing import Any

import pytest

from callboard.record.check import broken_promises, differences
from callboard.record.database import connect
from plugin_maker import environment_with, make_plugin

JOBS = """
[jobs.slow]
command = ["sh", "-c", "echo slow >> {effects}; while ! test -e {effects}.go; do sleep 0.1; done; echo slow. >> {effects}"]
agent = "quality"
cpus = 0.1
idempotent = true
[jobs.next]
command = ["sh", "-c", "echo next >> {effects}"]
agent = "quality"
needs = ["slow"]
cpus = 0.1
[jobs.migrate]
command = ["sh", "-c", "echo migrate >> {effects}; exit 3"]
agent = "infra"
cpus = 0.1
[jobs.deploy]
command = ["sh", "-c", "echo deploy >> {effects}"]
agent = "infra"
needs = ["migrate"]
cpus = 0.1
"""


def agent_row(site: Any, name: str) -> dict[str, Any]:
    (row,) = site.json("agents", name)
    return dict(row)


def is_whole(site: Any) -> list[str]:
    """What in the record is not as the log says, or breaks a promise."""
    database = connect(next(site.data.glob("callboard.db")))
    try:
        return [*differences(database), *broken_promises(database)]
    finally:
        database.close()


def test_a_drain_and_a_task_in_a_persons_hands_outlast_a_kill(site: Any, until: Any) -> None:
    site.config(JOBS)
    server = site.up()
    assert site.json("run", "--detach")["run"] == 1
    until(lambda: site.run_row(1)["tasks"]["migrate"]["state"] == "failed" and "slow" in site.lines())
    assert site.run_row(1)["tasks"]["deploy"]["state"] == "skipped"

    assert site.json("drain", "quality", "--reason", "new version")["draining"]["left"] == 2
    taken = site.json("take", "1.migrate", "--reason", "by a script")
    (me,) = {taken["taken"]["by"]}
    assert site.json("run", "--detach")["run"] == 2
    until(lambda: "agent paused" in str(site.run_row(2)["tasks"]["slow"]["hold"]))

    def how_it_stands() -> tuple[Any, ...]:
        row, first, second = agent_row(site, "quality"), site.run_row(1)["tasks"], site.run_row(2)["tasks"]
        waits = [
            (q["task"], q["question"], q["text"]) for q in site.json("status")["questions"] if q["question"] == "taken"
        ]
        held = [(task["hold"]["kind"], task["hold"]["reason"]) for task in (second["slow"], first["migrate"])]
        return row["state"], row["draining"], first["migrate"]["taken"], first["slow"]["state"], held, waits

    before = how_it_stands()
    assert before[0] == "paused"
    assert before[4] == [
        ("agent paused", f"agent quality is being drained by {me}, new version: 2 tasks left"),
        ("person", f"taken over by {me}: by a script"),
    ]
    assert before[5] == [(taken["id"], "taken", f"taken over by {me}: by a script")]
    server.kill()
    server.wait()
    site.up()
    assert how_it_stands() == before

    site.effects.with_name("effects.txt.go").touch()
    until(lambda: agent_row(site, "quality")["draining"] is None)
    assert agent_row(site, "quality")["paused"]["reason"] == "drained, new version"
    tasks = site.run_row(1)["tasks"]
    assert (tasks["slow"]["attempt"], tasks["next"]["state"]) == (1, "succeeded")
    assert (
        site.run_row(2)["tasks"]["slow"]["hold"]["reason"] == f"agent quality was paused by {me}: drained, new version"
    )

    done = site.json("finish", "1.migrate", "--done", "restored the dump")
    assert (done["state"], done["verdict"], done["reason"]) == (
        "succeeded",
        "pass",
        f"by hand by {me}: restored the dump",
    )
    until(lambda: site.run_row(1)["state"] == "succeeded")
    assert site.run_row(1)["summary"] == "4 succeeded (1 by hand) of 4"
    told = site.json("status", "1.migrate")["events"]
    assert f"{me} finished it by hand, done: restored the dump." in [event["sentence"] for event in told]
    assert "by hand by" in site.call("status", "1").stdout
    assert [row["what"] for row in site.json("agents", "quality", "--history")] == ["drained", "drain", "here"]

    assert site.call("resume", "quality").returncode == 0
    until(lambda: site.run_row(2)["tasks"]["next"]["state"] == "succeeded")
    assert site.lines().count("slow") == 2
    assert is_whole(site) == []


@pytest.mark.long
def test_what_a_stopped_agent_does_is_ended_and_a_restart_tries_it_again(site: Any, until: Any, processes: Any) -> None:
    site.config(JOBS.replace("sleep 0.1", "sleep 0.1713"))
    server = site.up()
    site.json("run", "--only", "slow", "--detach")
    until(lambda: "slow" in site.lines())
    row = site.json("stop", "quality", "--reason", "it loops")
    assert [(e["attempt"], e["then"]) for e in row["ended"]] == [("1.0#1", "tried again")]
    until(lambda: site.run_row(1)["tasks"]["slow"]["state"] == "waiting")
    until(lambda: processes("0.1713") == [])
    slow = site.run_row(1)["tasks"]["slow"]
    assert "stopped agent quality: it loops" in slow["reason"]
    assert "stopped, it loops" in slow["hold"]["reason"]
    server.kill()
    server.wait()
    site.up()
    assert agent_row(site, "quality")["state"] == "paused"
    again = site.json("restart", "quality")
    assert (again["paused"], again["ended"]) == (None, [])
    assert again["version"]["now"] == again["version"]["before"]
    assert {tool["name"] for tool in again["tools"]} >= {"pytest"}
    until(lambda: site.run_row(1)["tasks"]["slow"]["attempt"] == 2 and site.lines() == ["slow", "slow"])

    taken = site.json("take", "1.slow")
    until(lambda: site.run_row(1)["tasks"]["slow"]["hold"])
    until(lambda: processes("0.1713") == [])
    assert site.run_row(1)["tasks"]["slow"]["taken"]["by"] == taken["taken"]["by"]
    failed = site.call("finish", "1.slow", "--failed", "it never ends")
    assert (failed.returncode, "by hand by" in failed.stdout) == (0, True)
    assert (site.run_row(1)["state"], site.lines()) == ("failed", ["slow", "slow"])
    refused = site.call("release", "1.slow")
    assert (refused.returncode, "nobody has taken it over" in refused.stderr) == (2, True)
    assert [row["what"] for row in site.json("agents", "quality", "--history")] == ["restart", "stop", "here"]
    assert is_whole(site) == []


PLUGIN = """
import time
from callboard.api import Agent, action, hookimpl, passed

class Greeter(Agent):
    name = "greet"
    title = "Greeter"

    @action("{title}")
    def hello(self, ctx, options):
        {work}
        return passed("{title}")

@hookimpl
def callboard_agents():
    return [Greeter()]
"""


@pytest.mark.long
def test_a_restarted_agent_works_with_its_code_as_it_is_now(site: Any, until: Any, tmp_path: Path) -> None:
    place = make_plugin(tmp_path / "site", "greet", PLUGIN.format(title="Old", work="time.sleep(300)"))
    site.python = str(environment_with(tmp_path / "venv", place))
    site.config('[jobs.hello]\naction = "greet.hello"\n')
    site.up()
    site.json("run", "--detach")
    until(lambda: site.run_row(1)["tasks"]["hello"]["state"] == "running")

    module = place / "plug_greet.py"
    module.write_text("def broken(:\n", "utf-8")
    refused = site.call("restart", "greet")
    assert refused.returncode == 2
    assert "agent 'greet' cannot be restarted, nothing was ended: plugin 'greet'" in refused.stderr
    assert site.run_row(1)["tasks"]["hello"]["state"] == "running"

    module.write_text(PLUGIN.format(title="New", work="pass"), "utf-8")
    row = site.json("restart", "greet")
    assert row["described_anew"] is True
    assert [(ended["attempt"], ended["then"]) for ended in row["ended"]] == [("1.0#1", "tried again")]
    until(lambda: site.run_row(1)["state"] == "succeeded")
    task = site.run_row(1)["tasks"]["hello"]
    assert (task["attempt"], task["reason"]) == (2, "New")
    (agent,) = site.json("agents", "greet")
    assert [action["title"] for action in agent["actions"]] == ["New"]

"""`callboard run` in a workspace with commands: what it prints, what it returns, what it left behind."""

import json
from pathlib import Path
from typing import Any

import pytest

TASK_KEYS = {
    "id", "name", "agent", "action", "state", "verdict", "reason", "attempts", "started", "ended", "cpu_s", "peak_mb",
    "holds",
}  # fmt: skip
FINDING_KEYS = {"id", "rule", "severity", "path", "line", "message", "fingerprint", "witnesses", "agent"}


def test_a_failed_run_says_who_failed_and_what_was_skipped_for_it(site: Any) -> None:
    site.config(
        """
        [jobs.good]
        command = ["sh", "-c", "echo good >> {effects}"]
        [jobs.bad]
        command = ["sh", "-c", "echo no >&2; exit 3"]
        [jobs.below]
        command = ["sh", "-c", "echo below >> {effects}"]
        needs = ["bad"]
        [jobs.beside]
        command = ["sh", "-c", "echo beside >> {effects}"]
        after = ["bad"]
        needs = ["good"]
        """
    )
    done = site.call("run", "--trust", "--json")
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert (found["run"], found["outcome"], found["findings"]) == (1, "failed", [])
    tasks = {row["name"]: row for row in found["tasks"]}
    assert {name: row["state"] for name, row in tasks.items()} == {
        "good": "succeeded",
        "bad": "failed",
        "below": "skipped",
        "beside": "succeeded",
    }
    assert all(set(row) == TASK_KEYS for row in tasks.values())
    assert {row["verdict"] for row in found["tasks"]} == {None}  # commands say nothing but their exit codes
    assert "exit 3" in tasks["bad"]["reason"]
    assert "bad" in tasks["below"]["reason"]
    assert (tasks["good"]["attempts"], tasks["below"]["attempts"]) == (1, 0)
    assert tasks["beside"]["started"] >= tasks["bad"]["ended"]
    assert site.lines() == ["good", "beside"]
    assert site.call("logs", "1.bad").stdout == "no\n"


def test_a_run_that_could_not_tell_is_unknown_and_never_a_pass(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["true"]\n[jobs."quality.lint"]\n[jobs."quality.tests"]\nstrict = true\n')
    done = site.call("run", "--trust", "--only", "quality.lint", "--only", "a", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["outcome"]) == (0, "unknown")
    assert {row["name"]: row["verdict"] for row in found["tasks"]} == {"a": None, "quality.lint": "unknown"}
    strict = site.json("run", "--only", "quality.tests")
    assert strict["outcome"] == "failed"
    text = site.call("status", "1").stdout
    assert "unknown" in text.splitlines()[0]


def test_findings_come_in_one_form_and_as_sarif(site: Any) -> None:
    site.config('[jobs."quality.lint"]\n')
    (site.workspace / "a.py").write_text("import os\nx = undefined_name\n")
    found = site.json("run", "--trust")
    rows = found["findings"]
    assert {"F821", "F401"} <= {row["rule"] for row in rows}
    assert all(set(row) >= FINDING_KEYS for row in rows)
    assert rows[0]["path"] == "a.py"
    assert rows[0]["witnesses"][0]["tool"] == "ruff"
    assert {row["rule"] for row in site.json("findings", "1")} == {row["rule"] for row in rows}
    sarif = json.loads(site.call("findings", "1", "--sarif").stdout)
    assert sarif["version"] == "2.1.0"
    assert {result["ruleId"] for result in sarif["runs"][0]["results"]} == {row["rule"] for row in rows}


def test_one_lock_is_held_by_one_at_a_time_and_the_waiting_is_told(site: Any) -> None:
    job = """
        [jobs.{name}]
        command = ["sh", "-c", "echo +{name} >> {effects}; sleep 0.4; echo -{name} >> {effects}"]
        locks = ["db:dev"]
        cpus = 0.1
        """
    site.config("".join(job.replace("{name}", name) for name in "abc"), "detect = false\n[engine]\nparallelism = 3")
    found = site.json("run", "--trust")
    lines = site.lines()
    assert [line[0] for line in lines] == ["+", "-"] * 3
    assert [line[1] for line in lines[::2]] == [line[1] for line in lines[1::2]]
    waited = sorted(sum(h["seconds"] for h in row["holds"] if "db:dev" in h["reason"]) for row in found["tasks"])
    assert waited[0] == 0
    assert 0 < waited[1] < waited[2]


def test_a_crash_and_an_exit_code_are_tried_again_after_a_backoff_as_often_as_allowed(site: Any) -> None:
    site.config(
        """
        [jobs.shaky]
        command = ["sh", "-c", "echo shaky >> {effects}; test $(wc -l < {effects}) -gt 1 || kill -9 $$"]
        attempts = 3
        backoff_s = 0.3
        idempotent = true
        [jobs.wrong]
        command = ["sh", "-c", "exit 1"]
        attempts = 2
        backoff_s = 0.1
        idempotent = true
        [jobs.once]
        command = ["sh", "-c", "exit 1"]
        """
    )
    found = site.json("run", "--trust")
    tasks = {row["name"]: row for row in found["tasks"]}
    assert (tasks["shaky"]["state"], tasks["shaky"]["attempts"]) == ("succeeded", 2)
    assert (tasks["wrong"]["state"], tasks["wrong"]["attempts"]) == ("failed", 2)
    assert (tasks["once"]["state"], tasks["once"]["attempts"]) == ("failed", 1)
    assert site.lines() == ["shaky", "shaky"]
    assert any("back" in hold["reason"] for hold in tasks["shaky"]["holds"])
    story = [event["sentence"] for event in site.json("status", "1.shaky")["events"]]
    assert any("SIGKILL" in sentence for sentence in story)


def test_events_are_lines_of_json_in_order_and_without_gaps(site: Any) -> None:
    jobs = "".join(f'[jobs.j{n}]\ncommand = ["true"]\ncpus = 0.1\n' for n in range(12))
    site.config(jobs)
    done = site.call("run", "--trust", "--events")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [row["kind"] for row in rows]
    assert kinds[0] == "RunSubmitted"
    assert (kinds.count("AttemptDecided"), kinds.count("AttemptEnded")) == (12, 12)
    assert [row["seq"] for row in rows] == sorted({row["seq"] for row in rows})
    assert {row["run"] for row in rows} == {1}


def test_a_log_is_followed_to_its_end_beside_the_run(site: Any, until: Any) -> None:
    site.config('[jobs.a]\ncommand = ["sh", "-c", "echo one; echo a >> {effects}; sleep 4; echo two"]\n')
    site.start("run", "--trust")
    until(site.lines)
    done = site.call("logs", "1.a", "--follow")
    assert (done.returncode, done.stdout) == (0, "one\ntwo\n")


def test_what_runs_is_what_was_planned_and_in_that_order(site: Any) -> None:
    site.config(
        """
        [engine]
        parallelism = 1
        [jobs.short]
        command = ["true"]
        estimate_s = 1
        [jobs.long]
        command = ["true"]
        estimate_s = 9
        [jobs.last]
        command = ["true"]
        needs = ["short"]
        estimate_s = 20
        """
    )
    plan = site.json("plan")
    assert {job["name"] for job in plan["jobs"]} == {"short", "long", "last"}
    planned = [job["name"] for job in sorted(plan["jobs"], key=lambda job: job["start"]["p50"])]
    assert planned == ["short", "last", "long"]
    assert plan["span"]["p50"] == 30
    found = site.json("run", "--trust")
    assert [row["name"] for row in sorted(found["tasks"], key=lambda row: row["started"])] == planned


@pytest.mark.long
def test_work_for_an_agent_that_is_switched_off_waits_for_somebody_who_can(site: Any, until: Any) -> None:
    site.config('[agents.quality]\nenabled = false\n[jobs."quality.lint"]\n[jobs.a]\ncommand = ["true"]\n')
    site.up()
    site.call("run", "--detach")
    row = until(lambda: site.run_row(1)["tasks"]["quality.lint"])
    until(lambda: site.run_row(1)["tasks"]["a"]["state"] == "succeeded")
    assert row["state"] == "waiting"
    assert row["hold"]["reason"] == "nobody can do this: needs an agent with quality.lint"
    states = {agent["name"]: agent["state"] for agent in site.json("status")["agents"]}
    assert (states["quality"], states["security"]) == ("absent", "idle")
    site.config('[jobs."quality.lint"]\n[jobs.a]\ncommand = ["true"]\n')
    site.call("run", "--trust", "--detach")
    until(lambda: site.run_row(1)["state"] == "unknown")


def test_init_keeps_what_was_written_by_hand(site: Any) -> None:
    mine = '[services.api]\ncommand = ["true"]\n[jobs.x]\ncommand = ["true"]\n'
    file: Path = site.workspace / "callboard.toml"
    file.write_text(mine)
    (site.workspace / "a.py").write_text("x = 1\n")
    refused = site.call("init")
    assert (refused.returncode, file.read_text()) == (2, mine)
    done = site.call("init", "--force")
    assert done.returncode == 0, done.stderr
    assert "callboard.toml.bak" in done.stdout
    assert (site.workspace / "callboard.toml.bak").read_text() == mine
    assert "quality.lint" in {job["name"] for job in site.json("plan")["jobs"]}
    assert site.call("init", "--force").returncode == 0
    assert (site.workspace / "callboard.toml.bak").read_text() == mine

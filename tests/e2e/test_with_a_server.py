"""`callboard up`, and what the other commands do beside it."""

import json
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest


def test_a_server_takes_the_work_of_others_over_and_obeys(site: Any, until: Any, tmp_path: Path) -> None:
    site.config(
        '[jobs.a]\ncommand = ["sh", "-c", "echo a >> {effects}"]\n[jobs.b]\ncommand = ["sleep", "300"]\nagent = "quality"\n'
    )
    process = site.up()
    link = site.call("token").stdout.strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", link)
    second = site.call("up", "--port", "0", "--no-open")
    assert (second.returncode, link in second.stderr) == (3, True)

    other = tmp_path / "other"
    other.mkdir()
    (other / "callboard.toml").write_text(
        f'[workspace]\ndetect = false\n[jobs.o]\ncommand = ["sh", "-c", "pwd >> {site.effects}"]\n'
    )
    refused = site.call("run", "-w", str(other))
    assert (refused.returncode, "never trusted" in refused.stderr) == (2, True)
    handed = site.call("run", "-w", str(other), "--trust", "--json")
    assert (handed.returncode, json.loads(handed.stdout)["outcome"]) == (0, "succeeded")
    assert "handed over" in handed.stderr
    assert site.lines() == [str(other)]
    assert site.run_row(1)["workspace"] == str(other)

    assert site.call("pause", "quality", "--reason", "tidying up").returncode == 0
    number = str(site.json("run", "--detach")["run"])
    until(lambda: site.run_row(2)["tasks"]["a"]["state"] == "succeeded")
    held = site.run_row(2)["tasks"]["b"]
    assert (held["state"], held["hold"]["kind"]) == ("waiting", "agent paused")
    assert "tidying up" in held["hold"]["reason"]
    assert site.call("resume", "quality").returncode == 0
    until(lambda: site.run_row(2)["tasks"]["b"]["state"] == "running")
    assert site.call("concurrency", "quality", "0").returncode == 0
    assert site.call("cancel", number, "--reason", "enough").returncode == 0
    assert site.run_row(2)["state"] == "cancelled"

    follower = site.start("run")
    until(lambda: len(site.json("runs")) == 3 and site.run_row(3)["state"] == "running")
    process.kill()
    process.wait()
    _, err = follower.communicate(timeout=60)
    assert follower.returncode == 3
    assert "the server is gone" in err
    assert "callboard up" in err
    assert "Traceback" not in err
    assert site.call("token").returncode == 3
    site.up()
    states = [(run["id"], run["state"]) for run in site.json("status")["runs"]]
    assert states == [(3, "running"), (2, "cancelled"), (1, "succeeded")]
    assert site.call("cancel", "3").returncode == 0
    assert site.lines() == [str(other), "a", "a"]


def test_work_starts_by_itself_at_its_time_with_files_and_with_commits(site: Any, until: Any) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org", *words],
            cwd=site.workspace, check=True, capture_output=True,
        )  # fmt: skip

    say = '[jobs.{n}]\ncommand = ["sh", "-c", "echo {n} >> {effects}"]\n[pipelines.{n}]\njobs = ["{n}"]\n'
    site.config(
        "".join(say.replace("{n}", name) for name in ("tick", "file", "commit", "hook"))
        + '[schedules.tick]\nevery = "2s"\npipeline = "tick"\n'
        + '[schedules.file]\nfiles = ["*.txt"]\npipeline = "file"\n'
        + '[schedules.commit]\non = ["commit"]\npipeline = "commit"\n'
        + '[schedules.hook]\non = ["webhook"]\npipeline = "hook"\n'
    )
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    alone = site.call("schedules", "fire", "hook")
    assert (alone.returncode, "start it with `callboard up`" in alone.stderr) == (2, True)
    site.up()
    until(lambda: site.lines().count("tick") >= 2)
    assert set(site.lines()) == {"tick"}
    (site.workspace / "a.txt").write_text("x")
    until(lambda: "file" in site.lines())
    git("add", ".")
    git("commit", "-q", "-m", "second")
    until(lambda: "commit" in site.lines())
    assert "does not listen to webhooks" in site.call("schedules", "fire", "tick").stderr
    assert site.call("schedules", "fire", "hook").returncode == 0
    until(lambda: "hook" in site.lines())
    triggers = {run["name"]: run["trigger"] for run in site.json("runs")}
    assert set(triggers) == {"tick", "file", "commit", "hook"}
    assert triggers["hook"].startswith("webhook by ")
    assert "tick" in triggers["tick"]
    rows = {row["name"]: row for row in site.json("schedules")}
    assert rows["tick"]["last"]["run"] >= 1
    assert len(rows["tick"]["next"]) == 3


def test_an_engine_that_cannot_read_its_log_says_so_and_ends(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["true"]\n')
    site.call("run", "--trust")
    with closing(sqlite3.connect(site.data / "callboard.db")) as database, database:
        database.execute("INSERT INTO event (at, kind, run, task, body) VALUES (1, 'Riddle', NULL, NULL, '{}')")
    done = site.call("up", "--port", "0", "--no-open")
    assert done.returncode == 1
    assert "Riddle" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_feed_over_rest_holds_what_the_command_line_shows(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["echo", "out"]\n')
    site.up()
    site.call("run")
    done = site.call("run", "--events")
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    assert (kinds[0], kinds.count("AttemptEnded")) == ("RunSubmitted", 1)
    assert site.call("logs", "2.a", "--follow").stdout == "out\n"
    address, _, token = site.call("token").stdout.strip().partition("/?token=")
    answer = httpx.get(f"{address}/api/v1/runs", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert [row["id"] for row in answer.json()] == [2, 1]


@pytest.mark.long
def test_the_console_at_the_terminal_holds_the_lines_of_all_and_goes_on(site: Any, until: Any) -> None:
    site.config(
        '[jobs.a]\ncommand = ["sh", "-c", "echo one; echo WARNING: two; printf last"]\n'
        "[jobs.b]\ncommand = ['printf', 'E  three\\n\\033[31mred\\n0 errors\\n']\n"
    )
    site.call("run", "--trust")
    lines = site.call("logs", "--all").stdout.splitlines()
    assert {line for line in lines if line.startswith("1.0")} == {"1.0 a | one", "1.0 a | WARNING: two", "1.0 a | last"}
    assert "1.1 b | red" in lines
    assert site.call("logs", "--all", "--level", "error").stdout == "1.1 b | E  three\n"
    assert site.call("logs", "--all", "--level", "warning", "--text", "TWO").stdout == "1.0 a | WARNING: two\n"
    assert site.call("logs", "--all", "--agent", "quality").stdout == ""
    for words in (("logs",), ("logs", "--all", "1.0"), ("logs", "1.0", "--agent", "quality")):
        assert site.call(*words).returncode == 2
    site.up()
    assert site.call("logs", "--all").stdout.splitlines() == lines
    following = site.start("logs", "--all", "-f", "--text", "one")
    assert following.stdout is not None
    assert following.stdout.readline() == "1.0 a | one\n"
    site.call("run")
    assert following.stdout.readline() == "2.0 a | one\n"

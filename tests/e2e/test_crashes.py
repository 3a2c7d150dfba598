"""What becomes of work when a person, or the kernel, ends things in the middle."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest


def test_ctrl_c_cancels_and_leaves_no_process_behind(site: Any, until: Any, processes: Any) -> None:
    word = f"{os.getpid()}.7315"
    site.config(
        f"""
        [jobs.grand]
        command = ["sh", "-c", "setsid sleep {word} & (trap '' TERM; setsid sleep {word}) & echo on >> {{effects}}; sleep {word}"]
        [jobs.later]
        command = ["true"]
        needs = ["grand"]
        """
    )
    process = site.start("run", "--trust")
    until(lambda: site.lines() and len(processes(word)) >= 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "2 cancelled of 2" in out
    assert processes(word) == []


def test_a_killed_run_is_taken_up_again_with_nothing_lost_and_nothing_doubled(site: Any, until: Any) -> None:
    job = '[jobs.{n}]\ncommand = ["sh", "-c", "echo {n} >> {effects}; sleep {s}; echo {n}. >> {effects}"]\ncpus = 0.1\n'
    lasting = {"a": "0.2", "b": "2", "c": "5"}
    text = "".join(job.replace("{n}", name).replace("{s}", seconds) for name, seconds in lasting.items())
    site.config(text + '[jobs.d]\ncommand = ["sh", "-c", "echo d >> {effects}"]\nneeds = ["a", "b", "c"]\n')
    process = site.start("run", "--trust")
    until(lambda: {"a.", "b", "c"} <= set(site.lines()))
    process.kill()
    process.wait()
    board = site.json("status")
    assert [run["state"] for run in board["runs"]] == ["running"]
    site.up()
    until(lambda: site.run_row(1)["state"] == "succeeded")
    assert sorted(site.lines()) == ["a", "a.", "b", "b.", "c", "c.", "d"]
    assert {row["attempt"] for row in site.run_row(1)["tasks"].values()} == {1}


@pytest.mark.long
def test_what_a_killed_run_left_running_is_cancelled_without_a_server_and_starts_nothing(
    site: Any, until: Any, processes: Any
) -> None:
    word = f"{os.getpid()}.9127"
    site.config(
        f"""
        [engine]
        parallelism = 1
        [jobs.a]
        command = ["sh", "-c", "echo a >> {{effects}}; sleep {word}"]
        estimate_s = 99
        [jobs.b]
        command = ["sh", "-c", "echo b >> {{effects}}"]
        """
    )
    process = site.start("run", "--trust")
    until(site.lines)
    process.kill()
    process.wait()
    assert site.call("pause", "quality").returncode == 0
    assert site.call("cancel", "1.a").returncode == 0
    assert processes(word) == []
    assert {name: row["state"] for name, row in site.run_row(1)["tasks"].items()} == {"a": "cancelled", "b": "waiting"}
    assert site.call("cancel", "1").returncode == 0
    assert site.run_row(1)["state"] == "cancelled"
    assert site.lines() == ["a"]


@pytest.mark.long
def test_lost_work_that_may_not_run_twice_waits_for_a_persons_word(site: Any, until: Any) -> None:
    site.config(
        '[jobs.pay]\ncommand = ["sh", "-c", "echo pay >> {effects}; test $(wc -l < {effects}) = 2 || sleep 30"]\n'
    )
    process = site.start("run", "--trust")
    until(site.lines)
    process.kill()
    process.wait()
    attempt = site.json("status", "1.pay")["attempts"][0]
    os.kill(attempt["pid"], signal.SIGKILL)
    server = site.up()  # the next engine finds out what became of it
    until(lambda: site.json("inbox"))
    server.kill()
    server.wait()
    (question,) = site.json("inbox")
    assert (question["task"], question["question"], question["choices"]) == ("1.0", "decision", ["retry", "give up"])
    assert site.run_row(1)["tasks"]["pay"]["state"] == "needs decision"
    assert site.lines() == ["pay"]
    wrong = site.call("decide", "1.pay", "perhaps")
    assert (wrong.returncode, "retry" in wrong.stderr) == (2, True)
    done = site.call("decide", "1.pay", "retry")
    assert done.returncode == 0, done.stderr
    assert site.lines() == ["pay", "pay"]
    assert site.json("inbox") == []


def test_only_one_engine_works_on_a_data_folder(site: Any, until: Any) -> None:
    site.config('[jobs.a]\ncommand = ["sh", "-c", "echo a >> {effects}; sleep 20"]\n')
    first = site.start("run", "--trust")
    until(site.lines)
    second = site.call("run")
    assert second.returncode == 2
    assert f"another Callboard (process {first.pid})" in second.stderr
    assert "--data" in second.stderr
    assert site.run_row(1)["state"] == "running"
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert first.returncode == 130


def test_a_workspace_runs_only_when_somebody_trusts_it_as_it_is(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["sh", "-c", "echo a >> {effects}"]\n')
    refused = site.call("run", "--json")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--trust" in refused.stderr
    assert site.call("plan").returncode == 0
    assert site.lines() == []
    assert site.call("run", "--trust").returncode == 0
    assert site.call("run").returncode == 0
    site.config('[jobs.a]\ncommand = ["sh", "-c", "echo changed >> {effects}"]\n')
    again = site.call("run")
    assert (again.returncode, "has changed" in again.stderr) == (2, True)
    assert site.lines() == ["a", "a"]


def test_doctor_finds_what_was_planted(site: Any) -> None:
    site.config('[jobs.a]\ncommand = ["true"]\n')
    site.call("run", "--trust")
    database: Path = next(site.data.glob("*.db"))
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    database.write_bytes(content)
    for side in site.data.glob("*.db-*"):
        side.unlink()
    (site.workspace / "callboard.toml").write_text("[jobs.a]\ncomand = ['x']\n")
    done = site.call("doctor", "--json")
    assert done.returncode == 1, done.stderr

    faults = {check["name"]: check for check in json.loads(done.stdout) if check["level"] == "fault"}
    assert "database" in faults
    assert any("comand" in check["words"] and "callboard.toml:2" in check["words"] for check in faults.values())
    assert all(check["fix"] for check in faults.values())

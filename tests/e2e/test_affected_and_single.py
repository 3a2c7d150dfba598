"""Only what is affected runs, one action runs by itself, and a run knows its commit: by the real command line."""

import subprocess
import time
from typing import Any

import pytest

SETTLE_S = 0.1


def git(site: Any, *words: str) -> None:
    who = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
    subprocess.run(["git", *who, *words], cwd=site.workspace, check=True, capture_output=True)


def write(site: Any, path: str, text: str) -> None:
    (site.workspace / path).write_text(text)
    time.sleep(SETTLE_S)


def test_a_second_run_leaves_out_what_is_unchanged_and_says_which_run_stands(site: Any) -> None:
    site.config('[jobs."refactor.complexity"]\n')
    write(site, "a.py", "x = 1\n")
    assert site.call("run", "--trust", "--affected").returncode == 0
    assert site.call("run", "--affected").returncode == 0
    task = site.run_row(2)["tasks"]["refactor.complexity"]
    assert (task["state"], task["verdict"], task["stands_for"]) == ("unchanged", "pass", "1.0#1")
    assert task["reason"].startswith("unchanged since run 1: the same ")
    write(site, "a.py", "x = 2\n")
    (job,) = site.json("plan", "--affected")["jobs"]
    assert (job["changes"], job["stands_for"]) == (["a.py"], None)
    assert "inputs changed since run 1: a.py" in job["affected"] or "1 of 1 inputs changed" in job["affected"]
    assert "inputs changed since run 1: a.py" in site.call("plan", "--affected").stdout
    assert site.call("run", "--affected").returncode == 0
    assert site.run_row(3)["tasks"]["refactor.complexity"]["state"] == "succeeded"


def test_one_action_runs_by_itself_with_typed_options(site: Any) -> None:
    site.config('[jobs."refactor.complexity"]\nenabled = false\n')
    write(site, "a.py", "x = 1\n")
    done = site.call("do", "refactor.complexity", "--trust", "-o", "no_such=1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "refactor.complexity has no option 'no_such'" in done.stderr
    assert "name either an action" in site.call("do").stderr
    assert "Did you mean 'refactor.complexity'" in site.call("do", "refactor.complexty").stderr
    assert "the workspace has no folder 'web'" in site.call("do", "refactor.complexity", "-F", "web").stderr
    assert "nobody offers 'no-such-thing'" in site.call("do", "--wants", "no-such-thing").stderr
    assert site.call("do", "refactor.complexity").returncode == 0
    run = site.run_row(1)
    assert (run["name"], list(run["tasks"]), run["total"]) == ("do refactor.complexity", ["refactor.complexity"], 1)


def test_the_server_runs_one_action_too(site: Any) -> None:
    site.config("")
    write(site, "a.py", "x = 1\n")
    site.up()
    done = site.call("do", "refactor.complexity", "--json")
    assert done.returncode == 0, done.stderr
    assert "handed over to the server" in done.stderr
    assert site.call("run", "--affected", "-o", "nothing").returncode == 2


@pytest.mark.long
def test_another_option_for_this_once_is_in_the_plan_and_in_the_task(site: Any) -> None:
    site.config('[jobs."refactor.complexity"]\n')
    write(site, "a.py", "x = 1\n")
    plan = site.json("plan", "-o", "refactor.complexity.folder=")
    assert plan["jobs"][0]["options"] == {"folder": ""}
    assert "refactor.complexity: folder is '' this time" in plan["notes"]
    assert "has no option 'fold'" in site.call("plan", "-o", "refactor.complexity.fold=x").stderr
    assert "write it as job.key=value" in site.call("plan", "-o", "folder=x").stderr


@pytest.mark.long
def test_a_run_knows_its_commit_and_a_task_the_commits_since_it_passed(site: Any) -> None:
    site.config('[jobs.build]\ncommand = ["test", "-f", "good"]\n')
    git(site, "init", "-qb", "main")
    write(site, "good", "")
    git(site, "add", "-A")
    git(site, "commit", "-qm", "All is well")
    assert site.call("run", "--trust").returncode == 0
    first = site.run_row(1)["git"]
    assert (first["branch"], first["dirty"], first["subject"]) == ("main", False, "All is well")
    git(site, "rm", "-q", "good")
    git(site, "commit", "-qm", "Drop \x1b[31mit")
    write(site, "loose", "x")
    assert site.call("run").returncode == 1
    second = site.json("status", "2")["run"]["git"]
    assert (second["changed"], second["dirty"]) == (1, True)
    changes = site.json("status", "2.0")["changes"]
    assert changes["since"] == {"run": 1, "commit": first["commit"], "branch": "main"}
    assert [commit["subject"] for commit in changes["commits"]] == ["Drop \ufffd[31mit"]
    assert changes["files"] == ["good"]
    shown = site.call("status", "2.0").stdout
    assert f"1 commit since it last passed (run 1, {first['commit'][:7]}), with 1 file that it reads" in shown
    assert "1 file was changed without a commit" in shown
    assert f"on main at {second['commit'][:7]}" in site.call("status", "2").stdout
    assert [row["git"]["branch"] for row in site.json("runs")] == ["main", "main"]


@pytest.mark.long
def test_needs_are_learned_and_the_plan_says_so(site: Any) -> None:
    site.config('[jobs.build]\ncommand = ["sleep", "0.4"]\ncpus = 2\nmemory_mb = 4096\n')
    for _ in range(3):
        assert site.call("run", "--trust").returncode == 0
    (job,) = site.json("plan")["jobs"]
    assert job["needs"]["declared"]["memory_mb"] == 4096
    assert job["needs"]["memory_mb"] == 64
    assert job["needs"]["learned"].startswith("declared 4.0 GiB, used ")
    assert "64 MiB planned" in site.call("plan").stdout
    assert site.call("run").returncode == 0
    assert site.run_row(4)["tasks"]["build"]["needs"]["memory_mb"] == 64
    site.config('[jobs.build]\ncommand = ["sleep", "0.4"]\ncpus = 2\nmemory_mb = 4096\nfixed = true\n')
    assert site.json("plan")["jobs"][0]["needs"]["memory_mb"] == 4096

"""A patch from an agent to the user's files, and a report from elsewhere to findings, by the real program."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

import httpx

CASE = '<testcase classname="app.test_a" name="t" file="/ci/shop/app/a.py"><failure message="no"/></testcase>'
JUNIT = f"<testsuite>{CASE}</testsuite>"


def git(site: Any, *words: str) -> str:
    command = ["git", "-C", str(site.workspace), "-c", "user.name=t", "-c", "user.email=t@example.org", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_patch_is_proposed_checked_accepted_and_undone(site: Any, until: Callable[..., Any]) -> None:
    (site.workspace / "app").mkdir()
    (site.workspace / "app" / "a.py").write_text("import os\n\n\ndef f(x):\n    return x == None\n")
    site.config('[jobs."refactor.fixes"]\noptions = {select = "F401"}\n')
    (site.workspace / "ruff.toml").write_text("line-length = 100\n")
    git(site, "init", "-q")
    git(site, "add", "-A")
    git(site, "commit", "-qm", "first")
    assert site.call("run", "--trust").returncode == 0
    (row,) = site.json("patches")
    number = str(row["id"])
    assert (row["state"], row["files"], row["task"]) == ("proposed", ["app/a.py"], "1.0")
    assert any(entry["before"] == "1" and entry["after"] == "0" for entry in row["proof"]), row["proof"]
    assert site.call("patch", "check", number).returncode == 0
    shown = site.call("patch", "show", number).stdout
    assert "-import os" in shown
    assert "It applies cleanly" in shown

    accepted = site.call("patch", "accept", number)
    assert (accepted.returncode, "nothing was committed or staged" in accepted.stdout) == (0, True), accepted.stderr
    assert "import os" not in (site.workspace / "app" / "a.py").read_text()
    assert git(site, "diff", "--cached", "--name-only") == ""
    assert site.run_row(2)["trigger"] == f"patch {number} accepted"
    assert site.run_row(2)["tasks"]["refactor.fixes"]["state"] == "succeeded"

    site.up()
    link = site.call("token").stdout.strip()
    base, _, token = link.partition("/?token=")
    with httpx.Client(base_url=f"{base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        answer = client.post(f"/patches/{number}/undo").json()
        assert (answer["patch"]["state"], git(site, "status", "--porcelain")) == ("undone", "")
        (site.workspace / "app" / "a.py").write_text("something = 'else'\n")
        refused = client.post(f"/patches/{number}/accept")
        assert (refused.status_code, "does not apply" in refused.json()["detail"]) == (409, True)
        git(site, "checkout", "-q", "--", "app")

        big = client.post("/ingest", content=b"x" * (52 << 20))
        assert big.status_code == 413
        run = client.post("/ingest?source=GitHub%20Actions&commit=1a2b3c4&filename=j.xml", content=JUNIT).json()["run"]
        until(lambda: client.get(f"/runs/{run}").json()["run"]["state"] not in ("waiting", "running"))
        told = client.get(f"/runs/{run}").json()
        assert (told["run"]["name"], told["run"]["trigger"]) == ("ingest", "upload from GitHub Actions, commit 1a2b3c4")
        (finding,) = client.get(f"/runs/{run}/findings").json()
        assert (finding["path"], finding["rule"]) == ("app/a.py", "test-failed")


def test_reports_are_taken_in_without_a_server(site: Any) -> None:
    site.config("")
    results = [{"ruleId": "r1", "level": "error", "message": {"text": "bad"}}]
    driver = {"driver": {"name": "Semgrep", "version": "1.2"}}
    (site.workspace / "a.sarif").write_text(
        json.dumps({"version": "2.1.0", "runs": [{"tool": driver, "results": results}]})
    )
    (site.workspace / "b.xml").write_text("<!DOCTYPE x [<!ENTITY a 'b'>]><testsuites>&a;</testsuites>")
    done = site.call("ingest", "a.sarif", "b.xml", "--trust", "--source", "Jenkins", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["outcome"]) == (1, "failed"), done.stderr
    verdicts = {task["name"]: task["verdict"] for task in told["tasks"]}
    assert verdicts == {"security.report:1": "fail", "quality.report:2": "unknown"}
    assert [(f["rule"], f["witnesses"]) for f in told["findings"]] == [("r1", [{"tool": "Semgrep", "version": "1.2"}])]
    missing = site.call("ingest", "none.xml", "--trust")
    assert (missing.returncode, "none.xml cannot be read" in missing.stderr) == (2, True)

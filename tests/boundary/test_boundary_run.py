"""A run through the real program: a refusal fails its task with the rule's name, the plan told it before, the rest goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

CONFIG = """
[workspace]
detect = false
[jobs.dev]
command = ["npm", "run", "dev"]
[jobs.sly]
command = ["python3", "-c", "import socket; socket.socket().bind(('127.0.0.1', 5000 + 173))"]
[jobs.schema]
action = "api.schema"
options = {url = "http://2130706433:6770/openapi.json"}
[jobs.honest]
command = ["python3", "-c", "import socket; socket.socket().bind(('127.0.0.1', 0))"]
"""
RULES = {
    "dev": "(rule: boundary.protected_ports)", "sly": "(rule: boundary.protected_ports)", "schema": "(rule: boundary.live_reads)",
}  # fmt: skip


def callboard(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program, on the workspace and data of the test."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CALLBOARD")}
    given = [
        sys.executable,
        "-m",
        "callboard",
        *words,
        "--workspace",
        str(place / "work"),
        "--data",
        str(place / "data"),
    ]
    return subprocess.run(
        given, capture_output=True, text=True, env=plain, stdin=subprocess.DEVNULL, timeout=120, check=False
    )


def test_refusals_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "callboard.toml").write_text(CONFIG)
    (tmp_path / "work" / "package.json").write_text('{"scripts": {"dev": "npm run ui", "ui": "vite --host"}}')
    done = callboard(tmp_path, "run", "--trust", "--json")
    assert done.returncode == 1, done.stderr
    tasks = {task["name"]: task for task in json.loads(done.stdout)["tasks"]}
    assert tasks["honest"]["state"] == "succeeded"
    for name, rule in RULES.items():
        assert tasks[name]["state"] == "failed", tasks[name]
        assert tasks[name]["reason"].endswith(rule), tasks[name]
        assert tasks[name]["attempts"] == 1, "to try again would change nothing"
    assert "script 'ui' of package.json" in tasks["dev"]["reason"]
    told = json.loads(callboard(tmp_path, "boundary", "--json").stdout)
    assert {row["who"].split(" ")[0] for row in told["refused"]} == set(RULES)
    refused = {row["job"] for row in json.loads(callboard(tmp_path, "plan", "--json").stdout)["refused"]}
    assert refused == {"dev", "schema"}, "what is only found out when it happens is not in the plan"
    up = callboard(tmp_path, "up", "--port", "6770", "--no-open")
    assert up.returncode == 2
    assert "port 6770 belongs to the platform" in up.stderr

"""What the platform is spared by services and deployments: its processes are not ended, its ports not published."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from callboard.api import BoundaryError, CallboardError
from callboard.config import read_config
from callboard_infra_deploy.processes import MARK, SERVICE, end_family, family


def test_a_protected_process_is_not_ended_though_it_carries_our_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {**os.environ, SERVICE: "shop", MARK: "m1"}
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", "input()", "crew_main.py"], stdin=subprocess.PIPE, env=given
    )
    try:
        while not family("shop", "m1"):
            time.sleep(0.01)
        monkeypatch.setenv("CALLBOARD_BOUNDARY", json.dumps({"processes": ["*crew_main.py*"]}))
        with pytest.raises(
            BoundaryError, match=r"protected by '\*crew_main.py\*' \(rule: boundary.protected_processes\)"
        ):
            end_family("shop", "m1", 0.1)
        assert process.poll() is None
        monkeypatch.setenv("CALLBOARD_BOUNDARY", "{}")
        end_family("shop", "m1", 2.0)
        assert process.wait(10) == -signal.SIGTERM
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ('[services.web]\ncommand = ["vite", "--port", "5173"]', "boundary.protected_ports"),
        ('[services.web]\ncommand = ["vite"]', "boundary.protected_ports"),
        ('[services.web]\ncommand = ["x"]\nport = 6770', "boundary.protected_ports"),
        ('[services.web]\ncommand = ["x"]\nenv = {UVICORN_PORT = "6770"}', "boundary.protected_ports"),
        ('[services.web]\ncommand = ["x"]\nenv = {GIT_DIR = "/x"}', "workspace"),
        ('[environments.test]\ncommand = ["uvicorn", "--port", "6770"]\nport = 8123', "boundary.protected_ports"),
        ('[environments.test]\ncommand = ["x"]\nport = 8123\nenv = {PORT = "5173"}', "boundary.protected_ports"),
    ],
)
def test_what_is_written_down_is_refused_when_it_is_read(tmp_path: Path, table: str, rule: str) -> None:
    (tmp_path / "callboard.toml").write_text(table)
    with pytest.raises(CallboardError) as told:
        read_config(tmp_path)
    assert f"(rule: {rule})" in str(told.value)

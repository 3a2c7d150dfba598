"""A workspace, a data folder and the real command line in processes of their own."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from known_tools import keep, lend

LONGEST_S = 60.0


@dataclass
class Site:
    """Calls `callboard` in a workspace with commands that write into `effects`, which lies outside of it."""

    workspace: Path
    data: Path
    effects: Path
    python: str = sys.executable
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def config(self, jobs: str, top: str = "detect = false") -> None:
        """Writes `callboard.toml`; {effects} is put in."""
        text = f"[workspace]\n{top}\n{jobs}".replace("{effects}", str(self.effects))
        (self.workspace / "callboard.toml").write_text(text, "utf-8")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {**kept, "HOME": str(self.data.parent), "CALLBOARD_DATA": str(self.data), "COLUMNS": "100"}

    def call(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            [self.python, "-m", "callboard", *words],
            cwd=self.workspace, env=self.environment | more.pop("env", {}), capture_output=True, text=True,
            timeout=LONGEST_S, stdin=subprocess.DEVNULL, check=False, **more,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        """What a command prints with --json, which must be all of its stdout."""
        done = self.call(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes on; it is ended with the test."""
        process = subprocess.Popen(
            [self.python, "-m", "callboard", *words],
            cwd=self.workspace, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.started.append(process)
        return process

    def up(self, *words: str) -> subprocess.Popen[str]:
        """A server on a free port, once it answers."""
        process = self.start("up", "--port", "0", "--no-open", "--trust", *words)
        assert process.stdout is not None
        for line in process.stdout:
            if "?token=" in line:
                return process
        raise AssertionError(process.stderr.read() if process.stderr else "")

    def lines(self) -> list[str]:
        """What the commands wrote."""
        return self.effects.read_text().split() if self.effects.exists() else []

    def run_row(self, number: int) -> dict[str, Any]:
        """A run with its tasks by name."""
        found = self.json("status", str(number))
        return {**found["run"], "tasks": {row["name"]: row for row in found["tasks"]}}

    def close(self) -> None:
        """Ends what was started."""
        for process in self.started:
            process.kill()
            process.communicate()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One workspace with its own data folder."""
    (tmp_path / "shop").mkdir()
    made = Site(tmp_path / "shop", tmp_path / "data", tmp_path / "effects.txt")
    made.data.mkdir(mode=0o700)
    lend(made.data)
    yield made
    made.close()
    keep(made.data)


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits for something to be true, and gives it."""

    def wait(look: Callable[[], Any], seconds: float = LONGEST_S) -> Any:
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.1)

    return wait


@pytest.fixture
def processes() -> Callable[[str], list[int]]:
    """The processes whose command line holds a word."""

    def find(word: str) -> list[int]:
        listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        own = os.getpid()
        rows = re.findall(r"^\s*(\d+) (.*)$", listed, re.MULTILINE)
        return [int(pid) for pid, args in rows if word in args and int(pid) != own and "callboard" not in args]

    return find

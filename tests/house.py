"""The real program on a workspace of its own, for tests that want to see in the engine what a control did."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from known_tools import keep, lend

LONGEST_S = 60.0
CONFIG = """\
[workspace]
detect = false

[jobs."check.quick"]
command = ["python3", "-c", "print('quick')"]
agent = "quality"

[jobs."check.broken"]
command = ["python3", "-c", "print('one'); print('Error: two'); raise SystemExit(3)"]
agent = "quality"

[jobs."check.later"]
command = ["python3", "-c", "print('later')"]
agent = "security"
needs = ["check.broken"]

[jobs."work.slow"]
command = ["python3", "slow.py"]
agent = "infra"
"""
SLOW = "import time\n\nfor n in range(600):\n    print('step', n, flush=True)\n    time.sleep(0.2)\n"


class House:
    """`callboard up` on a git workspace with these files; `api` speaks to it as a program would, `call` as a terminal.

    It has what `Stage` has for a visitor: `base`, `session`. `python` is the interpreter, one that sees other plugins, say.
    """

    python = sys.executable

    def __init__(
        self,
        home: Path,
        config: str = CONFIG,
        files: Mapping[str, str] | None = None,
        *words: str,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.more = dict(env or {})
        self.home = home
        self.workspace = home / "shop"
        self.data = home / "data"
        self.words = words
        self.workspace.mkdir()
        for name, text in {"callboard.toml": config, "README.md": "# Shop\n", "slow.py": SLOW, **(files or {})}.items():
            path = self.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.data.mkdir(mode=0o700)
        lend(self.data)
        self.git("init", "-q", "-b", "main")
        self.commit("begin")
        self.start()

    def git(self, *words: str) -> str:
        """git in the workspace."""
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        done = subprocess.run(
            ["git", *who, *words],
            cwd=self.workspace,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def commit(self, words: str) -> None:
        """Everything as it is."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", words)

    def start(self) -> None:
        """Starts the server and signs a visitor in."""
        self.log = (self.home / "server.log").open("ab")
        begun = self.log.tell()
        self.process = subprocess.Popen(
            [self.python, "-m", "callboard", "up", "--port", "0", "--no-open", "--trust", *self.words],
            cwd=self.workspace, env=self._environment(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )  # fmt: skip
        link = self.until(lambda: self._link(begun))
        self.base, _, token = link.partition("/?token=")
        self.api = httpx.Client(
            base_url=f"{self.base}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20.0
        )
        self.session = dict(httpx.get(link).cookies)

    def _link(self, begun: int) -> str:
        text = (self.home / "server.log").read_bytes()[begun:].decode()
        assert self.process.poll() is None, text
        return next((line for line in text.splitlines() if "?token=" in line), "")

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return {**kept, "HOME": str(self.home), "CALLBOARD_DATA": str(self.data), "COLUMNS": "100", **self.more}

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the terminal, to its end."""
        return subprocess.run(
            [self.python, "-m", "callboard", *words],
            cwd=self.workspace, env=self._environment(), capture_output=True, text=True, timeout=LONGEST_S,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip

    def get(self, path: str) -> Any:
        """A resource of the API."""
        answer = self.api.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """A wish by the API."""
        answer = self.api.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def run(self, *only: str) -> int:
        """Starts these jobs."""
        return int(self.post("/runs", {"only": list(only)})["run"])

    def ended(self, run: int) -> Any:
        """The run with its tasks by name, once it is over."""
        self.until(lambda: self.get(f"/runs/{run}")["run"]["ended"])
        found = self.get(f"/runs/{run}")
        return {**found, "tasks": {task["name"]: task for task in found["tasks"]}}

    def task(self, run: int, name: str) -> Any:
        """A task of a run as it stands."""
        return next(task for task in self.get(f"/runs/{run}")["tasks"] if task["name"] == name)

    def until(self, look: Callable[[], Any], seconds: float = LONGEST_S) -> Any:
        """Waits for something to be true, and gives it."""
        end = time.monotonic() + seconds
        while True:
            found = look()
            if found:
                return found
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.05)

    def close(self) -> None:
        """Ends the server; what it runs ends with `--data`'s next owner, so everything is cancelled before."""
        keep(self.data)
        if self.process.poll() is None:
            for run in self.get("/runs"):
                if not run["ended"]:
                    self.api.post(f"/runs/{run['id']}/cancel", json={"reason": "the test is over"})
            self.process.terminate()
        self.api.close()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.log.close()

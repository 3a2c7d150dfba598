"""A small git workspace with a server that can be deployed; used by the tests of deployments."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from callboard.testing import Outcome, run_action
from callboard_infra_deploy import InfraDeploy
from callboard_infra_deploy.deployment.store import Store
from callboard_infra_deploy.processes import MARK, WORKSPACE, environment, everyone

APP = """
import http.server, os, sys, time
VERSION = "{version}"
FLAGS = "{flags}".split()
if "die" in FLAGS:
    sys.exit("no database here")
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if "hang-behind" in FLAGS and not self.headers["Host"].endswith(":" + sys.argv[1]):
            time.sleep(60)
        body = (VERSION + " " + os.environ.get("GREETING", "")).encode()
        self.send_response(503 if "ill" in FLAGS else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        print("asked for", self.path, flush=True)
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
print("version", VERSION, "listens", flush=True)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
HOME = {"HOME": "/nonexistent", "GIT_AUTHOR_NAME": "ann", "GIT_AUTHOR_EMAIL": "ann@example.org"}
IDENTITY = {**HOME, "GIT_COMMITTER_NAME": "ann", "GIT_COMMITTER_EMAIL": "ann@example.org"}


def open_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Place:
    """The workspace, its data folder and the environment 'staging'."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.workspace = root / "shop"
        self.workspace.mkdir()
        self.data = root / "data"
        self.port = open_port()
        self.table: dict[str, Any] = {
            "command": [sys.executable, "app.py", "{port}"],
            "port": self.port,
            "health": {"url": "/healthz", "status": 200, "within": "10s", "steady": 2},
        }
        self.environments: dict[str, Any] | None = None
        self._runs = 0
        self.git("init", "-q", "-b", "main")

    @property
    def config(self) -> dict[str, Any]:
        return {
            "environments": {"staging": self.table} if self.environments is None else self.environments,
            "boundary": {"probes_per_second": 50.0},
        }

    def git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],
            cwd=self.workspace,
            env={**os.environ, **IDENTITY},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, version: str, flags: str = "") -> str:
        (self.workspace / "app.py").write_text(APP.format(version=version, flags=flags), "utf-8")
        self.git("add", "app.py")
        self.git("commit", "-q", "-m", f"version {version}")
        return self.git("rev-parse", "HEAD")

    def spool(self) -> Path:
        """As the engine lays it out: one run with one task."""
        self._runs += 1
        spool = self.data / "attempts" / str(self._runs) / "0" / "1"
        spool.mkdir(parents=True)
        return spool

    def outcome(self, action: str, before: list[dict[str, Any]] | None = None, **options: object) -> Outcome:
        given = {"environment": "staging", **options}
        return run_action(
            InfraDeploy(),
            action,
            self.workspace,
            given,
            config=self.config,
            spool=self.spool(),
            data=self.data,
            before=before or (),
        )

    def run(self, action: str, **options: object) -> tuple[str, str]:
        """The verdict and the summary."""
        result = self.outcome(action, None, **options).result
        return (str(result.verdict), result.summary) if result else ("", "")

    def deploy(self, **options: object) -> tuple[str, str]:
        return self.run("deploy", **options)

    def ask(self) -> str:
        """What the environment's port answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=10) as answer:
            return str(answer.read().decode()).strip()

    def refuses(self) -> bool:
        """Whether nothing serves."""
        try:
            self.ask()
        except urllib.error.HTTPError as error:
            error.close()
            return error.code == 502
        except OSError:
            return True
        return False

    @property
    def folder(self) -> Path:
        return next((self.data / "releases").glob("*/staging"))

    def release(self, number: int) -> dict[str, Any]:
        return dict(json.loads((self.folder / str(number) / "release.json").read_text("utf-8")))

    def events(self) -> list[str]:
        lines = (self.folder / "history.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line)["event"] for line in lines]

    def running(self) -> dict[int, str]:
        """Each living process that was started for this workspace, with its name."""
        found = {}
        for seen in everyone():
            given = environment(seen.pid)
            if MARK in given and given.get(WORKSPACE) == str(self.workspace):
                found[seen.pid] = given["CALLBOARD_SERVICE"]
        return found


__all__ = ["APP", "Place", "Store", "open_port"]

"""The server of a bench, in a process of its own on a data folder that goes with it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from callboard.errors import CallboardError
from callboard.guard.running import RunningServer, running_server

ENDING_S = 60.0


@dataclass(frozen=True, slots=True)
class Served:
    """A stage that answers."""

    data: Path
    server: RunningServer
    process: psutil.Process


@contextmanager
def served(*words: object) -> Iterator[Served]:
    """Runs `callboard.bench.stage` with these words after DATA and PORT; raises `CallboardError` when it does not start."""
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as folder:
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith("NICEGUI_") and k != "PYTEST_CURRENT_TEST"
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "callboard.bench.stage", folder, "0", *map(str, words)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment,
        )  # fmt: skip
        try:
            if process.stdout is None or not process.stdout.readline():
                raise CallboardError("the server of the bench did not start")
            server = running_server(Path(folder))
            if server is None:
                raise CallboardError("the server of the bench is not to be found")
            yield Served(Path(folder), server, psutil.Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(ENDING_S)
            if process.stdout is not None:
                process.stdout.close()

"""How long it takes until something answers, and what the server takes when nothing happens."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from callboard.bench.figures import Figure, figure_of, repeated
from callboard.errors import CallboardError
from callboard.guard.running import running_server

PATIENCE_S = 60.0
SETTLE_S = 5.0
IDLE_S = 10.0


def start(runs: int) -> list[Figure]:
    """Seconds for `callboard --help`, for the engine without pages, and for the server; MiB and CPU of the idle server."""
    figures = [
        repeated("callboard --help", "s", "≤ 0.2", runs, lambda: _timed("-m", "callboard", "--help")),
        repeated("engine without pages: start to ready", "s", "≤ 0.3", runs, _engine),
    ]
    answers = [_server(idle=number == 0) for number in range(runs)]
    figures.append(figure_of("server: start to first 200", "s", "≤ 2.5", [seconds for seconds, _, _ in answers]))
    figures.append(figure_of("server, idle: memory", "MiB", "≤ 120", [memory for _, memory, _ in answers]))
    figures.append(figure_of("server, idle: CPU of one core", "%", "≤ 1", [cpu for _, _, cpu in answers[:1]]))
    return figures


def _timed(*words: str) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, *words], check=True, capture_output=True, timeout=PATIENCE_S)
    return time.monotonic() - began


def _engine() -> float:
    """From the start of a program to an engine that takes commands; the interpreter's own start included.

    The first start on a data folder also asks all plugins who they are; measured is the second.
    """
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as folder:
        ready = (
            "import time, sys; from pathlib import Path\n"
            "from callboard.settings import Settings; from callboard.wiring import House\n"
            "place = Path(sys.argv[1])\n"
            "house = House(Settings(data=place, workspace=place)); house.__enter__(); print(time.time(), flush=True)\n"
            "house.__exit__(None, None, None)\n"
        )
        for _ in range(2):
            began = time.time()
            done = subprocess.run(
                [sys.executable, "-c", ready, folder], check=True, capture_output=True, text=True, timeout=PATIENCE_S
            )
    return float(done.stdout.split()[0]) - began


def _server(*, idle: bool) -> tuple[float, float, float]:
    """Seconds to the first 200 of the first page, MiB resident, per cent of a core over IDLE_S (0 unless `idle`)."""
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as folder:
        place = Path(folder)
        workspace = place / "workspace"
        workspace.mkdir()
        (workspace / "hello.py").write_text("print('hello')\n", "utf-8")
        data = place / "data"
        words = ["up", "--no-open", "--port", "0", "--trust", "--data", str(data), "--workspace", str(workspace)]
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "callboard", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _first_answer(process, data)
            seconds = time.monotonic() - began
            time.sleep(SETTLE_S if idle else 0.5)
            watched = psutil.Process(process.pid)
            memory = watched.memory_info().rss / (1 << 20)
            cpu = 0.0
            if idle:
                before = sum(watched.cpu_times()[:2])
                time.sleep(IDLE_S)
                cpu = (sum(watched.cpu_times()[:2]) - before) / IDLE_S * 100
        finally:
            os.kill(process.pid, signal.SIGTERM)
            process.wait(PATIENCE_S)
    return seconds, memory, cpu


def _first_answer(process: "subprocess.Popen[bytes]", data: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise CallboardError(f"the server ended with {process.returncode} before it answered")
        server = running_server(data)
        if server is not None:
            request = urllib.request.Request(server.address + "/")  # noqa: S310
            request.add_header("Authorization", f"Bearer {server.token}")
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
        time.sleep(0.02)
    raise CallboardError(f"the server did not answer within {PATIENCE_S:.0f} s")

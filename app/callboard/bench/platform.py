"""What a platform notices of Callboard beside it: nothing, it is hoped; measured on a small one with a real crew.

Needs a checkout (the platform lies in `tests/platform_real`), and a Python that has crewai, fastapi and uvicorn, named by
CALLBOARD_CREW_PYTHON. The platform is on 6770 and 5173 where these are free.
"""

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

from callboard.bench.figures import Figure, figure_of
from callboard.errors import CallboardError
from callboard.guard.crew_token import CrewToken
from callboard.guard.running import RunningServer, running_server
from callboard.work.workspace import GIT_SAFE

WINDOW_S = 6.0
PER_SECOND = 40
SETTLE_S = 2.0
PATIENCE_S = 120.0
LOAD_S = 900.0
MOST_TOLD = 20
TURN_S = 1.0
TURN_PER_SECOND = 100
PAIRS = 20
PORTS = (6770, 5173)


@dataclass(slots=True)
class Seen:
    """What one state of Callboard came to: p95 of the API per window in ms, what the crew made, and by how many percent p95
    is higher while Callboard goes on than while it is halted, in turns, so that whatever else the machine does falls on both.
    """

    p95: list[float] = field(default_factory=list)
    failed: int = 0
    made: set[str] = field(default_factory=set)
    turns: list[float] = field(default_factory=list)


def platform(runs: int) -> list[Figure]:
    """The API's p95 while Callboard is down, up, watching, killed, and at work; and what it left behind. Takes minutes."""
    with ExitStack() as stack:
        stand = stack.enter_context(standing())
        before = tree_hashes(stand.work)
        seen: dict[str, Seen] = {name: Seen() for name in ("down", "up", "watched", "killed", "load")}
        for _ in range(runs):
            stand.measure(seen["down"])
            with stand.callboard() as server:
                stand.measure(seen["up"])
                stand.measure(seen["watched"], watched=server)
                stand.compare(seen["up"], server, PAIRS)
            with stand.callboard() as server:
                stand.measure(seen["killed"], watched=server, halfway=server.kill)
        with stand.callboard() as server:
            run = stand.start_run()
            for _ in range(int(LOAD_S / WINDOW_S)):
                stand.measure(seen["load"], watched=server)
                stand.compare(seen["load"], server, 3)
                if stand.is_over(run):
                    break
            jobs = stand.jobs(run)
        changed = sorted(set(before.items()) ^ set(tree_hashes(stand.work).items()))
        return figures(stand, seen, {path for path, _ in changed}, jobs)


def figures(stand: "Stand", seen: dict[str, Seen], changed: set[str], jobs: int) -> list[Figure]:
    """What was measured, in the order of telling."""
    found = [figure_of(f"API p95, Callboard {name}", "ms", "", one.p95) for name, one in seen.items() if one.p95]
    found += [
        figure_of(f"API p95, {name} against halted, in turns", "%", "≤ 5", one.turns)
        for name, one in seen.items()
        if one.turns
    ]
    kept = {path for path in changed if path.startswith(".git/objects/")}
    made = set().union(*(one.made for one in seen.values()))
    workflows = sum(len(one.p95) for one in seen.values())
    counts = {
        "different outputs of the crew": (len(made) - 1, "0"),
        "workflows of the crew": (workflows, ""),
        "requests that failed": (sum(one.failed for one in seen.values()), "0"),
        "signals that the platform got": (len(stand.lines("signals.log")), "0"),
        "requests of others on its ports": (len(stand.foreign()), "0"),
        "files changed in its sources": (len(changed - kept), "0"),
        "objects that git's store has got more": (len(kept), ""),
        "jobs of the seven agents meanwhile": (jobs, ""),
    }
    for path in sorted(changed - kept)[:MOST_TOLD]:
        sys.stderr.write(f"changed: {path}\n")
    return found + [figure_of(name, "", goal, [count]) for name, (count, goal) in counts.items()]


@dataclass(slots=True)
class Up:
    """A Callboard that answers."""

    process: subprocess.Popen[bytes]
    server: RunningServer

    def kill(self) -> None:
        """As the kernel would for want of memory."""
        self.process.send_signal(signal.SIGKILL)

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Meanwhile neither it nor what it has started gets any time."""
        ours = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        _send(ours, signal.SIGSTOP)
        try:
            yield
        finally:
            _send(ours, signal.SIGCONT)


@dataclass(slots=True)
class Stand:
    """The platform at work, and where Callboard keeps its own."""

    work: Path
    data: Path
    notes: Path
    api: int
    port: int
    crews: dict[bool, "Crew"]
    environment: dict[str, str]
    number: int = 0

    def measure(self, seen: Seen, *, watched: Up | None = None, halfway: Callable[[], None] | None = None) -> None:
        """One window: the crew makes a journal while the API is asked steadily."""
        self.number += 1
        name = f"journal-{self.number}"
        crew = self.crews[watched is not None]
        time.sleep(SETTLE_S)
        timer = threading.Timer(WINDOW_S / 2, halfway or _nothing)
        timer.start()
        crew.begin(name)
        took, failed = asked(self.api, WINDOW_S)
        made = crew.end()
        timer.join()
        seen.p95.append(round(_p95(took), 3))
        seen.failed += failed
        entries = _get(self.api, f"/journals/{name}")
        seen.made.add(hashlib.sha256(made + b"\0" + entries).hexdigest())

    def compare(self, seen: Seen, up: Up, pairs: int) -> None:
        """Short windows with Callboard and all that it has started going on, and halted; which comes first takes turns."""
        for place in range(pairs):
            turn: dict[bool, float] = {}
            for is_halted in (True, False) if place % 2 else (False, True):
                with up.halted() if is_halted else nullcontext():
                    took, failed = asked(self.api, TURN_S, TURN_PER_SECOND)
                turn[is_halted] = _p95(took)
                seen.failed += failed
            seen.turns.append(100 * (turn[False] / turn[True] - 1))

    @contextmanager
    def callboard(self) -> Iterator[Up]:
        """`callboard up` on the platform's sources, until it is ended (or was killed)."""
        words = [sys.executable, "-m", "callboard", "up", "--workspace", str(self.work), "--data", str(self.data)]
        process = subprocess.Popen(
            [*words, "--trust", "--no-open", "--port", str(self.port)],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until = time.monotonic() + PATIENCE_S
            while (server := running_server(self.data)) is None or server.pid != process.pid:
                if process.poll() is not None or time.monotonic() > until:
                    raise CallboardError("callboard up did not start")
                time.sleep(0.1)
            yield Up(process, server)
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)

    def call(self, *words: str) -> str:
        """What a command prints."""
        given = [sys.executable, "-m", "callboard", *words, "--workspace", str(self.work), "--data", str(self.data)]
        done = subprocess.run(
            given, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        return done.stdout

    def start_run(self) -> int:
        """A run of everything that the agents find here."""
        self.call("run", "--trust", "--detach")
        rows = json.loads(self.call("runs", "--json") or "[]")
        if not rows:
            raise CallboardError("the run of the seven agents did not start")
        return int(rows[0]["id"])

    def is_over(self, run: int) -> bool:
        """Whether it has ended."""
        return bool(self._row(run).get("ended"))

    def jobs(self, run: int) -> int:
        """How many of its tasks have run."""
        return int(sum((self._row(run).get("counts") or {}).values()))

    def _row(self, run: int) -> dict[str, Any]:
        rows: list[dict[str, Any]] = json.loads(self.call("runs", "--json") or "[]")
        return next((row for row in rows if row["id"] == run), {})

    def lines(self, name: str) -> list[str]:
        """What the platform noted."""
        place = self.notes / name
        return place.read_text("utf-8").splitlines() if place.exists() else []

    def foreign(self) -> list[str]:
        """Requests that neither the bench nor the crew sent."""
        return [line for line in self.lines("access.log") if line.rsplit(" ", 1)[-1] not in ("bench", "crew")]


class Crew:
    """A crew that waits for what to make; one that is `watched` tells Callboard of it."""

    def __init__(self, words: Sequence[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            list(words), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._read("READY")

    def begin(self, name: str) -> None:
        """Makes a journal."""
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps({"subject": "tides", "journal": name}).encode() + b"\n")
            self._process.stdin.flush()

    def end(self) -> bytes:
        """What it made."""
        return self._read("RESULT")

    def close(self) -> None:
        """No more work."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, word: str) -> bytes:
        stream = self._process.stdout
        while stream is not None and (line := stream.readline()):
            if line.startswith(word.encode()):
                return line
        raise CallboardError("the crew of the platform ended")


@contextmanager
def standing() -> Iterator[Stand]:
    """The platform in a folder of its own, from a copy of its sources in a git checkout."""
    source = Path(__file__).resolve().parents[3] / "tests"
    python = os.environ.get("CALLBOARD_CREW_PYTHON", "")
    if not (source / "platform_real").is_dir():
        raise CallboardError("this bench needs a checkout of Callboard: the platform lies in tests/platform_real")
    if not python or not Path(python).is_file():
        raise CallboardError("set CALLBOARD_CREW_PYTHON to a Python with crewai, fastapi and uvicorn")
    with tempfile.TemporaryDirectory(prefix="callboard-platform-") as made, ExitStack() as stack:
        top = Path(made)
        work, notes, home = top / "shop", top / "notes", top / "home"
        shutil.copytree(source / "platform_real" / "shop", work)
        shutil.copyfile(source / "crew_real" / "journal.py", work / "journal.py")
        notes.mkdir()
        home.mkdir()
        ports = [port if _is_free(port) else _free() for port in PORTS]
        (work / "callboard.toml").write_text(f"[boundary]\nprotected_ports = {ports}\n")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "first"]):
            named = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
            subprocess.run(["git", *GIT_SAFE, *named, "-C", str(work), *words], check=True, stdin=subprocess.DEVNULL)
        plain = {
            k: v for k, v in os.environ.items() if not k.startswith(("CALLBOARD_", "NICEGUI_", "PYTEST_", "PYTHON"))
        }
        theirs = plain | {"PYTHONDONTWRITEBYTECODE": "1", "CREWAI_STORAGE_DIR": str(top / "storage"), "HOME": str(home)}
        for role, port in zip(("api", "front"), ports, strict=True):
            part = subprocess.Popen(
                [python, str(work / "platform_main.py"), role, str(port), str(notes)], cwd=work, env=theirs,
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(_end, part)
            _wait(port)
        observer = Path(__file__).resolve().parents[1] / "link" / "observer"
        data, port = top / "data", _free()
        (notes / "token").write_text(CrewToken(data).new())
        (notes / "token").chmod(0o600)
        told = {"CALLBOARD_CREW": f"http://127.0.0.1:{port}", "CALLBOARD_CREW_TOKEN_FILE": str(notes / "token")}
        told |= {"PYTHONPATH": str(observer)}
        words = [python, str(work / "crew_main.py"), str(ports[0]), str(notes)]
        crews = {watched: Crew(words, theirs | (told if watched else {})) for watched in (False, True)}
        for crew in crews.values():
            stack.callback(crew.close)
        yield Stand(work, data, notes, ports[0], port, crews, plain | {"HOME": str(home)})


def tree_hashes(top: Path) -> dict[str, str]:
    """Every file by its path, what git keeps included but for its index, which git itself refreshes."""
    return {
        path.relative_to(top).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.name != "index"
    }


def asked(port: int, seconds: float, per_second: int = PER_SECOND) -> tuple[list[float], int]:
    """Milliseconds of each request of a steady client, and how many failed."""
    took: list[float] = []
    failed, began = 0, time.monotonic()
    body = json.dumps({"journal": "bench", "text": "x" * 200}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "bench"}
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for place in range(int(seconds * per_second)):
        pause = began + place / per_second - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        start = time.perf_counter()
        try:
            client.request("POST", "/entries", body, headers)
            answer = client.getresponse()
            answer.read()
            failed += answer.status != 200
        except (OSError, http.client.HTTPException):
            failed += 1
            client.close()
        took.append(1000 * (time.perf_counter() - start))
    client.close()
    return took, failed


def _send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.send_signal(number)


def _p95(took: Sequence[float]) -> float:
    return quantiles(took, n=20)[-1]


def _get(port: int, path: str) -> bytes:
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("GET", path, headers={"User-Agent": "bench"})
    try:
        return client.getresponse().read()
    finally:
        client.close()


def _wait(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while _is_free(port):
        if time.monotonic() > until:
            raise CallboardError("the platform did not start")
        time.sleep(0.1)


def _end(part: subprocess.Popen[bytes]) -> None:
    if part.stdin is not None:
        part.stdin.close()
    part.wait(PATIENCE_S)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _nothing() -> None:
    return

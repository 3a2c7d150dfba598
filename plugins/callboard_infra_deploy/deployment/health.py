"""Asks a release whether it is healthy, so often in a row that it can be believed."""

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context
from callboard_infra_deploy.deployment.target import Probe
from callboard_infra_deploy.listening import listens, status_of


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom the probe is put to; `is_alive` is None where no process of ours can be looked at."""

    port: int
    folder: Path
    output: Path
    given: Mapping[str, str]
    is_alive: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`trouble` is '' for healthy; `words` are the evidence."""

    trouble: str
    words: str


def healthy(ctx: Context, probe: Probe, asked: Asked, *, once: bool = False) -> Answer:
    """Asks until there were `steady` good answers in a row, or the time is over; with `once` a single question decides.

    Raises `BoundaryError` for an address that may not be asked.
    """
    if not probe.kind:
        return Answer("", "nothing says when it is healthy")
    pause = 1.0 / max(ctx.boundary.probes_per_second, 0.01) if probe.kind == "http" else 0.1
    began = time.monotonic()
    good, said = 0, ""
    while True:
        if asked.is_alive is not None and not asked.is_alive():
            return Answer("it ended before it was healthy", "")
        trouble, said = _ask(ctx, probe, asked)
        good = 0 if trouble else good + 1
        if good >= (1 if once else probe.steady):
            if asked.is_alive is not None and not asked.is_alive():
                return Answer("it ended; another program answers in its place", "")
            return Answer("", f"{good} good answer{'' if good == 1 else 's'} in a row: {said}")
        if once and trouble:
            return Answer(trouble, "")
        if time.monotonic() - began > probe.within:
            steady = f"not {probe.steady} good answers in a row" if good else trouble
            return Answer(f"{steady} within {probe.within:g} s", "")
        refused = probe.kind == "http" and not good and "refused" in trouble
        time.sleep(0.1 if refused else pause)


def address_of(probe: Probe, port: int) -> str:
    """Where a probe by HTTP asks."""
    url = probe.url.replace("{port}", str(port))
    return url if "://" in url else f"http://127.0.0.1:{port}/{url.lstrip('/')}"


def _ask(ctx: Context, probe: Probe, asked: Asked) -> tuple[str, str]:
    """What is wrong, '' for nothing, and the evidence."""
    match probe.kind:
        case "http":
            address = address_of(probe, asked.port)
            status, trouble = status_of(ctx, address)
            good = status in probe.status if probe.status else 200 <= status < 400
            wrong = trouble or ("" if good else f"{address} answers with status {status}")
            return wrong, f"{address} answers with status {status}"
        case "tcp":
            is_open = listens(asked.port)
            return "" if is_open else f"nothing listens on port {asked.port}", f"port {asked.port} is open"
        case "log":
            found = probe.log.encode() in _written(asked.output)
            return "" if found else f"its output does not show '{probe.log}'", f"its output shows '{probe.log}'"
        case _:
            return _run(probe, asked)


def _written(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(4_000_000)
    except OSError:
        return b""


def _run(probe: Probe, asked: Asked) -> tuple[str, str]:
    words = list(probe.command)
    if "/" in words[0] and not words[0].startswith("/"):
        words[0] = str(asked.folder / words[0])
    try:
        done = subprocess.run(
            words,
            cwd=asked.folder,
            env=dict(asked.given),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{words[0]} could not be asked: {error}", ""
    lines = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
    said = f" ({lines[-1][:200]})" if lines else ""
    return (
        f"{probe.command[0]} ended with {done.returncode}{said}" if done.returncode else "",
        f"{probe.command[0]} ended with 0",
    )

"""Runs a program within bounds of time and output, and ends it with its children."""

import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_PATH")


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it: the exit code (negative for a signal, None when it did not start), its standard output, and
    `trouble`, one phrase that says which bound ended it or why it did not start, '' if none did."""

    code: int | None
    output: bytes
    trouble: str = ""


def run_bounded(
    argv: Sequence[str],
    *,
    seconds: float,
    most_bytes: int,
    given: bytes = b"",
    with_errors: bool = False,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Runs `argv` in an empty private folder with an allow-listed environment and `given` as standard input.

    `with_errors` adds standard error to the output. Blocks for at most `seconds` and a moment; never raises for what
    the program does.
    """
    with tempfile.TemporaryDirectory(prefix="callboard-", ignore_cleanup_errors=True) as folder:
        handed = Path(folder, "given")
        handed.write_bytes(given)
        with open(handed, "rb") as source:
            try:
                process = subprocess.Popen(
                    list(argv),
                    cwd=folder,
                    env={**environment(), **(env or {})},
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT if with_errors else subprocess.DEVNULL,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                return Ran(None, b"", f"it could not be started: {error}")
        with process:
            output, trouble = _read(process, seconds, most_bytes)
            end_group(process.pid)
        return Ran(process.returncode, output, trouble)


def environment() -> dict[str, str]:
    """The part of this process's environment that a foreign program gets: no tokens, no keys, no loader variables."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("LC_")}
    return {"PATH": os.defpath, **kept, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def end_group(pid: int) -> None:
    """Kills the process group that `pid` leads, if there still is one."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _read(process: "subprocess.Popen[bytes]", seconds: float, most_bytes: int) -> tuple[bytes, str]:
    """What it prints until it ends, and what was wrong; the process may outlive a bound by the caller's kill."""
    deadline = time.monotonic() + seconds
    output = bytearray()
    assert process.stdout is not None  # noqa: S101
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return bytes(output), f"it took longer than {seconds:g} s"
            ended = process.poll() is not None
            if not selector.select(0 if ended else min(left, 0.1)):
                if ended:
                    return bytes(output), ""
                continue
            chunk = os.read(process.stdout.fileno(), 65_536)
            if not chunk:
                break
            output += chunk
            if len(output) > most_bytes:
                return bytes(output[:most_bytes]), f"it printed more than {most_bytes:,} bytes"
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return bytes(output), f"it took longer than {seconds:g} s"
    return bytes(output), ""

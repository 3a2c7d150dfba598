"""Running a tool from an action: an argv list, bounded in time and output, ended with all its children."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KEPT_OUTPUT = 32_000_000


@dataclass(frozen=True, slots=True)
class ToolRun:
    """How a tool ended.

    `code` is the exit code, negative for a signal, None when it could not be started. `stdout` is its text,
    at most KEPT_OUTPUT bytes, `truncated` when there was more. `stderr` is the last 64 KiB. `seconds` is wall time.
    """

    argv: tuple[str, ...]
    code: int | None
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False
    truncated: bool = False

    @property
    def trouble(self) -> str:
        """The last line that it wrote to stderr, or to stdout; '' when it wrote nothing."""
        for text in (self.stderr, self.stdout):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1][:300]
        return ""


def run_tool(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    scratch: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 600.0,
    echo: bool = False,
) -> ToolRun:
    """Runs `argv` without a shell and without standard input; its output goes to files in `scratch`, then into the result.

    With `echo` its output is copied to this process's own output (the attempt's log). `env` is added to
    this process's environment. Never raises for what the tool does; a program that is missing gives code None.
    """
    words = tuple(str(word) for word in argv)
    number = len(list(scratch.glob("tool-*.out")))
    out_path, err_path = scratch / f"tool-{number}.out", scratch / f"tool-{number}.err"
    started = time.monotonic()
    print(f"$ {_shown(words)}", flush=True)
    with open(out_path, "wb") as out, open(err_path, "wb") as err:
        try:
            process = subprocess.Popen(
                words, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        except OSError as error:
            message = f"{words[0]} could not be started: {error.strerror or error}"
            print(message, flush=True)
            return ToolRun(words, None, "", message, 0.0)
        timed_out = False
        try:
            code = process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            timed_out = True
            process.send_signal(signal.SIGKILL)
            code = process.wait()
    seconds = time.monotonic() - started
    size = out_path.stat().st_size
    with open(out_path, "rb") as out:
        stdout = out.read(KEPT_OUTPUT).decode("utf-8", "replace")
    with open(err_path, "rb") as err:
        err.seek(max(0, err_path.stat().st_size - 65_536))
        stderr = err.read().decode("utf-8", "replace")
    if echo:
        sys.stdout.write(stdout[-1_000_000:])
    if stderr:
        sys.stdout.write(stderr[-20_000:])
    ended = "timed out" if timed_out else f"exit {code}"
    print(f"  {ended} after {seconds:.1f} s", flush=True)
    return ToolRun(words, code, stdout, stderr, seconds, timed_out, size > KEPT_OUTPUT)


def _shown(words: Sequence[str]) -> str:
    return " ".join(
        word if word and word.isascii() and not set(word) & set(" \"'\\$") else repr(word) for word in words
    )

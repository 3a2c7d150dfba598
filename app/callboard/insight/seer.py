"""Asks the process that tries futures: started when it is needed, ended when it has nothing to do, started again when it died."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from callboard.agents.bounded import end_group
from callboard.errors import CallboardError

IDLE_S = 60.0
GRACE_S = 20.0
LONGEST_LINE = 8_000_000
BOOT = "import sys; sys.path[len(sys.path):] = sys.argv[2:]; from callboard.insight.worker import main; main()"
Row = dict[str, Any]


class Seer:
    """One process at a time, one question at a time; may be used from any thread but the engine's."""

    def __init__(self, data: Path, idle_s: float = IDLE_S) -> None:
        self._data = data
        self._idle_s = idle_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._next = 0
        self._used = 0.0
        self._timer: threading.Timer | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        """Of the process, 0 while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def ask(self, asked: Mapping[str, Any], heard: Callable[[Row], None] = lambda row: None) -> Row:
        """The last answer; each one is given to `heard` as it comes. Raises `CallboardError` when none comes."""
        with self._lock:
            if self._closed:
                raise CallboardError("Callboard is closing")
            last: Row | None = None
            for tried in (1, 2):
                try:
                    for row in self._answers(asked):
                        last = row
                        heard(row)
                    break
                except (OSError, ValueError) as error:
                    self._end()
                    if tried == 2 or last is not None:
                        raise CallboardError(f"the process that tries futures ended: {error}") from error
            self._used = time.monotonic()
            self._watch()
        if last is None or "error" in last:
            raise CallboardError(str((last or {}).get("error", "the process that tries futures gave no answer")))
        return last

    def _answers(self, asked: Mapping[str, Any]) -> Iterator[Row]:
        process = self._started()
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        self._next += 1
        over = threading.Timer(float(asked.get("cpu_s", 5.0)) * 4 + GRACE_S, self._kill, (process,))
        over.daemon = True
        over.start()
        try:
            process.stdin.write(json.dumps({**asked, "id": self._next}) + "\n")
            process.stdin.flush()
            while True:
                line = process.stdout.readline(LONGEST_LINE)
                if not line.endswith("\n"):
                    raise OSError(f"exit {process.poll()}")
                row = json.loads(line)
                if row.pop("id") != self._next:
                    continue
                if row.get("over"):
                    return
                yield row
        finally:
            over.cancel()

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        paths = [path for path in sys.path if path]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", "-c", BOOT, str(self._data), *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={name: os.environ[name] for name in ("PATH", "LANG", "TZ", "HOME") if name in os.environ},
            text=True,
            start_new_session=True,
        )
        return self._process

    def _watch(self) -> None:
        """Ends it when nobody asked for a while."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = threading.Timer(self._idle_s, self._rest)
        self._timer.daemon = True
        self._timer.start()

    def _rest(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() - self._used >= self._idle_s - 0.01:
                    self._end()
            finally:
                self._lock.release()

    def _kill(self, process: "subprocess.Popen[str]") -> None:
        end_group(process.pid)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            end_group(process.pid)
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue

    def close(self) -> None:
        """Ends it now, whatever it is doing."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        process = self._process
        if process is not None and process.poll() is None:
            end_group(process.pid)
        with self._lock:
            self._end()

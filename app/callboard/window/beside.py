"""A window beside the server: begun by it, ended with it."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from callboard.guard.running import private_folder

ENDING_S = 5.0
LAST = 600


class WindowBeside:
    """The window's process, which lives no longer than this one."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._ending = False
        self._process: subprocess.Popen[bytes] | None = None

    def open(self, on_close: Callable[[str], None]) -> None:
        """Opens it; `on_close` hears from a thread that it is gone: '' when a person closed it, else what went wrong."""
        heard = private_folder(self._data / "run") / "window.log"
        with heard.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "callboard", "window", "--data", str(self._data), "--attached"],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        threading.Thread(target=self._wait, args=(self._process, heard, on_close), daemon=True).start()

    def close(self) -> None:
        """Ends it, within seconds."""
        self._ending = True
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for harder in (process.terminate, process.kill):
            try:
                process.wait(ENDING_S)
                return
            except subprocess.TimeoutExpired:
                harder()

    def _wait(self, process: subprocess.Popen[bytes], heard: Path, on_close: Callable[[str], None]) -> None:
        code = process.wait()
        if self._ending:
            return
        if code == 0:
            on_close("")
            return
        how = f"signal {-code}" if code < 0 else f"code {code}"
        words = heard.read_bytes()[-LAST:].decode(errors="replace").strip()
        on_close(f"the window ended with {how}; it said: {words or 'nothing'}")

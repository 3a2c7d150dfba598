"""The engine's side of a fork server: starts it, hands it orders, notices when it is gone."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from callboard.core.task import AttemptKey
from callboard.launch.seat import HEAD
from callboard.measure.process import COOKIE

LOCK_PREFIX = "server."
BOOT = (
    "import sys; sys.path[len(sys.path):] = sys.argv[5:]; from callboard.launch.server import main; "
    "main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == 'warm')"
)


class ForkServer:
    """One server process at a time. `lock` is a file that stays locked until the server is gone and each wrapper that it
    forked has either written that it began, or is gone too."""

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        paths: Sequence[str],
        notices: int,
        on_gone: Callable[["ForkServer"], None],
        *,
        warm: bool,
    ) -> None:
        self.warm = warm
        self.lock = folder / f"{LOCK_PREFIX}{secrets.token_hex(8)}.lock"
        self.log = folder / f"server.{'warm' if warm else 'lean'}.log"
        self.pid = 0
        self._folder = folder
        self._environment = {**environment, COOKIE: " " * 160}
        self._paths = list(paths)
        self._notices = notices
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, which takes a moment; orders may be sent at once. Raises OSError when it cannot be started."""
        ours, theirs = socket.socketpair()
        lock = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            words = [str(theirs.fileno()), str(self._notices), str(lock), "warm" if self.warm else "lean"]
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", "-X", "utf8", "-c", BOOT, *words, *self._paths],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=self._environment,
                    cwd="/",
                    pass_fds=(theirs.fileno(), self._notices, lock),
                    start_new_session=True,
                )
            finally:
                os.close(log)
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(lock)
        self.pid = self._process.pid
        ours.setblocking(False)
        self._socket = ours
        self._loop.add_reader(ours, self._heard)

    @property
    def is_open(self) -> bool:
        """Whether orders can be handed to it."""
        return self._socket is not None

    def send(self, key: AttemptKey, order: bytes) -> None:
        """Hands over an order; what does not fit into the socket follows as soon as it does."""
        waiting = bool(self._unsent)
        self._unsent += HEAD.pack(len(order), *key) + order
        if not waiting and self._socket is not None:
            self._flush()
            if self._unsent:
                self._loop.add_writer(self._socket, self._flush)

    def _flush(self) -> None:
        if self._socket is None:
            return
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._unsent)
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._socket)

    def _heard(self) -> None:
        """It never says anything here, so there is only its end to hear."""
        try:
            if self._socket is None or self._socket.recv(16):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.let_go()
        self._on_gone(self)

    def let_go(self) -> None:
        """Closes the socket, so that it ends by itself."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None

    async def wait_gone(self, longest: float) -> None:
        """Waits for its end; one that does not end in time is killed, which is safe for the attempts: they are on their own."""
        process = self._process
        if process is None:
            return
        until = self._loop.time() + longest
        while process.poll() is None and self._loop.time() < until:  # noqa: ASYNC110 - a process sets no event
            await asyncio.sleep(0.005)
        if process.poll() is None:
            process.kill()
            process.wait()


async def until_unlocked(path: Path, longest: float) -> bool:
    """Waits until nobody holds the lock, then removes the file; False when it is still held after that time."""
    loop = asyncio.get_running_loop()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        until = loop.time() + longest
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if loop.time() >= until:
                    return False
                await asyncio.sleep(0.01)
                continue
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return True
    finally:
        os.close(descriptor)


def former_locks(folder: Path, own: Sequence[Path]) -> list[Path]:
    """The lock files of servers that are not our own."""
    return [path for path in folder.glob(f"{LOCK_PREFIX}*.lock") if path not in own]

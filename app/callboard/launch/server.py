"""The fork server: a small, warm, single-threaded process that makes a wrapper for each order that comes in.

Frames come in through a socket: length, run, task, attempt (four 32-bit numbers), then the order as JSON. Notices go out
through a pipe, each one line of at most 512 bytes, so that lines of several wrappers do not mix (POSIX): `B` began, `E` ended,
`G` the wrapper was killed, `F` it could not begin. It dies when its socket closes, after it has handled what it read.
"""

import contextlib
import gc
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

from callboard.launch.kernel import Kernel, Place
from callboard.launch.wrapper import Tools, notify, only_wake, wrap
from callboard.measure.process import COOKIE, boot_id

HEAD = struct.Struct("<IIII")


def main(orders_fd: int, notices_fd: int, lock_fd: int, warm: bool) -> None:
    """Serves until the socket closes. `lock_fd` is held open by this process and by each wrapper that has not begun its work.

    A `warm` server has all loaded that an action needs; one that is not is lean and starts commands.
    """
    begin = _warm_up() if warm else None
    tools = Tools(Kernel(), Place(COOKIE), boot_id(), notices_fd, lock_fd, begin)
    orders = socket.socket(fileno=orders_fd)
    orders.setblocking(False)
    woken, wake = os.pipe()
    for descriptor in (woken, wake):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, only_wake)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _soften()
    gc.collect()
    gc.freeze()
    gc.disable()
    Server(orders, (woken, wake), tools).serve()


class Server:
    """Reads orders, forks, and reports wrappers that did not come to an orderly end."""

    def __init__(self, orders: socket.socket, pipe: tuple[int, int], tools: Tools) -> None:
        self._orders = orders
        self._pipe = pipe
        self._tools = tools
        self._wrappers: dict[int, tuple[int, int, int]] = {}

    def serve(self) -> None:
        """Until the other side of the socket is closed."""
        poll = select.poll()
        poll.register(self._orders, select.POLLIN)
        poll.register(self._pipe[0], select.POLLIN)
        buffer = bytearray()
        is_open = True
        while is_open:
            poll.poll()
            with contextlib.suppress(BlockingIOError):
                os.read(self._pipe[0], 4_096)
            try:
                part = self._orders.recv(262_144)
                is_open = bool(part)
                buffer += part
            except BlockingIOError:
                pass
            except OSError:
                is_open = False
            self._handle(buffer)
            self._reap()

    def _handle(self, buffer: bytearray) -> None:
        while len(buffer) >= HEAD.size:
            length, *key = HEAD.unpack_from(buffer)
            if len(buffer) < HEAD.size + length:
                return
            frame = bytes(buffer[HEAD.size : HEAD.size + length])
            del buffer[: HEAD.size + length]
            self._fork((key[0], key[1], key[2]), frame)

    def _fork(self, key: tuple[int, int, int], frame: bytes) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            self._say("F", key, error.strerror or str(error))
            return
        if pid == 0:
            code = 70
            try:
                self._orders.close()
                os.close(self._pipe[0])
                os.close(self._pipe[1])
                code = wrap(key, frame, self._tools)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        self._wrappers[pid] = key

    def _reap(self) -> None:
        while self._wrappers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            key = self._wrappers.pop(pid, None)
            if key is not None and status != 0:
                self._say("G", key, str(os.waitstatus_to_exitcode(status)))

    def _say(self, kind: str, key: tuple[int, int, int], words: str) -> None:
        notify(self._tools.notices, kind, key, words.encode("ascii", "replace"))


def _warm_up() -> Callable[[dict[str, Any], Kernel], dict[str, Any]]:
    """Loads what actions need; not at the top, so that the lean server stays lean."""
    from callboard.launch.action import perform

    return perform


def _soften() -> None:
    """When memory runs out the kernel is to take attempts first; nobody leaves a core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        try:
            with open("/proc/self/oom_score_adj", "r+b") as file:
                value = min(1000, int(file.read()) + 500)
                file.seek(0)
                file.write(b"%d" % value)
        except (OSError, ValueError):
            return

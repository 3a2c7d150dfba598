"""The fork server: a small, warm, single-threaded process that finds or makes a wrapper for each order that comes in.

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
import sys
import time
from collections.abc import Callable
from typing import Any

from callboard.launch.kernel import Kernel, Place
from callboard.launch.seat import FREE, HEAD, Key, hand_over
from callboard.launch.wrapper import Tools, notify, only_wake, serve
from callboard.measure.process import COOKIE, boot_id

IDLE_KEPT = 5.0


def main(orders_fd: int, notices_fd: int, lock_fd: int, warm: bool) -> None:
    """Serves until the socket closes. `lock_fd` is held open by this process and by each wrapper whose work has not begun.

    A `warm` server has all loaded that an action needs; one that is not is lean and starts commands.
    """
    for descriptor in (orders_fd, notices_fd, lock_fd):
        os.set_inheritable(descriptor, False)
    perform = _warm_up() if warm else None
    tools = Tools(Kernel(), Place(COOKIE), boot_id(), notices_fd, lock_fd, perform)
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


class Wrapper:
    """A wrapper that lives: its end of the socket, the attempt that it has (None when it is free, since `free_at`)."""

    __slots__ = ("free_at", "key", "pid", "socket")

    def __init__(self, pid: int, line: socket.socket, key: Key) -> None:
        self.pid = pid
        self.socket = line
        self.key: Key | None = key
        self.free_at = 0.0


class Server:
    """Reads orders, gives each to a free wrapper or forks one, and reports wrappers that came to no orderly end."""

    def __init__(self, orders: socket.socket, pipe: tuple[int, int], tools: Tools) -> None:
        self._orders = orders
        self._pipe = pipe
        self._tools = tools
        self._wrappers: dict[int, Wrapper] = {}
        self._lines: dict[int, Wrapper] = {}
        self._free: list[Wrapper] = []
        self._poll = select.poll()

    def serve(self) -> None:
        """Until the other side of the socket is closed."""
        self._poll.register(self._orders, select.POLLIN)
        self._poll.register(self._pipe[0], select.POLLIN)
        buffer = bytearray()
        is_open = True
        while is_open:
            ready = [number for number, _ in self._poll.poll(1000 if self._free else None)]
            for number in ready:
                if number in self._lines:
                    self._hear(self._lines[number])
            if self._orders.fileno() in ready:
                is_open = self._read(buffer)
                self._handle(buffer)
            if self._pipe[0] in ready:
                self._reap()
            self._dismiss()

    def _read(self, buffer: bytearray) -> bool:
        try:
            part = self._orders.recv(262_144)
        except BlockingIOError:
            return True
        except OSError:
            return False
        buffer += part
        return bool(part)

    def _handle(self, buffer: bytearray) -> None:
        while len(buffer) >= HEAD.size:
            length, *numbers = HEAD.unpack_from(buffer)
            if len(buffer) < HEAD.size + length:
                return
            key = (numbers[0], numbers[1], numbers[2])
            frame = bytes(buffer[HEAD.size : HEAD.size + length])
            del buffer[: HEAD.size + length]
            if not self._reuse(key, frame):
                self._fork(key, frame)

    def _reuse(self, key: Key, frame: bytes) -> bool:
        while self._free:
            wrapper = self._free.pop()
            wrapper.key = key
            if hand_over(wrapper.socket, key, frame, self._tools.lock):
                return True
            wrapper.key = None
            self._drop(wrapper)
        return False

    def _fork(self, key: Key, frame: bytes) -> None:
        try:
            ours, theirs = socket.socketpair()
            pid = os.fork()
        except OSError as error:
            words = f"no process could be made: {error.strerror}"
            notify(self._tools.notices, "F", key, words.encode("ascii", "replace"))
            return
        if pid == 0:
            code = 70
            try:
                self._close_all()
                ours.close()
                code = serve(theirs, key, frame, self._tools)
            except BaseException:
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        theirs.close()
        wrapper = Wrapper(pid, ours, key)
        self._wrappers[pid] = wrapper
        self._lines[ours.fileno()] = wrapper
        self._poll.register(ours, select.POLLIN)

    def _close_all(self) -> None:
        self._orders.close()
        os.close(self._pipe[0])
        os.close(self._pipe[1])
        for wrapper in self._lines.values():
            wrapper.socket.close()

    def _hear(self, wrapper: Wrapper) -> None:
        try:
            is_free = wrapper.socket.recv(16) == FREE
        except OSError:
            is_free = False
        if is_free:
            wrapper.key = None
            wrapper.free_at = time.monotonic()
            self._free.append(wrapper)
        else:
            self._drop(wrapper)

    def _drop(self, wrapper: Wrapper) -> None:
        """Hangs up; a wrapper that is free then ends."""
        number = wrapper.socket.fileno()
        if number >= 0:
            self._poll.unregister(number)
            self._lines.pop(number, None)
            wrapper.socket.close()
        if wrapper in self._free:
            self._free.remove(wrapper)

    def _dismiss(self) -> None:
        now = time.monotonic()
        while self._free and now - self._free[0].free_at > IDLE_KEPT:
            self._drop(self._free[0])

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._pipe[0], 4_096)
        while self._wrappers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            wrapper = self._wrappers.pop(pid, None)
            if wrapper is None:
                continue
            self._drop(wrapper)
            if wrapper.key is not None and status != 0:
                notify(self._tools.notices, "G", wrapper.key, b"%d" % status)


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

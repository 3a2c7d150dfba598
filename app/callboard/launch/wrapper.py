"""The wrapper of one attempt: begins the work, watches its limits, ends its whole tree, and leaves the exit record.

It needs no engine: the limits hold, and the record is written, while nobody listens.
"""

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import time
from collections.abc import Callable
from typing import Any

from callboard.launch import spool
from callboard.launch.kernel import Kernel, Place
from callboard.launch.outcome import command_outcome, refused, work_outcome
from callboard.launch.outlog import OutputLog
from callboard.launch.seat import Key, take
from callboard.launch.tree import Tree
from callboard.launch.vigil import Vigil
from callboard.measure.process import COOKIE, start_of

Outcome = dict[str, Any]
GIVEN_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ)
LONGEST_NOTICE = 500
MOST_ATTEMPTS = 200
NOT_CLEAN = -1
NICENESS = 5


class Tools:
    """What a wrapper has from its fork server; `perform` is set in a warm one."""

    __slots__ = ("boot", "kernel", "line", "lock", "notices", "perform", "place")

    def __init__(
        self,
        kernel: Kernel,
        place: Place,
        boot: str,
        notices: int,
        lock: int,
        perform: Callable[[dict[str, Any], Kernel], Outcome] | None,
    ) -> None:
        self.kernel = kernel
        self.place = place
        self.boot = boot
        self.notices = notices
        self.lock = lock
        self.perform = perform
        self.line: socket.socket | None = None


def serve(line: socket.socket, key: Key, frame: bytes, tools: Tools) -> int:
    """The life of a wrapper: one attempt after the other, as long as the fork server has some; returns its exit code."""
    os.setsid()
    tools.kernel.adopt_orphans()
    woken = _listen()
    tools.line = line
    lock = tools.lock
    for _ in range(MOST_ATTEMPTS):
        code = _wrap(key, frame, lock, tools, woken)
        tools.place.write(b"")
        os.chdir("/")
        if code:
            return max(0, code)
        taken = take(line)
        if taken is None:
            return 0
        key, frame, lock = taken
    return 0


def _wrap(key: Key, frame: bytes, lock: int, tools: Tools, woken: int) -> int:
    """One attempt. Returns 0 when nothing of it is left, NOT_CLEAN when some of it goes on, else an exit code.

    An attempt that began once is not begun again.
    """
    order: dict[str, Any] = json.loads(frame)
    tools.place.write(order["cookie"].encode())
    began = time.monotonic()
    start = start_of(os.getpid())
    try:
        log = _prepare(order, start, tools)
    except FileExistsError as error:
        notify(tools.notices, "F", key, str(error).encode("ascii", "replace"))
        return 0
    except OSError as error:
        words = f"the attempt could not be prepared: {error.strerror or error}"
        notify(tools.notices, "F", key, words.encode("ascii", "replace"))
        return 0
    finally:
        os.close(lock)
    notify(tools.notices, "B", key, f"{os.getpid()} {start}".encode())
    _backstop(order["memory_mb"])
    try:
        outcome = _run(order, log, tools, woken)
        outcome["wall_s"] = round(time.monotonic() - began, 3)
        outcome["at"] = round(time.time(), 3)
        is_clean = not outcome.pop("outlived", False)
        return _leave(order, key, outcome, tools.notices) or (0 if is_clean else NOT_CLEAN)
    finally:
        log.close()


def _prepare(order: dict[str, Any], start: int | None, tools: Tools) -> OutputLog:
    """Makes the folders and the log, and writes down that it began."""
    folder: str = order["spool"]
    if not spool.make_folder(folder):
        for name in (spool.BEGAN, spool.STOP):
            if os.path.exists(f"{folder}/{name}"):
                raise FileExistsError(f"there is a {name} already")
    spool.make_folder(order["scratch"])
    log = OutputLog(f"{folder}/{spool.LOG}", tools.kernel)
    record = {"pid": os.getpid(), "ticks": start, "boot": tools.boot, "at": round(time.time(), 3)}
    spool.write_record(folder, spool.BEGAN, record)
    log.become_output()
    return log


def _listen() -> int:
    """Signals wake whoever polls the descriptor that is returned."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, only_wake)
    return woken


def only_wake(number: int, frame: object) -> None:
    """The signal only wakes the loop."""


def _backstop(memory_mb: float) -> None:
    """No single process may reserve far more than the limit of the tree, which is looked at only now and then."""
    most = int(max(2 * memory_mb, 4096)) << 20
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _run(order: dict[str, Any], log: OutputLog, tools: Tools, woken: int) -> Outcome:
    said = -1
    try:
        if "argv" in order:
            child = _begin_command(order)
        else:
            child, said = _begin_action(order, tools, woken)
    except (OSError, ValueError) as error:
        return refused(order, error)
    if order.get("gives_way"):
        _give_way(child)
    vigil = Vigil(child, order, log, Tree(os.getpid()), woken)
    status, ended = vigil.keep()
    if ended is None:
        if said < 0:
            ended = command_outcome(status, log, order["memory_mb"])
        else:
            ended = work_outcome(status, _read_all(said), order["memory_mb"])
    if said >= 0:
        os.close(said)
    ended.update(vigil.used())
    ended["outlived"] = vigil.has_left
    return ended


def _give_way(child: int) -> None:
    """The work, and what it starts, has the processors after everybody else; the limits of its time stay as they are."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, child, NICENESS)


def _begin_command(order: dict[str, Any]) -> int:
    argv: list[str] = order["argv"]
    os.chdir(_inside(order["workspace"], order["folder"]))
    environment = {**os.environ, COOKIE: order["cookie"], "CALLBOARD_DATA": order["data"], "TMPDIR": order["scratch"]}
    environment |= order["added"]
    try:
        return os.posix_spawnp(argv[0], argv, environment, setpgroup=0, setsigdef=GIVEN_BACK)
    except FileNotFoundError:
        program = _beside(argv[0], order)
        if program is None:
            raise
        return os.posix_spawn(program, argv, environment, setpgroup=0, setsigdef=GIVEN_BACK)


def _beside(name: str, order: dict[str, Any]) -> str | None:
    """A program that is not on PATH may be in the workspace's own environment, or come with Callboard."""
    if "/" in name:
        return None
    from pathlib import Path

    from callboard.work.interpreter import find_program

    found = find_program(name, Path(order["workspace"]), order["folder"], "workspace")
    return None if found is None else str(found)


def _inside(workspace: str, folder: str) -> str:
    if not folder:
        return workspace
    top = os.path.realpath(workspace)
    place = os.path.realpath(os.path.join(top, folder))
    if place != top and not place.startswith(top.rstrip("/") + "/"):
        raise PermissionError(1, f"the folder '{folder}' leads out of the workspace")
    return place


def _begin_action(order: dict[str, Any], tools: Tools, woken: int) -> tuple[int, int]:
    """The pid of the work, and where it says how it ended."""
    perform = tools.perform
    if perform is None:
        raise OSError(38, "this fork server starts commands only")
    said, say = os.pipe()
    pid = os.fork()
    if pid:
        os.close(say)
        return pid, said
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        tools.kernel.die_with_parent()
        os.setpgid(0, 0)
        os.close(woken)
        os.close(tools.notices)
        if tools.line is not None:
            tools.line.close()
        outcome = perform(order, tools.kernel)
        os.write(say, json.dumps(outcome).encode()[:4_096])
    finally:
        os._exit(0)


def _read_all(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    try:
        return os.read(descriptor, 8_192)
    except BlockingIOError:
        return b""


def _takes(pipe: int) -> bool:
    """Whether a write into it would not wait; whatever its number: `select` knows none above 1,023."""
    waiting = select.poll()
    waiting.register(pipe, select.POLLOUT)
    return any(what & select.POLLOUT for _, what in waiting.poll(0))


def _leave(order: dict[str, Any], key: Key, outcome: Outcome, notices: int) -> int:
    """The engine, if there is one that listens, is told first: its log is durable too, and the next task waits for it."""
    folder, scratch = order["spool"], order["scratch"]
    with contextlib.suppress(OSError):
        os.rmdir(scratch)
    told = json.dumps(outcome).encode()
    first = len(told) < LONGEST_NOTICE - 50 and _takes(notices)
    if first:
        notify(notices, "E", key, told)
    try:
        spool.write_record(folder, spool.EXIT, outcome, durable=True)
    except OSError as error:
        os.write(2, f"callboard: the exit record could not be written: {error}\n".encode())
        return 72
    if not first:
        notify(notices, "E", key, b"")
    if os.path.isdir(scratch):
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def notify(notices: int, kind: str, key: Key, words: bytes) -> None:
    """Tells the engine; nothing happens when there is none any more."""
    line = f"{kind} {key[0]} {key[1]} {key[2]} ".encode() + words
    with contextlib.suppress(OSError):
        os.write(notices, line[:LONGEST_NOTICE] + b"\n")

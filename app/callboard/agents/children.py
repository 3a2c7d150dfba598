"""Calls foreign code, each piece in a forked child of its own with limits, and takes JSON back.

Used in processes that were started for this alone: they run no foreign code and no threads themselves.
"""

import contextlib
import json
import math
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.errors import CallboardError

AT_ONCE = 8
MOST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the piece of work at `index` gave: its value, or what went wrong. `passing` marks trouble that may be
    over when it is asked again, such as a time limit on a busy machine."""

    index: int
    value: Any = None
    trouble: str = ""
    passing: bool = False


@dataclass(slots=True)
class _Child:
    index: int
    pid: int
    pipe: int
    deadline: float
    received: bytearray = field(default_factory=bytearray)


def call_each(
    works: Sequence[Callable[[], Any]], *, seconds: float, all_seconds: float, memory_mb: int
) -> Iterator[Answer]:
    """One answer for each piece of work, in the order in which they end.

    Each has `seconds`, all together `all_seconds`; what has not begun by then is answered with trouble.
    """
    end = time.monotonic() + all_seconds
    waiting = list(range(len(works)))
    running: list[_Child] = []
    while waiting or running:
        while waiting and len(running) < AT_ONCE and time.monotonic() < end:
            index = waiting.pop(0)
            running.append(_start(index, works[index], seconds, memory_mb, end))
        if not running:
            for index in waiting:
                yield Answer(index, trouble=f"was not asked: the others took all of {all_seconds:g} s", passing=True)
            return
        waited = select.poll()  # `select` knows no descriptor above 1,023
        for child in running:
            waited.register(child.pipe, select.POLLIN)
        waited.poll(50)
        for child in list(running):
            answer = _answer(child, seconds)
            if answer is not None:
                running.remove(child)
                yield answer


def _start(index: int, work: Callable[[], Any], seconds: float, memory_mb: int, end: float) -> _Child:
    source, sink = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        _work(work, sink, seconds, memory_mb)
    os.close(sink)
    os.set_blocking(source, False)
    return _Child(index, pid, source, min(time.monotonic() + seconds, end))


def _work(work: Callable[[], Any], sink: int, seconds: float, memory_mb: int) -> None:
    """The child: does the work, writes one line and ends; it never returns."""
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os.closerange(3, sink)
        os.closerange(sink + 1, 1_024)
        _limit(seconds, memory_mb)
        try:
            line = json.dumps({"value": work()})
        except BaseException as error:
            line = json.dumps({"trouble": said(error)})
        _write(sink, line.encode("utf-8", "replace") + b"\n")
    finally:
        os._exit(0)


def _limit(seconds: float, memory_mb: int) -> None:
    memory = memory_mb * 1024 * 1024
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, math.ceil(seconds) + 5),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))
    signal.alarm(math.ceil(seconds) + 5)


def _write(sink: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(sink, view) :]


def said(error: BaseException) -> str:
    """Type and first line of an exception, whatever its `__str__` does; of our own errors the words alone."""
    if isinstance(error, CallboardError):
        return str(error)[:2_000]
    kind = type(error).__name__
    try:
        lines = str(error).strip().splitlines()
    except BaseException:
        return kind
    return f"{kind}: {lines[0][:500]}" if lines else kind


def _answer(child: _Child, seconds: float) -> Answer | None:
    """The answer if there is one by now, or if there will be none."""
    over, status = os.waitpid(child.pid, os.WNOHANG)
    with contextlib.suppress(BlockingIOError):
        while len(child.received) <= MOST_BYTES:
            chunk = os.read(child.pipe, 65_536)
            if not chunk:
                break
            child.received += chunk
    if b"\n" in child.received:
        return _close(child, bool(over), _parsed(child))
    if len(child.received) > MOST_BYTES:
        return _close(child, bool(over), Answer(child.index, trouble=f"answered with more than {MOST_BYTES:,} bytes"))
    if over:
        return _close(child, True, Answer(child.index, trouble=_ending(status)))
    if time.monotonic() > child.deadline:
        return _close(child, False, Answer(child.index, trouble=f"took longer than {seconds:g} s", passing=True))
    return None


def _parsed(child: _Child) -> Answer:
    try:
        told = json.loads(bytes(child.received).partition(b"\n")[0])
        return Answer(child.index, told.get("value"), str(told.get("trouble", "")))
    except (ValueError, RecursionError, AttributeError):
        return Answer(child.index, trouble="gave an answer that cannot be read")


def _close(child: _Child, over: bool, answer: Answer) -> Answer:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if not over:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        os.waitpid(child.pid, 0)
    os.close(child.pipe)
    return answer


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"its process was ended by {signal.Signals(number).name}"
        except ValueError:
            return f"its process was ended by signal {number}"
    return f"ended its own process with exit code {os.waitstatus_to_exitcode(status)}"

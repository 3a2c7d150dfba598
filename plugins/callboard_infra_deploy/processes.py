"""The processes of a service, known by pid, start, boot and a mark in their environment: no other is signalled."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from callboard.api import check_signal

SERVICE = "CALLBOARD_SERVICE"
MARK = "CALLBOARD_SERVICE_MARK"
WORKSPACE = "CALLBOARD_SERVICE_WORKSPACE"
LINUX = sys.platform == "linux"


@dataclass(frozen=True, slots=True)
class Seen:
    """A living process; `start` is in kernel ticks since the boot on Linux, else seconds since the epoch."""

    pid: int
    parent: int
    session: int
    start: str


def ticks(seen: Seen) -> int:
    """The start as a whole number: kernel ticks on Linux, else hundredths of a second since the epoch."""
    return int(seen.start) if LINUX else int(float(seen.start) * 100)


def boot_id() -> str:
    """What tells this boot of the machine from any other; '' where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        import psutil

        return "" if LINUX else str(int(psutil.boot_time()))


def look(pid: int) -> Seen | None:
    """The process as it is now; None when it is over or a zombie."""
    if not LINUX:
        return _look_elsewhere(pid)
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    state, parent, _, session, *more = text.rpartition(")")[2].split()
    return None if state in "ZX" else Seen(pid, int(parent), int(session), more[15])


def _look_elsewhere(pid: int) -> Seen | None:
    import psutil

    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return Seen(pid, process.ppid(), os.getsid(pid), repr(process.create_time()))
    return None


def environment(pid: int) -> dict[str, str]:
    """The environment that a process was started with; {} when it may not be read."""
    if not LINUX:
        import psutil

        with suppress(psutil.Error, OSError):
            return dict(psutil.Process(pid).environ())
        return {}
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.partition(b"=") for entry in raw.split(b"\0") if b"=" in entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def everyone() -> Iterator[Seen]:
    """All processes of the machine."""
    if LINUX:
        pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    else:
        import psutil

        pids = psutil.pids()
    for pid in pids:
        seen = look(pid)
        if seen is not None:
            yield seen


def is_marked(pid: int, name: str, mark: str) -> bool:
    """Whether the process was started as, or by, this start of the service."""
    given = environment(pid)
    return given.get(SERVICE) == name and given.get(MARK) == mark


def family(name: str, mark: str) -> list[Seen]:
    """Every process that carries the mark, and what such processes have started or share a session with."""
    there = {seen.pid: seen for seen in everyone() if seen.pid != os.getpid()}
    found = {pid for pid in there if is_marked(pid, name, mark)}
    sessions = {there[pid].session for pid in found if there[pid].session == pid}
    grown = True
    while grown:
        more = {p for p, s in there.items() if p not in found and (s.parent in found or s.session in sessions)}
        grown = bool(more)
        found |= more
    return [there[pid] for pid in sorted(found)]


def send(seen: Seen, number: signal.Signals) -> bool:
    """Signals the process if it is still the same one; whether it was sent. Raises `BoundaryError` for a protected one."""
    if seen.pid in (0, 1, os.getpid()):
        return False
    check_signal(seen.pid)
    with suppress(ProcessLookupError, PermissionError):
        if not hasattr(os, "pidfd_open"):
            current = look(seen.pid)
            if current is not None and current.start == seen.start:
                os.kill(seen.pid, number)
                return True
            return False
        handle = os.pidfd_open(seen.pid)
        try:
            current = look(seen.pid)
            if current is not None and current.start == seen.start:
                signal.pidfd_send_signal(handle, number)
                return True
        finally:
            os.close(handle)
    return False


def end_family(name: str, mark: str, grace: float) -> tuple[int, int]:
    """Ends all of them: TERM, after `grace` seconds KILL. Returns how many there were and how many are left.

    Raises `BoundaryError`, before anything is sent, when one of them is protected.
    """
    members = family(name, mark)
    for member in members:
        check_signal(member.pid)
    met = {member.pid for member in members}
    for member in members:
        send(member, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (members := family(name, mark)) and time.monotonic() < deadline:
        met |= {member.pid for member in members}
        time.sleep(0.1)
    for _ in range(50):
        if not members:
            break
        for member in members:
            send(member, signal.SIGKILL)
        time.sleep(0.1)
        members = family(name, mark)
    return len(met), len(members)

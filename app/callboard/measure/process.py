"""Who a process is, read so cheaply and with so few imports that a fork server can afford it."""

import os
import sys
from collections.abc import Iterable
from typing import Any

COOKIE = "CALLBOARD_ATTEMPT"


class Stat:
    """One line of `/proc/PID/stat`: times in clock ticks, memory in pages, `start` in clock ticks since the boot."""

    __slots__ = ("pid", "ppid", "rss", "session", "start", "state", "ticks", "waited_ticks")

    def __init__(
        self, pid: int, state: str, ppid: int, session: int, ticks: int, waited_ticks: int, start: int, rss: int
    ) -> None:
        self.pid = pid
        self.state = state
        self.ppid = ppid
        self.session = session
        self.ticks = ticks
        self.waited_ticks = waited_ticks
        self.start = start
        self.rss = rss

    @property
    def gone(self) -> bool:
        """Whether only the exit status of it is left."""
        return self.state in "ZX"


def parse_stat(line: bytes) -> Stat | None:
    """What a line of `/proc/PID/stat` says (proc(5)), None when it is no such line; the name in it may hold anything."""
    name_end = line.rfind(b")")
    fields = line[name_end + 1 :].split()
    if name_end < 0 or len(fields) < 22:
        return None
    try:
        return Stat(
            pid=int(line[: line.index(b"(")]),
            state=fields[0].decode("ascii", "replace"),
            ppid=int(fields[1]),
            session=int(fields[3]),
            ticks=int(fields[11]) + int(fields[12]),
            waited_ticks=int(fields[13]) + int(fields[14]),
            start=int(fields[19]),
            rss=int(fields[21]),
        )
    except ValueError:
        return None


def read_small(path: str, most: int = 65_536) -> bytes:
    """At most `most` bytes of a file; b'' when it cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(descriptor, most)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def read_stat(pid: int) -> Stat | None:
    """The process as it is now, None when there is none of that number."""
    if sys.platform == "linux":
        return parse_stat(read_small(f"/proc/{pid}/stat", 4_096))
    return _asked_stat(pid)


def all_stats(known_foreign: Iterable[int] = ()) -> list[Stat]:
    """All processes but those in `known_foreign`."""
    return [stat for pid in all_pids() if pid not in known_foreign if (stat := read_stat(pid)) is not None]


def all_pids() -> list[int]:
    """The numbers of all processes."""
    if sys.platform == "linux":
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    import psutil

    return list(psutil.pids())


def start_of(pid: int) -> int | None:
    """When a process started, in clock ticks since the boot; None when it is gone or only its exit status is left."""
    stat = read_stat(pid)
    return None if stat is None or stat.gone else stat.start


def boot_id() -> str:
    """Which boot of the machine this is."""
    if sys.platform == "linux":
        return read_small("/proc/sys/kernel/random/boot_id").decode("ascii", "replace").strip()
    import subprocess

    asked = subprocess.run(
        ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"], capture_output=True, text=True, timeout=10, check=False
    )
    return asked.stdout.strip() or "unknown"


def has_cookie(pid: int, cookie: bytes) -> bool:
    """Whether the environment that the process was started with holds COOKIE with a value that begins with `cookie`."""
    if sys.platform == "linux":
        wanted = COOKIE.encode() + b"=" + cookie
        environment = read_small(f"/proc/{pid}/environ", 1 << 20)
        return environment.startswith(wanted) or b"\0" + wanted in environment
    import psutil

    try:
        value = psutil.Process(pid).environ().get(COOKIE, "")
    except (psutil.Error, OSError):
        return False
    return value.encode("utf-8", "replace").startswith(cookie)


def _asked_stat(pid: int) -> Stat | None:
    import psutil

    try:
        process: Any = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return Stat(
                pid=pid,
                state="Z" if process.status() == psutil.STATUS_ZOMBIE else "R",
                ppid=process.ppid(),
                session=os.getsid(pid),
                ticks=int((times.user + times.system) * 100),
                waited_ticks=0,
                start=int(process.create_time() * 100),
                rss=process.memory_info().rss // os.sysconf("SC_PAGE_SIZE"),
            )
    except (psutil.Error, OSError):
        return None

"""What the process tree of each attempt uses: one pass over all processes for all attempts together."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from callboard.core.task import AttemptKey, Process, Usage
from callboard.measure.kernel_text import field as number_of
from callboard.measure.process import COOKIE, Stat, all_stats, read_small

MEBI = 1 << 20
STRAYS_EVERY = 5.0


@dataclass(slots=True)
class TreeUse:
    """`cpu_s` seconds so far, `rss_mb` now, `peak_mb` the most that was seen, `processes` now."""

    cpu_s: float = 0.0
    rss_mb: float = 0.0
    peak_mb: float = 0.0
    read_mb: float = 0.0
    written_mb: float = 0.0
    processes: int = 0
    wall_s: float = 0.0

    def as_usage(self) -> Usage:
        """The same as the engine keeps it."""
        return Usage(self.cpu_s, self.peak_mb, self.read_mb, self.written_mb, self.wall_s)


@dataclass(slots=True)
class _Seen:
    """What the wrapper had on its account when the attempt was first seen: it may have had other attempts before."""

    since: float
    start: int
    waited: int = 0
    read: float = 0.0
    written: float = 0.0
    peak_mb: float = 0.0
    cpu_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look: per attempt, and `ours_s`, the CPU seconds of all that comes of this program (its own not included)."""

    at: float
    uses: Mapping[AttemptKey, TreeUse]
    ours_s: float
    ours_mb: float


def members_of(stats: Iterable[Stat], roots: Mapping[int, AttemptKey]) -> dict[AttemptKey, list[Stat]]:
    """The living processes of each attempt by line of descent from its roots and by the session of a root.

    A process that is below the roots of two attempts belongs to the nearer one.
    """
    by_pid = {stat.pid: stat for stat in stats}
    owner: dict[int, AttemptKey | None] = dict(roots)

    def of(stat: Stat) -> AttemptKey | None:
        line: list[int] = []
        current: Stat | None = stat
        found: AttemptKey | None = None
        while current is not None:
            if current.pid in owner:
                found = owner[current.pid]
                break
            if current.session in roots:
                found = roots[current.session]
                break
            line.append(current.pid)
            current = by_pid.get(current.ppid) if current.ppid not in line else None
        for pid in line:
            owner[pid] = found
        return found

    members: dict[AttemptKey, list[Stat]] = {key: [] for key in roots.values()}
    for stat in by_pid.values():
        key = of(stat)
        if key is not None and not stat.gone:
            members[key].append(stat)
    return members


@dataclass(slots=True)
class Trees:
    """Remembers what it needs from look to look. Times come from `mono`."""

    mono: Callable[[], float] = time.monotonic
    _seen: dict[AttemptKey, _Seen] = field(default_factory=dict)
    _strays: dict[int, tuple[int, AttemptKey]] = field(default_factory=dict)
    _strays_at: float = float("-inf")

    def look(self, running: Mapping[AttemptKey, Process]) -> Look:
        """Looks at all processes once."""
        now = self.mono()
        stats = {stat.pid: stat for stat in all_stats()}
        roots = {
            process.pid: key
            for key, process in running.items()
            if process.pid in stats and stats[process.pid].start == process.ticks
        }
        if now - self._strays_at >= STRAYS_EVERY:
            self._strays_at = now
            self._find_strays(stats, running)
        for pid, (start, key) in self._strays.items():
            if key in running and pid in stats and stats[pid].start == start:
                roots.setdefault(pid, key)
        members = members_of(stats.values(), roots)
        for key in [key for key in self._seen if key not in running]:
            del self._seen[key]
        uses = {key: self._use(key, running[key], members.get(key, []), now) for key in running}
        ours = _below(stats, os.getpid())
        ours |= {stat.pid: stat for group in members.values() for stat in group}
        tick = os.sysconf("SC_CLK_TCK")
        page = os.sysconf("SC_PAGE_SIZE") / MEBI
        ours_s = sum(stat.ticks + stat.waited_ticks for stat in ours.values()) / tick
        return Look(now, uses, ours_s, sum(stat.rss for stat in ours.values()) * page)

    def _use(self, key: AttemptKey, process: Process, members: list[Stat], now: float) -> TreeUse:
        own = next((stat for stat in members if stat.pid == process.pid), None)
        io = {stat.pid: _io(stat.pid) for stat in members}
        seen = self._seen.get(key)
        if seen is None or seen.start != process.ticks:
            seen = _Seen(now, process.ticks)
            if own is not None:
                seen.waited = own.waited_ticks
                seen.read, seen.written = io[own.pid]
            self._seen[key] = seen
        work = [stat for stat in members if stat is not own]
        ticks = sum(stat.ticks + stat.waited_ticks for stat in work)
        if own is not None:
            ticks += max(0, own.waited_ticks - seen.waited)
        rss = sum(stat.rss for stat in work) * os.sysconf("SC_PAGE_SIZE") / MEBI
        seen.peak_mb = max(seen.peak_mb, rss)
        seen.cpu_s = max(seen.cpu_s, ticks / os.sysconf("SC_CLK_TCK"))
        return TreeUse(
            cpu_s=seen.cpu_s,
            rss_mb=rss,
            peak_mb=seen.peak_mb,
            read_mb=max(0.0, sum(read for read, _ in io.values()) - seen.read) / MEBI,
            written_mb=max(0.0, sum(written for _, written in io.values()) - seen.written) / MEBI,
            processes=len(work),
            wall_s=now - seen.since,
        )

    def _find_strays(self, stats: Mapping[int, Stat], running: Mapping[AttemptKey, Process]) -> None:
        """Those that carry an attempt's cookie and are below none of the roots: they left the session and their parents."""
        self._strays = {}
        if not running or sys.platform != "linux":
            return
        known = {str(key): key for key in running}
        for pid, stat in stats.items():
            name = _named(read_small(f"/proc/{pid}/environ", 1 << 18)) if stat.ppid == 1 else ""
            if name in known:
                self._strays[pid] = (stat.start, known[name])


def _named(environment: bytes) -> str:
    """The attempt that a cookie ('DATA:RUN.TASK#ATTEMPT:EPOCH') in an environment names."""
    for entry in environment.split(b"\0"):
        if entry.startswith(COOKIE.encode() + b"="):
            parts = entry.partition(b"=")[2].decode("ascii", "replace").split(":")
            return parts[1] if len(parts) == 3 else ""
    return ""


def _below(stats: Mapping[int, Stat], root: int) -> dict[int, Stat]:
    children: dict[int, list[Stat]] = {}
    for stat in stats.values():
        children.setdefault(stat.ppid, []).append(stat)
    found: dict[int, Stat] = {}
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in found and child.pid != root:
                found[child.pid] = child
                waiting.append(child.pid)
    return found


def _io(pid: int) -> tuple[float, float]:
    """Bytes that were read from and written to disks, those of children that were waited for included."""
    if sys.platform != "linux":
        return 0.0, 0.0
    text = read_small(f"/proc/{pid}/io", 4_096).decode("ascii", "replace")
    return number_of(text, "read_bytes"), number_of(text, "write_bytes")

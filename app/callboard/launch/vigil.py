"""Keeps watch over the work of one attempt until nothing of it is left."""

import os
import resource
import select
import signal
import sys
import time
from typing import Any

from callboard.launch import spool
from callboard.launch.outcome import mebibytes
from callboard.launch.outlog import OutputLog
from callboard.launch.tree import Tree, descendants, kill_all, send
from callboard.measure.process import Stat

MEBI = 1 << 20
BEAT = 0.5
QUICK_BEAT = 0.1
GRACE = 5.0
LEFTOVER_GRACE = 1.0
MOST_PROCESSES = 4_096
LONGEST_KILL = 8.0
ORPHANS_COME_BACK = sys.platform == "linux"
Outcome = dict[str, Any]


class Vigil:
    """Watches the child and all that comes of it; `memory_mb`, `time_s`, `output_mb`, `processes` are in the order."""

    def __init__(self, child: int, order: dict[str, Any], log: OutputLog, tree: Tree, woken: int) -> None:
        self._child = child
        self._order = order
        self._log = log
        self._tree = tree
        self._woken = woken
        self._poll = select.poll()
        self._poll.register(woken, select.POLLIN)
        self._page = resource.getpagesize()
        self._status: int | None = None
        self._peak_mb = 0.0
        self._cpu_s = 0.0
        self._blocks = [0, 0]
        self._written = 0
        self._outliving: set[tuple[int, int]] = set()
        self._beat = QUICK_BEAT

    def keep(self) -> tuple[int, Outcome | None]:
        """Waits for the end. Returns the child's wait status, and how it was ended if that was our doing."""
        now = time.monotonic()
        limit = self._order["time_s"]
        deadline = now + limit if limit else float("inf")
        beat_at = now + self._beat
        outcome: Outcome | None = None
        while outcome is None:
            wait = max(0.0, min(beat_at, deadline) - time.monotonic())
            signals = self._wait(wait)
            is_over = self._is_over()
            if self._status is not None:
                if not is_over:
                    self._end_leftovers()
                return self._status, None
            if signal.SIGTERM in signals:
                outcome = self._wished()
            now = time.monotonic()
            if outcome is None and now >= deadline:
                outcome = {"how": "time limit", "reason": f"ran longer than its limit of {limit:g} s", "grace": GRACE}
            if outcome is None and now >= beat_at:
                outcome = self._look()
                beat_at = time.monotonic() + self._beat
        self._end(float(outcome.pop("grace", 0.0)))
        return self._status or 0, outcome

    @property
    def has_left(self) -> bool:
        """Whether processes were left running because the work named them."""
        return bool(self._outliving)

    def used(self) -> dict[str, float]:
        """CPU seconds, MiB at the peak, MiB read from and written to disks, of all that was waited for."""
        return {
            "cpu_s": round(self._cpu_s, 4),
            "peak_mb": round(self._peak_mb, 1),
            "read_mb": round(self._blocks[0] / 2048, 2),
            "written_mb": round(self._blocks[1] / 2048, 2),
        }

    def _wait(self, seconds: float) -> bytes:
        if self._poll.poll(seconds * 1000 + 0.9):
            try:
                return os.read(self._woken, 4_096)
            except BlockingIOError:
                return b""
        return b""

    def _reap(self) -> bool:
        """Takes the exit status of all that ended; True when no child is left at all."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if pid == self._child:
                self._status = status
            self._cpu_s += usage.ru_utime + usage.ru_stime
            self._peak_mb = max(self._peak_mb, usage.ru_maxrss / (1024 if ORPHANS_COME_BACK else MEBI))
            self._blocks[0] += usage.ru_inblock
            self._blocks[1] += usage.ru_oublock

    def _is_over(self) -> bool:
        """Whether nothing is left. Where orphans come back to us the kernel knows, else they have to be looked for."""
        childless = self._reap()
        if self._status is None or (ORPHANS_COME_BACK and not self._outliving):
            return childless
        return not self._members()

    def _members(self) -> dict[int, Stat]:
        """All that belongs to the work, but for what it named to outlive it."""
        found = self._tree.look()
        if self._outliving:
            kept = {pid for pid, stat in found.items() if (pid, stat.start) in self._outliving}
            kept |= set(descendants(found, kept))
            found = {pid: stat for pid, stat in found.items() if pid not in kept}
        return found

    def _wished(self) -> Outcome | None:
        """A signal only says that there may be a wish: it could be meant for the attempt before this one."""
        wish = spool.read_record(self._order["spool"], spool.STOP)
        if wish is None:
            return None
        return {"how": "stopped", "reason": str(wish.get("reason", ""))[:300], "grace": GRACE}

    def _look(self) -> Outcome | None:
        """Looks at the size of the output and of the tree; says which limit is passed."""
        order = self._order
        written = self._log.size() + self._said()
        grown, self._written = written - self._written, written
        self._log.trim()
        if order["output_mb"] and written > order["output_mb"] * MEBI:
            limit = mebibytes(order["output_mb"])
            return {"how": "output limit", "reason": f"wrote {mebibytes(written / MEBI)}, its limit is {limit}"}
        members = self._tree.look()
        used = sum(stat.rss for stat in members.values()) * self._page / MEBI
        self._peak_mb = max(self._peak_mb, used)
        if used > order["memory_mb"]:
            reason = f"used {mebibytes(used)}, its limit is {mebibytes(order['memory_mb'])}"
            return {"how": "memory limit", "reason": reason}
        most = order["processes"] or MOST_PROCESSES
        if len(members) > most:
            return {"how": "process limit", "reason": f"had {len(members)} processes, its limit is {most}"}
        is_near = used > order["memory_mb"] / 3 or grown > 16 * MEBI or len(members) > most / 2
        self._beat = QUICK_BEAT if is_near else BEAT
        return None

    def _said(self) -> int:
        try:
            return os.stat(f"{self._order['spool']}/messages.jsonl").st_size
        except OSError:
            return 0

    def _end_leftovers(self) -> None:
        """Ends what was left behind, but for processes that the work named (a service that it started)."""
        if self._status == 0:
            named = _named(spool.read_record(self._order["spool"], spool.OUTLIVES))
            self._outliving = {(pid, stat.start) for pid, stat in self._tree.look().items()} & named
        count = len(self._members())
        if self._outliving and not count:
            return
        if count:
            words = "a process that was" if count == 1 else f"{count} processes that were"
            self._log.note(f"ended {words} left behind")
        self._end(LEFTOVER_GRACE)

    def _end(self, grace: float) -> None:
        """Ends all that is left: kindly first, if there is a grace."""
        if grace:
            for stat in self._members().values():
                send(stat, signal.SIGTERM)
                send(stat, signal.SIGCONT)
            until = time.monotonic() + grace
            while (left := until - time.monotonic()) > 0:
                self._wait(min(left, 0.2))
                if self._is_over():
                    return
        until = time.monotonic() + LONGEST_KILL
        while time.monotonic() < until:
            kill_all(self._members)
            self._wait(0.02)
            if self._is_over():
                return
        self._log.note(f"could not end {sorted(self._members())}")


def _named(record: Outcome | None) -> set[tuple[int, int]]:
    """Pids and starts in `{"processes": [[pid, ticks], ...]}`."""
    listed = (record or {}).get("processes")
    pairs = listed if isinstance(listed, list) else []
    return {(pair[0], pair[1]) for pair in pairs if isinstance(pair, list) and list(map(type, pair)) == [int, int]}

"""The processes that belong to one attempt: finding them all, and ending them all."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping

from callboard.measure.process import Stat, all_stats, has_cookie, read_stat, start_of

FORGET_AFTER = 40


class Tree:
    """The descendants of a process. What was once no descendant is not looked at again for some time, so that a look is cheap."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._foreign: set[int] = set()
        self._looks = 0

    def look(self) -> dict[int, Stat]:
        """All living descendants by pid, without the root itself."""
        self._looks += 1
        if self._looks % FORGET_AFTER == 0:
            self._foreign.clear()
        stats = {stat.pid: stat for stat in all_stats(self._foreign)}
        session = {pid for pid, stat in stats.items() if stat.session == self._root and pid != self._root}
        members = descendants(stats, {self._root} | session)
        members |= {pid: stats[pid] for pid in session}
        self._foreign.update(pid for pid in stats if pid not in members and pid != self._root)
        return {pid: stat for pid, stat in members.items() if not stat.gone}


def descendants(stats: Mapping[int, Stat], roots: set[int]) -> dict[int, Stat]:
    """Those whose line of parents leads to one of the roots, the roots left out."""
    children: dict[int, list[Stat]] = {}
    for stat in stats.values():
        children.setdefault(stat.ppid, []).append(stat)
    found: dict[int, Stat] = {}
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child.pid not in found and child.pid not in roots:
                found[child.pid] = child
                waiting.append(child.pid)
    return found


def strays(leader: int, leader_start: int, cookie: bytes) -> dict[int, Stat]:
    """All that belongs to an attempt whose wrapper was `leader`, the wrapper itself included: its session, its descendants,
    and whoever carries the attempt's cookie.

    A number that another process took over since leads nowhere.
    """
    stats = {stat.pid: stat for stat in all_stats()}
    own = stats.get(leader)
    taken_over = own is not None and own.start != leader_start
    found = {pid: stat for pid, stat in stats.items() if has_cookie(pid, cookie)} if cookie else {}
    if leader > 0 and not taken_over:
        found |= {pid: stat for pid, stat in stats.items() if pid == leader or stat.session == leader}
    found |= descendants(stats, set(found))
    return {pid: stat for pid, stat in found.items() if not stat.gone and pid != os.getpid()}


def send(stat: Stat, number: signal.Signals) -> None:
    """Sends a signal to exactly that process; nothing happens when it is gone or its number was taken over."""
    if sys.platform == "linux":
        try:
            handle = os.pidfd_open(stat.pid)
        except (OSError, AttributeError):
            return
        try:
            if start_of(stat.pid) == stat.start:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)
    elif start_of(stat.pid) == stat.start:
        with contextlib.suppress(OSError):
            os.kill(stat.pid, number)


def kill_all(look: Callable[[], Mapping[int, Stat]], rounds: int = 8) -> int:
    """Stops all, so that none can fork behind our back, looks again until none is new, then kills all; how many there were."""
    stopped: dict[int, Stat] = {}
    for _ in range(rounds):
        fresh = {pid: stat for pid, stat in look().items() if pid not in stopped}
        if not fresh:
            break
        for stat in fresh.values():
            send(stat, signal.SIGSTOP)
        stopped |= fresh
    for stat in stopped.values():
        send(stat, signal.SIGKILL)
    return len(stopped)


def still_there(stat: Stat) -> bool:
    """Whether that very process runs."""
    now = read_stat(stat.pid)
    return now is not None and not now.gone and now.start == stat.start

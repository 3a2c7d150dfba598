"""The processes of each attempt as a tree, looked at when somebody asks."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

import psutil

from callboard.core.task import AttemptKey, Process
from callboard.measure.process import Stat, all_stats
from callboard.measure.trees import MEBI, members_of

MOST = 200
INTERPRETERS = ("python", "node", "ruby", "perl", "sh", "bash", "dash", "zsh")


@dataclass(frozen=True, slots=True)
class Line:
    """A process below its parent: `depth` 0 for the attempt's own; `cpu_s` since it began, `memory_mb` now (resident)."""

    pid: int
    depth: int
    name: str
    cpu_s: float
    memory_mb: float


def process_lines(running: Mapping[AttemptKey, Process]) -> dict[AttemptKey, list[Line]]:
    """Each attempt's processes, parents before children, at most MOST of one attempt.

    Names are those of programs, with the script or module that an interpreter works on; other arguments may hold secrets and
    are never read out.
    """
    stats = {stat.pid: stat for stat in all_stats()}
    roots = {
        process.pid: key
        for key, process in running.items()
        if process.pid in stats and stats[process.pid].start == process.ticks
    }
    return {key: _lines(members) for key, members in members_of(stats.values(), roots).items()}


def _lines(members: list[Stat]) -> list[Line]:
    by_pid = {stat.pid: stat for stat in members}
    below: dict[int, list[Stat]] = {}
    for stat in sorted(members, key=lambda stat: (stat.start, stat.pid)):
        below.setdefault(stat.ppid if stat.ppid in by_pid else 0, []).append(stat)
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE") / MEBI
    found: list[Line] = []
    waiting = [(stat, 0) for stat in reversed(below.get(0, []))]
    while waiting and len(found) < MOST:
        stat, depth = waiting.pop()
        found.append(Line(stat.pid, depth, _name(stat.pid), round(stat.ticks / tick, 2), round(stat.rss * page, 1)))
        waiting += [(child, depth + 1) for child in reversed(below.get(stat.pid, []))]
    return found


def _name(pid: int) -> str:
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        name = process.name()
        if name.rstrip("0123456789.").startswith(INTERPRETERS):
            return f"{name} {_script(process.cmdline()[1:])}".strip()
        return name
    return "ended"


def _script(words: list[str]) -> str:
    """The module or the file's name that an interpreter works on; '' when it is neither."""
    for place, word in enumerate(words):
        if word == "-m" and place + 1 < len(words):
            return words[place + 1] if words[place + 1].replace(".", "").replace("_", "").isalnum() else ""
        if word in ("-c", "-e", "-"):
            return ""
        if not word.startswith("-"):
            name = PurePath(word).name
            return name if "/" in word or "." in name else ""
    return ""

"""Figures of a bench: each measured several times, shown as the median with its range, beside the goal."""

import os
import platform
import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: the median, the least and the most of `runs` tries, and the goal as words ('≤ 0.5')."""

    figure: str
    value: float
    unit: str
    min: float
    max: float
    runs: int
    goal: str = ""


def repeated(name: str, unit: str, goal: str, runs: int, measure: Callable[[], float]) -> Figure:
    """Measures `runs` times."""
    return figure_of(name, unit, goal, [measure() for _ in range(runs)])


def figure_of(name: str, unit: str, goal: str, values: Sequence[float]) -> Figure:
    """The figure of values that were measured already; there must be one at least."""
    return Figure(name, round(median(values), 4), unit, round(min(values), 4), round(max(values), 4), len(values), goal)


def cpu_seconds(pids: Sequence[int] = ()) -> float:
    """CPU seconds of this process and its ended children, and of other processes with theirs (Linux)."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    tick = os.sysconf("SC_CLK_TCK")
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(fields[i]) for i in (11, 12, 13, 14)) / tick
    return total


def machine() -> Mapping[str, Any]:
    """On what it was measured."""
    return {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }

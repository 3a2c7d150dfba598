"""What this machine has left for the workspace: disk, memory and processor, now and by its trend."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from callboard.api import Cell, Context, Figure, Figures, Finding, Result, Severity, Table
from callboard_monitor import history
from callboard_monitor.anomalies import Observation, Seen, observe
from callboard_monitor.judge import verdict
from callboard_monitor.robust import Point, slope
from callboard_monitor.words import DAY, HOUR, amount, span

GIB = 1024**3
FULL_SHARE = 0.3  # of the limit: below that it is high, not medium
LEAST_DISK_GIB = 1.0
CPU_SECONDS = 0.5
LEAST_TREND = 12
FAR = 90 * DAY
CGROUP = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
CGROUP_USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")


@dataclass(frozen=True, slots=True)
class Limits:
    """Free disk and memory in percent, and load for each core, at which the host counts as short; days of disk that are enough."""

    disk_percent: float
    memory_percent: float
    load: float
    disk_days: float = 7.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured; `inodes_percent` is 100 on a file system that does not count them."""

    disk_free_gib: float
    disk_percent: float
    inodes_percent: float
    memory_free_gib: float
    memory_percent: float
    load: float
    cores: int
    cpu_percent: float = 0.0
    swap_percent: float = 0.0
    disk_total_gib: float = 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the disk is full: seconds by the trend, and within its 95 % bounds (`latest` may be infinite)."""

    seconds: float
    soonest: float
    latest: float
    count: int
    over: float

    @property
    def words(self) -> str:
        """'full in 9 days (6–14)'."""
        unit = DAY if self.soonest >= 2 * DAY else HOUR
        late = amount(round(self.latest / unit)) if self.latest < 10 * FAR else "or never"
        between = f"{amount(round(self.soonest / unit))}{' ' if late == 'or never' else '–'}{late}"
        return f"full in {span(self.seconds)} ({between})"


def measured(ctx: Context) -> Measured:
    """The figures of this moment; the load is the average of the last five minutes, the processor's of half a second."""
    disk = shutil.disk_usage(ctx.workspace.path)
    nodes = os.statvfs(ctx.workspace.path)
    memory = psutil.virtual_memory()
    total, available = float(memory.total), float(memory.available)
    bound = _bounded(CGROUP, CGROUP_USED)
    if bound is not None and 0 < bound[0] < total:
        total, available = bound[0], max(0.0, min(available, bound[0] - bound[1]))
    swap = psutil.swap_memory()
    return Measured(
        disk_free_gib=disk.free / GIB,
        disk_percent=100 * disk.free / disk.total if disk.total else 100.0,
        inodes_percent=100 * nodes.f_favail / nodes.f_files if nodes.f_files else 100.0,
        memory_free_gib=available / GIB,
        memory_percent=100 * available / total,
        load=os.getloadavg()[1],
        cores=psutil.cpu_count() or 1,
        cpu_percent=psutil.cpu_percent(CPU_SECONDS),
        swap_percent=float(swap.percent),
        disk_total_gib=disk.total / GIB,
    )


def _bounded(limits: Sequence[str], used: Sequence[str]) -> tuple[float, float] | None:
    """Limit and use of memory of the container that this is in, in bytes; None when it has none, or it is not told."""
    for limit, use in zip(limits, used, strict=True):
        try:
            return float(Path(limit).read_text("ascii")), float(Path(use).read_text("ascii"))
        except (OSError, ValueError):
            continue
    return None


def check_host(ctx: Context, limits: Limits, fail_on: str) -> Result:
    """Reports a disk, a memory or a processor that is short, will be, or is unusual."""
    now = measured(ctx)
    ctx.metric("monitor.host.disk_free", now.disk_free_gib, "GiB")
    ctx.metric("monitor.host.disk_free_share", now.disk_percent, "%")
    ctx.metric("monitor.host.memory_free", now.memory_free_gib, "GiB")
    ctx.metric("monitor.host.memory_free_share", now.memory_percent, "%")
    ctx.metric("monitor.host.load_per_core", now.load / now.cores)
    ctx.metric("monitor.host.cpu", now.cpu_percent, "%")
    for finding in shortages(now, limits):
        ctx.finding(finding)
    seen = observe(
        ctx,
        "host",
        [
            Observation(
                "host.cpu",
                "processor use of this machine",
                now.cpu_percent,
                "%",
                "share",
                least=8.0,
                change=15.0,
                span=DAY,
            ),
            Observation(
                "host.memory_used",
                "memory in use on this machine",
                100 - now.memory_percent,
                "%",
                "share",
                least=3.0,
                change=8.0,
                span=DAY,
            ),
            Observation(
                "host.load", "load for each core", now.load / now.cores, "", "share", least=0.3, change=0.5, span=DAY
            ),
            Observation("host.disk_free", "free disk", now.disk_free_gib, "GiB", "share", "low", least=0.5, change=1.0),
        ],
    )
    future = forecast(history.read(ctx, "host").points("host.disk_free"), time.time())
    if future is not None and future.seconds < limits.disk_days * DAY:
        ctx.finding(_fills(future, now))
    _show(ctx, now, limits, future, seen)
    looked = (
        f"{now.disk_free_gib:.1f} GiB of disk and {now.memory_free_gib:.1f} GiB of memory are free, "
        f"load {now.load:.1f} on {now.cores} core{'' if now.cores == 1 else 's'}"
    )
    notes = [f"the disk is {future.words}"] if future is not None else []
    outputs = {
        "disk_free_gib": round(now.disk_free_gib, 2),
        "memory_free_percent": round(now.memory_percent, 1),
        "forecast": future.words if future is not None else "",
    }
    return verdict(ctx, looked, fail_on, outputs=outputs, notes=notes)


def forecast(free: Sequence[Point], now: float) -> Forecast | None:
    """When the disk is full by the trend of the last week of free GiB; None when it surely does not fill, or far off.

    A sudden release of space begins the trend anew: only what came after the last great rise counts.
    """
    recent = [point for point in free if now - point[0] <= 7 * DAY]
    for place in range(len(recent) - 1, 0, -1):
        rise = recent[place][1] - recent[place - 1][1]
        if rise > max(1.0, 0.1 * recent[place][1]):
            recent = recent[place:]
            break
    trend = slope(recent) if len(recent) >= LEAST_TREND else None
    if trend is None or trend.seconds < 2 * HOUR or trend.high >= 0:
        return None
    left = trend.level
    if left <= 0:
        return None
    seconds, soonest = left / -trend.per_second, left / -trend.low
    latest = left / -trend.high if trend.high < 0 else float("inf")
    return Forecast(seconds, soonest, latest, trend.count, trend.seconds) if seconds < FAR else None


def _fills(future: Forecast, now: Measured) -> Finding:
    grave = future.seconds < DAY
    return Finding(
        "host-disk-fills",
        Severity.HIGH if grave else Severity.MEDIUM,
        f"the disk of the workspace is {future.words} at the pace of the last {span(future.over)} (n = {future.count}); "
        f"{now.disk_free_gib:.1f} GiB are free",
        help="find what grows: logs, artefacts, images, caches",
        fingerprint="host-disk-fills",
    )


def shortages(now: Measured, limits: Limits) -> list[Finding]:
    """What the figures say against the limits. A big disk is not short for its share while gigabytes are free."""
    found = []
    if now.disk_percent < limits.disk_percent and now.disk_free_gib < 10 * LEAST_DISK_GIB:
        grave = now.disk_percent < FULL_SHARE * limits.disk_percent or now.disk_free_gib < LEAST_DISK_GIB
        found.append(
            Finding(
                "host-disk-low",
                Severity.HIGH if grave else Severity.MEDIUM,
                f"the disk of the workspace has {now.disk_free_gib:.1f} GiB free, {now.disk_percent:.0f} % of it",
                help="free space: old artefacts, caches, unused images",
            )
        )
    if now.inodes_percent < limits.disk_percent:
        what = f"the disk of the workspace has {now.inodes_percent:.0f} % of its file entries free"
        found.append(Finding("host-inodes-low", Severity.MEDIUM, what, help="remove folders of many small files"))
    if now.memory_percent < limits.memory_percent:
        grave = now.memory_percent < FULL_SHARE * limits.memory_percent
        found.append(
            Finding(
                "host-memory-low",
                Severity.HIGH if grave else Severity.MEDIUM,
                f"{now.memory_free_gib:.1f} GiB of memory are free, {now.memory_percent:.0f} % of it",
                help="end what is not needed, or let fewer tasks run at once ([engine] parallelism)",
            )
        )
    if now.load > limits.load * now.cores:
        what = f"the load over five minutes is {now.load:.1f} on {now.cores} cores"
        found.append(Finding("host-load-high", Severity.LOW, what, help="let fewer tasks run at once, or wait"))
    return found


def _show(ctx: Context, now: Measured, limits: Limits, future: Forecast | None, seen: Sequence[Seen]) -> None:
    short = {finding.rule for finding in shortages(now, limits)}
    figures = [
        Figure(
            "Disk free",
            f"{now.disk_free_gib:.1f}",
            "GiB",
            "bad" if "host-disk-low" in short else "good",
            f"{now.disk_percent:.0f} % of it; {future.words if future else 'no trend towards full'}",
        ),
        Figure(
            "Memory free",
            f"{now.memory_free_gib:.1f}",
            "GiB",
            "bad" if "host-memory-low" in short else "good",
            f"{now.memory_percent:.0f} % of it; swap {now.swap_percent:.0f} % used",
        ),
        Figure("Processor", f"{now.cpu_percent:.0f}", "%", "", f"load {now.load:.1f} on {now.cores} cores"),
    ]
    rows = [
        (one.observation.words, amount(one.observation.value, one.observation.unit), one.usual_cell, Cell(one.words))
        for one in seen
    ]
    ctx.show("host", Figures(figures), Table(("What", "Now", "Against history", "Words"), rows))

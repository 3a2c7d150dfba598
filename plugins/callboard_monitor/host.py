"""What this machine has left for the workspace: disk, memory and processor."""

import os
import shutil
from dataclasses import dataclass

import psutil

from callboard.api import Context, Finding, Result, Severity
from callboard_monitor.judge import judged

GIB = 1024**3
FULL_SHARE = 0.3  # of the limit: below that it is high, not medium
LEAST_DISK_GIB = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Free disk and memory in percent, and load for each core, at which the host counts as short."""

    disk_percent: float
    memory_percent: float
    load: float


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


def measured(ctx: Context) -> Measured:
    """The figures of this moment; the load is the average of the last five minutes."""
    disk = shutil.disk_usage(ctx.workspace.path)
    nodes = os.statvfs(ctx.workspace.path)
    memory = psutil.virtual_memory()
    return Measured(
        disk_free_gib=disk.free / GIB,
        disk_percent=100 * disk.free / disk.total if disk.total else 100.0,
        inodes_percent=100 * nodes.f_favail / nodes.f_files if nodes.f_files else 100.0,
        memory_free_gib=memory.available / GIB,
        memory_percent=100 * memory.available / memory.total,
        load=os.getloadavg()[1],
        cores=psutil.cpu_count() or 1,
    )


def check_host(ctx: Context, limits: Limits, fail_on: str) -> Result:
    """Reports a disk, a memory or a processor that is short."""
    now = measured(ctx)
    ctx.metric("host.disk_free", now.disk_free_gib, "GiB")
    ctx.metric("host.disk_free_share", now.disk_percent, "%")
    ctx.metric("host.memory_free", now.memory_free_gib, "GiB")
    ctx.metric("host.memory_free_share", now.memory_percent, "%")
    ctx.metric("host.load_per_core", now.load / now.cores)
    for finding in shortages(now, limits):
        ctx.finding(finding)
    looked = (
        f"{now.disk_free_gib:.1f} GiB of disk and {now.memory_free_gib:.1f} GiB of memory are free, "
        f"load {now.load:.1f} on {now.cores} core{'' if now.cores == 1 else 's'}"
    )
    return judged(ctx, looked, fail_on)


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

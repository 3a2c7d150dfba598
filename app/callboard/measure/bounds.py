"""What the control groups (versions 1 and 2) and the CPU affinity leave to this process."""

import os
import sys
from dataclasses import dataclass
from pathlib import PurePosixPath

from callboard.measure.kernel_text import NO_LIMIT, byte_limit, control_groups, cpu_quota, field
from callboard.measure.process import read_small

MOUNT = "/sys/fs/cgroup"
MEBI = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """Cores and MiB that may be used at all, and MiB that are free below the limit; infinite where nothing bounds them."""

    cpus: float
    memory_mb: float = NO_LIMIT
    free_mb: float = NO_LIMIT


def read_bounds(mount: str = MOUNT, own: str = "/proc/self/cgroup") -> Bounds:
    """The tightest bound on the way from our group up to the top."""
    cpus = float(os.cpu_count() or 1)
    if sys.platform == "linux":
        cpus = float(len(os.sched_getaffinity(0)))
    groups = control_groups(_text(own))
    memory, free = NO_LIMIT, NO_LIMIT
    for folder in _upwards(f"{mount}/memory", groups.get("memory")):
        limit = byte_limit(_text(f"{folder}/memory.limit_in_bytes"))
        used = byte_limit(_text(f"{folder}/memory.usage_in_bytes"))
        reclaimable = field(_text(f"{folder}/memory.stat"), "total_inactive_file")
        memory, free = _tighter(memory, free, limit, used, reclaimable)
    for folder in _upwards(f"{mount}/cpu", groups.get("cpu")):
        quota = _text(f"{folder}/cpu.cfs_quota_us").strip()
        cpus = min(cpus, cpu_quota(f"{quota} {_text(f'{folder}/cpu.cfs_period_us').strip()}"))
    for folder in _upwards(mount, groups.get("")):
        limit = byte_limit(_text(f"{folder}/memory.max"))
        used = byte_limit(_text(f"{folder}/memory.current"))
        reclaimable = field(_text(f"{folder}/memory.stat"), "inactive_file")
        memory, free = _tighter(memory, free, limit, used, reclaimable)
        cpus = min(cpus, cpu_quota(_text(f"{folder}/cpu.max")))
    return Bounds(cpus, memory / MEBI, free / MEBI)


def _tighter(memory: float, free: float, limit: float, used: float, reclaimable: float) -> tuple[float, float]:
    if limit == NO_LIMIT:
        return memory, free
    left = limit if used == NO_LIMIT else max(0.0, limit - used + reclaimable)
    return min(memory, limit), min(free, left)


def _upwards(mount: str, path: str | None) -> list[str]:
    """The folders of a group and all above it; inside of a container the path may not be there, the mount is."""
    if path is None or not os.path.isdir(mount):
        return []
    parts = [part for part in PurePosixPath(path).parts if part not in ("/", "..")]
    folders = ["/".join((mount, *parts[:length])) for length in range(len(parts), -1, -1)]
    return [folder for folder in folders if os.path.isdir(folder)]


def _text(path: str) -> str:
    return read_small(path).decode("ascii", "replace")

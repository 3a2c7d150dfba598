"""The meter: how much room this machine has for tasks, and what it does."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from callboard.core.resources import Capacity
from callboard.core.task import AttemptKey, Process, Usage
from callboard.measure.bounds import Bounds, read_bounds
from callboard.measure.kernel_text import busy, pressure, rates
from callboard.measure.others import Others
from callboard.measure.process import read_small
from callboard.measure.trees import Look, Trees

MEBI = 1 << 20
GIBI = 1 << 30
LEAST_RESERVE_MB = 512.0
RESERVED_PART = 0.05
FRESH = 0.4
MURMUR = 0.25
SHORT_PART = 0.1
STALLED_PERCENT = 20.0


@dataclass(frozen=True, slots=True)
class Room:
    """What `capacity_of` goes by: cores and MiB. `others_cpus` is what is used by what is not ours, `stalled` the per cent of
    time in which work waited for memory."""

    cpus: float
    others_cpus: float
    memory_mb: float
    available_mb: float
    ours_mb: float
    stalled: float = 0.0


def capacity_of(room: Room, cpu_reserve: float = 0.0, memory_reserve_mb: float | None = None) -> Capacity:
    """Cores: all, less the reserve and what others use, at least one. Memory: what is available and what our attempts use,
    less a reserve, by default 5 % or 512 MiB, whichever is more.

    What others use of cores counts from MURMUR on: an idle desktop, or our own engine, always takes a few hundredths, and on
    two cores they must not keep the second of two tasks of one core each from starting.

    It is pressed when half of the reserve is gone, or when memory is short and work stalls for it.
    """
    cpus = max(1.0, room.cpus - cpu_reserve - max(0.0, room.others_cpus - MURMUR))
    reserve = max(LEAST_RESERVE_MB, RESERVED_PART * room.memory_mb) if memory_reserve_mb is None else memory_reserve_mb
    used = max(0.0, room.memory_mb - room.available_mb)
    memory = max(0.0, room.available_mb + min(room.ours_mb, used) - reserve)
    is_short = room.available_mb < SHORT_PART * room.memory_mb
    return Capacity(
        cpus=cpus,
        memory_mb=memory,
        total_cpus=room.cpus,
        total_memory_mb=room.memory_mb,
        pressed=room.available_mb < reserve / 2 or (is_short and room.stalled >= STALLED_PERCENT),
    )


class HostMeter:
    """Implements the meter with psutil and, on Linux, `/proc` and the control groups. May be asked from any thread.

    `data` is the folder whose disk is looked at. A look is shared by all who ask within FRESH seconds. `extra` are further
    resources of the capacity by name.
    """

    def __init__(
        self,
        data: Path,
        *,
        cpu_reserve: float = 0.0,
        memory_reserve_mb: float | None = None,
        extra: Mapping[str, float] | None = None,
        slots: int | None = None,
        mono: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._data = data
        self._cpu_reserve = cpu_reserve
        self._memory_reserve_mb = memory_reserve_mb
        self._extra = dict(extra or {})
        self._slots = slots
        self._mono = mono
        self._wall = wall
        self._trees = Trees(mono)
        self._lock = threading.RLock()
        self._look: Look | None = None
        self._look_keys: frozenset[AttemptKey] = frozenset()
        self._others = Others()
        self._cpu_before = _cpu_seconds()
        self._cpu_at = mono()
        self._ours_before: float | None = None
        self._host: dict[str, Any] = {}
        self._host_at = float("-inf")
        self._cores_before = _core_seconds()
        self._counters_before: dict[str, float] = _counters()
        self._counters_at = mono()

    def capacity(self, running: Mapping[AttemptKey, Process]) -> Capacity:
        """What there is for tasks now, those that run included."""
        with self._lock:
            look = self._looked(running)
            bounds = read_bounds()
            memory = psutil.virtual_memory()
            self._weigh(look, bounds)
            room = Room(
                cpus=bounds.cpus,
                others_cpus=self._others.cores,
                memory_mb=min(memory.total / MEBI, bounds.memory_mb),
                available_mb=min(memory.available / MEBI, bounds.free_mb),
                ours_mb=look.ours_mb,
                stalled=(_pressure() or {}).get("memory", 0.0),
            )
            found = capacity_of(room, self._cpu_reserve, self._memory_reserve_mb)
            slots = found.slots if self._slots is None else self._slots
            return replace(found, extra=self._extra or found.extra, slots=slots)

    def usage(self, running: Mapping[AttemptKey, Process]) -> Mapping[AttemptKey, Usage]:
        """What the tree of each attempt used so far."""
        with self._lock:
            uses = self._looked(running).uses
            return {key: uses[key].as_usage() for key in running if key in uses}

    def now(self, key: AttemptKey) -> tuple[float, int] | None:
        """MiB resident and the number of processes of an attempt at the last look, None when it was not seen."""
        with self._lock:
            use = self._look.uses.get(key) if self._look else None
            return None if use is None else (use.rss_mb, use.processes)

    def host(self) -> Mapping[str, Any]:
        """What the machine does; rates are since the look before."""
        with self._lock:
            if self._mono() - self._host_at >= FRESH:
                self._host = self._host_now()
                self._host_at = self._mono()
            return self._host

    def _looked(self, running: Mapping[AttemptKey, Process]) -> Look:
        keys = frozenset(running)
        if self._look is None or self._mono() - self._look.at >= FRESH or not keys <= self._look_keys:
            self._look = self._trees.look(running)
            self._look_keys = keys
        return self._look

    def _weigh(self, look: Look, bounds: Bounds) -> None:
        """What others use: all that the machine was busy with, less our own."""
        now = self._mono()
        seconds = now - self._cpu_at
        if seconds < FRESH:
            return
        cpu = _cpu_seconds()
        cores = os.cpu_count() or 1
        taken = busy(self._cpu_before, cpu) * cores
        if self._ours_before is not None:
            ours = max(0.0, look.ours_s - self._ours_before) / seconds
            self._others.take(min(max(0.0, taken - ours), bounds.cpus), seconds)
        self._cpu_before, self._cpu_at, self._ours_before = cpu, now, look.ours_s

    def _host_now(self) -> dict[str, Any]:
        now = self._mono()
        cores = _core_seconds()
        shares = [busy(before, after) * 100 for before, after in zip(self._cores_before, cores, strict=False)]
        counters = _counters()
        grown = rates(self._counters_before, counters, now - self._counters_at)
        self._cores_before, self._counters_before, self._counters_at = cores, counters, now
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        bounds = read_bounds()
        disk = _disk(self._data)
        return {
            "at": self._wall(),
            "boot": psutil.boot_time(),
            "cpus": len(cores),
            "usable_cpus": bounds.cpus,
            "cpu_percent": round(sum(shares) / len(shares), 1) if shares else 0.0,
            "cores": [round(share, 1) for share in shares],
            "load": [round(value, 2) for value in os.getloadavg()],
            "memory_total_mb": round(min(memory.total / MEBI, bounds.memory_mb), 1),
            "memory_used_mb": round((memory.total - memory.available) / MEBI, 1),
            "memory_available_mb": round(min(memory.available / MEBI, bounds.free_mb), 1),
            "swap_total_mb": round(swap.total / MEBI, 1),
            "swap_used_mb": round(swap.used / MEBI, 1),
            "disk_total_gb": round(disk[0] / GIBI, 2),
            "disk_free_gb": round(disk[1] / GIBI, 2),
            **{f"{name}_mb_s": round(value / MEBI, 3) for name, value in grown.items()},
            "pressure": _pressure(),
        }


def _cpu_seconds() -> tuple[float, float]:
    """All seconds and idle seconds of all cores; what a hypervisor took away is not idle."""
    return _all_and_idle(psutil.cpu_times())


def _core_seconds() -> list[tuple[float, float]]:
    return [_all_and_idle(times) for times in psutil.cpu_times(percpu=True)]


def _all_and_idle(times: Any) -> tuple[float, float]:
    named = times._asdict()
    twice = named.get("guest", 0.0) + named.get("guest_nice", 0.0)
    return sum(named.values()) - twice, named.get("idle", 0.0) + named.get("iowait", 0.0)


def _counters() -> dict[str, float]:
    found = {"disk_read": 0.0, "disk_write": 0.0, "net_rx": 0.0, "net_tx": 0.0}
    try:
        disk = psutil.disk_io_counters()
        if disk is not None:
            found["disk_read"], found["disk_write"] = float(disk.read_bytes), float(disk.write_bytes)
        network = psutil.net_io_counters()
        if network is not None:
            found["net_rx"], found["net_tx"] = float(network.bytes_recv), float(network.bytes_sent)
    except (OSError, RuntimeError):
        return found
    return found


def _disk(folder: Path) -> tuple[float, float]:
    try:
        usage = psutil.disk_usage(str(folder))
    except OSError:
        return 0.0, 0.0
    return float(usage.total), float(usage.free)


def _pressure() -> dict[str, float] | None:
    """Per cent of the last ten seconds in which something stalled on cpu, memory, io; None where the kernel does not tell."""
    found = {
        name: value
        for name in ("cpu", "memory", "io")
        if (value := pressure(read_small(f"/proc/pressure/{name}").decode("ascii", "replace"))) is not None
    }
    return found or None

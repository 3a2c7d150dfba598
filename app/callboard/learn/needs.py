"""What a task is planned with: what it said that it needs, corrected by what it used in this workspace before."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from callboard.core.holds import cpus as cpus_words
from callboard.core.holds import gib
from callboard.core.resources import Needs
from callboard.core.task import TaskSpec
from callboard.learn.durations import ENOUGH, Learned

MARGIN = 1.3
MOST = 4.0
LEAST_MEMORY_MB = 64.0
LEAST_CPUS = 0.1
MACHINE_SHARE = 0.7


def with_needs(
    specs: Sequence[TaskSpec],
    known: Mapping[str, Learned],
    *,
    fixed: Collection[str] = (),
    cpus: float = 0.0,
    memory_mb: float = 0.0,
) -> tuple[TaskSpec, ...]:
    """The specs with the needs that runs taught, on a machine with so much (0: unknown); those in `fixed` are left alone.

    Memory: the worst peak and a margin of it, cores: what four of five runs kept within, each at most four times what was
    declared. Limits stay as they were declared, so that a task that once used little is never ended for it.
    """
    return tuple(
        _taught(spec, known[spec.name], cpus, memory_mb) if spec.name in known and spec.name not in fixed else spec
        for spec in specs
    )


def _taught(spec: TaskSpec, known: Learned, cpus: float, memory_mb: float) -> TaskSpec:
    if known.n < ENOUGH:
        return spec
    own = spec.needs
    memory = _memory(own.memory_mb, known, memory_mb)
    cores = _cores(own.cpus, known, cpus)
    words = []
    if abs(memory - own.memory_mb) >= 1:
        ended = " (the memory limit ended one)" if known.limit_mb > known.peak_mb else ""
        used = max(known.peak_mb, known.limit_mb)
        words.append(
            f"declared {gib(own.memory_mb)}, used {gib(used)} at most in {known.n} runs{ended}: {gib(memory)} planned"
        )
    if abs(cores - own.cpus) >= 0.05:
        words.append(f"declared {cpus_words(own.cpus)}, used {known.cpus80:.2f}: {cpus_words(cores)} planned")
    if not words:
        return spec
    return replace(
        spec,
        needs=Needs(cores, memory, own.locks, own.extra),
        learned={"declared": {"cpus": own.cpus, "memory_mb": own.memory_mb}, "words": "; ".join(words)},
    )


def _memory(declared: float, known: Learned, machine: float) -> float:
    """A run that the memory limit ended counts with what it had then; it never lowers what was declared."""
    wanted = max(max(known.peak_mb, known.limit_mb) * MARGIN, LEAST_MEMORY_MB)
    if known.limit_mb:
        wanted = max(wanted, declared)
    most = declared * MOST
    if machine:
        most = min(most, max(declared, machine * MACHINE_SHARE))
    return round(min(wanted, most), 1)


def _cores(declared: float, known: Learned, machine: float) -> float:
    if not declared:
        return declared
    most = min(declared * MOST, machine) if machine else declared * MOST
    return min(max(math.ceil(round(known.cpus80 * 10, 6)) / 10, LEAST_CPUS), max(most, LEAST_CPUS))

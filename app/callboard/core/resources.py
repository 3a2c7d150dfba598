"""What a task takes while it runs, and what there is to take."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

EMPTY: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Lock:
    """A named thing that only one task may hold, or many if each asks for it `shared`."""

    name: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Needs:
    """What a task takes while it runs.

    `cpus` in cores (fractions allowed), `memory_mb` in MiB, `extra` in units of resources that the
    capacity names; a resource that the capacity does not name is unlimited.
    """

    cpus: float = 1.0
    memory_mb: float = 256.0
    locks: tuple[Lock, ...] = ()
    extra: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Capacity:
    """What may be taken at once.

    `cpus` and `memory_mb` are what is there for tasks now; `total_cpus` and `total_memory_mb` what the
    machine has at all, for words such as 'needs 4.0 GiB, 2.1 GiB free of 14.0'. `slots` bounds how many attempts
    run at once. `pressed` says that the machine runs out of memory now.
    """

    cpus: float
    memory_mb: float
    total_cpus: float = 0.0
    total_memory_mb: float = 0.0
    extra: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    slots: int = 1_000_000
    pressed: bool = False

"""What a `callboard.toml` says, once it has been checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from callboard.config.cases import CasesTable
from callboard.config.crews import CrewTable
from callboard.config.fields import Source
from callboard.config.notifying import NotifyTable
from callboard.config.roadmap import RoadmapTables
from callboard.config.routes import RouteTable
from callboard.config.rules import RuleTable
from callboard.core.boundary import Boundary
from callboard.core.resources import Lock
from callboard.core.task import Priority
from callboard.core.yielding import Rule

NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EngineTable:
    """`[engine]`: most tasks at one time (None: as many as fit), cores and MiB that are left free."""

    parallelism: int | None = None
    cpu_reserve: float | None = None
    memory_reserve_mb: float | None = None


@dataclass(frozen=True, slots=True)
class AgentTable:
    """`[agents.NAME]`: whether it works, how many of its tasks run at one time, and its own settings."""

    name: str
    enabled: bool = True
    concurrency: int | None = None
    settings: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class JobTable:
    """`[jobs."NAME"]`: a value is None where the table says nothing, so that what lies under it stands."""

    name: str
    action: str | None = None
    wants: str | None = None
    command: tuple[str, ...] | None = None
    agent: str | None = None
    folder: str | None = None
    reads: tuple[str, ...] | None = None
    options: Mapping[str, Any] | None = None
    needs: tuple[str, ...] | None = None
    after: tuple[str, ...] | None = None
    cpus: float | None = None
    memory_mb: float | None = None
    fixed: bool | None = None
    locks: tuple[Lock, ...] | None = None
    resources: tuple[tuple[str, float], ...] | None = None
    attempts: int | None = None
    backoff_s: float | None = None
    time_limit_s: float | None = None
    memory_limit_mb: float | None = None
    output_limit_mb: float | None = None
    process_limit: int | None = None
    strict: bool | None = None
    idempotent: bool | None = None
    enabled: bool = True
    estimate_s: float | None = None
    stage: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class PipelineTable:
    """`[pipelines.NAME]`: patterns of jobs in their order, and the class of priority."""

    name: str
    jobs: tuple[str, ...] = ("*",)
    priority: Priority = Priority.MEDIUM


@dataclass(frozen=True, slots=True)
class ScheduleTable:
    """`[schedules.NAME]`: exactly one of `cron`, `every_s`, `at`, `on` and `files` is set.

    `cron` names the days of the week.
    `at` is ISO text; without an offset it is meant in `zone`. `quiet` is 'HH:MM-HH:MM' in `zone`, or ''.
    """

    name: str
    pipeline: str
    cron: str = ""
    every_s: float = 0.0
    at: str = ""
    on: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    zone: str = "UTC"
    quiet: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """A checked `callboard.toml`, or the defaults where there is none (`exists` is False).

    `table` holds the same as plain values, as attempts get it; its `boundary` is complete. `source` gives the line of
    what an error is about. `pipeline` is the one that runs when none is named.
    """

    source: Source
    exists: bool = False
    name: str = ""
    detect: bool = True
    pipeline: str = "default"
    boundary: Boundary = Boundary()
    coordination: Rule = Rule()
    engine: EngineTable = EngineTable()
    agents: Mapping[str, AgentTable] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    endpoints: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    crews: Mapping[str, CrewTable] = field(default_factory=dict)
    jobs: Mapping[str, JobTable] = field(default_factory=dict)
    pipelines: Mapping[str, PipelineTable] = field(default_factory=dict)
    schedules: Mapping[str, ScheduleTable] = field(default_factory=dict)
    routes: tuple[RouteTable, ...] = ()
    roadmap: RoadmapTables = RoadmapTables()
    cases: CasesTable = CasesTable()
    rules: Mapping[str, RuleTable] = field(default_factory=dict)
    notify: Mapping[str, NotifyTable] = field(default_factory=dict)
    table: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where it stands, or would stand."""
        return self.source.file

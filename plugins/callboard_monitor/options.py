"""What the actions can be asked with."""

from dataclasses import dataclass
from typing import Literal

from callboard.api import option

Level = Literal["critical", "high", "medium", "low", "info"]
FAIL_ON = "The least severity of a finding that fails the check"


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """How endpoints are asked."""

    names: list[str] = option([], help="Names of endpoints in callboard.toml; none means all")
    probes: int = option(5, help="How often each is asked", minimum=1, maximum=100)
    timeout: float = option(10.0, help="Seconds after which an answer counts as missing", minimum=0.1, maximum=120.0)
    per_second: float = option(
        0.0, help="Most requests a second to one host; 0, or more than the boundary allows: the boundary's", minimum=0
    )
    detect: bool = option(
        True, help="Ask also the HTTP ports that compose files and the like tell of, where one listens"
    )
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class CertificateOptions:
    """When a certificate ends too soon."""

    warn_days: float = option(30.0, help="Days before its end from which it is reported", minimum=0, maximum=3650)
    urgent_days: float = option(7.0, help="Days before its end from which that is high", minimum=0, maximum=3650)
    timeout: float = option(10.0, help="Seconds for a connection", minimum=0.1, maximum=120.0)
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """Which targets are scraped."""

    names: list[str] = option([], help="Names of [agents.monitor.metrics.NAME]; none means all")
    urls: list[str] = option([], help="Addresses of further targets, without rules")
    timeout: float = option(10.0, help="Seconds after which an answer counts as missing", minimum=0.1, maximum=120.0)
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How processes are measured."""

    seconds: float = option(3.0, help="How long they are watched", minimum=0.5, maximum=60.0)
    most_memory_percent: float = option(
        50.0, help="Share of the machine's memory above which a group is reported", minimum=1.0, maximum=100.0
    )
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which logs are read."""

    files: list[str] = option(
        [],
        help="Patterns relative to the workspace; none means `logs` in [agents.monitor], else *.log in the workspace",
    )
    only: Literal["all", "new"] = option(
        "all", help="'all': what stands at the end of the logs; 'new': what came since the last look"
    )
    most_mb: float = option(20.0, help="Megabytes that are read of each, from its end", minimum=0.001, maximum=500.0)
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class HostOptions:
    """When the host is short of something."""

    least_disk_percent: float = option(10.0, help="Free disk space below which it is reported", minimum=0, maximum=99)
    least_memory_percent: float = option(10.0, help="Free memory below which it is reported", minimum=0, maximum=99)
    most_load: float = option(2.0, help="Load per core, over five minutes, above which it is reported", minimum=0.1)
    least_disk_days: float = option(
        7.0, help="Days until the disk is full, by its trend, below which it is reported", minimum=0, maximum=90
    )
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class LevelOptions:
    """Which service levels are judged."""

    names: list[str] = option([], help="Names of [agents.monitor.levels.NAME]; none means all")
    fail_on: Level = option("high", help=FAIL_ON)


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the report covers."""

    hours: float = option(24.0, help="How far back it looks", minimum=1, maximum=744)


@dataclass(frozen=True, slots=True)
class RelearnOptions:
    """What is learned anew."""

    series: str = option("", help="The series as an anomaly names it ('endpoint.home.p95'); a '*' at the end takes all")

"""MonitorAnalytics: asks endpoints, measures processes and the host, reads logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.api import Agent, Context, Effects, Job, Needs, Result, Workspace, action, hookimpl, option

Level = Literal["critical", "high", "medium", "low", "info"]


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """How endpoints are asked."""

    names: list[str] = option([], help="Names of [endpoints.NAME] in callboard.toml; none means all")
    probes: int = option(5, help="How often each is asked", minimum=1, maximum=100)
    timeout: float = option(10.0, help="Seconds after which an answer counts as missing", minimum=0.1, maximum=120.0)
    fail_on: Level = option("high", help="The least severity of a finding that fails the check")


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How processes are measured."""

    seconds: float = option(3.0, help="How long they are watched", minimum=0.5, maximum=60.0)
    most_memory_percent: float = option(
        50.0, help="Share of the machine's memory above which a group is reported", minimum=1.0, maximum=100.0
    )
    fail_on: Level = option("high", help="The least severity of a finding that fails the check")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Which logs are read."""

    files: list[str] = option(
        [],
        help="Patterns relative to the workspace; none means `logs` in [agents.monitor], else *.log in the workspace",
    )
    fail_on: Level = option("high", help="The least severity of a finding that fails the check")


@dataclass(frozen=True, slots=True)
class HostOptions:
    """When the host is short of something."""

    least_disk_percent: float = option(10.0, help="Free disk space below which it is reported", minimum=0, maximum=99)
    least_memory_percent: float = option(10.0, help="Free memory below which it is reported", minimum=0, maximum=99)
    most_load: float = option(2.0, help="Load per core, over five minutes, above which it is reported", minimum=0.1)
    fail_on: Level = option("high", help="The least severity of a finding that fails the check")


class MonitorAnalytics(Agent):
    """The agent."""

    name = "monitor"
    title = "MonitorAnalytics"
    summary = "Probes declared endpoints, measures the processes of services and the host, finds errors in logs"
    version = "1"

    @action(
        "Probe endpoints",
        options=EndpointOptions,
        needs=Needs(cpus=0.2, memory_mb=96),
        effects=Effects(reads=("callboard.toml",), network=True),
        time_limit=900,
    )
    def endpoints(self, ctx: Context, options: EndpointOptions) -> Result:
        """Asks each declared endpoint a few times, gently, and reports what is down, wrong or slow."""
        from callboard_monitor.endpoints import probe_endpoints

        return probe_endpoints(ctx, options.names, options.probes, options.timeout, options.fail_on)

    @action(
        "Measure processes",
        options=ProcessOptions,
        needs=Needs(cpus=0.2, memory_mb=96),
        effects=Effects(reads=("callboard.toml",)),
        time_limit=120,
    )
    def processes(self, ctx: Context, options: ProcessOptions) -> Result:
        """Measures processor time and memory of the declared services' processes, or of those that work in the workspace."""
        from callboard_monitor.processes import measure_processes

        return measure_processes(ctx, options.seconds, options.most_memory_percent, options.fail_on)

    @action(
        "Find errors in logs",
        options=LogOptions,
        needs=Needs(cpus=0.5, memory_mb=128),
        effects=Effects(reads=("**/*.log",)),
        time_limit=300,
    )
    def logs(self, ctx: Context, options: LogOptions) -> Result:
        """Finds errors and tracebacks in log files, each kind once, with how often it stands there."""
        from callboard_monitor.logs import scan_logs

        return scan_logs(ctx, options.files, options.fail_on)

    @action(
        "Check the host",
        options=HostOptions,
        needs=Needs(cpus=0.1, memory_mb=64),
        effects=Effects(reads=()),
        time_limit=60,
    )
    def host(self, ctx: Context, options: HostOptions) -> Result:
        """Looks at the workspace's disk, the memory and the load of this machine."""
        from callboard_monitor.host import Limits, check_host

        limits = Limits(options.least_disk_percent, options.least_memory_percent, options.most_load)
        return check_host(ctx, limits, options.fail_on)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The agent of this package."""
    return [MonitorAnalytics()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """A look at the host anywhere; at endpoints, services and logs where they are declared or there."""
    host = Job(
        name="monitor.host", action="monitor.host", because="any work needs disk, memory and processor", estimate=1.0
    )
    jobs = [host]
    services = workspace.config.get("services", {})
    endpoints = workspace.config.get("endpoints", {})
    starts = tuple(f"infra.service_start:{name}" for name in services) if isinstance(services, Mapping) else ()
    for name, declared, estimate in (
        ("monitor.endpoints", endpoints, 6.0 * max(1, len(endpoints))),
        ("monitor.processes", services, 5.0),
    ):
        if declared:
            what = f"callboard.toml declares {', '.join(map(str, declared))}"
            jobs.append(Job(name=name, action=name, because=what, after=starts, stage="verify", estimate=estimate))
    settings = workspace.config.get("agents", {}).get("monitor", {})
    patterns = settings.get("logs") if isinstance(settings, Mapping) else None
    logs = workspace.matching("*.log")
    if patterns or logs:
        because = f"callboard.toml names {', '.join(patterns)}" if patterns else f"{logs[0]} lies in the workspace"
        jobs.append(Job(name="monitor.logs", action="monitor.logs", because=because, after=starts, estimate=2.0))
    return jobs

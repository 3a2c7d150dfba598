"""MonitorAnalytics: asks endpoints and metrics, measures processes and the host, reads logs, keeps service levels."""

from collections.abc import Sequence

from callboard.api import Agent, Context, Effects, Job, Lock, Needs, Result, Section, Workspace, action, hookimpl
from callboard_monitor.options import (
    CertificateOptions,
    EndpointOptions,
    HostOptions,
    LevelOptions,
    LogOptions,
    MetricOptions,
    ProcessOptions,
    RelearnOptions,
    ReportOptions,
)

PROBES = Lock("monitor:probes")  # those who ask hosts do so one after the other, so that the pace holds


class MonitorAnalytics(Agent):
    """The agent."""

    name = "monitor"
    title = "MonitorAnalytics"
    summary = (
        "Probes endpoints and metrics, measures processes and the host, finds errors in logs, keeps service levels"
    )
    version = "2"

    @action(
        "Probe endpoints",
        options=EndpointOptions,
        needs=Needs(cpus=0.2, memory_mb=96, locks=(PROBES,)),
        effects=Effects(reads=("callboard.toml",), network=True),
        time_limit=900,
        provides=("uptime",),
    )
    def endpoints(self, ctx: Context, options: EndpointOptions) -> Result:
        """Asks each endpoint a few times, gently, and reports what is down, wrong, slow or unusual."""
        from callboard_monitor.endpoints import Asking, probe_endpoints
        from callboard_monitor.judge import told

        asking = Asking(
            options.names, options.probes, options.timeout, options.per_second, options.detect, options.fail_on
        )
        return told(ctx, lambda: probe_endpoints(ctx, asking))

    @action(
        "Check certificates",
        options=CertificateOptions,
        needs=Needs(cpus=0.2, memory_mb=96, locks=(PROBES,)),
        effects=Effects(reads=("callboard.toml",), network=True),
        time_limit=600,
        provides=("certificates",),
    )
    def certificates(self, ctx: Context, options: CertificateOptions) -> Result:
        """Says for how many days the certificates of TLS servers are good, and whether their chain is trusted."""
        from callboard_monitor.certificates import Thresholds, check_certificates
        from callboard_monitor.judge import told

        thresholds = Thresholds(options.warn_days, options.urgent_days)
        return told(ctx, lambda: check_certificates(ctx, thresholds, options.timeout, options.fail_on))

    @action(
        "Scrape metrics",
        options=MetricOptions,
        needs=Needs(cpus=0.5, memory_mb=160, locks=(PROBES,)),
        effects=Effects(reads=("callboard.toml",), network=True),
        time_limit=600,
        provides=("metrics",),
    )
    def metrics(self, ctx: Context, options: MetricOptions) -> Result:
        """Scrapes Prometheus targets: rates, quantiles and error ratios, against rules and history."""
        from callboard_monitor.judge import told
        from callboard_monitor.metrics import scrape_targets

        return told(ctx, lambda: scrape_targets(ctx, options.names, options.urls, options.timeout, options.fail_on))

    @action(
        "Measure processes",
        options=ProcessOptions,
        needs=Needs(cpus=0.2, memory_mb=96),
        effects=Effects(reads=("callboard.toml",)),
        time_limit=120,
    )
    def processes(self, ctx: Context, options: ProcessOptions) -> Result:
        """Measures processor time, memory, descriptors and restarts of services, or of what works in the workspace."""
        from callboard_monitor.judge import told
        from callboard_monitor.processes import measure_processes

        return told(ctx, lambda: measure_processes(ctx, options.seconds, options.most_memory_percent, options.fail_on))

    @action(
        "Find errors in logs",
        options=LogOptions,
        needs=Needs(cpus=0.5, memory_mb=96),
        effects=Effects(reads=("**/*.log",)),
        time_limit=300,
        provides=("logs",),
    )
    def logs(self, ctx: Context, options: LogOptions) -> Result:
        """Finds errors and tracebacks in log files, each kind once, with how often and since when it stands there."""
        from callboard_monitor.judge import told
        from callboard_monitor.logs import Reading, scan_logs

        reading = Reading(options.files, int(options.most_mb * 1_000_000), options.only == "new", options.fail_on)
        return told(ctx, lambda: scan_logs(ctx, reading))

    @action(
        "Check the host",
        options=HostOptions,
        needs=Needs(cpus=0.1, memory_mb=64),
        effects=Effects(reads=()),
        time_limit=60,
    )
    def host(self, ctx: Context, options: HostOptions) -> Result:
        """Looks at the workspace's disk, the memory and the load of this machine, and when the disk will be full."""
        from callboard_monitor.host import Limits, check_host

        limits = Limits(
            options.least_disk_percent, options.least_memory_percent, options.most_load, options.least_disk_days
        )
        return check_host(ctx, limits, options.fail_on)

    @action(
        "Judge service levels",
        options=LevelOptions,
        needs=Needs(cpus=0.2, memory_mb=64),
        effects=Effects(reads=("callboard.toml",)),
        time_limit=60,
        provides=("slo",),
    )
    def levels(self, ctx: Context, options: LevelOptions) -> Result:
        """Says how much of each error budget is left, how fast it burns, and when it is gone."""
        from callboard_monitor.judge import told
        from callboard_monitor.levels import judge_levels

        return told(ctx, lambda: judge_levels(ctx, options.names, options.fail_on))

    @action(
        "Report of the day",
        options=ReportOptions,
        needs=Needs(cpus=0.2, memory_mb=64),
        effects=Effects(reads=("callboard.toml",)),
        time_limit=60,
        provides=("report",),
    )
    def report(self, ctx: Context, options: ReportOptions) -> Result:
        """Writes what happened in the last hours as one page: service levels, anomalies, errors, certificates, host."""
        from callboard_monitor.report import write_report

        return write_report(ctx, options.hours)

    @action(
        "Learn anew what is usual",
        options=RelearnOptions,
        needs=Needs(cpus=0.1, memory_mb=64),
        effects=Effects(reads=()),
        time_limit=60,
    )
    def relearn(self, ctx: Context, options: RelearnOptions) -> Result:
        """Forgets the earlier values of a series, after a change that is meant to stay."""
        from callboard_monitor.relearn import forget_series

        return forget_series(ctx, options.series)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The agent of this package."""
    return [MonitorAnalytics()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """What can really be watched here: the host anywhere, the rest where it is declared, runs or lies here."""
    from callboard_monitor.detect import proposed

    return proposed(workspace)


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """What this agent shows on its page."""

    def section(name: str, title: str, empty: str, *trends: str) -> Section:
        return Section(name, "monitor", title, empty, trends)

    return [
        section(
            "levels",
            "Service levels",
            "Write [agents.monitor.levels.NAME] into callboard.toml; monitor.levels then shows each error budget.",
            "monitor.level.*",
        ),
        section("endpoints", "Endpoints", "Run monitor.endpoints to ask the endpoints.", "monitor.endpoint.*"),
        section("errors", "New errors", "Run monitor.logs to see the errors in logs.", "monitor.logs.*"),
        section("host", "Host", "Run monitor.host to look at this machine.", "monitor.host.*"),
        section("metrics", "Metrics", "Run monitor.metrics to scrape the targets.", "monitor.metrics.*"),
        section("processes", "Processes", "Run monitor.processes to measure the processes.", "monitor.process.*"),
        section("certificates", "Certificates", "Run monitor.certificates to see their days.", "monitor.certificate.*"),
        section("report", "Report", "Run monitor.report to see the last day."),
    ]

"""Processor time, memory, descriptors and restarts of the processes that matter to the workspace; looks only."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psutil

from callboard.api import Cell, Context, Finding, Result, Severity, Table
from callboard_monitor import history
from callboard_monitor.anomalies import Observation, Seen, observe
from callboard_monitor.grouping import Group, found_groups, listeners, tree_of
from callboard_monitor.judge import verdict
from callboard_monitor.robust import Point, Slope, slope
from callboard_monitor.settings import Watched, watched
from callboard_monitor.words import DAY, HOUR, amount, plural, slug, span

MIB = 1024 * 1024
TICK = 0.5
MOST_RESTARTS = 3  # in a day, from which it keeps restarting
LEAST_TREND = 12  # values of a process's own life
LEAST_TIME = HOUR
LEAST_GROWTH = 0.2
LEAST_MIB = 10.0
FULL = 0.8


def measure_processes(ctx: Context, seconds: float, most_memory_percent: float, fail_on: str) -> Result:
    """Watches them for `seconds`. UNKNOWN when there is no such process."""
    services = ctx.config.get("services", {})
    names = list(services) if isinstance(services, Mapping) else []
    wanted = watched(ctx.settings)
    groups = found_groups(ctx, set(names), wanted)
    running = {group.name for group in groups if group.declared}
    _missing(ctx, names, wanted, running)
    if not groups:
        declared = [*names, *(one.name for one in wanted)]
        what = f"none of {', '.join(declared)} runs here" if declared else "no service is declared"
        words = f"there is no process to measure: {what}, and no program works in the workspace"
        if any(finding.severity is Severity.HIGH for finding in ctx.findings):
            return verdict(ctx, plural(len(wanted), "watched process", "watched processes"), fail_on, [words])
        return verdict(ctx, "", fail_on, [words])
    spent = _watch(groups, seconds)
    total = psutil.virtual_memory().total / MIB
    limits = {one.name: one.most_memory_mb for one in wanted}
    restarts = _restarts(ctx, groups)
    seen = _observed(ctx, groups, spent)
    outputs = {}
    for group in groups:
        name, cpu = slug(group.name), 100 * group.cpu_s / spent
        outputs[group.name] = {"cpu_percent": round(cpu, 1), "memory_mib": round(group.peak_mib, 1)}
        ctx.metric(f"monitor.process.{name}.cpu", cpu, "%")
        ctx.metric(f"monitor.process.{name}.memory", group.peak_mib, "MiB")
        ctx.metric(f"monitor.process.{name}.count", len(group.members))
        ctx.metric(f"monitor.process.{name}.descriptors", group.descriptors)
        report(ctx, group, total, most_memory_percent, limits.get(group.name, 0.0))
        _trends(ctx, group, total)
    _show(ctx, groups, spent, restarts, seen)
    count = sum(len(group.members) for group in groups)
    top = max(groups, key=lambda group: group.peak_mib)
    looked = (
        f"{plural(count, 'process', 'processes')} in {plural(len(groups), 'group')} watched for {spent:.1f} s, "
        f"largest {top.name} with {top.peak_mib:.0f} MiB"
    )
    return verdict(ctx, looked, fail_on, outputs={"groups": outputs})


def _missing(ctx: Context, services: Sequence[str], wanted: Sequence[Watched], running: set[str]) -> None:
    for name in services:
        if name not in running:
            what = f"service '{name}' is declared but not started by Callboard"
            ctx.finding(Finding("service-not-running", Severity.INFO, what, help="start it with infra.service_start"))
    for one in wanted:
        if one.name not in running:
            by = one.pid_file or (f"port {one.port}" if one.port else " ".join(one.words))
            what = f"'{one.name}' does not run: no process is found by {by}"
            ctx.finding(_found("process-missing", Severity.HIGH, what, one.name, "start it, and see why it ended"))


def _found(rule: str, severity: Severity, words: str, name: str, help: str) -> Finding:
    mark = hashlib.sha256(f"{rule}\x1f{name}".encode("utf-8", "replace")).hexdigest()[:16]
    return Finding(rule, severity, words, help=help, fingerprint=mark)


def _watch(groups: list[Group], seconds: float) -> float:
    began = time.monotonic()
    first: dict[int, float] = {}
    last: dict[int, float] = defaultdict(float)
    while True:
        for group in groups:
            memory = 0.0
            for process in group.members:
                with suppress(psutil.Error):
                    times = process.cpu_times()
                    spent = times.user + times.system
                    first.setdefault(process.pid, spent)
                    last[process.pid] = spent
                    memory += process.memory_info().rss / MIB
            group.peak_mib = max(group.peak_mib, memory)
        left = seconds - (time.monotonic() - began)
        if left <= 0:
            break
        time.sleep(min(TICK, left))
    listening = listeners()
    for group in groups:
        group.cpu_s = sum(last[p.pid] - first[p.pid] for p in group.members if p.pid in first)
        pids = {process.pid for process in group.members}
        group.ports = tuple(sorted({port for pid, port in listening if pid in pids}))
        for process in group.members:
            with suppress(psutil.Error):
                group.zombies += sum(child.status() == psutil.STATUS_ZOMBIE for child in process.children())
            _count_descriptors(group, process)
    return time.monotonic() - began


def _count_descriptors(group: Group, process: psutil.Process) -> None:
    with suppress(psutil.Error, OSError, AttributeError, ValueError):
        group.threads += process.num_threads()
        count = process.num_fds()
        group.descriptors += count
        soft, _ = process.rlimit(psutil.RLIMIT_NOFILE)
        if soft > 0:
            group.fullest = max(group.fullest, count / soft)


def report(ctx: Context, group: Group, total_mib: float, most_percent: float, most_mb: float) -> None:
    """The findings about a group as it is now."""
    share = 100 * group.peak_mib / total_mib
    help = "look for what it keeps, or give it a limit; shared pages count more than once"
    if most_mb and group.peak_mib > most_mb:
        what = f"'{group.name}' holds {group.peak_mib:.0f} MiB; {most_mb:g} are allowed in callboard.toml"
        ctx.finding(_found("process-memory-high", Severity.HIGH, what, group.name, help))
    elif share > most_percent:
        what = f"'{group.name}' holds {group.peak_mib:.0f} MiB, {share:.0f} % of this machine's memory"
        ctx.finding(_found("process-memory-high", Severity.HIGH, what, group.name, help))
    if group.zombies:
        what = f"'{group.name}' has {plural(group.zombies, 'ended child', 'ended children')} that it never collected"
        ctx.finding(_found("process-zombies", Severity.LOW, what, group.name, "wait for the children that it starts"))
    if group.fullest > FULL:
        what = f"a process of '{group.name}' has {100 * group.fullest:.0f} % of the descriptors that it may open"
        help = "close what it opens, or raise the limit (ulimit -n)"
        ctx.finding(_found("process-descriptors-high", Severity.HIGH, what, group.name, help))


def _restarts(ctx: Context, groups: Sequence[Group]) -> dict[str, list[float]]:
    """When each group began anew in the last day, from what is remembered; reports those that did since the last look."""
    now = time.time()
    restarted: dict[str, str] = {}

    def changed(former: object) -> dict[str, Any]:
        kept = {k: v for k, v in former.items() if isinstance(v, dict)} if isinstance(former, dict) else {}
        for group in groups:
            entry = dict(kept.pop(group.name, {}))
            before = {tuple(row) for row in entry.get("roots", ()) if isinstance(row, list)}
            times = [t for t in entry.get("times", ()) if isinstance(t, (int, float)) and now - DAY < t <= now]
            if before and group.roots and before.isdisjoint(group.roots):
                restarted[group.name] = f"process {group.roots[0][0]} instead of {min(before)[0]}"
                times.append(min(now, group.started or now))
            kept[group.name] = {
                "roots": [list(root) for root in group.roots[:50]],
                "times": times[-100:],
                "at": round(now),
            }
        return dict(list(kept.items())[-200:])

    table = ctx.memory.update("processes", changed, {})
    for group in groups:
        times = table.get(group.name, {}).get("times", [])
        if group.declared and len(times) >= MOST_RESTARTS:
            what = f"'{group.name}' was restarted {len(times)} times within a day, last {span(now - times[-1])} ago"
            ctx.finding(
                _found(
                    "process-keeps-restarting", Severity.HIGH, what, group.name, "see what its log says before each end"
                )
            )
        elif group.declared and group.name in restarted:
            what = f"'{group.name}' was restarted since the last look: {restarted[group.name]}"
            ctx.finding(
                _found("process-restarted", Severity.LOW, what, group.name, "if nobody meant it, see what its log says")
            )
    return {group.name: table.get(group.name, {}).get("times", []) for group in groups}


def _observed(ctx: Context, groups: Sequence[Group], spent: float) -> dict[str, list[Seen]]:
    observations = []
    for group in groups:
        name = slug(group.name)
        cpu = 100 * group.cpu_s / spent
        observations += [
            Observation(f"process.{name}.memory", f"memory of '{group.name}'", group.peak_mib, "MiB", change=5.0),
            Observation(
                f"process.{name}.cpu", f"processor time of '{group.name}'", cpu, "%", "share", least=5.0, change=10.0
            ),
            Observation(
                f"process.{name}.descriptors", f"open descriptors of '{group.name}'", group.descriptors, change=8.0
            ),
        ]
    found: dict[str, list[Seen]] = {}
    for seen in observe(ctx, "processes", observations):
        found.setdefault(seen.observation.series.removeprefix("process.").rsplit(".", 1)[0], []).append(seen)
    return found


def growth(points: Sequence[Point], since: float, least: float) -> Slope | None:
    """The trend of a value over the life of a process, if it surely grows: by a fifth and by `least` at least, over an hour."""
    own = [point for point in points if point[0] >= since]
    trend = slope(own) if len(own) >= LEAST_TREND else None
    if trend is None or trend.seconds < LEAST_TIME or trend.low <= 0:
        return None
    grown = trend.per_second * trend.seconds
    start = max(trend.level - grown, 1e-9)
    return trend if grown >= max(least, LEAST_GROWTH * start) else None


def _trends(ctx: Context, group: Group, total_mib: float) -> None:
    past = history.read(ctx, "processes")
    name = slug(group.name)
    memory = growth(past.points(f"process.{name}.memory"), group.started, LEAST_MIB)
    if memory is not None:
        left = (total_mib - memory.level) / memory.per_second
        hourly = [amount(HOUR * per) for per in (memory.per_second, memory.low, memory.high)]
        what = (
            f"'{group.name}' grows by {hourly[0]} MiB an hour ({hourly[1]}–{hourly[2]}) over the last {span(memory.seconds)} "
            f"(n = {memory.count}); at this pace it fills the machine in {span(left)}"
        )
        ctx.finding(
            _found(
                "process-leaks", Severity.MEDIUM, what, group.name, "look for what it keeps; a restart only hides it"
            )
        )
    opened = growth(past.points(f"process.{name}.descriptors"), group.started, 16)
    if opened is not None:
        what = (
            f"'{group.name}' opens {amount(HOUR * opened.per_second)} descriptors an hour more than it closes, "
            f"over the last {span(opened.seconds)} (n = {opened.count})"
        )
        ctx.finding(
            _found("process-descriptors-grow", Severity.MEDIUM, what, group.name, "close files and sockets after use")
        )


def _show(
    ctx: Context,
    groups: Sequence[Group],
    spent: float,
    restarts: Mapping[str, Sequence[float]],
    seen: Mapping[str, Sequence[Seen]],
) -> None:
    now = time.time()
    rows, trees = [], []
    for group in groups:
        odd = seen.get(slug(group.name), ())
        worst = next((one for one in odd if one.unusual), odd[0] if odd else None)
        rows.append(
            (
                group.name,
                group.kind,
                len(group.members),
                f"{100 * group.cpu_s / spent:.1f}",
                f"{group.peak_mib:.0f}",
                group.descriptors,
                ", ".join(map(str, group.ports)) or "–",
                span(now - group.started) if group.started else "–",
                Cell(
                    str(len(restarts.get(group.name, ()))),
                    "bad" if len(restarts.get(group.name, ())) >= MOST_RESTARTS else "",
                ),
                worst.usual_cell if worst else "–",
            )
        )
        trees += [(group.name, f"{'· ' * depth}{name}", str(pid)) for depth, pid, name in tree_of(group)[:50]]
    columns = (
        "Group",
        "Known as",
        "Processes",
        "CPU %",
        "MiB",
        "Descriptors",
        "Listens on",
        "Runs for",
        "Restarts in a day",
        "Against history",
    )
    ctx.show("processes", Table(columns, rows), Table(("Group", "Process", "Pid"), trees, "Trees"))

"""Processor time and memory of the processes of declared services, or of those that work in the workspace."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from callboard.api import Context, Finding, Result, Severity, unknown
from callboard_monitor.judge import judged, plural

SERVICE = "CALLBOARD_SERVICE"
WORKSPACE = "CALLBOARD_SERVICE_WORKSPACE"
OWN = "CALLBOARD_ATTEMPT"
MIB = 1024 * 1024
TICK = 0.5


@dataclass(slots=True)
class Group:
    """Processes that belong together, by service or by program."""

    name: str
    declared: bool
    members: list[psutil.Process] = field(default_factory=list)
    peak_mib: float = 0.0
    cpu_s: float = 0.0
    zombies: int = 0


def measure_processes(ctx: Context, seconds: float, most_memory_percent: float, fail_on: str) -> Result:
    """Watches them for `seconds`. UNKNOWN when there is no such process."""
    services = ctx.config.get("services", {})
    declared = list(services) if isinstance(services, Mapping) else []
    groups = found_groups(ctx, set(declared))
    if not groups:
        what = f"none of the services {', '.join(declared)} runs here" if declared else "no service is declared"
        return unknown(f"there is no process to measure: {what}, and no program works in the workspace")
    watched = _watch(groups, seconds)
    total = psutil.virtual_memory().total / MIB
    outputs = {}
    for group in groups:
        cpu = 100 * group.cpu_s / watched
        outputs[group.name] = {"cpu_percent": round(cpu, 1), "memory_mib": round(group.peak_mib, 1)}
        ctx.metric(f"process.{group.name}.cpu", cpu, "%")
        ctx.metric(f"process.{group.name}.memory", group.peak_mib, "MiB")
        ctx.metric(f"process.{group.name}.count", len(group.members))
        _report(ctx, group, total, most_memory_percent)
    running = {group.name for group in groups if group.declared}
    for name in declared:
        if name not in running:
            what = f"service '{name}' is declared but not started by Callboard"
            ctx.finding(Finding("service-not-running", Severity.INFO, what, help="start it with infra.service_start"))
    count = sum(len(group.members) for group in groups)
    top = max(groups, key=lambda group: group.peak_mib)
    looked = (
        f"{plural(count, 'process', 'processes')} in {plural(len(groups), 'group')} watched for {watched:.1f} s, "
        f"largest {top.name} with {top.peak_mib:.0f} MiB"
    )
    return judged(ctx, looked, fail_on, outputs={"groups": outputs})


def found_groups(ctx: Context, services: set[str]) -> list[Group]:
    """The processes of the declared services; if none of those runs, the programs whose folder lies in the workspace.

    What Callboard itself runs for an attempt is left out.
    """
    workspace = str(ctx.workspace.path)
    of_services: dict[str, Group] = {}
    of_programs: dict[str, Group] = {}
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid in own or process.status() == psutil.STATUS_ZOMBIE:
                continue
            given = process.environ()
            name = given.get(SERVICE, "")
            if name in services and given.get(WORKSPACE) == workspace:
                of_services.setdefault(name, Group(name, True)).members.append(process)
            elif not name and OWN not in given and _inside(process.cwd(), workspace):
                program = process.name()
                of_programs.setdefault(program, Group(program, False)).members.append(process)
    return list((of_services or of_programs).values())


def _inside(folder: str, workspace: str) -> bool:
    return folder == workspace or folder.startswith(workspace + os.sep)


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
    for group in groups:
        group.cpu_s = sum(last[p.pid] - first[p.pid] for p in group.members if p.pid in first)
        for process in group.members:
            with suppress(psutil.Error):
                group.zombies += sum(child.status() == psutil.STATUS_ZOMBIE for child in process.children())
    return time.monotonic() - began


def _report(ctx: Context, group: Group, total_mib: float, most_percent: float) -> None:
    share = 100 * group.peak_mib / total_mib
    if share > most_percent:
        what = f"'{group.name}' holds {group.peak_mib:.0f} MiB, {share:.0f} % of this machine's memory"
        help = "look for what it keeps, or give it a limit; shared pages count more than once"
        ctx.finding(Finding("process-memory-high", Severity.HIGH, what, help=help))
    if group.zombies:
        what = f"'{group.name}' has {plural(group.zombies, 'ended child', 'ended children')} that it never collected"
        ctx.finding(Finding("process-zombies", Severity.LOW, what, help="wait for the children that it starts"))

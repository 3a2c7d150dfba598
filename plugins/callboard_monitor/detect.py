"""Which jobs there are for this agent in a workspace."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from callboard.api import CallboardError, Job, Workspace
from callboard_monitor.certificates import servers
from callboard_monitor.settings import levels, targets, watched
from callboard_monitor.targets import Endpoint, declared, detected, listening_ports

LOGS = ("*.log",)


def proposed(workspace: Workspace) -> list[Job]:
    """A look at the host anywhere; the rest where it is declared, or is found to run or to lie here."""
    config = workspace.config
    settings = config.get("agents", {}).get("monitor", {})
    settings = settings if isinstance(settings, Mapping) else {}
    services = config.get("services", {})
    services = services if isinstance(services, Mapping) else {}
    starts = (*(f"infra.service_start:{name}" for name in services), *_deployments(config))
    jobs = [
        Job(
            name="monitor.host",
            action="monitor.host",
            because="any work needs disk, memory and processor",
            estimate=2.0,
        )
    ]

    def add(name: str, because: str, estimate: float, after: tuple[str, ...] = starts, stage: str = "verify") -> None:
        jobs.append(Job(name=name, action=name, because=because, after=after, stage=stage, estimate=estimate))

    endpoints, why = _endpoints(workspace, config, settings)
    if endpoints:
        add("monitor.endpoints", why, 6.0 * len(endpoints))
    if _named(lambda: servers(config, settings), settings, "certificates"):
        names = [f"{host}:{port}" for host, port in _safely(lambda: servers(config, settings))]
        add("monitor.certificates", f"callboard.toml names {_list(names) or 'certificates'}", 2.0)
    if _named(lambda: targets(settings), settings, "metrics"):
        names = [target.name for target in _safely(lambda: targets(settings))]
        add("monitor.metrics", f"callboard.toml declares {_list(names) or 'metrics'}", 3.0)
    processes = [*services, *(one.name for one in _safely(lambda: watched(settings)))]
    if processes or settings.get("processes"):
        add("monitor.processes", f"callboard.toml declares {_list(processes) or 'processes'}", 5.0)
    patterns, logs = settings.get("logs"), workspace.matching(*LOGS)
    if patterns or logs:
        named = patterns if isinstance(patterns, list) else [patterns]
        because = f"callboard.toml names {_list(named)}" if patterns else f"{logs[0]} lies in the workspace"
        add("monitor.logs", because, 2.0, stage="check")
    if settings.get("levels"):
        names = [level.name for level in _safely(lambda: levels(settings))]
        add(
            "monitor.levels",
            f"callboard.toml declares {_list(names) or 'service levels'}",
            1.0,
            ("monitor.endpoints", "monitor.metrics"),
        )
    return jobs


def _deployments(config: Mapping[str, Any]) -> list[str]:
    """The jobs that put environments into service; not those that wait for this agent themselves."""
    table = config.get("environments", {})
    entries = table.items() if isinstance(table, Mapping) else ()
    found = []
    for name, entry in entries:
        gate = entry.get("gate", ()) if isinstance(entry, Mapping) else ()
        if not any("monitor" in str(pattern) or str(pattern).startswith("*") for pattern in gate):
            found.append(f"infra.deploy:{name}")
    return found


def _endpoints(
    workspace: Workspace, config: Mapping[str, Any], settings: Mapping[str, Any]
) -> tuple[list[Endpoint], str]:
    """What can be asked, with the evidence. A broken table is proposed as well: the action says what is wrong with it."""
    try:
        written = declared(config, settings, ())
    except CallboardError as error:
        return [Endpoint("", "")], str(error)
    if written:
        return written, f"callboard.toml declares {_list([endpoint.name for endpoint in written])}"
    told = detected(workspace)
    if not told:
        return [], ""
    listening = listening_ports()
    spared = workspace.config.get("boundary", {}).get("protected_ports", (5173, 6770))
    alive = [one for one in told if (port := urlsplit(one.url).port) in listening and port not in spared]
    return alive, f"{alive[0].found} tells of port {urlsplit(alive[0].url).port}, where one listens" if alive else ""


def _safely(read: Any) -> list[Any]:
    try:
        return list(read())
    except CallboardError:
        return []


def _named(read: Any, settings: Mapping[str, Any], key: str) -> bool:
    """Whether there is something, or a table that is broken: then the action says what is wrong."""
    return bool(settings.get(key)) or bool(_safely(read))


def _list(names: Any) -> str:
    shown = ", ".join(str(name) for name in list(names)[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")

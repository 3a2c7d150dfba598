"""An environment as `callboard.toml` writes it down: where releases are deployed to, and how."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from callboard.api import CallboardError, Context, Workspace
from callboard_infra_deploy.declared import is_passed_on

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """When a release is ready: `kind` is http, tcp, log, command, or '' where nothing says so. `within` is in seconds."""

    kind: str = ""
    url: str = ""
    status: tuple[int, ...] = ()
    log: str = ""
    command: Words = ()
    within: float = 30.0
    steady: int = 3


@dataclass(frozen=True, slots=True)
class Environment:
    """`[environments.NAME]`; `port` 0 means that it is reached in a way that Callboard does not know."""

    name: str
    kind: str
    probe: Probe
    command: Words = ()
    port: int = 0
    standby: bool = True
    file: str = ""
    services: Words = ()
    start: Words = ()
    stop: Words = ()
    status: Words = ()
    folder: str = ""
    env: tuple[tuple[str, str], ...] = ()
    env_file: str = ""
    build: tuple[Words, ...] = ()
    logs: Words = ()
    keep: int = 3
    gate: Words = ()
    disk_mb: float = 0.0
    memory_mb: float = 0.0
    ports: tuple[int, ...] = ()
    auto: bool = True


def environments_of(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The tables by name."""
    tables = config.get("environments", {})
    if not isinstance(tables, Mapping):
        return {}
    return {str(name): table for name, table in tables.items() if isinstance(table, Mapping)}


def environment_of(workspace: Workspace, name: str) -> Environment:
    """The environment of that name. Raises `CallboardError` that names what is missing or wrong."""
    tables = environments_of(workspace.config)
    if name not in tables or not NAME.fullmatch(name):
        known = ", ".join(tables) or "none"
        raise CallboardError(f"callboard.toml writes down no environment '{name}'; written down: {known}")
    table = tables[name]
    try:
        return _read(name, table)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError) as error:
        raise CallboardError(f"[environments.{name}] cannot be understood: {error}") from error


def _read(name: str, table: Mapping[str, Any]) -> Environment:
    kind = str(table.get("kind", "process"))
    for key in {"process": ("command", "port"), "compose": ("file",), "script": ("start",)}[kind]:
        if not table.get(key):
            raise CallboardError(f"[environments.{name}] is of kind {kind} and has no '{key}'; write {key} = …")
    build = table.get("build", [])
    room = table.get("needs", {})
    return Environment(
        name=name,
        kind=kind,
        probe=_probe(table, kind),
        command=_words(table, "command"),
        port=int(table.get("port", 0)),
        standby=bool(table.get("standby", True)),
        file=str(table.get("file", "")),
        services=_words(table, "services"),
        start=_words(table, "start"),
        stop=_words(table, "stop"),
        status=_words(table, "status"),
        folder=str(table.get("folder", "")),
        env=tuple((str(key), str(value)) for key, value in table.get("env", {}).items()),
        env_file=str(table.get("env_file", "")),
        build=tuple(tuple(words) for words in (build if build and isinstance(build[0], list) else [build]) if words),
        logs=_words(table, "logs"),
        keep=int(table.get("keep", 3)),
        gate=_words(table, "gate"),
        disk_mb=float(room.get("disk_mb", 0)),
        memory_mb=float(room.get("memory_mb", 0)),
        ports=tuple(int(port) for port in room.get("ports", ())),
        auto=bool(table.get("auto", True)),
    )


def _words(table: Mapping[str, Any], key: str) -> Words:
    return tuple(str(word) for word in table.get(key, ()))


def _probe(table: Mapping[str, Any], kind: str) -> Probe:
    said = table.get("health", {})
    how = next((key for key in ("url", "tcp", "log", "command") if key in said), "")
    status = said.get("status", [])
    within = said.get("within", 30.0)
    command = tuple(said.get("command", ())) or (tuple(table.get("status", ())) if not how else ())
    asked = {"url": "http"}.get(how, how) or ("command" if command else "tcp" if table.get("port") else "")
    return Probe(
        kind=asked,
        url=str(said.get("url", "")),
        status=tuple(status if isinstance(status, list) else [status]),
        log=str(said.get("log", "")),
        command=command,
        within=_seconds(within),
        steady=int(said.get("steady", 1 if asked in ("", "log") else 3)),
    )


def _seconds(value: Any) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    parts = re.findall(r"(\d+)([smh])", str(value))
    return sum(int(number) * UNITS[unit] for number, unit in parts) or 30.0


def recipe_of(ctx: Context, environment: Environment) -> str:
    """The same for two releases that are built and started in the same way; the `env_file` counts by its time and size."""
    way = replace(environment, gate=(), keep=0, disk_mb=0, memory_mb=0, ports=(), logs=(), auto=True)
    place = ctx.workspace.path / environment.env_file
    stat = place.stat() if environment.env_file and place.is_file() else None
    return sha256(repr((way, (stat.st_mtime_ns, stat.st_size) if stat else None)).encode()).hexdigest()[:16]


def surroundings(ctx: Context, environment: Environment) -> dict[str, str]:
    """The variables for what is run for a release: this process's own without Callboard's, then those written down.

    The workspace's own Python comes first on PATH; a release with a `.venv` of its own goes before it (see `prefer`).
    """
    given = {name: value for name, value in os.environ.items() if is_passed_on(name)}
    python = ctx.python_of(environment.folder)
    if python is not None:
        given["PATH"] = f"{python.parent}{os.pathsep}{given.get('PATH', os.defpath)}"
        given["VIRTUAL_ENV"] = str(python.parent.parent)
    given.setdefault("PYTHONUNBUFFERED", "1")
    given.update(secrets_of(ctx, environment))
    given.update(environment.env)
    return given


def secrets_of(ctx: Context, environment: Environment) -> dict[str, str]:
    """What the `env_file` says; raises `CallboardError` when it is not there."""
    if not environment.env_file:
        return {}
    if not (ctx.workspace.path / environment.env_file).is_file():
        raise CallboardError(
            f"[environments.{environment.name}] has env_file '{environment.env_file}', which is not there"
        )
    found = {}
    for line in ctx.workspace.text(environment.env_file).splitlines():
        name, is_given, value = line.strip().removeprefix("export ").partition("=")
        if is_given and re.fullmatch(r"[A-Za-z_]\w*", name.strip()):
            value = value.strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            found[name.strip()] = value[1:-1] if quoted else value
    return found

"""A service as `callboard.toml` declares it."""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from callboard.api import CallboardError, Context

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
PORT = "{port}"
LONGEST_START = 800.0  # within the time limit of the action


@dataclass(frozen=True, slots=True)
class Service:
    """`[services.NAME]`: `port` 0 means a free one; `health` is a path, a full address, or '' for an open port."""

    name: str
    command: tuple[str, ...]
    port: int = 0
    health: str = ""
    env: Mapping[str, str] | None = None
    folder: str = ""
    start_timeout: float = 30.0

    def words(self, port: int) -> list[str]:
        """The command with the port put in."""
        return [word.replace(PORT, str(port)) for word in self.command]

    def address(self, port: int) -> str:
        """Where it is asked for its health; '' when an open port is all that can be asked for."""
        health = self.health.replace(PORT, str(port))
        if not health or "://" in health:
            return health
        return f"http://127.0.0.1:{port}/{health.lstrip('/')}"


def service_of(ctx: Context, name: str) -> Service:
    """The declared service. Raises `CallboardError` that names what is missing or wrong."""
    services = ctx.config.get("services", {})
    if not isinstance(services, Mapping):
        services = {}
    if name not in services:
        known = ", ".join(map(str, services)) or "none"
        raise CallboardError(f"callboard.toml declares no service '{name}'; declared: {known}")
    if not NAME.match(name):
        raise CallboardError(f"'{name}' is no name for a service; use letters, digits, '_', '-' and '.'")
    table = services[name]
    where = f"[services.{name}]"
    if not isinstance(table, Mapping):
        raise CallboardError(f"{where} is no table")
    unknown = set(table) - {"command", "port", "health", "env", "folder", "start_timeout"}
    if unknown:
        raise CallboardError(
            f"{where} has no key '{min(unknown)}'; keys: command, port, health, env, folder, start_timeout"
        )
    command = table.get("command")
    if not isinstance(command, (list, tuple)) or not command or not all(isinstance(word, str) for word in command):
        raise CallboardError(f"{where} needs 'command' as a list of words, such as ['uvicorn', 'app:app']")
    port = table.get("port", 0)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65_535:
        raise CallboardError(f"{where} has port {port!r}; use 0 for a free one, or 1 to 65535")
    env = table.get("env", {})
    if not isinstance(env, Mapping):
        raise CallboardError(f"{where} has an 'env' that is no table")
    timeout = table.get("start_timeout", 30.0)
    if not isinstance(timeout, (int, float)) or not timeout > 0:
        raise CallboardError(f"{where} has start_timeout {timeout!r}; use seconds above 0")
    folder = str(table.get("folder", ""))
    if not (ctx.workspace.path / folder).resolve().is_relative_to(ctx.workspace.path):
        raise CallboardError(f"{where} has the folder '{folder}', which lies outside of the workspace")
    if not (ctx.workspace.path / folder).is_dir():
        raise CallboardError(f"{where} has the folder '{folder}', which is not there")
    return Service(
        name=name,
        command=tuple(command),
        port=port,
        health=str(table.get("health", "")),
        env={str(key): str(value) for key, value in env.items()},
        folder=folder,
        start_timeout=min(float(timeout), LONGEST_START),
    )


def surroundings(ctx: Context, service: Service, port: int) -> dict[str, str]:
    """The environment of the service: this process's own without Callboard's, the workspace's programs first."""
    given = {name: value for name, value in os.environ.items() if is_passed_on(name)}
    python = ctx.python_of(service.folder)
    if python is not None:
        given["PATH"] = f"{python.parent}{os.pathsep}{given.get('PATH', os.defpath)}"
        given["VIRTUAL_ENV"] = str(python.parent.parent)
    given.setdefault("PYTHONUNBUFFERED", "1")
    given["PORT"] = str(port)
    given.update({name: value.replace(PORT, str(port)) for name, value in (service.env or {}).items()})
    return given


def is_passed_on(name: str) -> bool:
    """Callboard's own variables end here, but for the one by which a service keeps within the boundary."""
    return not name.startswith("CALLBOARD_") or name == "CALLBOARD_BOUNDARY"


def program_of(ctx: Context, service: Service, path: str) -> str:
    """The first word of the command as a place; raises `CallboardError` when there is no such program."""
    word = service.command[0]
    folder = ctx.workspace.path / service.folder
    found = str(folder / word) if "/" in word else shutil.which(word, path=path)
    if not found or not (Path(found).is_file() and os.access(found, os.X_OK)):
        raise CallboardError(f"[services.{service.name}] starts '{word}', which is not there or may not be run")
    return found

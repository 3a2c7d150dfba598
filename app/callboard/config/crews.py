"""What a `[crews.NAME]` may say: where a crew of the team's platform can be watched without touching its program."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from callboard.config.fields import Field, Source, near, shown
from callboard.config.times import seconds, wrong_interval

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,79}")
MOST_ADDRESSES = 20
MOST_ROLES = 200
DEFAULT_EVERY_S = 5.0
# What a team's status may call its things; each is one of our facts, and its value the dotted path to it.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "workflows": "the list (or table) of workflows; '' for the whole answer",
        "id": "in a workflow: its id",
        "state": "in a workflow: its state",
        "process": "in a workflow: sequential, hierarchical or flow",
        "started": "in a workflow: when it began",
        "ended": "in a workflow: when it ended",
        "total": "in a workflow: how many tasks it has",
        "done": "in a workflow: how many of them are done",
        "percent": "in a workflow: how far it is, 0 to 1 or 0 to 100",
        "error": "in a workflow: why it failed",
        "current_role": "in a workflow: the agent that works now",
        "current_task": "in a workflow: the task that runs now",
        "tasks": "in a workflow: the list (or table) of its tasks",
        "task_name": "in a task: its name",
        "task_role": "in a task: the agent that does it",
        "task_state": "in a task: its state",
        "task_started": "in a task: when it began",
        "task_ended": "in a task: when it ended",
        "task_seconds": "in a task: how long it took",
        "task_error": "in a task: why it failed",
        "agents": "the list (or table) of agents",
        "agent_role": "in an agent: its role",
        "agent_state": "in an agent: its state",
        "agent_task": "in an agent: what it does now",
        "input": "in a workflow or a task: tokens read",
        "output": "in a workflow or a task: tokens written",
    }
)


@dataclass(frozen=True, slots=True)
class CrewTable:
    """`[crews.NAME]`: the crew's declared roles, and the ways to watch it, each '' or () when it is not used.

    `checkpoints` and `log` are paths of the workspace, or absolute. `fields` maps our names to the path of keys in the
    answers of `status` and `socket`.
    """

    name: str
    title: str = ""
    agents: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    socket: str = ""
    checkpoints: str = ""
    log: str = ""
    every_s: float = DEFAULT_EVERY_S
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def watched(self) -> bool:
        """Whether there is anything to look at besides what an observer or a collector sends."""
        return bool(self.status or self.socket or self.checkpoints or self.log)


def _wrong_address(value: Any, schemes: tuple[str, ...], example: str) -> str:
    try:
        parts = urlsplit(str(value))
        port = parts.port
        fits = parts.scheme in schemes and parts.hostname and (port is None or port > 0)
    except ValueError:
        fits = False
    if not fits or re.search(r"[\s\\]", str(value)):
        return f"it must be an address such as '{example}'"
    if "@" in urlsplit(str(value)).netloc:
        return "it must not hold a user and a password"
    return ""


def _wrong_status(value: Any) -> str:
    example = "http://127.0.0.1:8000/crew/status"
    addresses = value if isinstance(value, list) else [value]
    if not addresses or not all(isinstance(one, str) for one in addresses):
        return f"it must be an address such as '{example}', or a list of them"
    if len(addresses) > MOST_ADDRESSES:
        return f"it must be at most {MOST_ADDRESSES} addresses"
    return next((wrong for one in addresses if (wrong := _wrong_address(one, ("http", "https"), example))), "")


def _wrong_socket(value: Any) -> str:
    return _wrong_address(value, ("ws", "wss"), "ws://127.0.0.1:8000/ws/crew")


def _wrong_place(value: Any) -> str:
    text = str(value)
    if not text.strip() or text.startswith("~") or "\0" in text:
        return "it must be a path of the workspace such as 'logs/crew.txt', or an absolute path"
    if not text.startswith("/") and ".." in text.replace("\\", "/").split("/"):
        return "it leads out of the workspace; write an absolute path if you mean a place elsewhere"
    return ""


def _wrong_roles(value: Any) -> str:
    if len(value) > MOST_ROLES:
        return f"it must be at most {MOST_ROLES} roles"
    if not all(0 < len(role.strip()) <= 200 for role in value):
        return "each must be the role of an agent, such as 'Fact Checker'"
    twice = next((role for role in value if value.count(role) > 1), "")
    return f"'{twice}' is named twice" if twice else ""


def _wrong_fields(value: Any) -> str:
    for key, path in value.items():
        if key not in FIELDS:
            return f"there is no '{key}' in it.{near(key, FIELDS)} Its keys: {', '.join(FIELDS)}"
        parts = path if isinstance(path, list) else [path]
        if not all(isinstance(part, str) for part in parts) or len(parts) > 20 or any(len(p) > 300 for p in parts):
            return f"'{key}' must be a path of keys such as 'data.jobs', or a list of keys"
    return ""


CREW: Mapping[str, Field] = {
    "title": Field("text", "what the team calls the crew"),
    "agents": Field("texts", "the roles of its agents, shown before any of them has worked", check=_wrong_roles),
    "status": Field(
        "any", "an address, or a list of them, that tells the crew's state as JSON; asked with GET", check=_wrong_status
    ),
    "socket": Field("text", "a WebSocket that tells it; only read, nothing is sent", check=_wrong_socket),
    "checkpoints": Field(
        "text",
        "the folder (or SQLite file) of CrewAI's checkpoints; an absolute path may lie elsewhere",
        check=_wrong_place,
    ),
    "log": Field(
        "text",
        "a file with CrewAI's `output_log_file` (.txt or .json) or its verbose output; an absolute path may lie elsewhere",
        check=_wrong_place,
    ),
    "every": Field("text", "how often status, checkpoints and log are looked at; left out: 5s", check=wrong_interval),
    "fields": Field(
        "table",
        "where things stand in the answers of status and socket, by dotted path: {workflows = 'data.jobs', id = 'job_id'}; "
        "common names are found without it",
        check=_wrong_fields,
    ),
}


def crews_of(source: Source, tables: Mapping[str, Mapping[str, Any]]) -> dict[str, CrewTable]:
    """The crews of the checked tables; raises `ConfigError` for a name that is none."""
    found: dict[str, CrewTable] = {}
    for name, table in tables.items():
        if not NAME.fullmatch(name):
            raise source.fault(
                f"{shown(name)} is no name of a crew; use letters, digits, '-', '_' and '.', such as [crews.journal]",
                *("crews", name),
            )
        status = table.get("status", [])
        paths = {
            key: tuple(path) if isinstance(path, list) else tuple(part for part in path.split(".") if part)
            for key, path in table.get("fields", {}).items()
        }
        found[name] = CrewTable(
            name=name,
            title=table.get("title", ""),
            agents=tuple(table.get("agents", ())),
            status=tuple(status) if isinstance(status, list) else (status,),
            socket=table.get("socket", ""),
            checkpoints=table.get("checkpoints", ""),
            log=table.get("log", ""),
            every_s=seconds(table["every"]) if "every" in table else DEFAULT_EVERY_S,
            fields=paths,
        )
    return found

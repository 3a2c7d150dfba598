"""Where settings are defined besides env files: compose, Dockerfiles, workflows, scripts, test configuration."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.api import Workspace
from callboard_config.read import Read
from callboard_config.tool_defines import map_names, tool_names
from callboard_config.yaml_text import load_bounded

COMPOSE = ("compose*.yml", "compose*.yaml", "docker-compose*.yml", "docker-compose*.yaml")
WORKFLOWS = (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", "action.yml", "action.yaml")
SHELL = ("*.sh", "*.bash", "Makefile", "*.mk", "Procfile*", "justfile", "Justfile", "*.service", ".envrc")
DOCKER = ("Dockerfile*", "*.dockerfile", "Containerfile*")
CLUSTER = ("*.yml", "*.yaml")
LARGEST = 1_000_000
COMPOSE_READ = "compose ${…}"

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_ENV_NAME = re.compile(_NAME)
_PUT_IN = re.compile(r"(?<!\$)\$(?:\{(" + _NAME + r")(:?[-?+][^}]*)?\}|(" + _NAME + r"))")
_SHELL_SET = re.compile(r"^[ \t]*(?:export[ \t]+|Environment=\"?|declare -x[ \t]+)(" + _NAME + r")=", re.MULTILINE)
_SCRIPT_SET = re.compile(r"(?:^|\s|&&|;|cross-env)\s*([A-Z][A-Z0-9_]{2,})=")
_CLUSTER_ENV = re.compile(
    r"^[ \t]*-[ \t]+name:[ \t]*[\"']?([A-Z][A-Z0-9_]*)[\"']?[ \t]*\r?\n[ \t]+value(?:From)?:", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A setting that is given a value somewhere.

    `kind` is compose, dockerfile, workflow, script, cluster, tool, platform or dynaconf.
    """

    name: str
    path: str
    line: int
    kind: str


def definitions(workspace: Workspace) -> Iterator[Definition]:
    """All that can be read; a file that cannot be parsed gives none (`config.schema` tells of it)."""
    for path in workspace.matching(*COMPOSE):
        text = workspace.text(path, LARGEST)
        for name in _compose_names(load_bounded(text)):
            yield Definition(name, path, line_of(text, name), "compose")
    for path in workspace.matching(*WORKFLOWS):
        text = workspace.text(path, LARGEST)
        for name in _env_tables(load_bounded(text)):
            yield Definition(name, path, line_of(text, name), "workflow")
    for path in workspace.matching(*DOCKER):
        yield from docker_names(workspace.text(path, LARGEST), path)
    for path in workspace.matching(*SHELL):
        text = workspace.text(path, LARGEST)
        for match in _SHELL_SET.finditer(text):
            yield Definition(match[1], path, text.count("\n", 0, match.start(1)) + 1, "script")
        if path.rsplit("/", 1)[-1].startswith("Procfile"):
            for number, line in enumerate(text.splitlines(), 1):
                for match in _SCRIPT_SET.finditer(line[:2_000].partition(":")[2]):
                    yield Definition(match[1], path, number, "script")
    for path in workspace.matching("package.json"):
        text = workspace.text(path, LARGEST)
        for number, line in enumerate(text.splitlines(), 1):
            for match in _SCRIPT_SET.finditer(line[:2_000].partition(":")[2].strip(' ",')):
                yield Definition(match[1], path, number, "script")
    for path in workspace.matching(*CLUSTER):
        text = workspace.text(path, LARGEST)
        if "kind:" in text:
            for match in _CLUSTER_ENV.finditer(text):
                yield Definition(match[1], path, text.count("\n", 0, match.start(1)) + 1, "cluster")
            for name in map_names(text):
                yield Definition(name, path, line_of(text, name), "cluster")
    for name, path, kind in tool_names(workspace):
        yield Definition(name, path, line_of(workspace.text(path, LARGEST), name), kind)


def compose_reads(workspace: Workspace) -> Iterator[Read]:
    """What compose files put in from the environment: `${NAME}`, `${NAME:-default}`, `${NAME:?error}`."""
    for path in workspace.matching(*COMPOSE):
        for number, line in enumerate(workspace.text(path, LARGEST).splitlines(), 1):
            for match in _PUT_IN.finditer(re.sub(r"(^|\s)#.*", "", line)):
                name, rest = match[1] or match[3], (match[2] or "").lstrip(":")
                yield Read(name, path, number, COMPOSE_READ, rest.startswith("?"), rest.startswith(("-", "+")))


def env_file_references(workspace: Workspace) -> Iterator[tuple[str, str, bool]]:
    """(compose file, env file as it is written, required) for each `env_file` entry."""
    for path in workspace.matching(*COMPOSE):
        for service in _services(load_bounded(workspace.text(path, LARGEST))):
            named = service.get("env_file")
            for entry in named if isinstance(named, list) else [named]:
                if isinstance(entry, str):
                    yield path, entry, True
                elif isinstance(entry, Mapping) and isinstance(entry.get("path"), str):
                    yield path, str(entry["path"]), entry.get("required", True) is not False


def service_variables(workspace: Workspace, path: str) -> dict[str, dict[str, tuple[str, int]]]:
    """By service of a compose file, its variables with their values (never to be shown or kept) and lines."""
    text = workspace.text(path, LARGEST)
    tables = load_bounded(text)
    named = tables.get("services") if isinstance(tables, Mapping) else None
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for service, table in named.items() if isinstance(named, Mapping) else ():
        given = table.get("environment") if isinstance(table, Mapping) else None
        values: dict[str, tuple[str, int]] = {}
        if isinstance(given, Mapping):
            values = {str(k): ("" if v is None else str(v), 0) for k, v in given.items() if _ENV_NAME.fullmatch(str(k))}
        elif isinstance(given, list):
            for entry in given:
                name, _, value = str(entry).partition("=")
                if _ENV_NAME.fullmatch(name):
                    values[name] = (value, 0)
        found[str(service)] = {name: (value, line_of(text, name)) for name, (value, _) in values.items()}
    return found


def _services(tables: Any) -> Iterator[Mapping[str, Any]]:
    services = tables.get("services") if isinstance(tables, Mapping) else None
    for service in services.values() if isinstance(services, Mapping) else ():
        if isinstance(service, Mapping):
            yield service


def _compose_names(tables: Any) -> Iterator[str]:
    for service in _services(tables):
        yield from _names(service.get("environment"))
        build = service.get("build")
        if isinstance(build, Mapping):
            yield from _names(build.get("args"))


def _names(table: Any) -> Iterator[str]:
    """The names of a mapping, or of a list of NAME=value."""
    entries = table if isinstance(table, (Mapping, list)) else ()
    for entry in entries:
        name = str(entry).partition("=")[0].strip()
        if _ENV_NAME.fullmatch(name):
            yield name


def _env_tables(tables: Any) -> Iterator[str]:
    """The names below every key `env` or `variables`, at any depth that load_bounded lets through."""
    pending, steps = [tables], 0
    while pending and steps < 100_000:
        steps += 1
        node = pending.pop()
        if isinstance(node, Mapping):
            for key in ("env", "variables"):
                yield from _names(node.get(key))
            pending += node.values()
        elif isinstance(node, list):
            pending += node


def docker_names(text: str, path: str) -> Iterator[Definition]:
    """ENV and ARG of a Dockerfile, continuation lines included."""
    start, held = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start if held else number
        if held and line.lstrip().startswith("#"):
            continue
        held += line.rstrip()
        if held.endswith("\\"):
            held = held[:-1] + " "
            continue
        match = re.match(r"\s*(ENV|ARG)\s+(.*)", held, re.IGNORECASE)
        held = ""
        if match is None:
            continue
        pairs = re.findall(r"(" + _NAME + r")=(?:\"[^\"]*\"|'[^']*'|\S*)", match[2])
        names = pairs or [match[2].split()[0]] if match[2].split() else []
        for name in names:
            if _ENV_NAME.fullmatch(name):
                yield Definition(name, path, start, "dockerfile")


def line_of(text: str, name: str) -> int:
    """The first line that holds the name as a word, 0 for none."""
    match = re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", text)
    return text.count("\n", 0, match.start()) + 1 if match else 0

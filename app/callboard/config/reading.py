"""Reads and checks the workspace's `callboard.toml`; every fault is told with file, line and mend."""

import datetime
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from callboard.config.accepted import accepted_tables
from callboard.config.cases import CasesTable
from callboard.config.coordinating import rule_of
from callboard.config.crews import crews_of
from callboard.config.deploying import check_environments
from callboard.config.fields import Source, checked, near, plain, shown, title
from callboard.config.lines import Lines, find_lines
from callboard.config.model import AgentTable, Config, EngineTable, JobTable, PipelineTable, ScheduleTable
from callboard.config.notifying import notify_of
from callboard.config.roadmap import roadmap_tables
from callboard.config.routes import route_tables
from callboard.config.rules import rules_of
from callboard.config.tables import LISTED, NAMED, SINGLE
from callboard.config.times import cron_line, moment, seconds
from callboard.core.boundary import Boundary
from callboard.core.resources import Lock
from callboard.core.task import Priority
from callboard.errors import BoundaryError, ConfigError
from callboard.work.finding import clean

CONFIG_NAME = "callboard.toml"
LARGEST_FILE = 1_000_000
LONGEST_NAME = 200


def read_config(workspace: Path) -> Config:
    """The checked `callboard.toml` of the workspace, or the defaults when there is none.

    Raises `ConfigError` with file and line for the first fault.
    """
    file = workspace / CONFIG_NAME
    if not file.exists() and not file.is_symlink():
        return default_config(workspace)
    return config_from(text_of(file), file)


def default_config(workspace: Path = Path()) -> Config:
    """What holds where there is no `callboard.toml`: everything that the agents detect, within the safe boundary."""
    return Config(source=Source(workspace / CONFIG_NAME), table={"boundary": _plain_boundary(Boundary())})


def config_from(text: str, file: Path) -> Config:
    """The configuration of a text; `file` is named in errors, which are `ConfigError`."""
    return _config_of(*_parsed(text, file))


def config_of_table(table: Mapping[str, Any], workspace: Path) -> Config:
    """The configuration whose plain tables a run was submitted with; raises `ConfigError` for tables that are none.

    What was accepted is left out: it says nothing about tasks.
    """
    raw = {name: value for name, value in table.items() if name != "accepted"}
    return _config_of(raw, Source(workspace / CONFIG_NAME))


def _config_of(raw: dict[str, Any], source: Source) -> Config:
    known = (*SINGLE, *NAMED, *LISTED)
    for name, value in raw.items():
        if name not in known:
            hint = near(name, known)
            raise source.fault(f"there is no table [{name}].{hint} Its tables: {', '.join(known)}", name)
        if not isinstance(value, dict) and name not in LISTED:
            raise source.fault(f"[{name}] is {shown(value)}; it must be a table", name)
    single = {name: checked(source, raw.get(name, {}), fields, name) for name, fields in SINGLE.items()}
    named = {name: _named(source, raw.get(name, {}), name) for name in NAMED}
    boundary = _boundary(single["boundary"])
    _check_services(source, named["services"], boundary)
    _check_endpoints(source, named["endpoints"])
    check_environments(source, named["environments"], boundary)
    jobs = {name: _job(source, name, table) for name, table in named["jobs"].items()}
    pipelines = {name: _pipeline(name, table) for name, table in named["pipelines"].items()}
    accepted = accepted_tables(source, raw.get("accepted", []), datetime.datetime.now().astimezone().date())
    roadmap = roadmap_tables(source, single["roadmap"], raw.get("layers", []), named)
    default = single["workspace"].get("pipeline", "default")
    _check_pipeline(source, default, pipelines, "workspace", "pipeline")
    return Config(
        source=source,
        exists=True,
        name=single["workspace"].get("name", ""),
        detect=single["workspace"].get("detect", True),
        pipeline=default,
        boundary=boundary,
        coordination=rule_of(source, single["coordination"], named["endpoints"], named["crews"]),
        engine=EngineTable(**single["engine"]),
        agents={name: _agent(name, table) for name, table in named["agents"].items()},
        services=plain(named["services"]),
        endpoints=plain(named["endpoints"]),
        crews=crews_of(source, named["crews"]),
        jobs=jobs,
        pipelines=pipelines,
        schedules={
            name: _schedule(source, name, table, default, pipelines) for name, table in named["schedules"].items()
        },
        routes=route_tables(source, raw.get("routes", [])),
        roadmap=roadmap,
        cases=CasesTable(**single["cases"]),
        rules=rules_of(source, named["rules"]),
        notify=notify_of(source, named["notify"]),
        table={
            **plain(raw),
            "boundary": _plain_boundary(boundary),
            **({"accepted": accepted} if accepted else {}),
        },
    )


def text_of(file: Path) -> str:
    """The text of the file; raises `ConfigError` for one that cannot be read, is too large or no UTF-8."""
    try:
        if not file.is_file():
            raise ConfigError("it is no file", file)
        with open(file, "rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror}", file) from error
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"it is larger than {LARGEST_FILE:,} bytes", file)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError("it is no UTF-8 text; save it as UTF-8", file, line) from error


def _parsed(text: str, file: Path) -> tuple[dict[str, Any], Source]:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words = str(error)
        place = re.search(r" \(at line (\d+), column (\d+)\)$", words)
        line = int(place.group(1)) if place else text.count("\n") + 1
        column = f" at column {place.group(2)}" if place else ""
        message = words[: place.start()] if place else words.removesuffix(" (at end of document)")
        twice = re.search(r"Cannot declare \((.*)\) twice", message)
        if twice:
            name = ".".join(re.findall(r"'([^']*)'", twice.group(1)))
            raise ConfigError(f"'{name}' is written down twice; keep one of them", file, line) from error
        raise ConfigError(f"it is no valid TOML: {message}{column}", file, line) from error
    except RecursionError as error:
        raise ConfigError("it is nested too deeply", file) from error
    except ValueError as error:
        raise ConfigError(f"it is no valid TOML: {error}", file) from error
    try:
        return raw, Source(file, find_lines(text))
    except RecursionError as error:
        raise ConfigError("it is nested too deeply", file) from error
    except (ValueError, IndexError):
        return raw, Source(file, Lines())


def _named(source: Source, tables: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The tables below `[kind]`, each checked."""
    for name in tables:
        if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME or clean(name) != name or "\n" in name:
            raise source.fault(f"{shown(name)} is no name in [{kind}]; use 1 to 200 characters on one line", kind, name)
    return {
        name: checked(source, table, NAMED[kind], kind, name, free=kind == "agents") for name, table in tables.items()
    }


def _boundary(table: Mapping[str, Any]) -> Boundary:
    """The boundary of the table: paths are added to the protected ones, any other list replaces the default."""
    safe = Boundary()
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    ordered = (*safe.protected_paths, *given.pop("protected_paths", ()))
    paths = tuple(
        reversed(dict.fromkeys(reversed(ordered)))
    )  # the last of equal ones stays, as the last that fits counts
    return Boundary(protected_paths=paths, **given)


def _plain_boundary(boundary: Boundary) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(boundary).items()}


def _check_services(source: Source, services: Mapping[str, Mapping[str, Any]], boundary: Boundary) -> None:
    for name, table in services.items():
        if "command" not in table:
            raise source.fault(f"service '{name}' has no command; write command = ['…']", "services", name)
        try:
            key = "port"
            boundary.check_bind(table.get("port", 0))
            key = "command"
            boundary.check_words(table["command"], mentions=False)
            key = "env"
            boundary.check_written_environment(table.get("env", {}), mentions=False)
        except BoundaryError as error:
            raise source.fault(f"service '{name}': {error}", "services", name, key) from error


def _check_endpoints(source: Source, endpoints: Mapping[str, Mapping[str, Any]]) -> None:
    for name, table in endpoints.items():
        if "url" not in table:
            raise source.fault(f"endpoint '{name}' has no url; write url = 'http://…'", "endpoints", name)


def _agent(name: str, table: Mapping[str, Any]) -> AgentTable:
    settings = {key: plain(value) for key, value in table.items() if key not in NAMED["agents"]}
    return AgentTable(name, table.get("enabled", True), table.get("concurrency"), settings)


def _job(source: Source, name: str, table: Mapping[str, Any]) -> JobTable:
    said = [key for key in ("action", "wants", "command") if key in table]
    if len(said) > 1:
        raise source.fault(f"job '{name}' has both {_a(said[0])} and {_a(said[1])}; keep one", "jobs", name, said[1])
    if "command" in table and table.get("options"):
        raise source.fault(f"job '{name}' is a command, which takes no options", "jobs", name, "options")
    if "reads" in table and "command" not in table:
        raise source.fault(
            f"job '{name}' is no command, and its agent knows which files it reads; remove 'reads'",
            "jobs",
            name,
            "reads",
        )
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    if "locks" in table:
        given["locks"] = tuple(
            Lock(lock.removeprefix("shared:"), shared=lock.startswith("shared:")) for lock in table["locks"]
        )
    if "resources" in table:
        given["resources"] = tuple((key, float(value)) for key, value in table["resources"].items())
    if "options" in table:
        given["options"] = plain(table["options"])
    return JobTable(name=name, **given)


def _a(key: str) -> str:
    return {"action": "an action", "wants": "'wants'", "command": "a command"}[key]


def _pipeline(name: str, table: Mapping[str, Any]) -> PipelineTable:
    return PipelineTable(name, tuple(table.get("jobs", ("*",))), Priority[table.get("priority", "medium").upper()])


def _check_pipeline(source: Source, name: str, pipelines: Mapping[str, Any], *path: str) -> None:
    if name != "default" and name not in pipelines:
        known = ("default", *(p for p in pipelines if p != "default"))
        raise source.fault(f"there is no pipeline '{name}'.{near(name, known)} Known: {', '.join(known)}", *path)


def _schedule(
    source: Source, name: str, table: Mapping[str, Any], default: str, pipelines: Mapping[str, Any]
) -> ScheduleTable:
    ways = [way for way in ("cron", "every", "at", "on", "files") if way in table]
    if len(ways) != 1:
        said = f"has {' and '.join(ways)}" if ways else "does not say when"
        raise source.fault(
            f"{title(('schedules', name))} {said}; write exactly one of cron, every, at, on, files",
            *("schedules", name, *ways[1:2]),
        )
    pipeline = table.get("pipeline", default)
    _check_pipeline(source, pipeline, pipelines, "schedules", name, "pipeline")
    return ScheduleTable(
        name=name,
        pipeline=pipeline,
        cron=cron_line(table["cron"]) if "cron" in table else "",
        every_s=seconds(table["every"]) if "every" in table else 0.0,
        at=moment(table["at"]) if "at" in table else "",
        on=tuple(table.get("on", ())),
        files=tuple(table.get("files", ())),
        zone=table.get("zone", "UTC"),
        quiet=table.get("quiet", ""),
    )

"""Finds the installed plugins and what they offer, without running any of them in this process."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import callboard
from callboard.agents.bounded import run_bounded
from callboard.agents.claims import agent_info, section_info
from callboard.agents.crew import AgentInfo, Catalogue, PluginInfo, SectionInfo
from callboard.errors import PluginError
from callboard.work.finding import clean

FORMAT = 2
CACHE = Path("cache", "catalogue.json")
LARGEST = 64_000_000
DESCRIBE_S = 10.0


def scan(
    data: Path | None = None, *, rescan: bool = False, paths: Sequence[Path] = (), seconds: float = DESCRIBE_S
) -> Catalogue:
    """What is installed, each plugin described in a process of its own with `seconds` for it; blocks meanwhile.

    A broken plugin is listed with its error and stops nothing. `data` is the data folder that keeps the answer until
    something that it depends on changes; an answer without any agent is not kept. `rescan` asks again regardless.
    `paths` are searched besides what Python searches. Raises `PluginError` only when no describing process can be started.
    """
    key = _key(paths)
    cache = data / CACHE if data is not None else None
    if cache is not None and not rescan:
        kept = _kept(cache, key)
        if kept is not None:
            return catalogue_from(kept)
    lines = _asked(paths, seconds)
    plugins = [line for line in lines if line.get("t") == "plugin"]
    if cache is not None:
        keep(cache, key, lines)
    return catalogue_from(plugins)


def keep(cache: Path, key: list[str], lines: Sequence[Mapping[str, Any]]) -> None:
    """Keeps what the describing process printed, unless a failure in it may pass, or no agent is left at all: then the
    next look asks again."""
    plugins = [line for line in lines if line.get("t") == "plugin"]
    watch = next((line.get("files") for line in lines if line.get("t") == "watch"), None)
    passing = any(line.get("passing") for line in plugins)
    if watch is not None and not passing and any(line.get("agents") for line in plugins):
        write_cache(cache, {"key": key, "watch": watch, "plugins": plugins})


def catalogue_from(lines: Sequence[Mapping[str, Any]]) -> Catalogue:
    """The catalogue of what the describing process printed; every value is checked, as plugins may say anything."""
    plugins: list[PluginInfo] = []
    agents: dict[str, AgentInfo] = {}
    for line in sorted(lines, key=_index):
        name, distribution = _short(line.get("name")), _short(line.get("distribution"))
        errors = [clean(str(error), 1_000) for error in _list(line.get("errors"))[:20]]
        offered: list[str] = []
        for value in _list(line.get("agents"))[:100]:
            try:
                info, wrong = agent_info(value, name, _short(line.get("value")))
            except PluginError as error:
                errors.append(str(error))
                continue
            errors += wrong
            if info.name in agents:
                first = agents[info.name].plugin
                errors.append(
                    f"agent '{info.name}' of plugin '{name}' is already offered by plugin '{first}'; rename one"
                )
                continue
            agents[info.name] = info
            offered.append(info.name)
        for agent, sections in _sections(line, name, offered, errors).items():
            agents[agent] = replace(agents[agent], sections=sections)
        plugins.append(
            PluginInfo(
                name=name,
                value=_short(line.get("value")),
                distribution=distribution,
                version=_short(line.get("version")),
                error="; ".join(errors)[:4_000],
                agents=tuple(offered),
            )
        )
    return Catalogue(tuple(plugins), tuple(agents.values()))


def _sections(
    line: Mapping[str, Any], plugin: str, agents: Sequence[str], errors: list[str]
) -> dict[str, tuple[SectionInfo, ...]]:
    """The sections of a plugin by agent; what is wrong with those that were left out goes to `errors`."""
    found: dict[str, dict[str, SectionInfo]] = {}
    for value in _list(line.get("sections"))[:200]:
        try:
            section = section_info(value, plugin, agents)
        except PluginError as error:
            errors.append(str(error))
            continue
        if section.name in found.setdefault(section.agent, {}):
            errors.append(f"agent '{section.agent}' has two sections named '{section.name}'; rename one")
            continue
        found[section.agent][section.name] = section
    return {agent: tuple(sections.values()) for agent, sections in found.items()}


def _asked(paths: Sequence[Path], seconds: float) -> list[dict[str, Any]]:
    given = json.dumps({"paths": [str(path) for path in paths], "seconds": seconds}).encode()
    ran = run_bounded(
        [sys.executable, "-I", "-B", "-m", "callboard.agents.describe"],
        seconds=seconds * 7 + 10,
        most_bytes=LARGEST,
        given=given,
    )
    if ran.code != 0 and not ran.output:
        why = ran.trouble or f"exit code {ran.code}"
        raise PluginError(
            f"the installed plugins cannot be described: {why}; try `{sys.executable} -I -m callboard.agents.describe`"
        )
    return json_lines(ran.output)


def json_lines(output: bytes) -> list[dict[str, Any]]:
    """The JSON objects among the lines."""
    found = []
    for line in output.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _key(paths: Sequence[Path]) -> list[str]:
    return [str(FORMAT), callboard.__version__, sys.version, sys.executable, *map(str, paths)]


def _kept(cache: Path, key: list[str]) -> list[dict[str, Any]] | None:
    """The plugins as they were described last, if nothing has changed since."""
    try:
        kept = json.loads(cache.read_bytes())
        if kept["key"] != key:
            return None
        for path, changed, size in kept["watch"]:
            state = os.stat(path)
            if state.st_mtime_ns != changed or state.st_size != size:
                return None
        plugins = kept["plugins"]
        return plugins if all(isinstance(line, dict) for line in plugins) else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def write_cache(cache: Path, value: Any) -> None:
    """Writes JSON for this user alone, whole or not at all; a full or read-only disk only costs the speed."""
    try:
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache.parent, prefix=cache.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(value, file)
            os.replace(name, cache)
        except BaseException:
            os.unlink(name)
            raise
    except OSError:
        return


def _index(line: Mapping[str, Any]) -> int:
    value = line.get("index")
    return value if isinstance(value, int) else 1_000_000


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _short(value: Any) -> str:
    return clean(value if isinstance(value, str) else "", 200)

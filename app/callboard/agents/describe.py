"""The describing process: `python -I -m callboard.agents.describe` prints one JSON line for each plugin, then one of
the files that the description depends on."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import callboard
from callboard.agents.children import Answer, call_each, said
from callboard.agents.loading import Point, entry_points, hook_functions, listed
from callboard.errors import PluginError
from callboard.work.agent import Action, Agent
from callboard.work.options import options_schema
from callboard.work.sections import Section

MEMORY_MB = 2_048
MOST_WATCHED = 5_000
ALL_TIMES = 6


def main() -> None:
    """Reads `{"paths": [...], "seconds": n}` from standard input."""
    asked = json.load(sys.stdin)
    points = entry_points(asked["paths"])
    files = watched(points)  # as they are before they are read: what is written meanwhile makes the answer an old one
    works = [partial(described, point) for point in points]
    seconds = float(asked["seconds"])
    for answer in call_each(works, seconds=seconds, all_seconds=seconds * ALL_TIMES, memory_mb=MEMORY_MB):
        print(json.dumps(_line(points[answer.index], answer)), flush=True)
    print(json.dumps({"t": "watch", "files": files}), flush=True)


def _line(point: Point, answer: Answer) -> dict[str, Any]:
    value = answer.value if isinstance(answer.value, Mapping) else {}
    return {
        "t": "plugin",
        "index": answer.index,
        "name": point.name,
        "value": point.value,
        "distribution": point.distribution,
        "version": point.version,
        "errors": [answer.trouble] if answer.trouble else value.get("errors", []),
        "passing": answer.passing,
        "agents": value.get("agents", []),
        "sections": value.get("sections", []),
    }


def described(point: Point) -> dict[str, Any]:
    """What the plugin offers, in plain values; agents that cannot be described are among the errors."""
    agents: list[dict[str, Any]] = []
    errors: list[str] = []
    for call in hook_functions(point, "callboard_agents"):
        for agent in listed(call(), "callboard_agents"):
            try:
                agents.append(_agent(agent, errors))
            except BaseException as error:
                errors.append(said(error))
    return {"agents": agents, "sections": _sections(point, errors), "errors": errors}


def _sections(point: Point, errors: list[str]) -> list[dict[str, Any]]:
    """The sections that the plugin declares; a hook that fails costs its sections alone."""
    found: list[dict[str, Any]] = []
    try:
        for call in hook_functions(point, "callboard_sections"):
            for section in listed(call(), "callboard_sections"):
                if isinstance(section, Section):
                    found.append(asdict(section))
                else:
                    errors.append(
                        f"callboard_sections offers {type(section).__name__}; it must offer instances of Section"
                    )
    except Exception as error:
        errors.append(f"callboard_sections: {said(error)}")
    return found


def _agent(agent: Any, errors: list[str]) -> dict[str, Any]:
    if not isinstance(agent, Agent):
        raise PluginError(f"callboard_agents offers {type(agent).__name__}; it must offer instances of Agent")
    actions = []
    for action in agent.actions().values():
        try:
            actions.append(_action(agent.name, action))
        except Exception as error:
            errors.append(f"action '{agent.name}.{action.name}': {said(error)}")
    return {
        "name": agent.name,
        "title": agent.title,
        "summary": agent.summary,
        "version": agent.version,
        "tools": [_tool(tool) for tool in agent.tools],
        "actions": actions,
    }


def _action(agent: str, action: Action) -> dict[str, Any]:
    return {
        "name": f"{agent}.{action.name}",
        "title": action.title,
        "summary": action.summary,
        "needs": asdict(action.needs),
        "effects": asdict(action.effects),
        "schema": options_schema(action.options),
        "time_limit": action.time_limit,
        "memory_limit_mb": action.memory_limit_mb,
        "attempts": action.attempts,
        "tools": list(action.tools),
        "provides": list(action.provides),
        "undo": f"{agent}.{action.undo}" if action.undo else "",
        "asks": action.asks,
    }


def _tool(tool: Any) -> dict[str, Any]:
    names = ("name", "covers", "provided_by", "version_args", "needs", "cost", "place", "argv", "format")
    install = tool.install
    return {
        **{name: getattr(tool, name) for name in names},
        "exit_codes": [[code, words] for code, words in tool.exit_codes.items()],
        "install": None if install is None else asdict(install),
    }


def watched(points: Iterable[Point]) -> list[list[Any]]:
    """Path, time of change in ns and size of all that would change the description: the folders that Python searches,
    and the source files of the plugins and of Callboard itself. Nothing is imported."""
    places = [Path(path) for path in sys.path if os.path.isdir(path)]
    own = Path(callboard.__file__).parent
    sources = sorted(own.rglob("*.py"))
    for name in sorted(
        {point.value.partition(":")[0].partition(".")[0].strip() for point in points if not point.trouble}
    ):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            continue
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            sources += sorted(Path(folder).rglob("*.py"))
        if spec and spec.origin and not spec.submodule_search_locations:
            sources.append(Path(spec.origin))
    found: list[list[Any]] = []
    for path in [*places, *sources][:MOST_WATCHED]:
        try:
            state = path.stat()
        except OSError:
            continue
        found.append([str(path), state.st_mtime_ns, state.st_size])
    return found


if __name__ == "__main__":
    main()

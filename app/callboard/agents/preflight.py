"""Says of each agent and tool whether it can work on this machine and network, and what stays unchecked if not."""

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from callboard.agents.bounded import run_bounded
from callboard.agents.catalogue import write_cache
from callboard.agents.crew import AgentInfo, Catalogue, ToolInfo
from callboard.agents.reach import any_reachable, hosts_of, vulnerability_data
from callboard.work.interpreter import find_program

CACHE = Path("cache", "versions.json")
VERSION_S = 10.0
MOST_BYTES = 64_000
AT_ONCE = 4
_VERSION = re.compile(rb"\d+(?:\.\d+)+(?:[-+.][A-Za-z0-9]+)*")


class Ready(StrEnum):
    """Whether something can work here."""

    YES = "ready"
    PARTLY = "partly"
    NO = "cannot work"


@dataclass(frozen=True, slots=True)
class ToolState:
    """A tool on this machine: where it is ('' if nowhere), its version ('' if it was not asked or did not say), and in
    `words` one sentence for a person."""

    name: str
    ready: Ready
    words: str
    path: str
    version: str
    cost: str
    covers: str
    provided_by: str
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionState:
    """An action on this machine."""

    name: str
    ready: Ready
    words: str


@dataclass(frozen=True, slots=True)
class AgentState:
    """An agent on this machine."""

    name: str
    ready: Ready
    words: str
    tools: tuple[ToolState, ...]
    actions: tuple[ActionState, ...]


@dataclass(frozen=True, slots=True)
class Preflight:
    """What each agent can do here and now."""

    agents: tuple[AgentState, ...] = ()

    def agent(self, name: str) -> AgentState | None:
        """The state of the agent of that name."""
        return next((agent for agent in self.agents if agent.name == name), None)

    def to_json(self) -> list[dict[str, Any]]:
        """Plain values of everything."""
        return [asdict(agent) for agent in self.agents]


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    of_workspace: bool


def preflight(catalogue: Catalogue, workspace: Path, data: Path | None = None, *, trusted: bool = False) -> Preflight:
    """Looks for all tools and asks them for their versions, several at a time; blocks meanwhile, so call it in a thread.

    Versions are kept in the data folder until the program's file changes. A program that lies in the workspace is run
    only when the workspace is `trusted`. Whether a network is reachable is asked anew each time.
    """
    tools = {(tool.name, tool.place): tool for agent in catalogue.agents for tool in agent.tools}
    places = {key: _place(tool, workspace, data) for key, tool in tools.items()}
    kept = _kept(data)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        links = {tool.needs for tool in tools.values() if hosts_of(tool.needs)}
        covered = {tool.needs: tool for tool in tools.values()}
        reached = dict(zip(links, pool.map(lambda needs: _reaches(covered[needs]), links), strict=True))
        asked = pool.map(lambda key: _version(tools[key], places[key], kept, trusted), tools)
        versions = dict(zip(tools, asked, strict=True))
    if data is not None:
        fresh = {mark: version for mark, version in versions.values() if mark and version}
        if fresh.items() - kept.items():
            write_cache(data / CACHE, {**kept, **fresh})
    states = {key: _state(tool, places[key], versions[key][1], reached, trusted) for key, tool in tools.items()}
    return Preflight(tuple(_agent(agent, states) for agent in catalogue.agents))


def _place(tool: ToolInfo, workspace: Path, data: Path | None) -> _Place | None:
    found = find_program(tool.name, workspace, "", tool.place, data)
    if found is None:
        return None
    path = Path(found).absolute()
    top = workspace.resolve()
    return _Place(path, path.is_relative_to(top) or path.resolve().is_relative_to(top))


def _version(tool: ToolInfo, place: _Place | None, kept: Mapping[str, str], trusted: bool) -> tuple[str, str]:
    """What marks this very program, and the version that it prints; '' for what is unknown."""
    if place is None or not tool.version_args or (place.of_workspace and not trusted):
        return "", ""
    try:
        state = place.path.stat()
    except OSError:
        return "", ""
    mark = "|".join((str(place.path), str(state.st_mtime_ns), str(state.st_size), *tool.version_args))
    if mark in kept:
        return mark, kept[mark]
    ran = run_bounded([str(place.path), *tool.version_args], seconds=VERSION_S, most_bytes=MOST_BYTES, with_errors=True)
    match = _VERSION.search(ran.output)
    return mark, match.group().decode("ascii")[:60] if match and not ran.trouble else ""


def _kept(data: Path | None) -> dict[str, str]:
    if data is None:
        return {}
    try:
        kept = json.loads((data / CACHE).read_bytes())
        return {mark: version for mark, version in kept.items() if isinstance(version, str)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _state(
    tool: ToolInfo, place: _Place | None, version: str, reached: Mapping[tuple[str, ...], bool], trusted: bool
) -> ToolState:
    ready, words = Ready.YES, f"{tool.name} {version}".strip()
    unchecked = f"; unchecked: {tool.covers}" if tool.covers else ""
    if place is None:
        mend = f" ({tool.provided_by})" if tool.provided_by else ""
        if tool.install is not None:
            mend = f"; `callboard tools install {tool.name}`"
        ready, words = Ready.NO, f"{tool.name} is not installed{mend}{unchecked}"
    elif not reached.get(tool.needs, True):
        ready, words = Ready.NO, f"{words}: {_missing(tool)}{unchecked}"
    elif place.of_workspace and not trusted:
        words = f"{words}: the workspace's own; its version is asked once the workspace is trusted"
    else:
        words = f"{words}: ready{f', {tool.cost}' if tool.cost else ''}"
    return ToolState(
        name=tool.name,
        ready=ready,
        words=words,
        path=str(place.path) if place else "",
        version=version,
        cost=tool.cost,
        covers=tool.covers,
        provided_by=tool.provided_by,
        argv=tool.argv,
    )


def _reaches(tool: ToolInfo) -> bool:
    if _wants_vulnerabilities(tool):
        return vulnerability_data()
    return any_reachable(hosts_of(tool.needs))


def _wants_vulnerabilities(tool: ToolInfo) -> bool:
    named = any(need.startswith("network:") for need in tool.needs)
    return "data" in tool.needs and not named and "vulnerab" in tool.covers.lower()


def _missing(tool: ToolInfo) -> str:
    """What cannot be reached: 'data:WORDS' among the needs names it."""
    named = next((need.partition(":")[2] for need in tool.needs if need.startswith("data:")), "")
    if _wants_vulnerabilities(tool):
        return "no vulnerability data reachable"
    if named or "data" in tool.needs:
        return f"no {named or 'data'} reachable"
    return "no network reachable"


def _agent(agent: AgentInfo, states: Mapping[tuple[str, str], ToolState]) -> AgentState:
    tools = {tool.name: states[tool.name, tool.place] for tool in agent.tools}
    actions = tuple(
        ActionState(action.name, *_together([tools[name] for name in action.tools])) for action in agent.actions
    )
    ready, words = _together(list(tools.values()))
    if ready is Ready.NO and any(action.ready is not Ready.NO for action in actions):
        ready = Ready.PARTLY
    return AgentState(agent.name, ready, words, tuple(tools.values()), actions)


def _together(tools: Sequence[ToolState]) -> tuple[Ready, str]:
    if not tools:
        return Ready.YES, "ready; it needs no tool"
    lacking = [tool for tool in tools if tool.ready is not Ready.YES]
    if not lacking:
        return Ready.YES, "ready" if len(tools) == 1 else f"all {len(tools)} tools are ready"
    words = "; ".join(tool.words for tool in lacking)
    return (Ready.NO if len(lacking) == len(tools) else Ready.PARTLY), words

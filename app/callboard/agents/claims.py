"""Checks what a plugin says of itself: types, sizes, ranges and clean text, before anything of it is used or shown."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from callboard.agents.crew import ActionInfo, AgentInfo, SectionInfo, ToolInfo
from callboard.core.resources import Lock, Needs
from callboard.errors import PluginError
from callboard.work.agent import Effects, Install
from callboard.work.finding import clean

AGENT_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
ACTION_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}\.[A-Za-z][A-Za-z0-9_.-]{0,79}")
TOOL_NAME = re.compile(r"[A-Za-z0-9][\w.+@-]{0,79}")
SECTION_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
CAPABILITY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
METRIC = re.compile(r"[A-Za-z0-9][\w.:/ -]{0,199}\*?")
MOST_CAPABILITIES = 20
MOST_TRENDS = 20
PIP_PACKAGE = re.compile(
    r"[A-Za-z0-9][\w.-]{0,99}(?:\[[\w,-]{1,100}\])?(?:[<>=!~]=?=?[\w.*+!]+(?:,[<>=!~]=?=?[\w.*+!]+)*)?"
)
NPM_PACKAGE = re.compile(r"(?:@[a-z0-9][\w.-]{0,99}/)?[a-z0-9][\w.-]{0,99}(?:@[\^~<>=]{0,2}\d[\w.+-]{0,40})?")
LARGEST_SCHEMA = 100_000
DEEPEST_SCHEMA = 12
MOST_ITEMS = 500
_NOTHING = object()


class Claim:
    """One mapping that came from outside; each reader returns a checked value or raises `PluginError`."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise PluginError(f"{where} is no mapping")
        self._value = value
        self.where = where

    def text(self, key: str, default: Any = _NOTHING, *, longest: int = 500) -> str:
        """A clean text on one line."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise PluginError(f"{key} of {self.where} is {type(value).__name__}; it must be a text")
        return clean(" ".join(value.split()), longest)

    def name(self, pattern: re.Pattern[str], key: str = "name") -> str:
        """A name of the pattern."""
        value = self._get(key, _NOTHING)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise PluginError(f"{key} of {self.where} is {clean(repr(value), 80)}; it must fit {pattern.pattern}")
        return value

    def number(self, key: str, default: Any = _NOTHING, *, low: float = 0.0, high: float = 1e9) -> float:
        """A finite number within the bounds."""
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise PluginError(f"{key} of {self.where} is {clean(repr(value), 80)}; it must be a number")
        if not low <= value <= high:
            raise PluginError(f"{key} of {self.where} is {value:g}; it must be from {low:g} to {high:g}")
        return float(value)

    def flag(self, key: str, default: Any = _NOTHING) -> bool:
        """True or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise PluginError(f"{key} of {self.where} is {clean(repr(value), 80)}; it must be True or False")
        return value

    def items(self, key: str, most: int = MOST_ITEMS) -> list[Any]:
        """A list of not too many items."""
        value = self._get(key, [])
        if not isinstance(value, list) or len(value) > most:
            raise PluginError(f"{key} of {self.where} must be a list of at most {most}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of clean texts."""
        found = self.items(key)
        if not all(isinstance(item, str) for item in found):
            raise PluginError(f"{key} of {self.where} must hold texts alone")
        return tuple(clean(item, 500) for item in found)

    def raw(self, key: str) -> Any:
        """The value as it came, None when it is missing."""
        return self._value.get(key)

    def part(self, key: str) -> "Claim":
        """A mapping within."""
        return Claim(self._get(key, _NOTHING), f"{key} of {self.where}")

    def _get(self, key: str, default: Any) -> Any:
        value = self._value.get(key, default)
        if value is _NOTHING:
            raise PluginError(f"{self.where} has no {key}")
        return value


def agent_info(value: Any, plugin: str, entry: str) -> tuple[AgentInfo, list[str]]:
    """The agent that is claimed, and what is wrong with those of its actions and tools that were left out.

    Raises `PluginError` when the agent itself cannot be used.
    """
    name = Claim(value, f"an agent of plugin '{plugin}'").name(AGENT_NAME)
    claim = Claim(value, f"agent '{name}'")
    errors: list[str] = []
    tools: dict[str, ToolInfo] = {}
    for item in claim.items("tools"):
        try:
            tool = _tool(Claim(item, f"a tool of agent '{name}'"))
            tools[tool.name] = tool
        except PluginError as error:
            errors.append(str(error))
    actions: dict[str, ActionInfo] = {}
    for item in claim.items("actions"):
        try:
            action = _action(Claim(item, f"an action of agent '{name}'"), name, tools, plugin, entry)
        except PluginError as error:
            errors.append(str(error))
            continue
        actions[action.name] = action
    for own in list(actions.values()):
        if own.undo and own.undo not in actions:
            errors.append(f"action '{own.name}' is taken back by '{own.undo}', which agent '{name}' does not have")
            actions[own.name] = replace(own, undo="")
    info = AgentInfo(
        name=name,
        title=claim.text("title", longest=100) or name,
        summary=claim.text("summary"),
        version=claim.text("version", longest=50),
        plugin=plugin,
        tools=tuple(tools.values()),
        actions=tuple(actions.values()),
    )
    return info, errors


def section_info(value: Any, plugin: str, agents: Iterable[str]) -> SectionInfo:
    """The section that is claimed; raises `PluginError` when it cannot be used, or is not one of the plugin's agents'."""
    claim = Claim(value, f"a section of plugin '{plugin}'")
    name = claim.name(SECTION_NAME)
    claim.where = f"section '{name}' of plugin '{plugin}'"
    agent = claim.text("agent", longest=40)
    if agent not in agents:
        raise PluginError(f"{claim.where} belongs to agent '{agent}', which the plugin does not offer")
    trends = claim.texts("trends")
    if len(trends) > MOST_TRENDS or not all(METRIC.fullmatch(trend) for trend in trends):
        raise PluginError(
            f"trends of {claim.where} must be at most {MOST_TRENDS} names of metrics, such as '{agent}.found' or '{agent}.*'"
        )
    return SectionInfo(name, agent, claim.text("title", longest=100) or name, claim.text("empty"), trends)


def _tool(claim: Claim) -> ToolInfo:
    place = claim.text("place", "callboard")
    if place not in ("callboard", "workspace"):
        raise PluginError(f"place of {claim.where} is '{place}'; it must be callboard or workspace")
    return ToolInfo(
        name=claim.name(TOOL_NAME),
        covers=claim.text("covers"),
        provided_by=claim.text("provided_by", ""),
        version_args=claim.texts("version_args"),
        needs=claim.texts("needs"),
        cost=claim.text("cost", "", longest=200),
        place=place,
        argv=claim.texts("argv"),
        format=claim.text("format", "text", longest=60),
        exit_codes=_exit_codes(claim),
        install=_install(claim),
    )


def _exit_codes(claim: Claim) -> tuple[tuple[int, str], ...]:
    found = []
    for item in claim.items("exit_codes", 260):
        if not (isinstance(item, list) and len(item) == 2 and isinstance(item[0], int) and isinstance(item[1], str)):
            raise PluginError(f"exit_codes of {claim.where} must map whole numbers to words")
        found.append((item[0], clean(item[1], 200)))
    return tuple(found)


def _install(claim: Claim) -> Install | None:
    """How the tool is installed: names of packages with bounds alone, never an address, a path or an option."""
    if claim.raw("install") is None:
        return None
    part = claim.part("install")
    kind, packages = part.text("kind"), part.texts("packages")
    pattern = {"pip": PIP_PACKAGE, "npm": NPM_PACKAGE}.get(kind)
    if pattern is None:
        raise PluginError(f"kind of {part.where} is '{kind}'; it must be pip or npm")
    wrong = next((package for package in packages if not pattern.fullmatch(package)), None if packages else "nothing")
    if wrong is not None:
        raise PluginError(
            f"packages of {part.where} hold {wrong!r}; write a name with bounds, such as 'semgrep>=1.100,<2'"
        )
    return Install("npm" if kind == "npm" else "pip", packages, part.number("size_mb", 0.0, high=1e6))


def _action(claim: Claim, agent: str, tools: Mapping[str, ToolInfo], plugin: str, entry: str) -> ActionInfo:
    name = claim.name(ACTION_NAME)
    if not name.startswith(f"{agent}."):
        raise PluginError(f"action '{name}' does not belong to agent '{agent}'")
    claim.where = f"action '{name}'"
    for tool in claim.texts("tools"):
        if tool not in tools:
            raise PluginError(
                f"action '{name}' names the tool '{tool}', which agent '{agent}' does not list in `tools`"
            )
    return ActionInfo(
        name=name,
        agent=agent,
        title=claim.text("title", longest=100) or name,
        summary=claim.text("summary"),
        needs=needs_of(claim.part("needs")),
        effects=_effects(claim.part("effects")),
        schema=_schema(claim),
        time_limit=claim.number("time_limit", high=31_536_000),
        memory_limit_mb=claim.number("memory_limit_mb"),
        attempts=int(claim.number("attempts", low=1, high=100)),
        tools=claim.texts("tools"),
        plugin=plugin,
        entry=entry,
        provides=_capabilities(claim),
        undo=claim.name(ACTION_NAME, "undo") if claim.text("undo", "") else "",
        asks=claim.text("asks", ""),
    )


def _capabilities(claim: Claim) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(claim.texts("provides")))
    if len(found) > MOST_CAPABILITIES or not all(CAPABILITY.fullmatch(word) for word in found):
        raise PluginError(
            f"provides of {claim.where} must be at most {MOST_CAPABILITIES} plain words, such as 'python-tests'"
        )
    return found


def needs_of(claim: Claim) -> Needs:
    """The needs that are claimed."""
    locks = []
    for item in claim.items("locks", 50):
        lock = Claim(item, f"a lock of {claim.where}")
        locks.append(Lock(lock.text("name", longest=100), lock.flag("shared", False)))
    extra = []
    for item in claim.items("extra", 50):
        pair = Claim(dict(zip(("name", "amount"), item, strict=False)), f"a resource of {claim.where}")
        extra.append((pair.text("name", longest=100), pair.number("amount")))
    return Needs(
        cpus=claim.number("cpus", low=0, high=4_096),
        memory_mb=claim.number("memory_mb"),
        locks=tuple(locks),
        extra=tuple(extra),
    )


def _effects(claim: Claim) -> Effects:
    return Effects(
        reads=claim.texts("reads"),
        writes=claim.texts("writes"),
        idempotent=claim.flag("idempotent"),
        environment=claim.text("environment", "", longest=100),
        network=claim.flag("network", False),
        pure=claim.flag("pure", False),
    )


def _schema(claim: Claim) -> Mapping[str, Any]:
    """The options' JSON schema in a form that `check_options` can walk."""
    try:
        schema = claim.raw("schema")
        if not isinstance(schema, dict):
            raise PluginError(f"{claim.where} has no options schema")
        if len(json.dumps(schema)) > LARGEST_SCHEMA:
            raise PluginError(f"the options schema of {claim.where} is larger than {LARGEST_SCHEMA:,} bytes")
    except (RecursionError, ValueError) as error:
        raise PluginError(f"the options schema of {claim.where} cannot be read") from error
    properties = schema.get("properties", {})
    if not isinstance(properties, dict) or not isinstance(schema.get("required", []), list):
        raise PluginError(f"the options schema of {claim.where} has no properties")
    for name, entry in properties.items():
        _check_entry(entry, f"option '{clean(str(name), 60)}' of {claim.where}", DEEPEST_SCHEMA)
    return {**schema, "properties": properties}


def _check_entry(entry: Any, where: str, depth: int) -> None:
    if not isinstance(entry, dict) or depth == 0:
        raise PluginError(f"{where} has no usable schema")
    choices, items, more = entry.get("anyOf"), entry.get("items"), entry.get("additionalProperties")
    if "anyOf" in entry and not (isinstance(choices, list) and choices):
        raise PluginError(f"{where} has an empty anyOf")
    for part in choices or ():
        _check_entry(part, where, depth - 1)
    if "enum" in entry and not isinstance(entry["enum"], list):
        raise PluginError(f"{where} has an enum that is no list")
    if entry.get("type") == "array" or items is not None:
        _check_entry(items, where, depth - 1)
    if isinstance(more, dict):
        _check_entry(more, where, depth - 1)
    elif "additionalProperties" in entry:
        entry["additionalProperties"] = {}
    for bound in ("minimum", "maximum"):
        if bound in entry and (isinstance(entry[bound], bool) or not isinstance(entry[bound], (int, float))):
            raise PluginError(f"{where} has a {bound} that is no number")

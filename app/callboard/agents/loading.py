"""Loads one plugin and finds its hooks; only ever called in a child that may be lost."""

import importlib.metadata
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import Any

import pluggy

from callboard.agents.children import said
from callboard.errors import PluginError
from callboard.work.hooks import PROJECT, Hooks

GROUP = "callboard"
MOST_OFFERED = 1_000


@dataclass(frozen=True, slots=True)
class Point:
    """An entry point of the group and the distribution that brings it; `trouble` is why it cannot be loaded."""

    name: str
    value: str
    distribution: str = ""
    version: str = ""
    trouble: str = ""

    def load(self) -> Any:
        """The object that it names; raises `PluginError` when there is trouble."""
        if self.trouble:
            raise PluginError(self.trouble)
        return importlib.metadata.EntryPoint(self.name, self.value, GROUP).load()


def entry_points(paths: Sequence[str] = ()) -> list[Point]:
    """All entry points of the group, those that come with Callboard first, then by name; `paths` are searched too.

    A distribution whose metadata cannot be read hides no other one.
    """
    for path in paths:
        if path not in sys.path:
            sys.path.append(path)
    found: dict[tuple[str, str], Point] = {}
    for installed in importlib.metadata.distributions():
        for point in _points_of(installed):
            found.setdefault((point.distribution.lower().replace("_", "-"), point.name), point)
    return sorted(found.values(), key=lambda point: (point.distribution != "callboard", point.name, point.value))


def _points_of(installed: importlib.metadata.Distribution) -> list[Point]:
    place = str(getattr(installed, "_path", "a distribution"))
    folder = place.rpartition("/")[2].removesuffix(".dist-info")
    try:
        points = [point for point in installed.entry_points if point.group == GROUP]
    except Exception as error:
        return [Point(folder, "", folder, "", f"the metadata in {place} cannot be read: {said(error)}")]
    if not points:
        return []
    try:
        told = installed.metadata
        name, version = str(told["Name"] or folder), str(told["Version"] or "")
    except Exception:
        name, version = folder, ""
    return [Point(point.name, point.value, name, version, _wrong_value(point)) for point in points]


def _wrong_value(point: importlib.metadata.EntryPoint) -> str:
    if re.fullmatch(r"[A-Za-z_][\w.]{0,199}(\s*:\s*[A-Za-z_][\w.]{0,199})?", point.value.strip()):
        return ""
    return f"the entry point '{point.name}' is {point.value[:80]!r}; it must name a module, such as 'callboard_notes'"


def hook_functions(point: Point, hook: str) -> list[Callable[..., Any]]:
    """The plugin's implementations of the hook, ready to be called with `call`.

    Raises `PluginError` when it cannot be imported, or has a hook that is misspelt, unmarked or has wrong arguments.
    """
    try:
        plugin = point.load()
    except PluginError:
        raise
    except BaseException as error:
        raise PluginError(f"'{point.value}' cannot be imported: {said(error)}") from error
    try:
        if inspect.isclass(plugin):
            plugin = plugin()
    except BaseException as error:
        raise PluginError(f"'{point.value}' cannot be made: {said(error)}") from error
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    known = [name for name in dir(Hooks) if name.startswith(f"{PROJECT}_")]
    try:
        manager.register(plugin, name=point.name)
    except pluggy.PluginValidationError as error:
        words = " ".join(line.strip() for line in str(error).splitlines()[1:]) or str(error)
        raise PluginError(f"plugin '{point.name}' does not fit its hook: {words}") from error
    for caller in manager.get_hookcallers(plugin) or ():
        if not caller.has_spec():
            raise PluginError(f"plugin '{point.name}' has an unknown hook '{caller.name}'{_near(caller.name, known)}")
    for name in dir(plugin):
        member = getattr(plugin, name, None)
        if name.startswith(f"{PROJECT}_") and inspect.isroutine(member) and not hasattr(member, f"{PROJECT}_impl"):
            raise PluginError(
                f"plugin '{point.name}' has a function '{name}' that is not marked; put @hookimpl above it"
            )
    implementations = getattr(manager.hook, hook).get_hookimpls()
    return [_called(implementation) for implementation in implementations]


def _called(implementation: Any) -> Callable[..., Any]:
    names = implementation.argnames

    def call(**values: Any) -> Any:
        return implementation.function(*(values[name] for name in names))

    return call


def listed(value: Any, what: str) -> list[Any]:
    """What a hook returned, as a list; None is an empty one. Raises `PluginError` for what is no list."""
    if value is None:
        return []
    if inspect.iscoroutine(value):
        value.close()
        raise PluginError(f"{what} is an async function; make it a plain one")
    if isinstance(value, (str, bytes, dict)) or not isinstance(value, Iterable):
        raise PluginError(f"{what} returned {type(value).__name__}; it must return a list")
    return list(islice(value, MOST_OFFERED))


def _near(name: str, known: Sequence[str]) -> str:
    matches = get_close_matches(name, known, n=3, cutoff=0.5) or list(known)
    return f"; did you mean {' or '.join(repr(match) for match in matches)}?"

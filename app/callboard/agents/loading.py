"""Loads one plugin and finds its hooks; only ever called in a child that may be lost."""

import importlib.metadata
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any

import pluggy

from callboard.agents.children import said
from callboard.errors import PluginError
from callboard.work.hooks import PROJECT, Hooks

GROUP = "callboard"
MOST_OFFERED = 1_000


def entry_points(paths: Sequence[str] = ()) -> list[importlib.metadata.EntryPoint]:
    """All entry points of the group, those that come with Callboard first, then by name; `paths` are searched too."""
    for path in paths:
        if path not in sys.path:
            sys.path.append(path)
    found = importlib.metadata.entry_points(group=GROUP)
    return sorted(found, key=lambda point: (distribution(point)[0] != "callboard", point.name, point.value))


def distribution(point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    """Name and version of the distribution that brings it, '' for what is unknown."""
    if point.dist is None:
        return "", ""
    return str(point.dist.name or ""), str(point.dist.version or "")


def hook_functions(point: importlib.metadata.EntryPoint, hook: str) -> list[Callable[..., Any]]:
    """The plugin's implementations of the hook, ready to be called with `call`.

    Raises `PluginError` when it cannot be imported, or has a hook that is misspelt, unmarked or has wrong arguments.
    """
    try:
        plugin = point.load()
        if inspect.isclass(plugin):
            plugin = plugin()
    except BaseException as error:
        raise PluginError(f"'{point.value}' cannot be imported: {said(error)}") from error
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

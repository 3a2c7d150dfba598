"""The work of an action: finds it, runs it, and says how it ended."""

import gc
import importlib
import inspect
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from callboard import api
from callboard.core.boundary import Boundary, boundary_from
from callboard.errors import BoundaryError, CallboardError, PluginError
from callboard.launch.kernel import Kernel
from callboard.measure.process import COOKIE
from callboard.work.agent import Action, Agent, Result
from callboard.work.context import Context
from callboard.work.hooks import PROJECT, Hooks
from callboard.work.messages import MESSAGES, MessageWriter
from callboard.work.options import make_options, options_schema
from callboard.work.sparing.refusals import note
from callboard.work.sparing.rules import Forbidden, child_environment, keep_within, rules_of


def perform(order: dict[str, Any], kernel: Kernel) -> dict[str, Any]:
    """Runs the action in this process, which is its own; never raises. The result goes out as a message."""
    _settle(order)
    outcome: dict[str, Any]
    try:
        outcome = _performed(order)
    except MemoryError:
        outcome = {"how": "memory limit", "reason": "got no more memory"}
        traceback.print_exc()
    except BoundaryError as error:
        outcome = _refused(order, error)
    except CallboardError as error:
        outcome = {"how": "crashed", "reason": _said(error)}
        print(f"ERROR: {error}")
    except BaseException as error:
        outcome = {"how": "crashed", "reason": _said(error)}
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
    return outcome


def _settle(order: dict[str, Any]) -> None:
    gc.enable()
    os.environ.update({COOKIE: order["cookie"], "CALLBOARD_DATA": order["data"], "TMPDIR": order["scratch"]})
    tempfile.tempdir = None
    os.chdir(order["scratch"])
    sys.argv = [f"{order['agent']}.{order['action'].removeprefix(order['agent'] + '.')}"]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


def _spared(order: dict[str, Any]) -> Boundary:
    """From here on the process and the Pythons that it starts keep within the boundary, whatever the agent's code does."""
    boundary = boundary_from(order["config"].get("boundary", {}))
    rules = rules_of(boundary, order["workspace"], order["data"], _who(order))
    os.environ.update(child_environment(rules, os.environ))
    keep_within(boundary, rules)
    return boundary


def _who(order: dict[str, Any]) -> str:
    return f"{order['name']} ({order['cookie'].split(':')[1]})"


def _refused(order: dict[str, Any], error: BoundaryError) -> dict[str, Any]:
    """The task fails, for good, with the rule's name: to try again would change nothing."""
    print(f"REFUSED: {error}")
    if not isinstance(error, Forbidden):  # the guard has written it down
        note(Path(order["data"]), error, _who(order), time.time())
    summary = api.clean(f"refused: {error}", 500)
    fields: dict[str, Any] = {"verdict": "fail", "summary": summary, "data_age_days": None, "outputs": {}}
    MessageWriter(Path(order["spool"]) / MESSAGES).send("result", **fields)
    return {"how": "exited"}


def _performed(order: dict[str, Any]) -> dict[str, Any]:
    boundary = _spared(order)
    try:
        agent, manager = _agent(order["plugin"], order["agent"])
    except PluginError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        print(f"ERROR: {error}")
        return {"how": "not started", "reason": _said(error, bare=True)}
    action = _action(agent, order["action"])
    name = f"{agent.name}.{action.name}"
    given = order["options"]
    if order.get("undoes"):
        known = options_schema(action.options).get("properties", {})
        given = {key: value for key, value in given.items() if key in known}
    options = make_options(action.options, given, name)
    boundary.check_options(given)
    context = Context(
        workspace=Path(order["workspace"]),
        spool=Path(order["spool"]),
        scratch=Path(order["scratch"]),
        agent=agent.name,
        task=order["name"],
        attempt=order["attempt"],
        config=order["config"],
        tools=agent.tools,
        data=Path(order["data"]),
        before=order.get("before", ()),
        by=order.get("by", ""),
        options=given,
        sections=_sections(manager, agent.name),
    )
    result = getattr(agent, action.method)(context, options)
    if context.left_out:
        print(f"WARNING: {context.left_out} more findings were left out")
    context.result(_fields(result, name))
    return {"how": "exited"}


def _sections(manager: pluggy.PluginManager, agent: str) -> frozenset[str]:
    """The sections that the plugin declares for the agent; none, with a word in the log, when it cannot say."""
    try:
        declared = [section for sections in manager.hook.callboard_sections() for section in sections or ()]
        return frozenset(section.name for section in declared if section.agent == agent)
    except BaseException as error:
        print(f"WARNING: callboard_sections of agent '{agent}' failed: {_said(error)}")
        return frozenset()


def _agent(plugin: str, name: str) -> tuple[Agent, pluggy.PluginManager]:
    loaded = _load(plugin)
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    try:
        manager.register(loaded, name=plugin)
        offered = [agent for agents in manager.hook.callboard_agents() for agent in agents or ()]
    except BaseException as error:
        raise PluginError(f"plugin '{plugin}' cannot say which agents it has: {_said(error)}") from error
    for agent in offered:
        if isinstance(agent, Agent) and agent.name == name:
            return agent, manager
    known = ", ".join(str(getattr(agent, "name", agent)) for agent in offered) or "none"
    raise PluginError(f"plugin '{plugin}' has no agent '{name}'; its agents: {known}")


def _load(plugin: str) -> Any:
    """What an entry point's value ('package.module:name') names; raises `PluginError` for what cannot be imported."""
    place, _, attributes = plugin.partition(":")
    try:
        loaded: Any = importlib.import_module(place.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            loaded = getattr(loaded, attribute)
        return loaded() if inspect.isclass(loaded) and not isinstance(loaded, ModuleType) else loaded
    except BaseException as error:
        raise PluginError(f"'{plugin}' cannot be imported: {_said(error)}") from error


def _action(agent: Agent, name: str) -> Action:
    found = agent.actions().get(name.removeprefix(f"{agent.name}."))
    if found is None:
        known = ", ".join(agent.actions()) or "none"
        raise PluginError(f"Agent '{agent.name}' has no action '{name}'; its actions: {known}")
    return found


def _fields(result: Any, name: str) -> dict[str, Any]:
    if result is None:
        return {"verdict": None, "summary": "", "data_age_days": None, "outputs": {}}
    if not isinstance(result, Result):
        if inspect.iscoroutine(result):
            result.close()
        raise PluginError(
            f"action '{name}' returned {type(result).__name__}; it must return a Result: passed(...), failed(...) or unknown(...)"
        )
    return {
        "verdict": str(api.Verdict(result.verdict)),
        "summary": api.clean(str(result.summary)),
        "data_age_days": result.data_age_days,
        "outputs": dict(result.outputs),
    }


def _said(error: BaseException, *, bare: bool = False) -> str:
    try:
        words = " ".join(str(error).split())
    except BaseException:
        words = ""
    name = "" if bare else type(error).__name__
    return api.clean(f"{name}: {words}" if name and words else name or words, 300)

"""The wrapped tools and kept environments at the terminal: listed, installed, removed."""

import argparse
import shutil
import sys
from typing import Any

from callboard.agents.catalogue import scan
from callboard.agents.crew import AgentInfo, Catalogue, ToolInfo
from callboard.agents.preflight import Ready, ToolState, preflight
from callboard.agents.tooling import install, installable, remove
from callboard.cli import DONE, FAILED
from callboard.commands.doors import settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import CallboardError
from callboard.guard.trust import Trust
from callboard.settings import Settings
from callboard.work.environments.keeping import drop, kept


def tools(given: argparse.Namespace) -> int:
    """All tools that agents wrap, or what is to be done with one."""
    settings = settings_of(given)
    match given.act:
        case "install":
            return _install(settings, _named(given))
        case "remove":
            name = _named(given)
            done = remove(settings.data, name)
            sys.stdout.write(f"{plain(name)} is removed\n" if done else f"Callboard has not installed {plain(name)}\n")
            return DONE if done else FAILED
        case "clean":
            return _clean(settings)
        case _:
            return _list(settings, as_json=given.json)


def _named(given: argparse.Namespace) -> str:
    if not given.name:
        raise CallboardError(f"name the tool: `callboard tools {given.act} NAME`; `callboard tools` lists them")
    return str(given.name)


def _install(settings: Settings, name: str) -> int:
    tool, how = installable(_catalogue(settings), name)
    size = f", about {how.size_mb:.0f} MB" if how.size_mb else ""
    where = "the npm registry" if how.kind == "npm" else "the Python package index"
    sys.stdout.write(f"installs {', '.join(how.packages)} with what it needs from {where}{size}\n")
    sys.stdout.flush()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = install(settings.data, tool.name, how)
    sys.stdout.write(f"{plain(tool.name)} is ready: {place}\n")
    return DONE


def _clean(settings: Settings) -> int:
    home = settings.data / "environments"
    for one in kept(home):
        gone = drop(home, one.digest)
        words = f"{one.ready.size / 1e6:.0f} MB" if gone else "is in use and stays"
        sys.stdout.write(f"environment of {plain(one.ready.what)}: {words}\n")
    for rest in home.glob("*/") if home.is_dir() else ():
        if drop(home, rest.name):
            shutil.rmtree(rest, ignore_errors=True)
    return DONE


def _catalogue(settings: Settings) -> Catalogue:
    return scan(settings.data if settings.data.exists() else None)


def _list(settings: Settings, *, as_json: bool) -> int:
    catalogue = _catalogue(settings)
    trusted = not Trust(settings.data).why_not(settings.workspace)
    data = settings.data if settings.data.exists() else None
    checked = preflight(catalogue, settings.workspace, data, trusted=trusted)
    rows = []
    for agent in catalogue.agents:
        state = checked.agent(agent.name)
        for tool, found in zip(agent.tools, state.tools if state else (), strict=False):
            rows.append(_row(agent, tool, found))
    environments = [
        {"digest": one.digest, "what": one.ready.what, "size_mb": round(one.ready.size / 1e6, 1), "used": one.used}
        for one in kept(settings.data / "environments")
    ]
    if as_json:
        print_json({"tools": rows, "environments": environments})
        return DONE
    for row in rows:
        mark = {Ready.YES: "32", Ready.PARTLY: "33"}.get(row["ready"], "31")
        sys.stdout.write(f"{paint(plain(row['name']), mark)}  {plain(row['words'], 400)}\n")
        more = [f"{row['agent']}", *([f"cost {row['cost']}"] if row["cost"] else []), row["path"] or row["get"]]
        sys.stdout.write(paint(f"    {plain(' · '.join(filter(None, more)), 400)}", "2") + "\n")
        if row["argv"]:
            sys.stdout.write(paint(f"    $ {plain(' '.join(row['argv']), 400)}", "2") + "\n")
    if environments:
        sys.stdout.write("\nkept environments, removed by `callboard tools clean`\n")
        table(
            [(str(e["what"]), f"{e['size_mb']:g} MB", ago(float(str(e["used"])))) for e in environments],
            ("OF", "SIZE", "USED"),
        )
    return DONE


def _row(agent: AgentInfo, tool: ToolInfo, state: ToolState) -> dict[str, Any]:
    get = f"callboard tools install {tool.name}" if tool.install else tool.provided_by
    return {
        "agent": agent.name,
        "name": tool.name,
        "version": state.version,
        "place": tool.place,
        "path": state.path,
        "ready": state.ready,
        "words": state.words,
        "argv": list(tool.argv),
        "needs": list(tool.needs),
        "format": tool.format,
        "exit_codes": {str(code): words for code, words in tool.exit_codes},
        "cost": tool.cost,
        "covers": tool.covers,
        "get": get,
        "packages": list(tool.install.packages) if tool.install else [],
        "size_mb": tool.install.size_mb if tool.install else 0.0,
    }

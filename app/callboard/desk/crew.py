"""The agents, as they are asked for: what each is, whether it can work here, what it does."""

import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from callboard.agents.catalogue import scan
from callboard.agents.crew import ActionInfo, AgentInfo
from callboard.agents.preflight import Ready, ToolState, preflight
from callboard.config import read_config
from callboard.core.commands import (
    NameAgents,
)
from callboard.core.load import Load
from callboard.desk.room import Room
from callboard.errors import ConfigError, NotFound
from callboard.rows import Row, load_row

PREFLIGHT_S = 300.0
AGAIN_S = 10.0
READY = {Ready.YES: True, Ready.NO: False}


class Crew(Room):
    """Who there is."""

    def agents(self, *, wait: bool = True) -> list[Row]:
        """All agents: what each is, whether it can work here, what it does now.

        The first look at the tools takes seconds; without `wait` it is begun, and no tool is named until it is done.
        """
        if wait:
            self._look_again_for_anybody()
        tools = self._tools(wait)
        names = [agent.name for agent in self._catalogue.agents]
        live = self._engine.inspect(
            lambda state: {name: self._feed.agent_row(name) for name in {*names, *state.agents}}
        )
        rows = [
            self._agent_row(agent, live.get(agent.name), tools.get(agent.name, [])) for agent in self._catalogue.agents
        ]
        known = set(names)
        rows += [{**_unknown_agent(name), **row} for name, row in sorted(live.items()) if name not in known and row]
        return rows + [_broken_plugin(plugin) for plugin in self._catalogue.plugins if plugin.error]

    def _look_again_for_anybody(self) -> None:
        """When every plugin was broken, as in the middle of an edit, they are described anew, at most every AGAIN_S."""
        if self._catalogue.agents or not self._catalogue.plugins or time.monotonic() - self._asked_again < AGAIN_S:
            return
        self._asked_again = time.monotonic()
        self._catalogue = scan(self.data)
        if self._catalogue.agents and self._engine.loop is not None:
            self._preflight = (0.0, {})
            self.name_agents()

    def _agent_row(self, agent: AgentInfo, live: Row | None, tools: list[Row]) -> Row:
        plugin = next((p for p in self._catalogue.plugins if p.name == agent.plugin), None)
        return {
            **(live or {**_unknown_agent(agent.name), "state": "idle" if self._present(agent.name) else "absent"}),
            "title": agent.title,
            "summary": agent.summary,
            "version": agent.version,
            "plugin": agent.plugin,
            "bundled": plugin.bundled if plugin else False,
            "actions": [self._action_row(action) for action in agent.actions],
            "sections": [asdict(section) for section in agent.sections],
            "tools": [{**tool, "get": _get(agent, tool["name"])} for tool in tools],
            "trouble": plugin.error if plugin else "",
        }

    def _action_row(self, action: ActionInfo) -> Row:
        """What an action is, and whether it can work here: True, False, None for partly; no word before that was looked at."""
        able = self._able.get(action.name)
        return {**_plain_action(action), **({"ready": able[0], "ready_words": able[1]} if able else {})}

    def _present(self, agent: str) -> bool:
        return self._named is None or agent in self._named

    def _tools(self, wait: bool) -> dict[str, list[Row]]:
        """Each agent's tools as the preflight found them; looked at again after PREFLIGHT_S, in the background."""
        at, found = self._preflight
        if found and time.monotonic() - at > PREFLIGHT_S:
            self._preflight = (time.monotonic(), found)
            threading.Thread(target=self._look, name="preflight", daemon=True).start()
        if found or not wait:
            if not found and self._engine.loop is not None and not self._looking.locked():
                threading.Thread(target=self._first_look, name="preflight", daemon=True).start()
            return found
        return self._first_look()

    def _first_look(self) -> dict[str, list[Row]]:
        with self._looking:
            return self._preflight[1] or self._look()

    def able(self) -> dict[str, tuple[bool | None, str]]:
        """By action whether it can work here and what stays unchecked; looks at the tools if nobody did yet."""
        if not self._able and self._catalogue.agents:
            self._first_look()
        return dict(self._able)

    def _look(self) -> dict[str, list[Row]]:
        trusted = not self._trust.why_not(self.workspace)
        checked = preflight(self._catalogue, self.workspace, self.data, trusted=trusted)
        found = {agent.name: [_tool_row(tool) for tool in agent.tools] for agent in checked.agents}
        self._able = {
            action.name: (READY.get(action.ready), action.words) for agent in checked.agents for action in agent.actions
        }
        self._preflight = (time.monotonic(), found)
        return found

    def agent(self, name: str) -> Row:
        """One agent with its newest tasks."""
        for row in self.agents():
            if row["name"] == name:
                return {**row, "recent": self._history.recent_of_agent(name)}
        known = ", ".join(agent.name for agent in self._catalogue.agents)
        raise NotFound(f"there is no agent '{name[:100]}'; the agents: {known}")

    def actions(self) -> list[Row]:
        """Everything that anybody can do."""
        return [self._action_row(action) for action in self._catalogue.actions]

    def name_agents(self) -> None:
        """Tells the engine who can work: the agents that were found, less those that `callboard.toml` switches off."""
        off = _switched_off(self.workspace)
        names = tuple(agent.name for agent in self._catalogue.agents if agent.name not in off)
        if names != self._named:
            self._do(NameAgents(names))
            self._named = names

    def rescan(self) -> None:
        """Looks for agents and tools again."""
        self._catalogue = scan(self.data, rescan=True)
        self._named = None
        if self._engine.loop is not None:
            self.name_agents()
        with self._looking:
            self._look()


def _switched_off(workspace: Path) -> frozenset[str]:
    """The agents that `callboard.toml` switches off; nobody while it cannot be read."""
    try:
        config = read_config(workspace)
    except ConfigError:
        return frozenset()
    return frozenset(name for name, agent in config.agents.items() if not agent.enabled)


def _plain_action(action: Any) -> Row:
    return {
        "name": action.name,
        "agent": action.agent,
        "title": action.title,
        "summary": action.summary,
        "needs": asdict(action.needs),
        "effects": asdict(action.effects),
        "options": dict(action.schema),
        "time_limit": action.time_limit,
        "attempts": action.attempts,
        "tools": list(action.tools),
        "provides": list(action.provides),
        "undo": action.undo or None,
        "asks": action.asks,
    }


def _get(agent: AgentInfo, name: str) -> str:
    """The command that gets the tool, '' where Callboard cannot."""
    return f"callboard tools install {name}" if any(t.name == name and t.install for t in agent.tools) else ""


def _tool_row(tool: ToolState) -> Row:
    ready = READY.get(tool.ready)
    return {
        "name": tool.name,
        "version": tool.version or None,
        "ready": ready,
        "words": tool.words,
        "cost": tool.cost,
        "covers": tool.covers,
    }


def _unknown_agent(name: str) -> Row:
    nothing = Load(name, 0, None, 0, 0, (), False)
    return {
        "load": load_row(nothing, None),
        "name": name, "title": name, "summary": "", "version": "", "plugin": "", "bundled": False, "state": "absent",
        "paused": None, "draining": None, "concurrency": 0, "running": [], "tasks": [], "waiting": 0, "progress": None, "note": "",
        "eta": None, "cpus_now": 0.0, "memory_now_mb": 0.0, "last": None, "actions": [], "sections": [], "tools": [],
        "trouble": "",
    }  # fmt: skip


def _broken_plugin(plugin: Any) -> Row:
    return {
        **_unknown_agent(plugin.name),
        "title": plugin.name,
        "summary": "this plugin cannot be used",
        "version": plugin.version,
        "plugin": plugin.name,
        "state": "error",
        "trouble": plugin.error,
    }

"""What is known of plugins, their agents, actions and tools: checked values, safe to show."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from callboard.core.resources import Needs
from callboard.work.agent import Effects, Install


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """A program that an agent wraps; see `callboard.work.agent.Tool`."""

    name: str
    covers: str
    provided_by: str
    version_args: tuple[str, ...]
    needs: tuple[str, ...]
    cost: str
    place: str
    argv: tuple[str, ...] = ()
    format: str = "text"
    exit_codes: tuple[tuple[int, str], ...] = ()
    install: Install | None = None


@dataclass(frozen=True, slots=True)
class ActionInfo:
    """One thing that an agent can do. `name` is the full name, `schema` the JSON schema of its options, `plugin` the
    name of the plugin and `entry` the value of its entry point, by which an attempt loads it. `provides` are the
    capabilities that it is found by, `undo` is the full name of the action that takes back what it did, '' for none,
    `asks` what it may ask a person."""

    name: str
    agent: str
    title: str
    summary: str
    needs: Needs
    effects: Effects
    schema: Mapping[str, Any]
    time_limit: float
    memory_limit_mb: float
    attempts: int
    tools: tuple[str, ...]
    plugin: str
    entry: str
    provides: tuple[str, ...] = ()
    undo: str = ""
    asks: str = ""


@dataclass(frozen=True, slots=True)
class SectionInfo:
    """A part of an agent's page that the agent's attempts fill; see `callboard.work.sections.Section`."""

    name: str
    agent: str
    title: str
    empty: str
    trends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AgentInfo:
    """A member of the crew."""

    name: str
    title: str
    summary: str
    version: str
    plugin: str
    tools: tuple[ToolInfo, ...]
    actions: tuple[ActionInfo, ...]
    sections: tuple[SectionInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """An installed plugin: `value` is that of its entry point, `agents` the names of those that can be used, and
    `error` what is wrong with it in sentences, '' when it is whole."""

    name: str
    value: str
    distribution: str
    version: str
    error: str
    agents: tuple[str, ...]

    @property
    def bundled(self) -> bool:
        """Whether it comes with Callboard."""
        return self.distribution == "callboard"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All plugins, also the broken ones, and by name all agents and actions that can be used."""

    plugins: tuple[PluginInfo, ...] = ()
    agents: tuple[AgentInfo, ...] = ()

    def agent(self, name: str) -> AgentInfo | None:
        """The agent of that name."""
        return next((agent for agent in self.agents if agent.name == name), None)

    def action(self, name: str) -> ActionInfo | None:
        """The action of that full name, such as 'quality.tests'."""
        agent = self.agent(name.partition(".")[0])
        return next((action for action in agent.actions if action.name == name), None) if agent else None

    @property
    def actions(self) -> tuple[ActionInfo, ...]:
        """All actions of all agents."""
        return tuple(action for agent in self.agents for action in agent.actions)

    def providing(self, capability: str) -> tuple[ActionInfo, ...]:
        """The actions that provide the capability, in the order of the agents."""
        return tuple(action for action in self.actions if capability in action.provides)

    def without(self, agents: frozenset[str]) -> "Catalogue":
        """The same without these agents, as when they are switched off."""
        return Catalogue(self.plugins, tuple(agent for agent in self.agents if agent.name not in agents))

    def to_json(self) -> dict[str, Any]:
        """Plain values of everything."""
        return {
            "plugins": [{**asdict(plugin), "bundled": plugin.bundled} for plugin in self.plugins],
            "agents": [_plain(agent) for agent in self.agents],
        }


def _plain(agent: AgentInfo) -> dict[str, Any]:
    actions = [
        {
            **{name: getattr(action, name) for name in ActionInfo.__slots__ if name not in ("needs", "effects")},
            "needs": asdict(action.needs),
            "effects": asdict(action.effects),
            "schema": dict(action.schema),
        }
        for action in agent.actions
    ]
    return {
        "name": agent.name,
        "title": agent.title,
        "summary": agent.summary,
        "version": agent.version,
        "plugin": agent.plugin,
        "tools": [asdict(tool) for tool in agent.tools],
        "actions": actions,
        "sections": [asdict(section) for section in agent.sections],
    }

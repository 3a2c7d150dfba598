"""What an action provides, what takes it back, whether it is pure, and which sections an agent fills: told and checked."""

from pathlib import Path
from typing import Any

import pytest

from callboard.agents.catalogue import catalogue_from, scan
from callboard.agents.claims import section_info
from callboard.agents.crew import SectionInfo
from callboard.errors import PluginError
from plugin_maker import make_plugin

RIGGER = """
from callboard.api import Agent, Effects, Section, action, hookimpl, passed

class Rigger(Agent):
    name = "rigger"
    title = "Rigger"
    summary = "Hangs the lights"

    @action("Hang", provides=("lights", "lights"), undo="take_down", effects=Effects(reads=("*.rig",), pure=True))
    def hang(self, ctx, options):
        return passed("hung")

    @action("Take down")
    def take_down(self, ctx, options):
        return passed("down")

    @action("Lose", undo="nowhere")
    def lose(self, ctx, options):
        return passed("lost")

@hookimpl
def callboard_agents():
    return [Rigger()]

@hookimpl
def callboard_sections():
    return [
        Section("lamps", "rigger", "Lamps", "Hang one first.", trends=("rigger.lamps", "rigger.watts.*")),
        Section("lamps", "rigger", "Again", ""),
        Section("foreign", "quality", "Not ours", ""),
        "no section",
    ]
"""


def test_fields_and_sections_come_from_the_plugin_to_plain_values(tmp_path: Path) -> None:
    make_plugin(tmp_path, "rigger", RIGGER)
    catalogue = scan(paths=[tmp_path])
    hang = catalogue.action("rigger.hang")
    assert hang is not None
    assert (hang.provides, hang.undo, hang.effects.pure) == (("lights",), "rigger.take_down", True)
    assert catalogue.providing("lights") == (hang,)
    lose = catalogue.action("rigger.lose")
    assert lose is not None
    assert lose.undo == ""
    agent = catalogue.agent("rigger")
    assert agent is not None
    lamps = SectionInfo("lamps", "rigger", "Lamps", "Hang one first.", ("rigger.lamps", "rigger.watts.*"))
    assert agent.sections == (lamps,)
    error = next(plugin.error for plugin in catalogue.plugins if plugin.name == "rigger")
    for words in (
        "'rigger.lose' is taken back by 'rigger.nowhere', which agent 'rigger' does not have",
        "two sections named 'lamps'",
        "belongs to agent 'quality', which the plugin does not offer",
        "callboard_sections offers str",
    ):
        assert words in error
    plain = next(agent for agent in catalogue.to_json()["agents"] if agent["name"] == "rigger")
    assert plain["sections"][0]["title"] == "Lamps"


def test_a_sections_hook_that_fails_costs_its_sections_alone(tmp_path: Path) -> None:
    broken = RIGGER.partition("    return [\n        Section")[0] + "    raise RuntimeError('dark')\n"
    make_plugin(tmp_path, "rigger", broken)
    catalogue = scan(paths=[tmp_path])
    agent = catalogue.agent("rigger")
    assert agent is not None
    assert agent.sections == ()
    assert any("callboard_sections: RuntimeError: dark" in plugin.error for plugin in catalogue.plugins)


@pytest.mark.parametrize(
    "value",
    [
        {"name": "<b>", "agent": "a", "title": "", "empty": ""},
        {"name": "x", "agent": "a", "title": "", "empty": "", "trends": ["a.\x00"]},
        {"name": "x", "agent": "a", "title": 3, "empty": ""},
        {"name": "x", "agent": "a", "title": "", "empty": "", "trends": ["a.b"] * 21},
        "words",
    ],
)
def test_a_section_that_is_wrong_is_refused(value: Any) -> None:
    with pytest.raises(PluginError):
        section_info(value, "p", ["a"])


def test_titles_are_cleaned_and_a_missing_one_is_the_name() -> None:
    found = section_info({"name": "x", "agent": "a", "title": "", "empty": "run\x1b[31m it"}, "p", ["a"])
    assert found.title == "x"
    assert "\x1b" not in found.empty


def test_hostile_capabilities_cost_the_action() -> None:
    action = {
        "name": "a.b", "title": "", "summary": "", "schema": {}, "time_limit": 1, "memory_limit_mb": 0, "attempts": 1,
        "needs": {"cpus": 1, "memory_mb": 1}, "effects": {"idempotent": True}, "provides": ["Rm -rf"],
    }  # fmt: skip
    agent = {"name": "a", "title": "A", "summary": "", "version": "1", "actions": [action]}
    catalogue = catalogue_from([{"name": "p", "value": "p", "agents": [agent]}])
    assert catalogue.actions == ()
    assert "provides of action 'a.b'" in catalogue.plugins[0].error

"""The README names every command, flag, key and hook, and what it shows really works."""

import argparse
import inspect
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from callboard.cli import parser
from callboard.config import config_from
from callboard.config.tables import LISTED, NAMED, SINGLE
from callboard.core.alert_kinds import RULES
from callboard.work.hooks import Hooks
from plugin_maker import environment_with, make_plugin

README = Path(__file__).parent.parent.parent / "README.md"


def section(title: str) -> str:
    """The text below a heading, up to the next one of its level."""
    text = README.read_text("utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"the README has no section '{title}'"
    return found.group(1)


def block(title: str, language: str, number: int = 0) -> str:
    """A code block of a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)[number]


def commands() -> dict[str, argparse.ArgumentParser]:
    """All commands with their parsers."""
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("there are no commands")


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_in_the_readme_with_its_flags(name: str) -> None:
    text = section("Commands")
    rows = [line for line in text.splitlines() if re.search(rf"`callboard {name}\b", line)]
    assert rows, f"`callboard {name}` is not in the README"
    everywhere = {"--help", "--workspace", "--data", "--json"}
    flags = {flag for action in commands()[name]._actions for flag in action.option_strings if flag.startswith("--")}
    known = "\n".join(rows).replace("`-f`", "`--follow`")
    missing = [flag for flag in sorted(flags - everywhere) if flag not in known]
    assert missing == []


def test_no_command_is_made_up() -> None:
    said = set(re.findall(r"`callboard ([a-z]+)", README.read_text("utf-8")))
    assert said <= set(commands()), f"the README names {said - set(commands())}"


@pytest.mark.parametrize("table", [*SINGLE, *NAMED, *LISTED])
def test_every_key_of_the_configuration_is_in_the_readme_as_the_program_explains_it(table: str) -> None:
    text = section("callboard.toml")
    part = text[text.index(f"`[[{table}" if table in LISTED else f"`[{table}") :]
    end = part.find("| **", 5)
    for key, described in {**SINGLE, **NAMED, **LISTED}[table].items():
        assert f"| `{key}` | {described.help} |" in part[: end if end > 0 else None]


def test_the_configuration_that_is_shown_is_valid(tmp_path: Path) -> None:
    config = config_from(block("callboard.toml", "toml"), tmp_path / "callboard.toml")
    assert (config.pipeline, list(config.schedules)) == ("quick", ["nightly", "each-commit"])
    assert config.jobs["build"].command == ("npm", "run", "build")


@pytest.mark.parametrize("name", [name for name, _ in inspect.getmembers(Hooks, inspect.isfunction)])
def test_every_hook_is_in_the_readme(name: str) -> None:
    assert f"`{name}(" in section("Writing an agent")


def test_the_agent_that_is_shown_finds_what_it_says(tmp_path: Path) -> None:
    space: dict[str, Any] = {}
    exec(block("Writing an agent", "python"), space)  # noqa: S102
    exec(block("Writing an agent", "python", 1), space)  # noqa: S102
    workspace = tmp_path / "shop"
    workspace.mkdir()
    space["test_a_missing_licence_is_found"](workspace)
    (workspace / "LICENSE").write_text("MIT")
    outcome = space["run_action"](space["Licensed"](), "file", workspace)
    assert (outcome.rules(), outcome.result.summary) == (set(), "the licence is in LICENSE")


def test_the_agent_that_is_shown_works_once_it_is_installed(tmp_path: Path) -> None:
    entry = tomllib.loads(block("Writing an agent", "toml"))["project"]["entry-points"]["callboard"]
    assert entry == {"licensed": "callboard_licensed"}
    place = make_plugin(tmp_path / "plugins", "licensed", block("Writing an agent", "python"))
    python = environment_with(tmp_path / "venv", place)
    workspace = tmp_path / "shop"
    workspace.mkdir()
    (workspace / "notes.md").write_text("x\n")
    done = subprocess.run(
        [python, "-m", "callboard", "run", "--trust", "--only", "licensed.*"],
        cwd=workspace, capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CALLBOARD_DATA": str(tmp_path / "data")},
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "no-licence: There is no licence; add a LICENSE" in done.stdout
    assert "1 failed of 1" in done.stdout


def test_the_section_that_is_shown_is_filled_once_its_agent_is_installed(tmp_path: Path) -> None:
    place = make_plugin(tmp_path / "plugins", "largest", block("Writing an agent", "python", 2))
    python = environment_with(tmp_path / "venv", place)
    workspace = tmp_path / "shop"
    workspace.mkdir()
    (workspace / "notes.md").write_text("x\n" * 50)
    (workspace / "callboard.toml").write_text('[jobs.weigh]\naction = "largest.files"\n')

    def call(*words: str) -> str:
        done = subprocess.run(
            [python, "-m", "callboard", *words], cwd=workspace, capture_output=True, text=True, timeout=120, check=False,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CALLBOARD_DATA": str(tmp_path / "data")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "Run largest.files to fill it." in call("show", "largest")
    call("run", "--trust", "--only", "weigh")
    said = call("show", "largest", "files").splitlines()
    assert said[0].startswith("Largest files (files)  as of ")
    assert said[1] == "largest.total  ▄  138 characters  lowest 138, highest 138, 1 times"
    assert "files  ✓ 2" in said
    assert "notes.md        100         [Weigh again]" in said


def test_the_agent_that_is_shown_is_short() -> None:
    lines = [line for line in block("Writing an agent", "python").splitlines() if line.strip()]
    assert len(lines) <= 18


def test_every_kind_of_alert_is_in_the_readme_as_the_program_explains_it() -> None:
    text = section("Alerts")
    for rule in RULES.values():
        assert f"| `{rule.kind}` | {rule.severity} | {rule.raised} | {rule.resolved} |" in text

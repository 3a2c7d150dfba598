"""Tools that Callboard installs: what is declared alone, whole or not at all, and found where it belongs."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.agents.claims import agent_info
from callboard.agents.crew import AgentInfo, Catalogue
from callboard.agents.describe import _tool as described
from callboard.agents.preflight import preflight
from callboard.agents.tooling import install, installable, remove
from callboard.api import Install, Tool
from callboard.cli import run
from callboard.errors import CallboardError, NotFound
from callboard.work.interpreter import find_program

BACKEND = """
import os, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "oddtool-1.dist-info/"
    files = {
        "oddtool.py": "def main():\\n    print('oddtool 1.2.3')\\n",
        info + "METADATA": "Metadata-Version: 2.1\\nName: oddtool\\nVersion: 1\\n",
        info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        info + "entry_points.txt": "[console_scripts]\\noddtool = oddtool:main\\n",
    }
    files[info + "RECORD"] = "".join(f"{path},,\\n" for path in files) + info + "RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(folder, "oddtool-1-py3-none-any.whl"), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return "oddtool-1-py3-none-any.whl"
"""
PYPROJECT = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    place = tmp_path / "package"
    place.mkdir()
    (place / "backend.py").write_text(BACKEND)
    (place / "pyproject.toml").write_text(PYPROJECT)
    (place / "package.json").write_text(
        json.dumps({"name": "oddtool", "version": "1.2.3", "bin": {"oddtool": "odd.js"}})
    )
    (place / "odd.js").write_text("#!/usr/bin/env node\nconsole.log('oddtool 1.2.3');\n")
    (place / "odd.js").chmod(0o755)
    return place


def output(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.strip()


def test_a_python_tool_gets_an_environment_of_its_own(package: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    program = install(data, "oddtool", Install("pip", (str(package),)))
    assert output(program) == "oddtool 1.2.3"
    assert find_program("oddtool", data=data) == program
    assert find_program("oddtool") is None
    with pytest.raises(CallboardError, match="could not install it"):
        install(data, "oddtool", Install("pip", (str(tmp_path / "gone"),)))
    assert output(program) == "oddtool 1.2.3"
    assert sorted(path.name[0] for path in (data / "tools" / "oddtool").iterdir()) == ["c", "l", "v"]
    assert remove(data, "oddtool")
    assert find_program("oddtool", data=data) is None
    assert not remove(data, "../tools")
    assert not remove(data, "never")


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not there")
def test_a_node_tool_gets_a_folder_of_its_own(package: Path, tmp_path: Path) -> None:
    program = install(tmp_path / "data", "oddtool", Install("npm", (str(package),)))
    assert output(program) == "oddtool 1.2.3"


def test_what_brings_no_such_program_is_refused_and_leaves_nothing(package: Path, tmp_path: Path) -> None:
    with pytest.raises(CallboardError, match="brings no program 'other'"):
        install(tmp_path, "other", Install("pip", (str(package),)))
    assert [path.name for path in (tmp_path / "tools" / "other").iterdir()] == ["lock"]


def agent_of(*tools: Tool) -> tuple[AgentInfo, list[str]]:
    claim: dict[str, Any] = {"name": "a", "title": "A", "summary": "", "version": "1", "actions": []}
    return agent_info({**claim, "tools": json.loads(json.dumps([described(tool) for tool in tools]))}, "p", "p")


def test_only_what_an_agent_declares_can_be_installed(tmp_path: Path) -> None:
    odd = Tool(
        "oddtool",
        "x",
        install=Install("pip", ("oddtool>=1,<2",), 3),
        argv=("oddtool", "--json"),
        exit_codes={3: "found"},
    )
    agent, errors = agent_of(odd, Tool("plain", "y", provided_by="apt install plain"))
    assert errors == []
    crew = Catalogue(agents=(agent,))
    tool, how = installable(crew, "oddtool")
    assert (how, tool.argv, tool.exit_codes) == (odd.install, ("oddtool", "--json"), ((3, "found"),))
    with pytest.raises(NotFound, match="those that can be installed: oddtool"):
        installable(crew, "requests")
    with pytest.raises(CallboardError, match="get it by: apt install plain"):
        installable(crew, "plain")
    [state] = [tool for tool in preflight(crew, tmp_path).agents[0].tools if tool.name == "oddtool"]
    assert state.words == "oddtool is not installed; `callboard tools install oddtool`; unchecked: x"


@pytest.mark.parametrize(
    ("kind", "package"),
    [
        ("pip", "--index-url=http://x"),
        ("pip", "git+https://x/y"),
        ("pip", "a @ file:///etc"),
        ("pip", "../here"),
        ("npm", "user/repo"),
        ("npm", "https://x/y.tgz"),
        ("npm", "-g"),
        ("npm", "a@file:../x"),
        ("cargo", "a"),
    ],
)
def test_addresses_paths_and_options_are_no_packages(kind: Any, package: str) -> None:
    agent, errors = agent_of(Tool("t", "x", install=Install(kind, (package,))))
    assert agent.tools == ()
    assert len(errors) == 1


@pytest.mark.parametrize("package", ["jscpd@4", "@redocly/cli@^1.25", "knip"])
def test_names_with_bounds_are_packages(package: str) -> None:
    assert agent_of(Tool("t", "x", install=Install("npm", (package,))))[1] == []


def test_the_list_names_each_tool_and_what_cannot_be_installed_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--workspace", str(tmp_path), "--data", str(tmp_path / "data")]
    assert run(["tools", "--json", *where]) == 0
    told = json.loads(capsys.readouterr().out)
    [ruff] = [tool for tool in told["tools"] if (tool["agent"], tool["name"]) == ("quality", "ruff")]
    assert ruff["ready"] == "ready"
    assert ruff["version"]
    assert told["environments"] == []
    assert run(["tools", "install", "no-such-tool", *where]) != 0
    assert "no agent declares a tool 'no-such-tool'" in capsys.readouterr().err

"""Plugins are found, described away from this process, and a broken one is listed and stops nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.agents.catalogue import CACHE, catalogue_from, keep, scan, write_cache
from callboard.agents.crew import Catalogue, PluginInfo
from plugin_maker import GOOD, make_plugin

SEVEN = {"api", "config", "infra", "monitor", "quality", "refactor", "security"}
BROKEN = {
    "sleep": ("import time\ntime.sleep(1e9)\n", "took longer than 2 s"),
    "busy": ("while True: pass\n", "took longer than 2 s"),
    "deaf": (
        "import os, signal, time\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: time.sleep(9)\n",
        "took longer than 2 s",
    ),
    "segfault": ("import ctypes\nctypes.string_at(0)\n", "ended by SIGSEGV"),
    "exits": ("import os\nos._exit(3)\n", "exit code 3"),
    "sysexit": ("import sys\nsys.exit('no')\n", "SystemExit: no"),
    "base": ("class Odd(BaseException): pass\nraise Odd('odd')\n", "Odd: odd"),
    "missing": ("import a_module_that_is_not_there\n", "ModuleNotFoundError"),
    "syntax": ("def (\n", "SyntaxError"),
    "hog": ("x = b'x' * (20 << 30)\n", "MemoryError"),
    "misspelt": (
        "from callboard.api import hookimpl\n@hookimpl\ndef callboard_agent():\n    return []\n",
        "plugin 'misspelt' has an unknown hook 'callboard_agent'; did you mean 'callboard_agents'",
    ),
    "unmarked": ("def callboard_agents():\n    return []\n", "put @hookimpl above it"),
    "arguments": (
        "from callboard.api import hookimpl\n@hookimpl\ndef callboard_detect(workspce):\n    return []\n",
        "plugin 'arguments' does not fit its hook",
    ),
    "raises": (
        "from callboard.api import hookimpl\n@hookimpl\ndef callboard_agents():\n    raise RuntimeError('x\\x1b[31m')\n",
        "RuntimeError: x",
    ),
    "async": (
        "from callboard.api import hookimpl\n@hookimpl\nasync def callboard_agents():\n    return []\n",
        "make it a plain one",
    ),
    "forked": (
        "import os, time\nif os.fork():\n    os._exit(0)\nos.setsid()\ntime.sleep(5)\n",
        "ended its own process with exit code 0",
    ),
    "prints": ('import sys, os\nos.write(1, b\'{"t": "plugin", "name": "forged"}\\n\' * 100)\n', ""),
}


def plugin(catalogue: Catalogue, name: str) -> PluginInfo:
    return next(plugin for plugin in catalogue.plugins if plugin.name == name)


def test_all_faults_at_once_leave_the_good_ones_listed(tmp_path: Path) -> None:
    for name, (source, _) in BROKEN.items():
        make_plugin(tmp_path, name, source)
    make_plugin(tmp_path, "good", GOOD.format(name="greeter"))
    catalogue = scan(paths=[tmp_path], seconds=2)
    for name, (_, words) in BROKEN.items():
        error = plugin(catalogue, name).error
        assert words in error, name
        assert "\x1b" not in error
        assert words or not error, name
    good = plugin(catalogue, "good")
    assert (good.error, good.agents, good.distribution, good.version) == ("", ("greeter",), "plug-good", "1.0")
    assert catalogue.action("greeter.hello") is not None
    assert {p.name for p in catalogue.plugins} == SEVEN | set(BROKEN) | {"good"}


def test_the_seven_are_described_and_nothing_of_them_is_loaded_here(tmp_path: Path) -> None:
    catalogue = scan()
    bundled = [plugin for plugin in catalogue.plugins if plugin.bundled]
    assert {plugin.name for plugin in bundled} == SEVEN
    assert [plugin.error for plugin in bundled] == [""] * 7
    assert {agent.name for agent in catalogue.agents} >= SEVEN
    lint = catalogue.action("quality.lint")
    assert lint is not None
    assert lint.entry == "callboard_quality"
    assert json.loads(json.dumps(catalogue.to_json()))["agents"]


def test_the_answer_is_kept_until_something_changes(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "site"
    make_plugin(place, "good", GOOD.format(name="greeter"))
    first = scan(data, paths=[place])
    assert (data / CACHE).stat().st_mode & 0o077 == 0
    kept = json.loads((data / CACHE).read_text())
    kept["plugins"] = [line for line in kept["plugins"] if line["name"] == "good"]
    (data / CACHE).write_text(json.dumps(kept))
    assert len(scan(data, paths=[place]).plugins) == 1, "it was not asked again"
    assert scan(data, paths=[place], rescan=True) == first
    (place / "plug_good.py").write_text(GOOD.format(name="renamed"))
    assert scan(data, paths=[place]).agent("renamed") is not None
    make_plugin(place, "another", GOOD.format(name="another"))
    assert scan(data, paths=[place]).agent("another") is not None
    (data / CACHE).write_text("[[" * 10_000)
    assert scan(data, paths=[place]).agent("another") is not None


def test_a_listing_in_which_every_plugin_failed_is_not_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_cache(data / CACHE, "old")
    lines = [{"t": "plugin", "index": 0, "name": "p", "errors": ["SyntaxError"]}, {"t": "watch", "files": []}]
    keep(data / CACHE, ["key"], lines)
    assert json.loads((data / CACHE).read_text()) == "old"
    lines[0] |= {"agents": [AGENT]}
    keep(data / CACHE, ["key"], lines)
    assert json.loads((data / CACHE).read_text())["plugins"] == lines[:1]


def test_what_is_written_while_it_is_described_is_described_again(tmp_path: Path) -> None:
    data, place = tmp_path / "data", tmp_path / "site"
    source = GOOD.format(name="greeter")
    spoiling = f"from pathlib import Path\nPath(__file__).write_text({source!r})\nraise SyntaxError('half of it')\n"
    make_plugin(place, "edited", spoiling)
    assert "half of it" in plugin(scan(data, paths=[place]), "edited").error
    assert scan(data, paths=[place]).agent("greeter") is not None


def test_an_agent_that_took_too_long_is_asked_again_next_time(tmp_path: Path) -> None:
    make_plugin(tmp_path / "site", "slow", "import time\ntime.sleep(1e9)\n")
    assert "took longer" in plugin(scan(tmp_path / "data", paths=[tmp_path / "site"], seconds=1), "slow").error
    make_plugin(tmp_path / "site", "slow", GOOD.format(name="greeter"))
    assert scan(tmp_path / "data", paths=[tmp_path / "site"], seconds=5).agent("greeter") is not None


def test_two_agents_of_one_name_are_told_apart(tmp_path: Path) -> None:
    make_plugin(tmp_path, "aaa", GOOD.format(name="quality"))
    catalogue = scan(paths=[tmp_path])
    assert plugin(catalogue, "aaa").error == (
        "agent 'quality' of plugin 'aaa' is already offered by plugin 'quality'; rename one"
    )
    assert plugin(catalogue, "aaa").agents == ()
    agent = catalogue.agent("quality")
    assert agent is not None
    assert agent.plugin == "quality"


def test_an_entry_point_may_name_a_class(tmp_path: Path) -> None:
    source = (
        "from callboard.api import Agent, hookimpl\nclass Mine(Agent):\n    name = 'mine'\n"
        "class Plugin:\n    @hookimpl\n    def callboard_agents(self):\n        return (Mine() for _ in range(1))\n"
    )
    make_plugin(tmp_path, "klass", source, entry="plug_klass:Plugin")
    assert scan(paths=[tmp_path]).agent("mine") is not None


AGENT = {
    "name": "a",
    "title": "A",
    "summary": "",
    "version": "1",
    "tools": [],
    "actions": [
        {
            "name": "a.b",
            "title": "B",
            "summary": "s",
            "needs": {"cpus": 1, "memory_mb": 2, "locks": [], "extra": []},
            "effects": {"reads": ["**"], "writes": [], "idempotent": True, "environment": "", "network": False},
            "schema": {"type": "object", "properties": {"x": {"type": "string", "default": ""}}},
            "time_limit": 1,
            "memory_limit_mb": 0,
            "attempts": 1,
            "tools": [],
        }
    ],
}


def told(**changes: object) -> Catalogue:
    action = {**AGENT["actions"][0], **changes}  # type: ignore[dict-item]
    return catalogue_from([{"index": 0, "name": "p", "value": "p", "agents": [{**AGENT, "actions": [action]}]}])


def test_a_true_claim_is_taken() -> None:
    assert [action.name for action in told().actions] == ["a.b"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "other.b"}, "does not belong to agent 'a'"),
        ({"name": "a.<img src=x>"}, "must fit"),
        ({"needs": {"cpus": float("nan"), "memory_mb": 1}}, "must be a number"),
        ({"needs": {"cpus": -1, "memory_mb": 1}}, "from 0 to 4096"),
        ({"needs": None}, "is no mapping"),
        ({"time_limit": "9"}, "must be a number"),
        ({"attempts": 10**9}, "from 1 to 100"),
        ({"effects": {"reads": [1], "writes": [], "idempotent": True}}, "must hold texts"),
        ({"effects": {"reads": [], "writes": [], "idempotent": "yes"}}, "True or False"),
        ({"tools": ["nope"]}, "names the tool 'nope'"),
        ({"title": ["x"]}, "must be a text"),
        ({"schema": []}, "no options schema"),
        ({"schema": {"properties": {"x": {"anyOf": []}}}}, "empty anyOf"),
        ({"schema": {"properties": {"x": {"type": "array"}}}}, "no usable schema"),
        ({"schema": {"properties": {"x": {"type": "integer", "minimum": "1"}}}}, "no number"),
        ({"schema": {"properties": {"x": {"description": "y" * 200_000}}}}, "larger than"),
    ],
)
def test_a_false_claim_is_refused_with_its_place(changes: dict[str, object], words: str) -> None:
    catalogue = told(**changes)
    assert words in catalogue.plugins[0].error
    assert catalogue.actions == ()


def test_texts_are_made_clean() -> None:
    action = told(title="\x1b]52;c;evil\x07 \u202etitle\nnext", summary="x" * 10_000).actions[0]
    assert "\x1b" not in action.title
    assert "\u202e" not in action.title
    assert "\n" not in action.title
    assert len(action.summary) <= 500


def test_importing_the_agents_is_cheap() -> None:
    code = (
        "import sys, callboard.agents.catalogue, callboard.agents.detection, callboard.agents.preflight, callboard.config\n"
        "heavy = {'nicegui', 'peewee', 'pluggy', 'apscheduler', 'psutil', 'yaml', 'asyncio'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("metadata", "points", "words"),
    [
        (b"\xff\xfe\x00", b"[callboard]\nx = plug_other\n", ""),
        (b"Name: broken\n", b"[callboard]\nx\xff = plug\n", "cannot be read"),
        (b"Name: broken\n", b"[callboard]\nx = !!! :: no\n", "must name a module"),
        (b"Name: broken\n", b"[callboard]\nx = ..relative\n", "must name a module"),
    ],
)
def test_broken_metadata_hides_no_other_plugin(tmp_path: Path, metadata: bytes, points: bytes, words: str) -> None:
    make_plugin(tmp_path, "good", GOOD.format(name="greeter"))
    (tmp_path / "plug_other.py").write_text(GOOD.format(name="other"))
    info = tmp_path / "broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(metadata)
    (info / "entry_points.txt").write_bytes(points)
    catalogue = scan(paths=[tmp_path])
    assert catalogue.agent("greeter") is not None
    (broken,) = [plugin for plugin in catalogue.plugins if plugin.distribution.startswith("broken")]
    assert words in broken.error
    assert broken.error or catalogue.agent("other") is not None

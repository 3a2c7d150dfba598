"""Environments of the kinds 'script' and 'compose', where the next release takes the place of the former one."""

import importlib.util
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SPEC = importlib.util.spec_from_file_location("deploy_place", Path(__file__).with_name("deploy_place.py"))
assert SPEC is not None
assert SPEC.loader is not None
deploy_place = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(deploy_place)

START = """#!/bin/sh
set -e
nohup {python} app.py "$PORT" >"$HERE/server.log" 2>&1 &
echo $! >"$HERE/pid"
echo "$RELEASE $COMMIT" >>"$HERE/started"
"""
STOP = """#!/bin/sh
kill "$(cat "$HERE/pid")" && rm "$HERE/pid"
"""
STATUS = """#!/bin/sh
kill -0 "$(cat "$HERE/pid")"
"""
DOCKER = """#!/bin/sh
echo "$@" >>{log}
case "$*" in
  "compose version") echo 2.30.1 ;;
  info*) {info} ;;
  *" up "*) test ! -e broken && cat app.py >{up} ;;
  *" stop"*) rm -f {up} ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Any]:
    path = os.environ["PATH"]
    made = deploy_place.Place(tmp_path)
    yield made
    if (made.data / "releases").exists():
        made.run("stop")
    os.environ["PATH"] = path
    assert made.running() == {}


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(0o755)


def test_the_teams_own_scripts_put_a_release_in_its_place_and_back(place: Any) -> None:
    for name, text in (("start", START), ("stop", STOP), ("status", STATUS)):
        program(place.workspace / "ops" / name, text.replace("{python}", shlex.quote(sys.executable)))
    place.git("add", "ops")
    first = place.commit("one")
    place.table = {
        "kind": "script",
        "start": ["ops/start"],
        "stop": ["ops/stop"],
        "status": ["ops/status"],
        "port": place.port,
        "env": {"HERE": str(place.root)},
        "health": {"url": "/", "within": "3s", "steady": 2},
    }
    verdict, summary = place.deploy()
    assert verdict == "pass", summary
    assert place.ask() == "one"
    second = place.commit("two")
    assert place.deploy()[0] == "pass"
    assert place.ask() == "two"
    assert list(place.running().values()) == ["staging@2"]

    place.commit("three", "die")
    verdict, summary = place.deploy()
    assert verdict == "fail"
    assert "failed while checking: it did not get healthy" in summary
    assert summary.endswith("release 2 was put back and is healthy")
    assert place.ask() == "two"
    assert (place.root / "started").read_text("utf-8").split()[-1] == second

    assert place.run("status")[0] == "pass"
    verdict, summary = place.run("undo")
    assert verdict == "pass", summary
    assert place.ask() == "one"
    assert (place.root / "started").read_text("utf-8").split()[-2:] == ["1", first]
    assert place.run("stop")[0] == "pass"
    assert place.refuses()


def compose_place(place: Any, info: str) -> Path:
    log, up = place.root / "asked", place.root / "up"
    program(place.root / "bin" / "docker", DOCKER.format(log=log, up=up, info=info))
    os.environ["PATH"] = f"{place.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    place.table = {
        "kind": "compose",
        "file": "compose.yaml",
        "services": ["web"],
        "health": {"command": ["test", "-s", str(up)], "within": "1s", "steady": 1},
    }
    return Path(log)


def test_without_an_engine_it_is_unknown_and_says_what_would_be_run(place: Any) -> None:
    compose_place(place, "echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    place.commit("one")
    verdict, summary = place.deploy()
    assert verdict == "unknown"
    assert "no Docker engine answers (Cannot connect to the Docker daemon); what would be run: " in summary
    assert "docker compose -p shop-staging -f compose.yaml up --detach --build --remove-orphans web" in summary
    assert place.run("undo")[0] == "unknown"
    assert place.run("status")[0] == "unknown"


def test_containers_are_brought_up_from_the_folder_of_the_release_and_back(place: Any) -> None:
    log = compose_place(place, "echo 27.0")
    place.commit("one")
    assert place.deploy()[0] == "pass"
    assert 'VERSION = "one"' in (place.root / "up").read_text("utf-8")
    place.commit("two")
    assert place.deploy()[0] == "pass"
    assert 'VERSION = "two"' in (place.root / "up").read_text("utf-8")
    (place.workspace / "broken").write_text("yes", "utf-8")
    place.git("add", "broken")
    place.commit("three")
    verdict, summary = place.deploy()
    assert verdict == "fail"
    assert "release 2 was put back and is healthy" in summary
    assert place.run("undo")[0] == "pass"
    assert 'VERSION = "one"' in (place.root / "up").read_text("utf-8")
    asked = [line for line in log.read_text("utf-8").splitlines() if " up " in line]
    assert set(asked) == {"compose -p shop-staging -f compose.yaml up --detach --build --remove-orphans web"}
    assert json.loads((place.folder / "state.json").read_text("utf-8"))["current"] == 1

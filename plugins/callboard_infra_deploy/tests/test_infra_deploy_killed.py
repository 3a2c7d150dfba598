"""A deployment whose attempt is killed: what serves, what is said, what is left, and that it can be tried again."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SPEC = importlib.util.spec_from_file_location("deploy_place", Path(__file__).with_name("deploy_place.py"))
assert SPEC is not None
assert SPEC.loader is not None
deploy_place = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(deploy_place)

ATTEMPT = """
import json, sys, time
from pathlib import Path
from callboard.testing import run_action
from callboard_infra_deploy import InfraDeploy
workspace, spool, data, config = sys.argv[1:]
outcome = run_action(InfraDeploy(), "deploy", Path(workspace), {"environment": "staging"}, config=json.loads(config),
    spool=Path(spool), data=Path(data))
Path(spool, "done").write_text(outcome.result.summary)
time.sleep(300)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Any]:
    made = deploy_place.Place(tmp_path)
    yield made
    if (made.data / "releases").exists():
        made.run("stop")
    assert made.running() == {}


def killed(place: Any, is_time: Callable[[Path], bool]) -> Path:
    """Runs a deployment in a process of its own and kills that at the given time; its spool folder."""
    spool = place.spool()
    words = [sys.executable, "-c", ATTEMPT, str(place.workspace), str(spool), str(place.data), json.dumps(place.config)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not is_time(spool):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    return Path(spool)


def is_in(place: Any, number: int, state: str) -> bool:
    try:
        return bool(place.release(number)["state"] == state)
    except (OSError, ValueError, StopIteration):
        return False


STEPS: dict[str, tuple[str, dict[str, Any], Callable[[Any], bool]]] = {
    "building": ("", {"build": ["sleep", "60"]}, lambda place: "staging@2" in place.running().values()),
    "checking": ("ill", {}, lambda place: "staging@2" in place.running().values()),
    "switching": ("hang-behind", {}, lambda place: True),
}


@pytest.mark.parametrize("step", list(STEPS))
def test_whatever_step_it_is_killed_in_the_former_release_serves_and_a_retry_works(place: Any, step: str) -> None:
    flags, table, is_under_way = STEPS[step]
    place.commit("one")
    assert place.deploy()[0] == "pass"
    before = place.running()
    place.commit("two", flags)
    place.table |= table
    killed(place, lambda spool: is_in(place, 2, step) and is_under_way(place))
    if step != "switching":
        assert place.ask() == "one"
    verdict, summary = place.run("undeploy")
    assert verdict == "pass"
    assert summary == (
        f"nothing to undo in 'staging': release 1 never stopped serving; release 2 broke off while {step}; nothing of it runs"
    )
    assert place.ask() == "one"
    assert place.running() == before
    assert place.run("status")[0] == "pass"
    assert place.release(2)["state"] == "failed"
    place.table.pop("build", None)
    place.commit("three")
    assert place.deploy()[0] == "pass"
    assert place.ask() == "three"
    assert place.events() == ["deployed", "broke off", "deployed"]


def test_a_first_deployment_that_is_killed_leaves_nothing_once_somebody_looks(place: Any) -> None:
    place.commit("one", "hang-behind")
    killed(place, lambda spool: is_in(place, 1, "switching"))
    outcome = place.outcome("status")
    assert str(outcome.result.verdict) == "unknown"
    assert "nothing is deployed to 'staging' (release 1 broke off while switching" in outcome.result.summary
    assert place.running() == {}
    place.commit("two")
    assert place.deploy()[0] == "pass"


def test_a_deployment_that_was_done_when_its_task_was_lost_is_taken_back(place: Any) -> None:
    place.commit("one")
    place.deploy()
    place.commit("two")
    spool = killed(place, lambda spool: (spool / "done").exists())
    for pid, name in place.running().items():
        if name == "staging@2":  # whoever watches over an attempt ends what a killed one has left
            os.kill(pid, signal.SIGKILL)
    (spool / "messages.jsonl").write_text("", "utf-8")
    lost = {"name": "infra.deploy", "action": "infra.deploy", "state": "lost", "spool": str(spool)}
    undo = spool.parent.parent / "1" / "1"
    undo.mkdir(parents=True)
    given = {"environment": "staging"}
    outcome = deploy_place.run_action(
        deploy_place.InfraDeploy(),
        "undeploy",
        place.workspace,
        given,
        config=place.config,
        spool=undo,
        data=place.data,
        before=[lost],
    )
    assert outcome.result is not None
    assert str(outcome.result.verdict) == "pass"
    assert "release 1" in outcome.result.summary
    assert place.ask() == "one"
    assert sorted(place.running().values()) == ["staging@1", "staging@forwarder"]
    assert place.release(2)["state"] in ("failed", "undone")
    assert "release 1" in place.run("status")[1]

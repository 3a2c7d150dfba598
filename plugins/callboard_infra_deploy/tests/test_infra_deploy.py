"""Deployments to an environment of the kind 'process': real servers, real ports, real switches."""

import fcntl
import http.client
import importlib.util
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.api import BoundaryError, CallboardError
from callboard_infra_deploy.processes import look

SPEC = importlib.util.spec_from_file_location("deploy_place", Path(__file__).with_name("deploy_place.py"))
assert SPEC is not None
assert SPEC.loader is not None
deploy_place = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(deploy_place)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Any]:
    made = deploy_place.Place(tmp_path)
    yield made
    if (made.data / "releases").exists():
        made.run("stop")
    assert made.running() == {}


def test_a_commit_is_deployed_switched_to_and_gone_back_to_without_a_failed_request(place: Any) -> None:
    place.table["env"] = {"GREETING": "hello"}
    place.table["build"] = [["python3", "-c", "open('built.txt', 'w').write('yes')"], ["ls", "built.txt"]]
    first = place.commit("one")
    verdict, summary = place.deploy()
    assert verdict == "pass", summary
    assert summary.startswith(f"release 1 ({first[:12]}) serves 'staging' at http://127.0.0.1:{place.port} after ")
    assert "no gate, 2 good answers in a row" in summary
    assert place.ask() == "one hello"
    assert not (place.workspace / "built.txt").exists()
    assert (place.folder / "1" / "tree" / "built.txt").read_text("utf-8") == "yes"
    assert place.git("worktree", "list").count("\n") == 0
    assert place.git("status", "--porcelain") == ""

    client = Hammer(place.port)
    place.commit("two")
    outcome = place.outcome("deploy")
    assert outcome.result.outputs == {
        "environment": "staging",
        "release": 2,
        "commit": place.git("rev-parse", "HEAD"),
        "port": place.port,
        "former": 1,
    }
    assert "release 1 is kept for an undo" in outcome.result.summary
    assert outcome.metrics()["infra.deploy_time.staging"] > 0
    assert "$ ls built.txt" in outcome.artifacts["build.log"].read_text("utf-8")
    assert place.ask() == "two hello"
    verdict, summary = place.run("undo", reason="prices are wrong")
    assert verdict == "pass", summary
    assert f"release 1 ({first[:12]}) serves 'staging' again" in summary
    assert "release 2 is stopped and kept" in summary
    assert place.ask() == "one hello"
    answers, failures = client.stop()
    assert failures == []
    assert set(answers) == {"one hello", "two hello"}
    assert len(answers) > 50
    assert place.events() == ["deployed", "deployed", "undone"]

    verdict, summary = place.run("undo", release=2)
    assert verdict == "pass", summary
    assert "it was started again" in summary
    assert place.ask() == "two hello"


class Hammer:
    """Asks all the time: one client opens a connection for each question, one keeps its connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._over = threading.Event()
        self._answers: list[str] = []
        self._failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask, args=(keep,)) for keep in (True, False)]
        for thread in self._threads:
            thread.start()

    def _ask(self, keep: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        while not self._over.is_set():
            try:
                connection.request("GET", "/")
                answer = connection.getresponse()
                text = answer.read().decode()
                if answer.status == 200:
                    self._answers.append(text)
                else:
                    self._failures.append(f"{answer.status} {text}")
            except (OSError, http.client.HTTPException) as error:
                self._failures.append(f"{keep}: {error!r}")
                connection.close()
            if not keep:
                connection.close()
            time.sleep(0.002)
        connection.close()

    def stop(self) -> tuple[list[str], list[str]]:
        self._over.set()
        for thread in self._threads:
            thread.join()
        return self._answers, self._failures


@pytest.mark.parametrize(
    ("flags", "build", "words", "step"),
    [
        ("die", None, "it ended before it was healthy; it said: no database here", "checking"),
        ("ill", None, "answers with status 503 within 1 s", "checking"),
        ("", [["ls", "no-such-file"]], "the build failed: 'ls no-such-file' ended with", "building"),
        ("", [["no-such-program"]], "'no-such-program' is not there", "building"),
    ],
)
def test_what_fails_leaves_the_former_release_serving_and_nothing_behind(
    place: Any, flags: str, build: list[list[str]] | None, words: str, step: str
) -> None:
    place.commit("one")
    assert place.deploy()[0] == "pass"
    before = place.running()
    place.commit("two", flags)
    place.table |= {"health": {"url": "/", "within": "1s", "steady": 1}, **({"build": build} if build else {})}
    verdict, summary = place.deploy()
    assert verdict == "fail"
    assert f"failed while {step}: " in summary
    assert words in summary
    assert summary.endswith("release 1 goes on serving")
    assert place.ask() == "one"
    assert place.running() == before
    assert not (place.folder / "2" / "tree").exists()
    assert place.run("undeploy") == ("pass", "nothing to undo in 'staging': release 1 never stopped serving")
    assert place.run("undeploy") == ("pass", "nothing to undo in 'staging': release 1 never stopped serving")
    place.table.pop("build", None)
    place.commit("three")
    assert place.deploy()[0] == "pass"
    assert place.ask() == "three"


def test_a_first_deployment_that_fails_leaves_nothing(place: Any) -> None:
    place.commit("one", "die")
    verdict, summary = place.deploy()
    assert verdict == "fail"
    assert summary.endswith("there was no release before, so nothing serves")
    assert place.running() == {}
    assert place.run("status")[0] == "unknown"
    assert place.run("undo") == ("fail", "'staging' has no former release to go back to; kept: none")


@pytest.mark.parametrize(
    ("health", "words"),
    [
        ({"tcp": True, "steady": 2}, "2 good answers in a row: port"),
        ({"log": "listens"}, "1 good answer in a row: its output shows 'listens'"),
        (
            {"command": ["sh", "-c", "test -n $RELEASE && echo up"], "steady": 1},
            "1 good answer in a row: sh ended with 0",
        ),
        ({}, "3 good answers in a row: port"),
    ],
)
def test_there_are_other_ways_to_ask_for_health(place: Any, health: dict[str, Any], words: str) -> None:
    place.table["health"] = {**health, "within": "5s"}
    place.commit("one")
    verdict, summary = place.deploy()
    assert verdict == "pass", summary
    assert words in summary
    assert place.run("status")[0] == "pass"


def test_what_an_undo_switched_to_before_it_was_killed_is_current(place: Any) -> None:
    for version in ("one", "two"):
        place.commit(version)
        place.deploy()
    place.run("undo")
    state = place.folder / "state.json"
    state.write_text(json.dumps({**json.loads(state.read_text("utf-8")), "current": 2}), "utf-8")
    verdict, summary = place.run("status")
    assert (verdict, summary.startswith("release 1 ")) == ("pass", True)
    assert "as a task wanted that broke off after the switch" in summary
    assert place.run("undeploy")[1].startswith("nothing to undo in 'staging': release 1 never stopped")
    os.truncate(place.folder / "1" / "output.log", 65_000_000)
    place.run("status")
    assert (place.folder / "1" / "output.log").stat().st_size < 1_000
    assert place.ask() == "one"
    assert "asked for" in (place.folder / "1" / "output.log").read_text("utf-8")


def test_an_environment_that_is_not_written_down_any_more_is_not_forgotten_while_it_runs(place: Any) -> None:
    place.commit("one")
    place.deploy()
    config = place.table
    place.environments = {}
    outcome = place.outcome("status", environment="")
    assert [(f.rule, str(f.severity)) for f in outcome.findings] == [("environment-forgotten", "medium")]
    assert outcome.result.summary == "'staging' is not written down any more, but release 1 of it still runs"
    place.environments = {"staging": config}
    assert place.run("status")[0] == "pass"


def test_what_serves_already_is_not_deployed_again_unless_it_is_asked_for_or_done_in_another_way(place: Any) -> None:
    commit = place.commit("one")
    place.deploy()
    verdict, summary = place.deploy()
    assert verdict == "pass"
    assert summary.startswith(f"release 1 ({commit[:12]}) serves 'staging' already, 1 good answer in a row")
    place.table["keep"] = 5
    assert "nothing was deployed" in place.deploy()[1]
    place.table["env"] = {"GREETING": "hello"}
    assert place.deploy()[1].startswith("release 2 ")
    assert place.deploy(again=True)[1].startswith("release 3 ")
    os.kill(place.release(3)["pid"], signal.SIGKILL)
    wait_for(lambda: read_notes(place).get("fell_back"))
    assert place.deploy()[1].startswith("release 2 ")
    assert place.ask() == "one hello"
    assert place.events() == ["deployed", "deployed", "deployed", "fell back"]


def test_two_deployments_do_not_meet(place: Any) -> None:
    place.commit("one")
    assert place.deploy()[0] == "pass"
    store = next(place.folder.parent.glob("staging"))
    with open(store / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        verdict, summary = place.deploy()
        assert (verdict, "another task works on environment 'staging'" in summary) == ("fail", True)
        assert place.run("status")[0] == "pass"
    assert place.events() == ["deployed"]


def test_a_workspace_within_a_repository_is_taken_out_as_its_commit_has_it(place: Any) -> None:
    place.commit("one")
    (place.workspace / ".gitattributes").write_text("kept.txt export-ignore\n", "utf-8")
    (place.workspace / "kept.txt").write_text("kept", "utf-8")
    (place.workspace / "link").symlink_to("app.py")
    (place.workspace / "-f ü.txt").write_text("odd", "utf-8")
    place.git("add", ".")
    place.git("commit", "-q", "-m", "more")
    (place.workspace / "inner").mkdir()
    place.git("mv", "--", "app.py", "kept.txt", "link", "-f ü.txt", "inner")
    place.git("commit", "-q", "-m", "moved")
    (place.workspace / "inner" / "new.txt").write_text("not committed", "utf-8")
    place.workspace = place.workspace / "inner"
    verdict, summary = place.deploy()
    assert verdict == "pass", summary
    tree = place.folder / "1" / "tree"
    assert sorted(path.name for path in tree.iterdir()) == ["-f ü.txt", "app.py", "kept.txt", "link"]
    assert place.ask() == "one"


def before(place: Any, name: str, state: str, verdict: str) -> dict[str, Any]:
    spool = place.root / f"{name}-{state}-{verdict}"
    spool.mkdir(exist_ok=True)
    said = {"t": "result", "verdict": verdict, "summary": f"{name} is {verdict}", "outputs": {}}
    (spool / "messages.jsonl").write_text(json.dumps(said) + "\n", "utf-8")
    return {"name": name, "action": name.partition(":")[0], "state": state, "spool": str(spool)}


def test_a_gate_lets_through_what_is_green_in_the_same_run_and_nothing_else(place: Any) -> None:
    place.table["gate"] = ["quality.tests*", "security.secrets"]
    place.commit("one")
    verdict, summary = place.deploy()
    assert verdict == "fail"
    assert "its gate is shut: no task of this run before this one is named 'quality.tests*'" in summary
    good = [
        before(place, "quality.tests:a", "succeeded", "pass"),
        before(place, "quality.tests:b", "unchanged", "pass"),
        before(place, "security.secrets", "succeeded", "pass"),
    ]
    unsure = [*good[:2], before(place, "security.secrets", "succeeded", "unknown")]
    refused = place.outcome("deploy", before=unsure).result
    assert "security.secrets succeeded with verdict unknown: security.secrets is unknown" in refused.summary

    (place.workspace / "app.py").write_text("changed", "utf-8")
    refused = place.outcome("deploy", before=good).result
    assert "1 file differs from the commit (app.py): commit first" in refused.summary
    place.git("checkout", "-q", "app.py")

    done = place.outcome("deploy", before=good).result
    assert "3 gates green" in done.summary
    assert place.release(1)["gates"][0] == "quality.tests:a: quality.tests:a is pass"
    old = place.git("rev-parse", "HEAD")
    place.commit("two")
    refused = place.outcome("deploy", before=good, commit=old).result
    assert f"not at {old[:12]}" in refused.summary
    verdict, summary = place.deploy(override="the gate's machine is down")
    assert verdict == "pass"
    assert "gate overridden: the gate's machine is down" in summary
    assert place.events() == ["refused", "refused", "refused", "deployed", "refused", "deployed"]


def test_room_ports_and_the_boundary_are_looked_at_before_anything_is_done(place: Any) -> None:
    place.commit("one")
    for room, words in (({"disk_mb": 1e9}, "on the disk"), ({"memory_mb": 1e9}, "of memory are available")):
        place.table["needs"] = room
        verdict, summary = place.deploy()
        assert (verdict, words in summary) == ("fail", True), summary
        assert "nothing was changed" in summary
    with deploy_place.socket.create_server(("127.0.0.1", 0)) as other:
        place.table["needs"] = {"ports": [other.getsockname()[1]]}
        assert "which must be free, is taken" in place.deploy()[1]
        place.table |= {"needs": {}, "port": other.getsockname()[1]}
        assert "is taken by another program" in place.deploy()[1]
    place.table["port"] = 6770
    with pytest.raises(BoundaryError, match=r"boundary\.protected_ports"):
        place.deploy()
    place.table |= {"port": place.port, "folder": ".git/hooks"}
    with pytest.raises(BoundaryError, match="git's own folder"):
        place.deploy()
    del place.table["folder"]
    with pytest.raises(CallboardError, match="no environment 'prod'; written down: staging"):
        place.run("deploy", environment="prod")
    assert "has no commit 'gone'" in place.deploy(commit="gone")[1]
    assert place.running() == {}


def test_status_says_when_a_release_died_and_undo_starts_it_again(place: Any) -> None:
    place.commit("one")
    place.deploy()
    assert place.run("status")[0] == "pass"
    pid = place.release(1)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: look(pid) is None and "pid" in (read_notes(place).get("died") or {}))
    outcome = place.outcome("status", environment="")
    assert str(outcome.result.verdict) == "fail"
    (finding,) = outcome.findings
    assert (finding.rule, str(finding.severity)) == ("release-died", "high")
    assert "has ended 0 s ago" in finding.message or "has ended 1 s ago" in finding.message
    assert "its last words: version one listens" in finding.message
    figure = outcome.sections()["deployments"][0]["figures"][0]
    assert (figure["label"], figure["value"], figure["state"]) == ("staging", "release 1", "bad")
    assert place.refuses()
    verdict, summary = place.run("undo", release=1)
    assert verdict == "pass", summary
    assert place.ask() == "one"
    assert place.run("logs")[1].startswith("the last ")

    (forwarder,) = [pid for pid, name in place.running().items() if name == "staging@forwarder"]
    os.kill(forwarder, signal.SIGKILL)
    wait_for(lambda: look(forwarder) is None)
    outcome = place.outcome("status")
    assert [finding.rule for finding in outcome.findings] == ["forwarder-died"]
    assert place.run("undo", release=1)[0] == "pass"
    assert place.ask() == "one"


def read_notes(place: Any) -> dict[str, Any]:
    return dict(json.loads((place.folder / "forwarder.json").read_text("utf-8")))


def wait_for(is_so: Any) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_release_that_ends_right_after_the_switch_is_left_for_the_former_one(place: Any) -> None:
    place.commit("one")
    place.deploy()
    place.commit("two")
    place.deploy()
    pid = place.release(2)["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: look(pid) is None)
    assert place.ask() == "one"
    wait_for(lambda: read_notes(place).get("fell_back"))
    outcome = place.outcome("status")
    assert [finding.rule for finding in outcome.findings] == ["release-fell-back"]
    assert "release 2 ended right after the switch, release 1 serves again" in outcome.result.summary
    assert place.release(2)["state"] == "failed"
    assert place.run("status")[0] == "pass"


def test_old_releases_go_and_the_section_offers_the_kept_ones(place: Any) -> None:
    place.table["keep"] = 1
    place.table["standby"] = False
    for version in ("one", "two", "three"):
        place.commit(version)
        assert place.deploy()[0] == "pass"
    assert not (place.folder / "1" / "tree").exists()
    assert place.release(1)["state"] == "removed"
    assert sorted(place.running().values()) == ["staging@3", "staging@forwarder"]
    blocks = place.outcome("status").sections()["deployments"]
    assert blocks[0]["figures"][0]["note"].startswith("healthy, ")
    rows = blocks[1]["rows"]
    assert [row[0] for row in rows] == [3, 2, 1, ""]
    assert rows[1][5]["act"] == {
        "label": "undo to this",
        "action": "infra.undo",
        "options": {"environment": "staging", "release": 2},
        "danger": True,
    }
    assert rows[2][5] == ""
    assert [row[1:3] for row in blocks[2]["rows"]] == [["deployed", 3], ["deployed", 2], ["deployed", 1]]
    assert place.run("undo", release=1)[1].startswith(
        "release 1 of 'staging' did not come back: the files of release 1"
    )
    assert place.run("stop")[1].startswith("'staging' is out of service (release 3, 1 process of it ended)")
    assert place.run("status") == ("unknown", place.run("status")[1])
    assert place.run("undo")[0] == "pass"
    assert place.ask() == "two"


def test_values_of_the_env_file_reach_the_release_and_no_log(place: Any) -> None:
    (place.workspace / ".env.staging").write_text("# secret\nexport GREETING='hunter2-hunter2'\n", "utf-8")
    place.table |= {"env_file": ".env.staging", "build": ["python3", "-c", "import os; print(os.environ['GREETING'])"]}
    place.commit("one")
    outcome = place.outcome("deploy")
    assert place.ask() == "one hunter2-hunter2"
    assert "***" in outcome.artifacts["build.log"].read_text("utf-8")
    assert "hunter2" not in json.dumps(outcome.messages) + outcome.artifacts["build.log"].read_text("utf-8")

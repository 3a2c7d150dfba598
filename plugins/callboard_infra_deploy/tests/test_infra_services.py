"""Starting and stopping declared services: real processes, real ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.api import BoundaryError, CallboardError, Result, Verdict
from callboard.testing import run_action
from callboard_infra_deploy import InfraDeploy
from callboard_infra_deploy.processes import environment, look

SERVER = """
import http.server, os, subprocess, sys, time
if "--child" in sys.argv:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
if "--slow" in sys.argv:
    time.sleep(300)
if "--die" in sys.argv:
    sys.exit("no database here")
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if "--ill" in sys.argv else 200)
        self.end_headers()
        self.wfile.write(os.environ.get("GREETING", "").encode())
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
QUICK = {"probes_per_second": 20.0}


class Place:
    """A workspace with a service, and a data folder; `stop` is called at the end."""

    def __init__(self, root: Path) -> None:
        self.workspace = root / "ws"
        self.workspace.mkdir()
        (self.workspace / "server.py").write_text(SERVER, "utf-8")
        self.spools = root

    def config(self, *flags: str, **more: object) -> dict[str, object]:
        table = {"command": [sys.executable, "server.py", "{port}", *flags], "health": "/health", **more}
        return {"services": {"web": table}, "boundary": QUICK}

    def run(self, action: str, config: dict[str, object], **options: object) -> Result:
        spool = self.spools / f"spool-{time.monotonic_ns()}"
        spool.mkdir()
        outcome = run_action(
            InfraDeploy(), action, self.workspace, {"service": "web", **options}, config=config, spool=spool
        )
        assert outcome.result is not None
        return outcome.result


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    before = {name: os.environ.get(name) for name in ("CALLBOARD_DATA", "CALLBOARD_ATTEMPT")}
    os.environ.update(CALLBOARD_DATA=str(tmp_path / "data"), CALLBOARD_ATTEMPT="an-attempt")
    made = Place(tmp_path)
    yield made
    made.run("service_stop", made.config(), grace=2.0)
    for name, value in before.items():
        if value is None:
            os.environ.pop(name)
        else:
            os.environ[name] = value


def test_a_service_starts_answers_and_stops_with_its_children(place: Place) -> None:
    config = place.config("--child", env={"GREETING": "port {port}"})
    started = place.run("service_start", config)
    assert started.verdict is Verdict.PASS, started.summary
    pid, port, url = started.outputs["pid"], started.outputs["port"], started.outputs["url"]
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - an address of this test
        assert answer.read().decode() == f"port {port}"
    seen = look(pid)
    assert seen is not None
    assert seen.session == pid
    given = environment(pid)
    assert given["CALLBOARD_SERVICE"] == "web"
    assert given["CALLBOARD_SERVICE_WORKSPACE"] == str(place.workspace)
    assert "CALLBOARD_ATTEMPT" not in given

    (handed_over,) = place.spools.glob("spool-*/outlives.json")
    assert [pid, int(seen.start)] in json.loads(handed_over.read_text("utf-8"))["processes"]

    stopped = place.run("service_stop", config)
    assert stopped.verdict is Verdict.PASS
    assert stopped.summary == "service 'web' is stopped: 2 processes ended"
    assert look(pid) is None


def test_a_second_start_leaves_the_running_one_alone(place: Place) -> None:
    first = place.run("service_start", place.config())
    second = place.run("service_start", place.config())
    assert second.verdict is Verdict.PASS
    assert second.outputs["pid"] == first.outputs["pid"]
    assert "runs already" in second.summary
    third = place.run("service_start", place.config(), restart=True)
    assert third.verdict is Verdict.PASS
    assert third.outputs["pid"] != first.outputs["pid"]
    assert look(first.outputs["pid"]) is None


def test_a_service_that_ends_at_once_fails_with_its_own_words(place: Place) -> None:
    result = place.run("service_start", place.config("--die"))
    assert result.verdict is Verdict.FAIL
    assert "it ended before it was healthy; it said: no database here" in result.summary


@pytest.mark.parametrize(
    ("flag", "words"), [("--ill", "answers with status 503"), ("--slow", "nothing listens on port")]
)
def test_what_does_not_get_healthy_is_stopped_again(place: Place, flag: str, words: str) -> None:
    result = place.run("service_start", place.config(flag, start_timeout=1.0))
    assert result.verdict is Verdict.FAIL
    assert words in result.summary
    assert place.run("service_stop", place.config()).summary.endswith("there is nothing to stop")
    history = next((place.spools / "data" / "services").glob("*/web/history.jsonl")).read_text("utf-8").splitlines()
    assert [json.loads(line)["event"] for line in history] == ["start failed"]


def test_a_port_that_is_taken_is_said_and_its_owner_is_left_alone(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = place.run("service_start", place.config(port=port))
    assert result.verdict is Verdict.FAIL
    assert f"port {port} of service 'web' is taken" in result.summary


def test_a_protected_port_and_a_foreign_health_address_are_refused(place: Place) -> None:
    with pytest.raises(BoundaryError, match=r"boundary\.protected_ports"):
        place.run("service_start", place.config(port=6770))
    with pytest.raises(BoundaryError, match=r"boundary\.test_hosts"):
        place.run("service_start", place.config(health="http://example.com/health"))


def test_another_process_with_the_recorded_pid_is_never_signalled(place: Place) -> None:
    started = place.run("service_start", place.config())
    record = next((place.spools / "data" / "services").glob("*/web/service.json"))
    innocent = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, "CALLBOARD_SERVICE": "web"}
    )
    try:
        os.kill(started.outputs["pid"], signal.SIGKILL)
        while look(started.outputs["pid"]):
            time.sleep(0.02)
        record.write_text(json.dumps({**json.loads(record.read_text("utf-8")), "pid": innocent.pid}), "utf-8")
        assert "had ended already" in place.run("service_stop", place.config()).summary
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"command": "uvicorn app"}, "needs 'command' as a list of words"),
        ({"command": ["no-such-program-here"]}, "starts 'no-such-program-here', which is not there"),
        ({"command": ["x"], "folder": "../.."}, "lies outside of the workspace"),
        ({"command": ["x"], "prot": 1}, "has no key 'prot'"),
        ({"command": ["x"], "port": 70_000}, "has port 70000"),
    ],
)
def test_a_wrong_declaration_names_the_fault_and_the_mend(place: Place, table: dict[str, object], words: str) -> None:
    with pytest.raises(CallboardError, match=r"services\.web") as caught:
        place.run("service_start", {"services": {"web": table}})
    assert words in str(caught.value)


def test_a_service_that_is_not_declared_is_named(place: Place) -> None:
    with pytest.raises(CallboardError, match="declares no service 'db'; declared: web"):
        place.run("service_start", place.config(), service="db")


def test_a_run_stops_what_it_has_started_and_leaves_what_ran_before(place: Place, tmp_path: Path) -> None:
    def stopped(started: Result) -> str:
        spool = tmp_path / f"before-{time.monotonic_ns()}"
        spool.mkdir()
        said = {"t": "result", "verdict": "pass", "summary": "", "outputs": dict(started.outputs)}
        (spool / "messages.jsonl").write_text(json.dumps(said) + "\n", "utf-8")
        name = "infra.service_start:web"
        entry = {"name": name, "action": "infra.service_start", "state": "succeeded", "spool": str(spool)}
        outcome = run_action(
            InfraDeploy(),
            "service_stop",
            place.workspace,
            {"service": "web", "started_here": True},
            config=place.config(),
            before=[entry],
        )
        assert outcome.result is not None
        return outcome.result.summary

    first = place.run("service_start", place.config())
    again = place.run("service_start", place.config())
    assert stopped(again) == "service 'web' was not started by this run; it is left as it is"
    assert look(first.outputs["pid"]) is not None
    assert stopped(first) == "service 'web' is stopped: 1 process ended"

"""The team's work yields to its platform: the real program beside a real small platform that is slow, then quick."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.guard.signing import canonical, why_not
from house import House

CONFIG = """\
[workspace]
detect = false

[boundary]
probes_per_second = 50

[endpoints.api]
url = "http://127.0.0.1:{port}/health"
watch = 0.1

[coordination]
yield_endpoints = ["api"]
yield_p95_ms = 250
yield_window = 2
resume_after = 1
light_jobs = ["check", "deploy"]
handoff = true

[environments.staging]
kind = "script"
start = ["python3", "put.py"]
stop = ["python3", "-c", ""]
status = ["python3", "-c", ""]
gate = ["check"]

[jobs.heavy]
command = ["python3", "-c", "print('heavy')"]
idempotent = true

[jobs.light]
command = ["python3", "-c", "print('light')"]
cpus = 0.2

[jobs.check]
command = ["python3", "-c", "import os; raise SystemExit(os.path.exists('red'))"]

[jobs.deploy]
action = "infra.deploy"
options = {{environment = "staging"}}
needs = ["check"]

[pipelines.work]
jobs = ["heavy", "light"]

[pipelines.release]
jobs = ["deploy"]
"""


class Platform(http.server.ThreadingHTTPServer):
    """Answers after `delay` seconds, and remembers by which methods it was asked."""

    delay = 0.4

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.methods: set[str] = set()


class Answering(http.server.BaseHTTPRequestHandler):
    server: Platform

    def do_GET(self) -> None:
        self.server.methods.add(self.command)
        time.sleep(self.server.delay)
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    server = Platform()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, platform: Platform) -> Iterator[House]:
    home = tmp_path_factory.mktemp("coordination")
    made = House(home, CONFIG.format(port=platform.server_address[1]), {"put.py": "print('put')\n"})
    yield made
    made.close()


def test_heavy_work_waits_for_users_and_goes_on_alone(house: House, platform: Platform) -> None:
    house.until(lambda: house.get("/coordination")["rules"][1]["active"])
    run = house.post("/runs", {"pipeline": "work"})["run"]
    house.until(lambda: house.get(f"/tasks/{run}.1")["task"]["state"] == "succeeded")
    task = house.get(f"/tasks/{run}.0")["task"]
    assert (task["name"], task["state"], task["hold"]["kind"]) == ("heavy", "waiting", "yields")
    assert "above 250: heavy tasks wait for users" in task["hold"]["reason"]
    assert house.get("/coordination")["holding"] == 1
    said = house.call("status", f"{run}.0").stdout
    assert "held: the platform's p95 is" in said
    shown = house.call("platform").stdout
    assert "1 heavy task waits for the platform" in shown
    assert "api " in shown
    platform.delay = 0.0
    house.until(lambda: house.get(f"/tasks/{run}.0")["task"]["state"] == "succeeded")
    row = house.get("/coordination")
    assert (row["rules"][1]["active"], row["holding"]) == (False, 0)
    (endpoint,) = row["endpoints"]
    assert (endpoint["name"], endpoint["limit_ms"], endpoint["success"], endpoint["paused"]) == ("api", 250, 100, "")
    assert platform.methods == {"GET"}
    waited = next(e["sentence"] for e in house.get(f"/tasks/{run}.0")["events"] if e["kind"] == "AttemptDecided")
    assert "s users of the platform" in waited


def test_the_platform_may_ask_whether_to_drain(house: House) -> None:
    token = house.call("crew", "token", "--new", "--json").stdout
    crew = {"Authorization": f"Bearer {json.loads(token)['token']}"}
    ask = house.api.build_request("GET", "/crew/drain", headers=crew)
    first = house.api.send(ask)
    assert (first.status_code, first.json()["drain"]) == (200, False)
    done = house.call("platform", "drain", "on", "--reason", "release day", "--until", "2h")
    assert "asks the platform to take no new work" in done.stdout
    assert json.loads((house.data / "platform" / "drain.json").read_bytes())["drain"] is True
    assert house.get("/coordination")["drain"]["seen"] is None
    second = house.api.send(ask)
    assert (second.json()["drain"], second.json()["reason"]) == (True, "release day")
    house.until(lambda: house.get("/coordination")["drain"]["seen"])
    same = house.api.get("/crew/drain", headers={**crew, "If-None-Match": second.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert house.api.get("/coordination", headers=crew).status_code == 403
    house.post("/coordination/drain", {"wanted": False})
    assert house.api.send(ask).json()["drain"] is False


def test_a_green_deploy_is_handed_over_signed_and_a_red_gate_is_not(house: House, tmp_path: Path) -> None:
    refused = house.api.post("/coordination/handoff", json={"environment": "staging"})
    assert (refused.status_code, "nothing was deployed to 'staging'" in refused.text) == (409, True)
    run = house.post("/runs", {"pipeline": "release"})["run"]
    house.until(lambda: house.get("/coordination")["handoffs"])
    (made,) = house.get("/coordination")["handoffs"]
    assert (made["by"], made["commit"], made["environment"]) == (
        "callboard.toml",
        house.git("rev-parse", "HEAD").strip(),
        "staging",
    )
    assert made["checks"] == [{"job": "check", "verdict": "pass", "task": f"{run}.0"}]
    file = tmp_path / "handoff.json"
    assert house.call("platform", "handoff", "staging", "--output", str(file)).returncode == 0
    assert len(house.get("/coordination")["handoffs"]) == 1
    signed = house.api.get("/crew/handoff").json()
    assert json.loads(file.read_bytes()) == signed
    assert why_not(signed["record"], signed["signature"], made["key"]) == ""
    assert why_not({**signed["record"], "version": "9"}, signed["signature"], made["key"]) != ""
    assert canonical({"b": 1, "a": "ä"}) == '{"a":"ä","b":1}'.encode()
    house.until(lambda: house.get("/coordination")["handoffs"][0]["seen"])
    assert house.call("platform", "verify", str(file)).returncode == 0
    file.write_text(file.read_text().replace("staging", "production"))
    tampered = house.call("platform", "verify", str(file))
    assert (tampered.returncode, tampered.stdout.startswith("not verified: the record was changed")) == (1, True)
    (house.workspace / "red").write_text("")
    run = house.post("/runs", {"pipeline": "release"})["run"]
    house.until(lambda: house.get(f"/runs/{run}")["run"]["state"] == "failed")
    refused = house.api.post("/coordination/handoff", json={"environment": "staging"})
    assert refused.status_code == 409
    assert "did not put a release into 'staging': skipped, needs check, which failed" in refused.json()["detail"]

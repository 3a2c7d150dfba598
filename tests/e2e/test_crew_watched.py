"""A platform with a crew, watched by the real program without its knowledge: status, socket, log, traces."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from house import House

ROLES = ["Intake", "Scout", "Checker", "Interviewer", "Writer", "Illustrator", "Stylist", "Lawyer", "Publisher"]
CONFIG = """\
[workspace]
detect = false

[boundary]
probes_per_second = 50.0
protected_ports = [5173, 6770, 6799]

[crews.journal]
title = "The journal"
agents = {roles}
status = "http://127.0.0.1:{port}/status"
every = "1s"

[crews.live]
socket = "ws://127.0.0.1:{port}/ws"

[crews.kept]
log = "crew.txt"
every = "1s"

[crews.spared]
status = "http://127.0.0.1:6799/status"
"""
TRACES = Path(__file__).parents[1] / "link" / "recorded" / "openinference-failed.pb"


class Platform:
    """A server of the team: a status, a socket, and what it was asked."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {"jobs": []}
        self.asked: list[str] = []
        self.got: list[Any] = []
        self.sockets: list[ServerConnection] = []
        self.server = serve(self._talk, "127.0.0.1", 0, process_request=self._answer)
        self.port = int(self.server.socket.getsockname()[1])
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path == "/ws":
            return None
        self.asked.append(request.path)
        body = json.dumps(self.said).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"})
        return Response(HTTPStatus.OK, "OK", headers, body)

    def _talk(self, connection: ServerConnection) -> None:
        self.sockets.append(connection)
        try:
            for message in connection:
                self.got.append(message)
        except ConnectionClosed:
            return

    def tell(self, **message: Any) -> None:
        """Says something to all who listen."""
        for connection in self.sockets:
            connection.send(json.dumps(message))


@pytest.fixture
def platform() -> Iterator[Platform]:
    found = Platform()
    yield found
    found.server.shutdown()


@pytest.fixture
def house(tmp_path: Path, platform: Platform) -> Iterator[House]:
    config = CONFIG.format(roles=json.dumps(ROLES), port=platform.port)
    found = House(tmp_path, config, {"crew.txt": ""})
    yield found
    found.close()


def crew(house: House, name: str) -> dict[str, Any]:
    return next((row for row in house.get("/crew")["crews"] if row["name"] == name), {"sources": [], "workflows": []})


def source(house: House, name: str, kind: str) -> tuple[str, str]:
    return next(((row["state"], row["words"]) for row in crew(house, name)["sources"] if row["kind"] == kind), ("", ""))


def states(house: House, name: str) -> list[list[str]]:
    """The states of the tasks of each workflow, the newest first."""
    return [
        [workflow["state"], *(task["state"] for task in workflow["tasks"])]
        for workflow in crew(house, name)["workflows"]
    ]


def job(number: int, *tasks: str) -> dict[str, Any]:
    rows = [{"name": f"step {n}", "agent": ROLES[n], "status": state} for n, state in enumerate(tasks)]
    whole = "failed" if "failed" in tasks else "completed" if set(tasks) == {"completed"} else "running"
    return {"job_id": f"job-number-{number}", "status": whole, "tasks": rows}


def test_a_crew_is_seen_in_every_way_and_shown_once(house: House, platform: Platform) -> None:
    house.until(
        lambda: source(house, "journal", "status")[0] == "fresh" and source(house, "live", "socket")[0] == "fresh"
    )
    journal = crew(house, "journal")
    assert (journal["title"], [agent["role"] for agent in journal["agents"]]) == ("The journal", ROLES)
    assert journal["workflows"] == []
    state, words = source(house, "spared", "status")
    assert state == "off"
    assert "boundary.live_reads" in words

    platform.said["jobs"] = [job(1, "completed", "running", "pending")]
    house.until(lambda: states(house, "journal") == [["running", "succeeded", "running", "waiting"]])
    assert crew(house, "journal")["in_flight"] == 1
    platform.said["jobs"] = [job(1, "completed", "failed", "pending")]
    house.until(lambda: states(house, "journal") == [["failed", "succeeded", "failed", "waiting"]])

    platform.tell(type="crew_started", workflow_id="live-1", total_tasks=1)
    platform.tell(type="task_started", workflow_id="live-1", task="write", agent="Writer")
    house.until(lambda: states(house, "live") == [["running", "running"]])
    with (house.workspace / "crew.txt").open("a") as log:
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        log.write(f'{now}: task_name="draft", task="long words", agent="Writer", status="started"\n')
    house.until(lambda: states(house, "kept") == [["running", "running"]])

    # An observer that speaks for the same crew leads from then on: what the status tells is held back.
    fact = {"n": 1, "what": "workflow-started", "workflow": "seen-from-inside", "at": time.time()}
    report = {"version": 1, "crew": "journal", "observer": "ab" * 8, "sent": time.time(), "facts": [fact]}
    house.post("/crew/events", report)
    platform.said["jobs"] = [job(1, "completed", "failed", "pending"), job(2, "running")]
    house.until(lambda: "stands by: the observer" in source(house, "journal", "status")[1])
    assert [workflow["id"] for workflow in crew(house, "journal")["workflows"]] == ["seen-from-inside", "job-number-1"]

    # Traces come in with the crew's own token, which is good for nothing else.
    token = next(word for word in house.call("crew", "token", "--new").stdout.split() if word.startswith("crew_"))
    headers = {"authorization": f"Bearer {token}", "content-type": "application/x-protobuf", "content-encoding": "gzip",
               "x-callboard-crew": "traced"}  # fmt: skip
    sent = httpx.post(f"{house.base}/v1/traces", content=gzip.compress(TRACES.read_bytes()), headers=headers)
    assert (sent.status_code, sent.content) == (200, b"")
    assert states(house, "traced")[0][:4] == ["failed", "succeeded", "succeeded", "failed"]
    assert httpx.get(f"{house.base}/api/v1/crew", headers={"authorization": f"Bearer {token}"}).status_code == 403

    # A callboard.toml that nobody trusted asks nobody anything.
    text = (house.workspace / "callboard.toml").read_text("utf-8")
    (house.workspace / "callboard.toml").write_text(text.replace("[crews.kept]", "[crews.other]"), "utf-8")
    house.until(lambda: "changed since it was trusted" in source(house, "other", "log")[1])
    assert source(house, "kept", "log") == ("off", "it is no longer in callboard.toml")
    house.until(lambda: "changed since it was trusted" in source(house, "journal", "status")[1])
    count = len(platform.asked)
    assert house.call("trust", "--yes").returncode == 0
    house.until(lambda: len(platform.asked) > count)
    assert set(platform.asked) == {"/status"}
    assert platform.got == []

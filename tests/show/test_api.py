"""REST over a fake desk: what comes back, what reaches the desk, and what errors look like."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from callboard.core.boundary import Boundary
from callboard.errors import RecordFull
from callboard.guard.gate import Caller
from callboard.show.api import rows
from callboard.show.api.patches import Decided, Patch, PatchPage
from callboard.show.api.service import service
from fakes import FakeDesk


class Door:
    """Stands where the guard stands: says who asks, or nothing."""

    def __init__(self, app: Any, caller: Caller | None) -> None:
        self.app = app
        self.caller = caller

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, "callboard": self.caller}, receive, send)


@pytest.fixture
def desk(tmp_path: Path) -> FakeDesk:
    (tmp_path / "report.txt").write_text("all is well\n")
    return FakeDesk(tmp_path).furnish()


def client_of(desk: FakeDesk, caller: Caller | None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Door(service(desk), caller), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://board")


@pytest.fixture
async def client(desk: FakeDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk, Caller("ann", "REST")) as client:
        yield client


async def test_every_reading_operation_answers_with_rows_of_its_schema(
    desk: FakeDesk, client: httpx.AsyncClient
) -> None:
    expected = {
        "/board": desk.board()["seq"],
        "/runs": 7,
        "/runs/2": 2,
        "/tasks/2.1": "2.1",
        "/agents": 7,
        "/agents/quality": "quality",
        "/machine": 60,
    }
    for path, value in expected.items():
        answer = (await client.get(f"/api/v1{path}")).json()
        found = {
            "/board": lambda row: row["seq"],
            "/runs/2": lambda row: row["run"]["id"],
            "/tasks/2.1": lambda row: row["task"]["id"],
            "/agents/quality": lambda row: row["name"],
            "/machine": lambda row: len(row["history"]),
        }.get(path, len)(answer)
        assert found == value, path
    for path in (
        "/runs/2/findings",
        "/runs/2/events",
        "/runs/2/sarif",
        "/actions",
        "/schedules",
        "/questions",
        "/plan",
        "/findings",
    ):
        reply = await client.get(f"/api/v1{path}")
        assert reply.status_code == 200, path
        assert reply.json(), path


async def test_a_run_comes_with_its_drawing(client: httpx.AsyncClient) -> None:
    answer = (await client.get("/api/v1/runs/2")).json()
    assert {node["id"] for node in answer["graph"]["nodes"]} == {task["id"] for task in answer["tasks"]}
    assert answer["graph"]["edges"][0]["path"].startswith("M")


async def test_sections_and_metrics_of_an_agent(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    series = {"metric": "quality.coverage", "unit": "%", "points": [[5.0, 81.5, 1], [9.0, 83.0, 2]]}
    hostile = {"kind": "words", "text": '<img src=x onerror="1">', "state": ""}
    row = {"name": "coverage", "title": "Coverage", "empty": "Run it.", "at": 9.0, "run": 2, "task": "2.1",
           "blocks": [hostile], "trends": [series]}  # fmt: skip
    desk.show_section("quality", row)
    answer = (await client.get("/api/v1/agents/quality/sections")).json()
    assert answer == [row]
    TypeAdapter(list[rows.Section]).validate_python(answer)
    assert (await client.get("/api/v1/metrics/quality.coverage")).json() == series
    assert (await client.get("/api/v1/agents/infra/sections")).json() == []
    assert (await client.get("/api/v1/agents/nobody/sections")).status_code == 404
    assert (await client.get("/api/v1/metrics/none")).status_code == 404
    assert (await client.get("/api/v1/metrics/a%00b")).status_code == 404


async def test_the_rows_are_those_of_the_schema(client: httpx.AsyncClient) -> None:
    shapes: dict[str, Any] = {
        "/board": rows.Board,
        "/runs": list[rows.Run],
        "/runs/2": rows.RunPage,
        "/tasks/2.1": rows.TaskPage,
        "/tasks/2.1/log": rows.LogPart,
        "/agents": list[rows.Agent],
        "/machine": rows.Machine,
        "/console": rows.Console,
        "/plan": rows.Plan,
        "/runs/2/findings": list[rows.Finding],
        "/runs/2/events": list[rows.Event],
        "/questions": list[rows.Question],
        "/schedules": list[rows.Schedule],
        "/actions": list[rows.Action],
    }
    for path, shape in shapes.items():
        assert TypeAdapter(shape).validate_json((await client.get(f"/api/v1{path}")).content), path


async def test_runs_are_paged_from_the_newest(client: httpx.AsyncClient) -> None:
    first = (await client.get("/api/v1/runs", params={"limit": 2})).json()
    second = (await client.get("/api/v1/runs", params={"limit": 2, "before": first[-1]["id"]})).json()
    assert [row["id"] for row in [*first, *second]] == [7, 6, 5, 4]


async def test_the_log_is_read_in_pieces_from_either_end(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    whole = desk.log("1.1", 1, 0, 10_000)["text"]
    pieces = ""
    at = 0
    while True:
        part = (await client.get("/api/v1/tasks/1.1/log", params={"offset": at, "limit": 10})).json()
        pieces += part["text"]
        at = part["next"]
        if at >= part["size"]:
            break
    assert pieces == whole
    assert (await client.get("/api/v1/tasks/1.1/log", params={"offset": -5})).json()["text"] == whole[-5:]


async def test_an_artifact_is_served_and_a_link_in_its_place_is_not(tmp_path: Path, client: httpx.AsyncClient) -> None:
    good = await client.get("/api/v1/tasks/1.1/artifacts/1/report.txt")
    assert (good.status_code, good.text, good.headers["content-type"]) == (
        200,
        "all is well\n",
        "text/plain; charset=utf-8",
    )
    (tmp_path / "report.txt").unlink()
    (tmp_path / "report.txt").symlink_to("/etc/passwd")
    assert (await client.get("/api/v1/tasks/1.1/artifacts/1/report.txt")).status_code == 404


async def test_a_run_is_started_once_for_one_key(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    wish = {"pipeline": "default", "only": ["quality.lint"], "priority": "high"}
    replies = [
        await client.post("/api/v1/runs", json=wish, headers={"Idempotency-Key": key}) for key in ("a", "a", "b")
    ]
    assert [reply.status_code for reply in replies] == [201, 201, 201]
    runs = [reply.json()["run"] for reply in replies]
    assert runs[0] == runs[1] != runs[2]
    assert replies[0].headers["location"] == f"/api/v1/runs/{runs[0]}"
    assert desk.calls[0] == ("submit", ("default", ("quality.lint",), (), "high", "ann", "a", None))


async def test_wishes_reach_the_desk_with_the_name_of_who_asked(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    decided = desk.questions()[0]["task"]
    wishes: list[tuple[str, dict[str, Any], tuple[str, tuple[Any, ...]]]] = [
        ("/runs/6/cancel", {"reason": "wrong branch"}, ("cancel_run", (6, "wrong branch", "ann"))),
        ("/runs/2/retry", {"from": "failure"}, ("retry_run", (2, "ann"))),
        ("/tasks/7.3/cancel", {}, ("cancel_task", ("7.3", "", "ann"))),
        ("/tasks/1.1/retry", {}, ("retry_task", ("1.1", "ann"))),
        ("/tasks/1.1/move", {"agent": "quality"}, ("move_task", ("1.1", "quality", "ann"))),
        (f"/tasks/{decided}/decide", {"choice": "retry"}, ("decide", (decided, "retry", "ann"))),
        ("/agents/api/pause", {"reason": "staging is down"}, ("pause", ("api", "staging is down", "ann"))),
        ("/agents/api/resume", {}, ("resume", ("api", "ann"))),
        ("/agents/api/concurrency", {"limit": 3}, ("set_concurrency", ("api", 3, "ann"))),
        ("/agents/rescan", {}, ("rescan", ())),
    ]
    for path, body, call in wishes:
        reply = await client.post(f"/api/v1{path}", json=body)
        assert reply.status_code == 200, (path, reply.text)
        assert desk.calls[-1] == call


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/runs/999", None, 404, "There is no run 999"),
        ("GET", "/runs/0", None, 404, "no such resource"),
        ("GET", "/runs/1e3", None, 404, "no such resource"),
        ("GET", "/tasks/1", None, 404, "no such resource"),
        ("GET", "/tasks/1.01", None, 404, "no such resource"),
        ("GET", "/nothing", None, 404, "no such resource"),
        ("GET", "/agents/nobody", None, 404, "no agent 'nobody'"),
        ("DELETE", "/runs/1", None, 405, "not for this resource"),
        ("POST", "/runs/1/cancel", {}, 409, "Run 1 is over"),
        ("POST", "/tasks/1.1/answer", {"question": "q1", "choice": "yes"}, 409, "does not ask"),
        ("POST", "/runs", {"priority": "urgent"}, 422, "priority"),
        ("POST", "/runs", {"prioritty": "high"}, 422, "prioritty"),
        ("POST", "/agents/api/concurrency", {"limit": -1}, 422, "limit"),
        ("POST", "/agents/api/concurrency", {"limit": "2"}, 422, "limit"),
        ("POST", "/tasks/1.1/decide", None, 422, "body"),
        ("GET", "/runs?limit=501", None, 422, "limit"),
        ("GET", "/findings?severity=bad", None, 422, "severity"),
    ],
)
async def test_an_error_is_a_problem_with_words(
    client: httpx.AsyncClient, method: str, path: str, body: Any, status: int, words: str
) -> None:
    reply = await client.request(method, f"/api/v1{path}", json=body)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert problem["status"] == status
    assert words in problem["detail"]


class TroubledDesk(FakeDesk):
    """Raises what it is told."""

    trouble: Exception = RuntimeError("a password in a traceback")

    def submit(self, *_: Any, **__: Any) -> int:
        raise self.trouble


async def test_troubles_of_the_desk_have_their_own_status_and_no_inner_words(tmp_path: Path) -> None:
    desk = TroubledDesk(tmp_path)
    async with client_of(desk, Caller("ann", "REST")) as client:
        reply = await client.post("/api/v1/runs", json={})
        assert (reply.status_code, "password" in reply.text) == (500, False)
        desk.trouble = RecordFull("The disk is full: no new work starts.")
        assert (await client.post("/api/v1/runs", json={})).status_code == 507
        with pytest.raises(Exception, match="belongs to the platform") as caught:
            Boundary().check_bind(6770)
        desk.trouble = caught.value
        reply = await client.post("/api/v1/runs", json={})
        assert (reply.status_code, reply.json()["rule"]) == (403, "boundary.protected_ports")


async def test_without_a_guard_nobody_may(desk: FakeDesk) -> None:
    async with client_of(desk, None) as client:
        assert (await client.get("/api/v1/board")).status_code == 401
        assert (await client.post("/api/v1/runs", json={})).status_code == 401
    assert desk.calls == []


async def test_a_halted_engine_is_alive_but_not_ready(desk: FakeDesk) -> None:
    desk.halted = "The disk /home/ann is full."
    async with client_of(desk, None) as client:
        assert (await client.get("/healthz")).status_code == 200
        reply = await client.get("/readyz")
        assert (reply.status_code, "ann" in reply.text) == (503, False)


async def test_text_that_json_cannot_carry_does_not_break_an_answer(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    desk.run(1)
    desk._findings[0]["path"] = "caf\udce9.py"
    rows = (await client.get("/api/v1/findings")).json()
    assert rows[0]["path"] == "caf\N{REPLACEMENT CHARACTER}.py"


async def test_the_schema_describes_every_operation(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    assert schema["openapi"].startswith("3.1")
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len(operations) >= 44
    assert all(operation["summary"] and operation.get("description") for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    refs = {part.partition('"')[0] for part in json.dumps(schema).split('"#/components/schemas/')[1:]}
    assert refs <= set(schema["components"]["schemas"])


async def test_a_name_longer_than_any_file_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/tasks/1.1/artifacts/1/{'x' * 390}")).status_code == 404


async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient) -> None:
    assert (await client.put("/api/v1/runs")).headers["allow"] == "GET, POST"


async def test_a_submission_may_name_another_workspace_by_its_absolute_path(
    desk: FakeDesk, client: httpx.AsyncClient
) -> None:
    assert (await client.post("/api/v1/runs", json={"workspace": "/srv/other"})).status_code == 201
    assert desk.calls[-1] == ("submit", ("default", (), (), "", "ann", None, "/srv/other"))
    for wrong in ("other", "../other", "/srv/o\nther", ""):
        assert (await client.post("/api/v1/runs", json={"workspace": wrong})).status_code == 422
    assert (await client.get("/api/v1/plan", params={"workspace": "/srv/other"})).status_code == 200
    assert (await client.get("/api/v1/plan", params={"workspace": "other"})).status_code == 422


async def test_a_run_of_one_action_is_started_once_for_one_key(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    body = {"options": {"limit": "3"}, "folder": "backend"}
    first = await client.post("/api/v1/actions/quality.lint/run", json=body, headers={"Idempotency-Key": "k7"})
    again = await client.post("/api/v1/actions/quality.lint/run", json=body, headers={"Idempotency-Key": "k7"})
    assert (first.status_code, again.json()) == (201, first.json())
    assert first.headers["location"] == f"/api/v1/runs/{first.json()['run']}"
    assert desk.calls[-1] == ("do", ("quality.lint", {"limit": "3"}, "backend", "ann", "k7", "", None, ""))
    wanted = await client.post("/api/v1/capabilities/python-tests/run")
    assert wanted.status_code == 201
    assert desk.calls[-1] == ("do", ("", {}, "", "ann", None, "python-tests", None, ""))
    assert (await client.post("/api/v1/actions/nobody.knows/run")).status_code == 404
    assert (await client.post("/api/v1/actions/quality.lint/run", json={"option": {}})).status_code == 422


async def test_a_submission_may_leave_out_what_is_unchanged_and_name_other_options(
    desk: FakeDesk, client: httpx.AsyncClient
) -> None:
    options = {"quality.tests": {"timeout": 60}}
    assert (await client.post("/api/v1/runs", json={"affected": True, "options": options})).status_code == 201
    assert desk.calls[-1] == ("affected", (True, options))
    plan = (await client.get("/api/v1/plan", params={"affected": "true", "options": json.dumps(options)})).json()
    assert desk.calls[-1] == ("plan", (True, options))
    assert plan["unchanged"] > 0
    assert (await client.get("/api/v1/plan", params={"options": "[1"})).status_code == 422
    assert (await client.get("/api/v1/plan", params={"options": '{"a": 1}'})).status_code == 422
    assert (await client.post("/api/v1/runs", json={"affected": "yes"})).status_code == 422


async def test_patches_are_looked_at_and_decided_about(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    listed = (await client.get("/api/v1/patches")).json()
    assert [row["id"] for row in TypeAdapter(list[Patch]).validate_python(listed) and listed] == [14, 13, 12]
    assert [row["id"] for row in (await client.get("/api/v1/patches?state=stale")).json()] == [12]
    TypeAdapter(PatchPage).validate_json((await client.get("/api/v1/patches/14")).content)
    answer = await client.post("/api/v1/patches/14/accept")
    assert (answer.status_code, answer.json()["run"]) == (200, 7)
    TypeAdapter(Decided).validate_json(answer.content)
    assert (await client.post("/api/v1/patches/14/reject", json={"reason": "no\u0007"})).status_code == 200
    assert desk.calls[-2:] == [("accepted", (14, "ann", "")), ("rejected", (14, "ann", "no\N{REPLACEMENT CHARACTER}"))]
    assert (await client.post("/api/v1/patches/12/accept")).status_code == 409
    for path in ("/api/v1/patches/99", "/api/v1/patches/0", "/api/v1/patches/x"):
        assert (await client.get(path)).status_code == 404
    assert (await client.get("/api/v1/patches?state=odd")).status_code == 422


async def test_reports_are_taken_in_as_a_body_or_as_a_form(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    query = {"filename": "a\u0000.xml", "source": "GitHub Actions", "commit": "1a2b3c4", "format": "junit"}
    raw = await client.post("/api/v1/ingest", params=query, content=b"<testsuites/>")
    assert (raw.status_code, raw.json(), raw.headers["location"]) == (201, {"run": 6}, "/api/v1/runs/6")
    files = [("file", ("one.xml", b"1")), ("file", ("two.xml", b"2"))]
    form = await client.post("/api/v1/ingest", files=files, data={"source": "Jenkins"})
    assert form.status_code == 201
    assert desk.calls[-2:] == [
        (
            "ingest",
            ((("a\N{REPLACEMENT CHARACTER}.xml", b"<testsuites/>"),), "ann", "GitHub Actions", "1a2b3c4", "junit"),
        ),
        ("ingest", ((("one.xml", b"1"), ("two.xml", b"2")), "ann", "Jenkins", "", "auto")),
    ]
    assert (await client.post("/api/v1/ingest", params={"format": "exe"}, content=b"x")).status_code == 422
    assert (await client.post("/api/v1/ingest", params={"commit": "--help"}, content=b"x")).status_code == 422


async def test_a_finding_is_accepted_with_a_reason_and_a_day(desk: FakeDesk, client: httpx.AsyncClient) -> None:
    wish = {"reason": "old", "until": "2027-01-31"}
    answer = await client.post("/api/v1/findings/f1/accept", json=wish)
    assert answer.status_code == 200
    assert answer.json()["finding"]["accepted"].startswith("until 2027-01-31: old (")
    assert (await client.post("/api/v1/findings/f999999/accept", json=wish)).status_code == 404
    for bad in ({"reason": "", "until": "2027-01-31"}, {"reason": "x"}, {**wish, "more": 1}):
        assert (await client.post("/api/v1/findings/f1/accept", json=bad)).status_code == 422
    assert (await client.post("/api/v1/findings/x/accept", json=wish)).status_code == 404

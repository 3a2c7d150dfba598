"""Cases over REST: rows of their schema, acts that are granted by the rules of the core, and what does not get through."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callboard.guard.gate import Caller
from callboard.show.api.cases import CaseDone, CaseList, CasePage, Knowledge
from callboard.show.api.service import service
from fakes import FakeDesk


class Door:
    """Says who asks, as the guard would."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope, "callboard": Caller("ann", "REST")}, receive, send)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Door(service(FakeDesk(tmp_path).furnish())), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://board/api/v1") as client:
        yield client


async def test_cases_are_listed_narrowed_and_shown_in_their_schema(client: httpx.AsyncClient) -> None:
    told = CaseList.model_validate((await client.get("/cases")).json())
    assert told.open == len([row for row in told.cases if row.state != "closed"]) == 11
    priorities = [row.priority for row in told.cases if row.state != "closed"]
    assert priorities == sorted(priorities, reverse=True)
    narrowed = (await client.get("/cases", params={"state": "closed", "severity": "info,low"})).json()["cases"]
    assert {(row["state"], row["severity"]) for row in narrowed} == {("closed", "info"), ("closed", "low")}
    for row in told.cases:
        page = CasePage.model_validate((await client.get(f"/cases/{row.id}")).json())
        assert page.case.name == f"C{row.id}"
        assert page.timeline[0]["kind"] == "opened"
    Knowledge.model_validate((await client.get("/knowledge", params={"text": "unused"})).json())


async def test_acts_answer_with_the_case_as_it_is_then_in_the_name_of_who_asked(client: httpx.AsyncClient) -> None:
    async def act(number: int, word: str, **body: Any) -> Any:
        answer = await client.post(f"/cases/{number}/{word}", json=body)
        assert answer.status_code == 200, answer.text
        CaseDone.model_validate(answer.json())
        return answer.json()["case"]

    assert (await act(13, "triage", reason="I look"))["state"] == "triaged"
    given = await act(13, "assign", to="@me")
    assert (given["assignee"]["name"], given["last_by"]) == ("ann", "ann")
    assert (await act(13, "assign", to="quality"))["assignee"]["kind"] == "agent"
    assert (await act(11, "assign"))["assignee"]["why"]
    accepted = await act(13, "accept", until="2d", reason="it may stay")
    assert (accepted["state"], accepted["accepted_by"]) == ("accepted", "ann")
    assert (await act(13, "reopen"))["state"] == "new"
    assert (await act(13, "close", reason="gone"))["resolution"]["kind"] == "by hand"
    keys = [row["key"] for row in (await client.get("/cases/1")).json()["symptoms"][:2]]
    assert (await act(1, "split", symptoms=keys, reason="another"))["symptoms"] == 2
    assert (await act(8, "merge", into=3))["id"] == 3
    assert (await act(3, "comment", text="seen"))["notes"] == 2


WRONG: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("/cases/9999/triage", {}, 404),
    ("/cases/0/triage", {}, 404),
    ("/cases/x/triage", {}, 404),
    ("/cases/99999999999999999999/triage", {}, 404),
    ("/cases/10/triage", {}, 409),  # closed
    ("/cases/4/assign", {"to": "quality"}, 409),  # a person has it
    ("/cases/5/accept", {"until": "someday", "reason": "x"}, 422),
    ("/cases/5/accept", {"until": "2001-01-01", "reason": "x"}, 409),
    ("/cases/5/accept", {"reason": "x"}, 422),
    ("/cases/5/accept", {"until": 1e20, "reason": "x"}, 422),
    ("/cases/5/close", {"reason": ""}, 422),
    ("/cases/5/close", {"reason": "x", "turn": 0}, 409),  # ben had a word since
    ("/cases/5/close", {"reason": "x", "hmm": 1}, 422),
    ("/cases/5/merge", {"into": 5}, 409),
    ("/cases/5/merge", {"into": "3"}, 422),
    ("/cases/5/split", {"symptoms": []}, 422),
    ("/cases/5/split", {"symptoms": ["\u0000nonsense"]}, 404),
    ("/cases/5/comment", {"text": ""}, 422),
    ("/cases/5/assign", {"to": "@" + "x" * 100}, 422),
    ("/cases/5/assign", {"to": "@../etc"}, 422),
)
QUERIES = ("state=;drop", "severity=A", "limit=0", "limit=100000", "text=" + "x" * 401, "state=" + "a," * 150)


async def test_what_does_not_fit_is_refused_in_words_and_changes_nothing(client: httpx.AsyncClient) -> None:
    before = (await client.get("/cases")).json()["seq"]
    for path, body, status in WRONG:
        answer = await client.post(path, json=body)
        assert answer.status_code == status, (path, body, answer.text)
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["detail"]
    for query in QUERIES:
        assert (await client.get(f"/cases?{query}")).status_code == 422, query
    assert (await client.get("/cases")).json()["seq"] == before

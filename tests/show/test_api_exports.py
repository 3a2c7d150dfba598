"""What REST gives away: files with a name, narrowed as on the pages, the same rows as everywhere."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callboard.desk.columns import TABLES
from callboard.guard.gate import Caller
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


@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("attempts", "compare")])
async def test_every_table_has_a_file_of_each_kind_with_as_many_rows(table: str, client: httpx.AsyncClient) -> None:
    told = await client.get(f"/export/{table}.csv")
    assert told.headers["content-disposition"] == f'attachment; filename="{table}.csv"'
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(told.text, newline=""), strict=True))
    rows = (await client.get(f"/export/{table}.json")).json()
    assert lines[0] == [column.title for column in TABLES[table].columns]
    assert len(lines) == len(rows) + 1
    assert {len(line) for line in lines} == {len(lines[0])}


async def test_rows_are_those_of_the_api_and_narrowed_as_on_the_pages(client: httpx.AsyncClient) -> None:
    runs = (await client.get("/export/runs.json", params={"state": "failed"})).json()
    known = (await client.get("/runs")).json()
    assert runs == [row for row in known if row["state"] == "failed"] != []
    found = (await client.get("/export/findings.json", params={"run": 5, "severity": "high"})).json()
    assert found == [row for row in (await client.get("/runs/5/findings")).json() if row["severity"] == "high"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/export/secrets.csv", 404, "there is no table 'secrets'; the tables: runs, tasks"),
        ("/export/runs.xlsx", 404, "no such resource"),
        ("/export/schedules.csv?state=idle", 422, "table 'schedules' is not narrowed by state; it takes nothing"),
        ("/export/runs.csv?agent=quality", 422, "it takes state, pipeline, branch"),
        ("/export/compare.csv", 422, "name the run"),
        ("/export/tasks.csv?run=0", 422, ""),
        ("/runs/777/report.html", 404, "no run 777"),
        ("/runs/777/compare", 404, "no run 777"),
        ("/runs/2/compare?with=777", 404, "no run 777"),
    ],
)
async def test_what_cannot_be_given_is_said(path: str, status: int, words: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


async def test_a_report_is_a_file_and_a_comparison_names_both(client: httpx.AsyncClient) -> None:
    report = await client.get("/runs/2/report.html")
    assert report.headers["content-disposition"] == 'attachment; filename="run-2.html"'
    assert report.text.startswith("<!doctype html>")
    row = (await client.get("/runs/2/compare")).json()
    assert (row["run"]["id"], row["with"]["id"], row["previous"]) == (2, 1, 1)
    first = (await client.get("/runs/1/compare")).json()
    assert (first["with"], first["words"]) == (None, "run 1 is the first here")

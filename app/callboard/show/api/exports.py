"""What can be taken away: tables as CSV or JSON, a run as one page; and a run held against another."""

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse

from callboard.desk.columns import TABLES
from callboard.desk.writing import csv_pieces, json_pieces
from callboard.errors import NotFound
from callboard.show.api import rows
from callboard.show.api.answers import Json, encoded
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST, NAME, PART, TASK, RunId
from callboard.show.report.page import report_of

FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}

TableName = Annotated[str, Path(max_length=40, description=f"One of {', '.join(TABLES)}")]
Format = Annotated[Literal["csv", "json"], Path(description="How it is written")]
RunQuery = Annotated[int | None, Query(ge=1, lt=MOST, description="Only this run")]
TaskQuery = Annotated[str | None, Query(pattern=TASK, max_length=25, description="Only this task, such as 12.3")]
OtherRun = Annotated[int | None, Query(alias="with", ge=1, lt=MOST, description="The run that it is held against")]
AgentQuery = Annotated[str | None, Query(max_length=200, pattern=PART, description="Only of this agent")]
WordQuery = Annotated[str | None, Query(max_length=200, pattern=NAME)]
Moment = Annotated[float | None, Query(ge=0, lt=1e11, allow_inf_nan=False, description="Seconds since the epoch")]
Bom = Annotated[Literal["0", "1"], Query(description="1: with the mark by which Excel knows UTF-8")]


class Change(rows.Row):
    """Tasks with one kind of change; `more` are left out."""

    change: str
    count: int
    of: list[dict[str, Any]]
    more: int


class FoundChange(rows.Row):
    """Findings with one kind of change, by rule."""

    change: str
    count: int
    rules: list[dict[str, Any]]


class Comparison(rows.Row):
    """A run against an earlier one; `with` is null where there is none."""

    run: rows.Run
    with_: Annotated[rows.Run | None, Query(alias="with")] = None
    previous: int | None
    green: int | None
    others: list[dict[str, Any]]
    tasks: list[Change]
    rest: dict[str, int]
    findings: list[FoundChange]
    commits: list[dict[str, Any]]
    files: list[str]
    commits_words: str
    settings: list[dict[str, Any]]
    totals: list[dict[str, Any]]
    words: str
    note: str


def exports(desk: Desk) -> APIRouter:
    """The paths that give files, and the comparison."""
    router = APIRouter(tags=["exports"])

    @router.get(
        "/export/{table}.{form}",
        response_class=Response,
        responses={200: {"description": "The table", "content": {"text/csv": {}, "application/json": {}}}},
    )
    def export(
        table: TableName,
        form: Format,
        run: RunQuery = None,
        task: TaskQuery = None,
        agent: AgentQuery = None,
        severity: WordQuery = None,
        state: WordQuery = None,
        other: OtherRun = None,
        pipeline: WordQuery = None,
        branch: WordQuery = None,
        person: WordQuery = None,
        text: WordQuery = None,
        since: Moment = None,
        until: Moment = None,
        bom: Bom = "0",
    ) -> Response:
        """A whole table as a file, row by row; narrowed as on the pages."""
        wants: dict[str, Any] = {
            "run": run,
            "task": task,
            "agent": agent,
            "severity": severity,
            "state": state,
            "with": other,
        }
        wants |= {"pipeline": pipeline, "branch": branch, "person": person, "text": text}
        wants |= {"since": since, "until": until}
        found = begun(desk.export(table, wants))
        pieces = csv_pieces(TABLES[table], found, bom=bom == "1") if form == "csv" else json_pieces(found, encoded)
        name = "-".join([table, *(["run", str(run)] if run else [])])
        return StreamingResponse(pieces, media_type=FORMATS[form], headers=_named(f"{name}.{form}"))

    @router.get(
        "/runs/{run}/report.html",
        response_class=Response,
        responses={200: {"description": "The report", "content": {"text/html": {}}}},
    )
    def report(run: RunId) -> Response:
        """A run as one page that needs no server and no network."""
        page = report_of(desk.run_facts(run))
        return Response(page, media_type="text/html; charset=utf-8", headers=_named(f"run-{run}.html"))

    @router.get("/runs/{run}/compare", responses={200: {"model": Comparison}}, response_class=Json)
    def compare(run: RunId, other: OtherRun = None) -> Response:
        """What changed against another run; left out, the one before it of the same pipeline and workspace."""
        return Json(desk.compare(run, other))

    return router


def begun(found: Iterator[Any]) -> Iterator[Any]:
    """The same rows, the first of them fetched: what is not there is known before the answer begins."""
    try:
        first = next(found)
    except StopIteration:
        return iter(())
    return chain([first], found)


def _named(name: str) -> dict[str, str]:
    if not all(sign.isascii() and (sign.isalnum() or sign in ".-_") for sign in name):
        raise NotFound("There is no such table.")
    return {"content-disposition": f'attachment; filename="{name}"'}

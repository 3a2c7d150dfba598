"""What stands behind a failure, over REST: lines of source, what differs since the last pass, and what a whole log says."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST, TaskId

FindingId = Annotated[str, Path(pattern=r"^f\d{1,18}$", description="Id of a finding")]
Around = Annotated[int, Query(ge=0, le=60, description="So many lines before and after")]
Attempt = Annotated[int | None, Query(ge=1, le=1_000_000, description="Which try; the latest if left out")]
Number = Annotated[int, Query(ge=0, lt=MOST)]
Words = Annotated[str, Query(max_length=500, pattern=r"^[^\x00\n\r]*$", description="Plain text, in any case")]
Level = Literal["", "warning", "error", "failure"]


def evidence(desk: Desk) -> APIRouter:
    """Everything here reads files or asks git, within bounds, on threads and never on the loop."""
    router = APIRouter()

    @router.get(
        "/findings/{id}/source", responses={200: {"model": rows.Source}}, response_class=Json, tags=["findings"]
    )
    def source(id: FindingId, around: Around = 6) -> Response:
        """The lines around a finding, as the code was in that run; what could be a secret is hidden."""
        return Json(desk.source(id, around))

    @router.get("/tasks/{task}/diff", responses={200: {"model": rows.Diff}}, response_class=Json, tags=["tasks"])
    def diff(task: TaskId) -> Response:
        """What differs since the same job last passed in this workspace, the files that it reads first."""
        return Json(desk.diff(task))

    @router.get(
        "/tasks/{task}/log/search", responses={200: {"model": rows.LogHits}}, response_class=Json, tags=["tasks"]
    )
    def log_search(
        task: TaskId, attempt: Attempt = None, q: Words = "", level: Level = "", start: Number = 0
    ) -> Response:
        """Numbers of the lines, from 0, of the whole log that hold a text, or have a level; `failure`: what says that it failed."""
        return Json(desk.log_search(task, attempt, q, level, start))

    @router.get(
        "/tasks/{task}/log/index", responses={200: {"model": rows.LogIndex}}, response_class=Json, tags=["tasks"]
    )
    def log_index(task: TaskId, attempt: Attempt = None, offset: Number = 0, first: Number = 0) -> Response:
        """Where the lines of a log are: [start, end, first line, lines, colours] of stretches of about 256 KiB."""
        return Json(desk.log_index(task, attempt, offset, first))

    @router.get(
        "/tasks/{task}/log/text",
        tags=["tasks"],
        response_class=Response,
        responses={200: {"description": "The log", "content": {"text/plain": {}}}},
    )
    def log_text(task: TaskId, attempt: Attempt = None) -> Response:
        """The whole log of an attempt as it was printed, as a file."""
        name = f"task-{task}{f'-attempt-{attempt}' if attempt else ''}.log"
        return FileResponse(desk.log_file(task, attempt), media_type="text/plain; charset=utf-8", filename=name)

    @router.get("/tasks/{task}/log/diff", responses={200: {"model": rows.LogDiff}}, response_class=Json, tags=["tasks"])
    def log_diff(
        task: TaskId,
        before: Annotated[int, Query(ge=1, le=1_000_000)],
        after: Annotated[int, Query(ge=1, le=1_000_000)],
    ) -> Response:
        """How the output of two attempts differs."""
        return Json(desk.log_diff(task, before, after))

    return router

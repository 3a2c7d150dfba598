"""Reports from elsewhere over REST: taken in as bytes, read by a run."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from callboard.desk.ingest import LARGEST_UPLOAD, MOST_UPLOADS, Upload
from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import By, Place
from callboard.work.finding import clean

Format = Literal["auto", "sarif", "junit", "tap", "cobertura", "lcov", "cyclonedx", "spdx", "codequality", "osv"]
FileName = Annotated[str, Query(max_length=300, description="Name of the file, for people")]
Source = Annotated[str, Query(max_length=100, description="Where it comes from, such as GitHub Actions")]
Commit = Annotated[
    str, Query(max_length=64, pattern="^([0-9a-fA-F]{4,64})?$", description="The commit that it is about")
]
FormatQuery = Annotated[Format, Query(description="What it is; found out by itself unless given")]
PlaceQuery = Annotated[Place | None, Query(description="Another trusted workspace; left out: the server's own")]
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    }
}


def ingest(desk: Desk) -> APIRouter:
    """The one path."""
    router = APIRouter()

    @router.post(
        "/ingest",
        status_code=201,
        responses={201: {"model": rows.Submitted}},
        response_class=Json,
        tags=["findings"],
        openapi_extra=BODY,
    )
    async def take_in(
        request: Request,
        by: By,
        filename: FileName = "report",
        source: Source = "",
        commit: Commit = "",
        format: FormatQuery = "auto",
        workspace: PlaceQuery = None,
    ) -> Response:
        """Takes a report as the body, or several as multipart files; an ordinary run reads them."""
        uploads, said = await _uploads(request, filename)
        source, commit = source or said.get("source", ""), commit or said.get("commit", "")
        kind = said.get("format", "auto") if format == "auto" else format
        run = await run_in_threadpool(desk.ingest, uploads, by.name, source, commit, kind, workspace)
        return Json({"run": run}, 201, headers={"location": f"/api/v1/runs/{run}"})

    return router


async def _uploads(request: Request, filename: str) -> tuple[list[Upload], dict[str, str]]:
    """The files, and what a form says besides."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return [Upload(clean(filename, 300), await request.body())], {}
    async with request.form(max_files=MOST_UPLOADS, max_fields=10) as form:
        values = form.multi_items()
        files = [value for _, value in values if isinstance(value, UploadFile)]
        if not files:
            raise HTTPException(422, "The form holds no file.")
        uploads = [Upload(clean(file.filename or filename, 300), await file.read(LARGEST_UPLOAD + 1)) for file in files]
        return uploads, {name: value for name, value in values if isinstance(value, str)}

"""OpenTelemetry traces over HTTP, as OTLP 1.x has it: JSON always, protobuf where it can be read, gzip, partial success."""

import time
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool

from callboard.errors import CallboardError
from callboard.link.otlp.decoding import JSON_KIND, Undecodable, answer, decoded, refusal
from callboard.show.api.crew import Pace
from callboard.show.api.desk import Desk
from callboard.show.api.params import NAME

PACE = "otlp"
WAIT_S = 2
CrewHeader = Annotated[
    Annotated[str, StringConstraints(max_length=80, pattern=NAME)] | None,
    Header(alias="X-Callboard-Crew", description="Whose traces these are; left out: by service.name"),
]


def otlp(desk: Desk, path: str) -> APIRouter:
    """The one path for traces, at `path`."""
    router = APIRouter(tags=["crew"])
    pace = Pace()

    @router.post(
        path,
        response_class=Response,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
                },
            }
        },
        responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
    )
    async def traces(request: Request, crew: CrewHeader = None) -> Response:
        """Takes spans: of a crew its tasks, agents and tokens, of HTTP servers their answers; never the text of a prompt."""
        kind = request.headers.get("content-type", JSON_KIND)
        if not pace.may(PACE, time.monotonic()):
            return _refused(kind, 429, "more requests than are taken in a second", WAIT_S)
        body = await request.body()
        encoding = request.headers.get("content-encoding", "")
        try:
            found = await run_in_threadpool(decoded, body, kind, encoding)
            await run_in_threadpool(desk.tell_spans, found.spans, crew or "")
        except Undecodable as error:
            return _refused(kind, error.status, str(error))
        except CallboardError as error:
            return _refused(kind, 503, str(error), WAIT_S)
        said, its_kind = answer(kind, found.rejected, found.why)
        return Response(said, 200, media_type=its_kind)

    return router


def _refused(kind: str, status: int, words: str, wait: int = 0) -> Response:
    said, its_kind = refusal(kind, words)
    return Response(said, status, {"retry-after": str(wait)} if wait else None, media_type=its_kind)

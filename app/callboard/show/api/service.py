"""The API as one application: routes, health, schema, errors."""

import time
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.openapi.utils import get_openapi

from callboard import __version__
from callboard.show.api import rows
from callboard.show.api.acceptance import acceptance
from callboard.show.api.alerts import alerts
from callboard.show.api.answers import Json, install
from callboard.show.api.case_near import case_near
from callboard.show.api.case_work import case_work
from callboard.show.api.cases import cases
from callboard.show.api.ci import ci
from callboard.show.api.control import control
from callboard.show.api.coordination import coordination
from callboard.show.api.crew import crew
from callboard.show.api.desk import Desk
from callboard.show.api.evidence import evidence
from callboard.show.api.exports import exports
from callboard.show.api.forecasts import forecasts
from callboard.show.api.inbox import inbox
from callboard.show.api.ingest import ingest
from callboard.show.api.insights import insights
from callboard.show.api.large import large
from callboard.show.api.me import me
from callboard.show.api.notices import notices
from callboard.show.api.otlp import otlp
from callboard.show.api.params import caller
from callboard.show.api.patches import patches
from callboard.show.api.reads import reads
from callboard.show.api.roadmap import roadmap
from callboard.show.api.search import search
from callboard.show.api.sparing import sparing
from callboard.show.api.wishes import wishes

PREFIX = "/api/v1"
TRACES = "/v1/traces"  # where exporters of OpenTelemetry look below an address
READY_S = 1.0
DESCRIPTION = (
    "The board for programs. Send the launch token (`callboard token`) as `Authorization: Bearer …`. "
    "Times are seconds since the epoch; what is absent is null; errors are problem details (RFC 9457)."
)
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": words,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, words in {
        400: "The request is malformed",
        401: "No token",
        403: "Forbidden by the boundary or the guard",
        404: "There is no such thing",
        409: "The present state does not allow it",
        413: "The body is too large",
        414: "The address is too long",
        422: "The request does not fit",
        503: "Not now",
        507: "The disk is full",
    }.items()
}


def service(desk: Desk, *more: APIRouter) -> FastAPI:
    """An application for the API of `desk`; `more` are routers with further paths below /api/v1."""
    app = FastAPI(
        title="Callboard",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for router in (
        reads(desk), wishes(desk), control(desk), large(desk), patches(desk), ingest(desk), acceptance(desk), evidence(desk),
        me(desk), ci(desk), sparing(desk), notices(desk), case_near(desk), case_work(desk),
        search(desk), roadmap(desk),
        inbox(desk), exports(desk), alerts(desk), cases(desk), crew(desk), coordination(desk), otlp(desk, "/otlp/v1/traces"),
        insights(desk), forecasts(desk), *more,
    ):  # fmt: skip
        app.include_router(router, prefix=PREFIX, dependencies=[Depends(caller)], responses=ERRORS)
    app.include_router(otlp(desk, TRACES), dependencies=[Depends(caller)], include_in_schema=False)
    _health(app, desk)
    _schema(app)
    install(app, desk.note_refusal)
    return app


def _health(app: FastAPI, desk: Desk) -> None:
    asked = 0.0
    state = ""

    @app.get("/healthz", response_class=Json, tags=["health"])
    async def healthz() -> Response:
        """The program answers."""
        return Json({"status": "alive"})

    @app.get("/readyz", response_class=Json, tags=["health"])
    def readyz() -> Response:
        """The engine takes up work: 200; it does not: 503. Why not is for those with a token."""
        nonlocal asked, state
        now = time.monotonic()
        if not state or now - asked > READY_S:
            state = str(desk.board()["engine"]["state"])
            asked = now
        ready = state == "running"
        return Json({"status": "ready" if ready else "not ready", "engine": state}, 200 if ready else 503)


def _schema(app: FastAPI) -> None:
    made: dict[str, Any] = {}

    def schema() -> dict[str, Any]:
        if not made:
            made.update(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
            parts = made.setdefault("components", {})
            parts.setdefault("schemas", {})["Problem"] = rows.Problem.model_json_schema()
            parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            for path, operations in made["paths"].items():
                for operation in operations.values():
                    if path.startswith(PREFIX):
                        operation["security"] = [{"token": []}]
        return made

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response:
        return Json(schema())

"""Answers as JSON, and every error as problem details (RFC 9457)."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from nicegui import json
from starlette.exceptions import HTTPException
from starlette.routing import Match

from callboard.errors import BoundaryError, CallboardError, ConfigError, NotFound, RecordFull, Refused
from callboard.work.finding import clean

logger = logging.getLogger(__name__)

LONGEST_TEXT = 4 << 20
MOST_FAULTS = 20
STATUS: tuple[tuple[type[CallboardError], int], ...] = (
    (NotFound, 404),
    (Refused, 409),
    (ConfigError, 422),
    (BoundaryError, 403),
    (RecordFull, 507),
)


def encoded(value: Any) -> bytes:
    """JSON of rows; NaN becomes null, and what JSON cannot carry, such as a lone surrogate, U+FFFD."""
    try:
        return str(json.dumps(value)).encode()
    except (TypeError, ValueError):
        return str(json.dumps(printable(value))).encode()


def printable(value: Any) -> Any:
    """The same rows with what JSON cannot carry made harmless."""
    match value:
        case str():
            return clean(value, LONGEST_TEXT)
        case Mapping():
            return {clean(str(key)): printable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [printable(inner) for inner in value]
        case None | bool() | int() | float():
            return value
        case _:
            return clean(str(value))


class Json(JSONResponse):
    """Rows from the desk as they are; the schema documents them, nothing walks them again."""

    def render(self, content: Any) -> bytes:
        return encoded(content)


def problem(status: int, detail: str, more: Mapping[str, Any] | None = None) -> Response:
    """Problem details; `detail` is one sentence for a person."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": clean(detail)}
    return Response(encoded({**said, **(more or {})}), status, media_type="application/problem+json")


def install(app: FastAPI, refused: Callable[[BoundaryError, str], None]) -> None:
    """Makes every error of `app` a problem; none repeats what the client sent. What the boundary refuses is told to `refused`."""

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        words = {404: "There is no such resource.", 405: "This method is not for this resource."}
        detail = words.get(status) or (str(error.detail) if isinstance(error, HTTPException) else "")
        answer = problem(status, detail)
        if status == 405:
            answer.headers["allow"] = ", ".join(_methods(app, request))
        return answer

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: Exception) -> Response:
        faults = error.errors() if isinstance(error, RequestValidationError) else []
        if any(fault["loc"][:1] == ("path",) for fault in faults):
            return problem(404, "There is no such resource.")
        listed = [
            {"at": clean(".".join(str(part) for part in fault["loc"]), 100), "fault": clean(str(fault["msg"]), 200)}
            for fault in faults[:MOST_FAULTS]
        ]
        first = f"{listed[0]['at']}: {listed[0]['fault']}" if listed else "The request does not fit the schema."
        return problem(422, first, {"errors": listed})

    @app.exception_handler(CallboardError)
    def _known(request: Request, error: Exception) -> Response:
        status = next((number for kind, number in STATUS if isinstance(error, kind)), 503)
        if isinstance(error, BoundaryError):
            refused(error, f"{request.method} {request.scope['path']}")
        return problem(status, str(error), {"rule": error.rule} if isinstance(error, BoundaryError) else None)

    @app.exception_handler(Exception)
    def _unknown(request: Request, error: Exception) -> Response:
        return problem(500, "A fault of Callboard; its log has the details.")


def _methods(app: FastAPI, request: Request) -> list[str]:
    """What may be done with the path of a request."""
    return [
        method
        for method in ("GET", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)
    ]

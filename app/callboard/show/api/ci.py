"""What CI would do beside what the pipeline does here, over REST."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import NAME


class Ci(rows.Row):
    """GitHub Actions files against the pipeline; each check is 'same', 'like', 'none' or 'unknown'."""

    there: bool
    workspace: str
    pipeline: str
    workflows: Annotated[
        list[dict[str, Any]], Field(description="By file: triggers, jobs, steps, and each step's checks")
    ]
    differences: list[dict[str, Any]]
    counts: dict[str, int]
    only_here: list[str]
    trouble: Annotated[list[dict[str, Any]], Field(description="Files, or parts of them, that could not be read")]


def ci(desk: Desk) -> APIRouter:
    """Reads the files anew for each call, and runs nothing of them."""
    router = APIRouter()

    @router.get("/ci", responses={200: {"model": Ci}}, response_class=Json, tags=["runs"])
    def compare(pipeline: Annotated[str, Query(max_length=200, pattern=NAME)] = "") -> Response:
        """What CI would do, by `.github/workflows`, and how that differs from the pipeline of this name."""
        return Json(desk.ci(pipeline))

    return router

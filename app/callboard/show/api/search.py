"""Searching over REST."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk

Words = Annotated[str, Query(max_length=400, description="Words that must all be found, or an id such as 12.3")]
Each = Annotated[int, Query(ge=1, le=50, description="At most so many of each kind")]


def search(desk: Desk) -> APIRouter:
    """The path that finds things, and the one that says what this server is."""
    router = APIRouter(tags=["search"])

    @router.get("/search", responses={200: {"model": rows.Hits}}, response_class=Json)
    def found(q: Words = "", limit: Each = 8) -> Response:
        """Runs, tasks, agents, actions, findings, patches and pipelines with these words, the newest first."""
        return Json({"hits": desk.search(q, limit)})

    @router.get("/about", responses={200: {"model": rows.About}}, response_class=Json)
    def about() -> Response:
        """What this server is: version, folders, Python, since when."""
        return Json(desk.about())

    return router

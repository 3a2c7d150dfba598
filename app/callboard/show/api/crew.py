"""The platform's crews over REST: what is known of them, and what their observers tell."""

from fastapi import APIRouter, Response

from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk


def crew(desk: Desk) -> APIRouter:
    """The paths below /crew."""
    router = APIRouter(tags=["crew"])

    @router.get("/crew", response_class=Json)
    def crews() -> Response:
        """All crews with agents, workflows and troubles, and how the two systems spare each other."""
        return Json(desk.crew())

    return router

"""The person who asks: what they chose, over REST."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import By, Wish


class Choice(Wish):
    """What to put over what is kept; the settings key by key, so that one page does not undo another."""

    settings: Annotated[dict[str, Any], Field(max_length=40)] = {}
    looked: Annotated[
        Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)] | None,
        Field(description="When the person last looked, in seconds since the epoch"),
    ] = None


def me(desk: Desk) -> APIRouter:
    """The paths of the person who asks; nobody reaches those of another one."""
    router = APIRouter(tags=["me"])

    @router.get("/me", responses={200: {"model": rows.Person}}, response_class=Json)
    def person(by: By) -> Response:
        """Who you are here, and what you chose."""
        return Json(desk.person(by.name))

    @router.put("/me", responses={200: {"model": rows.Person}}, response_class=Json)
    def set_person(by: By, wish: Choice) -> Response:
        """Changes what you chose; what is not named stays."""
        return Json(desk.set_person(by.name, wish.model_dump(exclude_none=True, exclude_defaults=True)))

    return router

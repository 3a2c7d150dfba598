"""Accepting findings over REST."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import By, Wish

FindingId = Annotated[str, Path(pattern=r"^f\d{1,18}$", description="Id of a finding")]


class Accept(Wish):
    """Why the team lives with a finding, and until when: a day such as 2027-01-31, at most 366 days from now."""

    reason: str = Field(min_length=1, max_length=1_000)
    until: str = Field(min_length=10, max_length=10)
    owner: str = Field("", max_length=200)


class Accepted(rows.Done):
    """The finding as it counts from the next run on."""

    finding: rows.Finding


def acceptance(desk: Desk) -> APIRouter:
    """The paths that change what is accepted."""
    router = APIRouter(tags=["findings"])

    @router.post("/findings/{id}/accept", responses={200: {"model": Accepted}}, response_class=Json)
    def accept(id: FindingId, by: By, wish: Accept) -> Response:
        """Adds a table [[accepted]] for this finding to the workspace's callboard.toml, checked before it is written."""
        found = desk.accept_finding(id, wish.reason, wish.until, wish.owner, by.name)
        return Json({"ok": True, "finding": found})

    return router

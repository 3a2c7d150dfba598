"""What waits for a person, what happened since they looked, over REST."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import PART, By, Wish

ItemId = Annotated[str, Path(pattern=PART, max_length=300, description="Such as decision:12.3, patch:14")]
Since = Annotated[
    float | None,
    Query(ge=0, lt=1e11, allow_inf_nan=False, description="Seconds since the epoch; left out: when you last looked"),
]


class Act(rows.Row):
    """One choice and the call that makes it; the path is below /api/v1."""

    label: str
    post: dict[str, Any]
    danger: bool


class Waiting(rows.Row):
    """Something that waits for a person, the most pressing first."""

    id: str
    kind: str
    title: str
    text: str
    since: rows.Seconds | None
    run: int | None
    task: rows.Id | None
    href: str
    choices: list[str]
    acts: list[Act]
    rank: int


class News(rows.Row):
    """What happened of one kind: how much, and the first of it with a link each."""

    kind: str
    count: int
    title: str
    rows: list[dict[str, Any]]


class CatchUp(rows.Row):
    """What happened since a moment; `mark` is when you last looked."""

    since: rows.Seconds
    until: rows.Seconds
    mark: rows.Seconds | None
    seq: int
    waiting: int
    words: str
    counts: dict[str, int]
    groups: list[News]


class Seen(Wish):
    """Up to when you have seen what happened; left out: up to now. The mark never goes back."""

    until: Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)] | None = None


class Trusting(Wish):
    """Which state of callboard.toml you looked at."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def inbox(desk: Desk) -> APIRouter:
    """The paths of the inbox and of the catch-up."""
    router = APIRouter()

    @router.get("/inbox", responses={200: {"model": list[Waiting]}}, response_class=Json, tags=["inbox"])
    def waiting() -> Response:
        """All that waits for a person, with what can be chosen."""
        return Json(desk.inbox())

    @router.get("/inbox/{id}", responses={200: {"model": Waiting}}, response_class=Json, tags=["inbox"])
    def item(id: ItemId) -> Response:
        """One of it with the evidence: facts, the end of the log, the files of a patch."""
        return Json(desk.inbox_item(id))

    @router.get("/catchup", responses={200: {"model": CatchUp}}, response_class=Json, tags=["inbox"])
    def catchup(by: By, since: Since = None) -> Response:
        """What happened since a moment; without one since you last looked, or in the last day."""
        return Json(desk.catchup(by.name, since))

    @router.post("/catchup/seen", responses={200: {"model": rows.Person}}, response_class=Json, tags=["inbox"])
    def seen(by: By, wish: Seen = Seen()) -> Response:
        """Moves your mark forward, so that the next catch-up begins there."""
        return Json(desk.seen(by.name, wish.until))

    @router.post("/workspace/trust", responses={200: {"model": rows.Done}}, response_class=Json, tags=["inbox"])
    def trust(by: By, wish: Trusting) -> Response:
        """Trusts the workspace as you saw it: from then on its code may run."""
        desk.trust_workspace(wish.digest, by.name)
        return Json({"ok": True})

    return router

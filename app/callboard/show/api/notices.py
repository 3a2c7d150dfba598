"""Notices over REST: the channels, what was sent, a test, another try."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import NAME, By, Name, Wish

NoticeId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="Of a notice")]
ChannelQuery = Annotated[str, Query(max_length=200)]
Severity = Literal["critical", "high", "medium", "low", "info"]


class Channel(rows.Row):
    """A table [notify.NAME]. `where` shows no secret; `why` says what is wrong while the state is unset or failing."""

    name: str
    where: str
    kinds: list[str]
    level: Severity
    levels: list[str]
    quiet: str
    per_hour: int
    state: Literal["ready", "off", "unset", "failing"]
    why: str
    waiting: int
    sent: int
    failed: int
    last: rows.Seconds | None


class Notice(rows.Row):
    """One piece of news for one channel; one that waits is sent at `due`. `words` say what was wrong last."""

    id: str
    channel: str
    kind: str
    severity: Severity
    title: str
    body: str
    link: str
    made: rows.Seconds
    due: rows.Seconds
    state: Literal["waiting", "sent", "failed"]
    tries: int
    tried: rows.Seconds | None
    words: str
    by: str


class NoticePage(rows.Row):
    """The channels, and the newest notices first."""

    channels: list[Channel]
    notices: list[Notice]
    why: Annotated[str, Field(description="What is wrong with callboard.toml")]
    how: Annotated[str, Field(description="How a channel is made, where there is none")]


class NoticeDone(rows.Done):
    notice: Notice


class Test(Wish):
    """Which channel."""

    channel: Annotated[Name, StringConstraints(max_length=200, pattern=NAME)]


def notices(desk: Desk) -> APIRouter:
    """The paths below /notices."""
    router = APIRouter(tags=["notices"])

    @router.get("/notices", responses={200: {"model": NoticePage}}, response_class=Json)
    def listed(
        channel: ChannelQuery = "",
        state: Literal["", "waiting", "sent", "failed"] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """The channels that are told what happens, and what became of each notice."""
        return Json(desk.notices(channel, state, limit))

    @router.post("/notices/test", responses={200: {"model": NoticeDone}}, response_class=Json)
    def test(by: By, wish: Test) -> Response:
        """Sends a test message now; the notice says whether it was taken."""
        return Json({"ok": True, "notice": desk.test_notice(wish.channel, by.name)})

    @router.post("/notices/{id}/retry", responses={200: {"model": NoticeDone}}, response_class=Json)
    def retry(by: By, id: NoticeId) -> Response:
        """Has one that was given up tried again."""
        return Json({"ok": True, "notice": desk.renew_notice(id, by.name)})

    return router

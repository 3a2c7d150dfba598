"""GET /events: the live feed as server-sent events, resumable by the number of the last event."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from callboard.show.api.answers import encoded
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST
from callboard.show.feed import Feed

BEAT_S = 15.0
SEND_WAIT_S = 20.0
MOST_STREAMS = 50
MOST_WAITING = 100
BATCH = 500

LastEventId = Annotated[
    int | None, Header(alias="Last-Event-ID", ge=0, lt=MOST, description="Goes on after the event of this number")
]


def stream(desk: Desk, feed: Feed) -> APIRouter:
    """The route of the stream."""
    router = APIRouter()

    @router.get(
        "/events",
        tags=["board"],
        response_class=Response,
        responses={200: {"description": "Live messages", "content": {"text/event-stream": {}}}},
    )
    async def events(last: LastEventId = None) -> Response:
        """Live messages as they come. Who falls behind is cut off, and goes on by Last-Event-ID."""
        if feed.listeners >= MOST_STREAMS:
            raise HTTPException(503, "Too many programs listen already")
        return EventStream(desk, feed, last)

    return router


class EventStream(Response):
    """First the events after `last` from the log, then live messages, until the client goes or falls behind."""

    media_type = "text/event-stream"

    def __init__(self, desk: Desk, feed: Feed, last: int | None) -> None:
        super().__init__(None)
        self._desk = desk
        self._last = last
        self._queue: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(MOST_WAITING)
        self._behind = False
        self._unlisten = feed.listen(self._take)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_gone(receive))
        told = asyncio.create_task(self._tell(send))
        try:
            await asyncio.wait((gone, told), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._unlisten()
            gone.cancel()
            told.cancel()
            await asyncio.gather(gone, told, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in self._pieces():
            async with asyncio.timeout(SEND_WAIT_S):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"
        told = 0
        if self._last is not None:
            told = self._last
            while rows := await asyncio.to_thread(self._desk.events, told, BATCH):
                told = rows[-1]["seq"]
                yield _piece({"seq": told, "at": rows[-1]["at"], "events": rows})
        while not self._behind:
            try:
                message = await asyncio.wait_for(self._queue.get(), BEAT_S)
            except TimeoutError:
                yield b": beat\n\n"
                continue
            if not message:
                return
            known = message.get("events") or ()
            yield _piece({**message, "events": [event for event in known if event["seq"] > told]})

    def _take(self, message: Mapping[str, Any]) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._behind = True


def _piece(message: Mapping[str, Any]) -> bytes:
    return b"id: %d\nevent: live\ndata: %b\n\n" % (message.get("seq") or 0, encoded(message))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue

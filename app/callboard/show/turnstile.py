"""A few pages are built at once, the others wait for their turn: a burst of loads is slow for all instead of broken."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callboard.guard.headers import ASSETS
from callboard.guard.wire import problem, respond

AT_ONCE = 4
WAIT_S = 45.0


class Turnstile:
    """Before the pages. Who waits too long is told to come back (503); the framework would say 500 after three seconds."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith((*ASSETS, "/_nicegui_ws")):
            await self.app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            headers, body = problem(503, "Too many pages at once", "Load it again in a moment.")
            await respond(send, 503, [*headers, (b"retry-after", b"5")], body)
            return
        mine = True

        def release() -> None:
            nonlocal mine
            if mine:
                mine = False
                self._turns.release()

        async def built(message: Message) -> None:
            release()  # the page is built; how slowly it is read is no concern of the others
            await send(message)

        try:
            await self.app(scope, receive, built)
        finally:
            release()

"""The server: guard, REST, live feed and pages on one loop, until somebody asks it to end."""

import asyncio
import getpass
import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from nicegui import core, ui
from starlette.types import ASGIApp, Receive, Scope, Send

from callboard.core.boundary import Boundary
from callboard.guard.crew_token import CrewToken
from callboard.guard.door import Door, open_door
from callboard.guard.gate import Guard
from callboard.guard.sessions import Sessions
from callboard.guard.verdict import Rules
from callboard.show.api.desk import Desk
from callboard.show.api.service import service
from callboard.show.connection import CarefulConnection
from callboard.show.faults import Faults
from callboard.show.feed import Feed
from callboard.show.pages import register
from callboard.show.stream import stream
from callboard.show.turnstile import Turnstile

STATIC = Path(__file__).parent / "static"
API_NAMES = frozenset({"/openapi.json", "/healthz", "/readyz", "/api", "/v1/traces"})
MOST_CONNECTIONS = 800
LONGEST_MESSAGE = 1 << 20
RECONNECT_S = 10.0
ENDING_S = 2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def serve(
    desk: Desk,
    *,
    token: str,
    host: str = "127.0.0.1",
    port: int = 6771,
    boundary: Boundary | None = None,
    door: Door | None = None,
    sessions_file: Path | None = None,
    crew_token: CrewToken | None = None,
    user: str = "",
    dev: bool = False,
    on_ready: Callable[[str], None] = lambda url: None,
    on_end: Callable[[], None] = lambda: None,
) -> None:
    """Serves `desk` until SIGINT, SIGTERM or SIGHUP, then returns; a second SIGINT ends it at once.

    The door may be opened before, so that a taken port is noticed before anything else starts; otherwise it is opened
    here, with the errors of `open_door`. `on_ready` hears the address once requests are answered, `on_end` is called
    when no more of them are taken. Must be called on the main thread, once in a process.
    """
    door = door or open_door(host, port, boundary or Boundary())
    sessions = Sessions(token, sessions_file)
    rules = Rules(door.hosts, f"callboard_{door.port}", sessions, crew=crew_token)
    feed = Feed(desk, core.sio)
    core.sio.eio.cors_allowed_origins = sorted(door.origins)
    core.sio.eio.max_http_buffer_size = LONGEST_MESSAGE
    logging.getLogger("nicegui").setLevel(logging.ERROR)  # below that it tells addresses, which may hold a token
    register(desk, dev=dev)
    pages = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    ui.run_with(
        pages,
        title="Callboard",
        favicon=STATIC / "favicon.svg",
        dark=None,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
        tailwind=False,
    )
    api = service(desk, stream(desk, feed))
    guard = Guard(Split(api, Turnstile(pages)), rules, user or getpass.getuser())
    config = uvicorn.Config(
        guard,
        log_level="error",
        access_log=False,
        http=CarefulConnection,
        ws="wsproto",
        ws_max_size=LONGEST_MESSAGE,
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=ENDING_S,
        proxy_headers=False,
        server_header=False,
    )
    try:
        Server(config, feed, lambda: on_ready(door.url), on_end).run(list(door.sockets))
    finally:
        sessions.save()
        door.close()


class Split:
    """REST, schema and health go to one application, everything else to NiceGUI."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self.api = api
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        ours = scope["type"] == "http" and (path in API_NAMES or path.startswith("/api/"))
        await (self.api if ours else self.pages)(scope, receive, send)


class Server(uvicorn.Server):
    """A server that returns when it is told to end, instead of dying of the signal."""

    def __init__(
        self, config: uvicorn.Config, feed: Feed, on_ready: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._feed = feed
        self._on_ready = on_ready
        self._on_end = on_end

    async def startup(self, sockets: Any = None) -> None:
        """Takes requests, then says so."""
        Faults().watch(asyncio.get_running_loop())
        await super().startup(sockets)
        self._feed.open()
        self._on_ready()

    async def shutdown(self, sockets: Any = None) -> None:
        """Ends the streams first: they would never end by themselves."""
        self._on_end()
        await self._feed.close()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends in order; asked twice, at once."""
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes the signals as long as the server runs."""
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

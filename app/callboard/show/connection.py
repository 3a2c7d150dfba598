"""Connections that may not begin a request without end: neither in time nor in bytes."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
LONGEST_HEAD = 65_536


class CarefulConnection(HttpToolsProtocol):
    """Uvicorn's connection, cut when the head of a request takes ten seconds or 64 KiB and is not whole yet."""

    _in_head = True
    _just_ended = False
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A first request is awaited."""
        super().connection_made(transport)
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to a head."""
        if self._in_head and self._deadline is None:
            self._expect()
        self._just_ended = False
        super().data_received(data)
        if self._in_head and not self._just_ended:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD:
                self._cut()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._head_bytes = 0
        self._settle()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole; a further head may follow."""
        super().on_message_complete()
        self._in_head = self._just_ended = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._settle()
        super().connection_lost(exc)

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEAD_S, self._cut)

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        self._settle()
        if not self.transport.is_closing():
            self.transport.abort()

"""Connections that come to an end: of a request's head, in time and bytes, and of an answer that nobody reads."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 10.0
LONGEST_HEAD = 65_536
STUCK_S = 30.0


class CarefulConnection(HttpToolsProtocol):
    """Uvicorn's connection, cut when the head of a request takes ten seconds or 64 KiB and is not whole yet, or when
    the client takes nothing of an answer for half a minute."""

    _in_head = True
    _just_ended = False
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

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
        self._unstick()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is told."""
        super().pause_writing()
        self._unstick()
        self._stuck = self.loop.call_later(STUCK_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._unstick()

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEAD_S, self._cut)

    def _settle(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _unstick(self) -> None:
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _cut(self) -> None:
        self._settle()
        if not self.transport.is_closing():
            self.transport.abort()

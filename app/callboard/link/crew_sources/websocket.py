"""A WebSocket of the platform, only read: nothing is sent but the handshake and the answers to pings."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterable

from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.utilities import ProtocolError

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError, CallboardError
from callboard.link.crew_sources.difference import Differences
from callboard.link.crew_sources.events import Events
from callboard.link.crew_sources.fetch import AGENT, CHUNK, NobodyThere, opened
from callboard.link.crew_sources.look import ERROR, FRESH, OFF, STALE, Fact, Look, Tell
from callboard.link.crew_sources.snapshot import Paths, snapshot_of
from callboard.work.sparing.budget import Budget

HANDSHAKE_S = 5.0
LARGEST_MESSAGE = 1 << 20
MESSAGES_A_SECOND = 100
BYTES_A_SECOND = 8 << 20
LONGEST_PAUSE_S = 60.0
FLOOD_S = 60.0
REFUSED_S = 60.0
TELL_EVERY_S = 1.0
STRANGE_AFTER = 20


class WebSocket:
    """Follows one socket, and comes back to it when it breaks off, after a longer while each time."""

    kind = "socket"

    def __init__(
        self,
        url: str,
        paths: Paths,
        boundary: Boundary,
        budget: Budget,
        going_on: Iterable[str] = (),
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self._paths = paths
        self._boundary = boundary
        self._budget = budget
        self._wall = wall
        self._differences = Differences(self.kind, wall(), going_on)
        self._events = Events(self.kind)
        self._strange = 0

    async def watch(self, tell: Tell) -> None:
        """Connects, reads, comes back."""
        fails = 0
        while True:
            began = time.monotonic()
            try:
                look = await self._follow(tell)
            except BoundaryError as error:
                look = Look(OFF, str(error), wait=REFUSED_S)
            except NobodyThere as error:
                look = Look(ERROR, str(error), wait=2.0 ** min(fails + 1, 4))
            except CallboardError as error:
                look = Look(ERROR, str(error))
            fails = 0 if time.monotonic() - began > LONGEST_PAUSE_S else min(fails + 1, 8)
            tell(look)
            await asyncio.sleep(max(look.wait, min(LONGEST_PAUSE_S, 2.0**fails), 0.0 if look.wait else 1.0))

    async def _follow(self, tell: Tell) -> Look:
        """Reads until it ends; what comes back says why."""
        async with opened(self.url, self._boundary, self._budget) as (parts, reader, writer):
            _keep_alive(writer)
            wire = WSConnection(ConnectionType.CLIENT)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            host = parts.netloc.rpartition("@")[2]
            try:
                headers = [(b"User-Agent", AGENT.encode())]
                writer.write(wire.send(ws.Request(host=host, target=target, extra_headers=headers)))
                async with asyncio.timeout(HANDSHAKE_S):
                    refused = await _shaken(wire, reader)
                if refused:
                    return Look(ERROR, refused)
                tell(Look())
                return await self._read(wire, reader, writer, tell)
            except TimeoutError:
                return Look(ERROR, f"no handshake within {HANDSHAKE_S:g} s")
            except (ProtocolError, UnicodeError):
                return Look(ERROR, "what it sends is no WebSocket")

    async def _read(
        self, wire: WSConnection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tell: Tell
    ) -> Look:
        """Messages beyond the allowance are thrown away unread: a reader that lags would slow the platform's sender."""
        meter = _Meter()
        message = bytearray()
        facts: list[Fact] = []
        due = time.monotonic() + TELL_EVERY_S
        while True:
            for event in wire.events():
                if isinstance(event, ws.Ping):
                    writer.write(wire.send(event.response()))
                elif isinstance(event, ws.TextMessage | ws.BytesMessage):
                    data = event.data.encode() if isinstance(event, ws.TextMessage) else bytes(event.data)
                    message += data
                    if len(message) > LARGEST_MESSAGE:
                        return Look(ERROR, f"a message has more than {LARGEST_MESSAGE >> 20} MiB", wait=FLOOD_S)
                    if event.message_finished:
                        if meter.message():
                            facts += self.facts_of(bytes(message))
                        message.clear()
                elif isinstance(event, ws.CloseConnection):
                    tell(Look(facts=facts))
                    return Look(ERROR, f"it closed the connection ({event.code})")
            now = time.monotonic()
            if (facts and now >= due) or len(facts) > 400 or self._strange == STRANGE_AFTER:
                tell(self._health(facts))
                facts, due = [], now + TELL_EVERY_S
            try:
                async with asyncio.timeout(max(0.01, due - now) if facts else None):
                    data = await reader.read(CHUNK)
            except TimeoutError:
                continue
            if not data:
                tell(Look(facts=facts))
                return Look(ERROR, "it broke the connection off")
            if not meter.bytes(len(data)):
                return Look(ERROR, "it sends more than is read here; it is left alone for a while", wait=FLOOD_S)
            wire.receive_data(data)

    def facts_of(self, message: bytes) -> list[Fact]:
        """What a message tells: an event, or how everything stands; nothing when it is neither."""
        try:
            said = json.loads(message)
        except (ValueError, RecursionError):
            self._strange += 1
            return []
        at = self._wall()
        facts = self._events.facts(said, at) if "workflows" not in self._paths else None
        if facts is None:
            seen = snapshot_of(said, self._paths)
            if seen is None:
                self._strange += 1
                return []
            facts = self._differences.facts(seen, at, whole=False)
        self._strange = -1_000_000
        return facts

    def _health(self, facts: list[Fact]) -> Look:
        if self._strange >= STRANGE_AFTER:
            self._strange += 1
            return Look(STALE, "it sends messages, but none tells of a workflow in words that are known", facts)
        return Look(FRESH, "", facts)


class _Meter:
    """What comes within a second, in messages and bytes."""

    def __init__(self) -> None:
        self._second = 0.0
        self._messages = 0
        self._bytes = 0

    def bytes(self, count: int) -> bool:
        """Counts; False when it is too much."""
        now = time.monotonic()
        if now - self._second >= 1.0:
            self._second, self._messages, self._bytes = now, 0, 0
        self._bytes += count
        return self._bytes <= BYTES_A_SECOND

    def message(self) -> bool:
        """Counts; False when there were enough."""
        self._messages += 1
        return self._messages <= MESSAGES_A_SECOND


async def _shaken(wire: WSConnection, reader: asyncio.StreamReader) -> str:
    """Reads the answer to the handshake; in words why it was refused, '' when it was accepted."""
    size = 0
    while True:
        data = await reader.read(CHUNK)
        size += len(data)
        if not data:
            return "it closed the connection instead of a handshake"
        if size > LARGEST_MESSAGE:
            return "its handshake is too long"
        wire.receive_data(data)
        for event in wire.events():
            if isinstance(event, ws.AcceptConnection):
                return ""
            if isinstance(event, ws.RejectConnection):
                wants = " (it wants a login, and Callboard sends none)" if event.status_code in (401, 403) else ""
                return f"it refuses the handshake: {event.status_code}{wants}"
            if isinstance(event, ws.CloseConnection):
                return "it closed the connection instead of a handshake"


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """The kernel notices when the other side is gone: nothing is sent by us that it would have to answer."""
    connected = writer.get_extra_info("socket")
    if connected is None:
        return
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)

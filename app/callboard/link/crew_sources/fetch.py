"""One GET to a platform: asked by the boundary's rules and the host's budget, bounded in time and bytes, no redirect followed."""

import asyncio
import email.utils
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import h11

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError, CallboardError
from callboard.link.crew_sources.values import text_of
from callboard.work.sparing.budget import Budget
from callboard.work.sparing.reach import check_reached

CONNECT_S = 3.0
WHOLE_S = 8.0
LARGEST_ANSWER = 1 << 20
LARGEST_HEAD = 32_768
CHUNK = 65_536
AGENT = "Callboard (it only reads)"
DAY_S = 86_400.0


class NobodyThere(CallboardError):
    """Nobody listens at that port."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Its status, kind and body, and how long it asks to be left alone."""

    status: int
    kind: str
    body: bytes
    retry_after: float
    location: str = ""


@asynccontextmanager
async def opened(
    url: str, boundary: Boundary, budget: Budget
) -> AsyncIterator[tuple[SplitResult, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to what the address leads to, after the boundary agreed and the host's turn came.

    Raises `BoundaryError` with the rule, and `CallboardError` in words for all that goes wrong with the network.
    """
    ips = await asyncio.to_thread(check_reached, boundary, "GET", url)
    await asyncio.sleep(budget.take(url))
    parts = urlsplit(url)
    secure = parts.scheme in ("https", "wss")
    port = parts.port or (443 if secure else 80)
    host = parts.hostname or ""
    context = await asyncio.to_thread(ssl.create_default_context) if secure else None
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(
                ips[0], port, ssl=context, server_hostname=host if secure else None, limit=CHUNK
            )
    except TimeoutError as error:
        raise CallboardError(f"no connection to {host}:{port} within {CONNECT_S:g} s") from error
    except ssl.SSLError as error:
        raise CallboardError(f"TLS with {host}:{port} fails: {text_of(error.reason or 'it speaks no TLS')}") from error
    except ConnectionRefusedError as error:
        raise NobodyThere(f"nobody listens on {host}:{port}") from error
    except OSError as error:
        raise CallboardError(f"no connection to {host}:{port}: {text_of(error.strerror or 'unreachable')}") from error
    try:
        yield parts, reader, writer
    except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
        raise CallboardError(f"{host}:{port} broke the connection off") from error
    finally:
        writer.transport.abort()


async def get(url: str, boundary: Boundary, budget: Budget) -> Answer:
    """The answer to a GET. Raises `BoundaryError`, and `CallboardError` in words when there is none."""
    try:
        async with opened(url, boundary, budget) as (parts, reader, writer):
            try:
                async with asyncio.timeout(WHOLE_S):
                    return await _asked(parts, reader, writer)
            except TimeoutError as error:
                raise CallboardError(f"no whole answer within {WHOLE_S:g} s") from error
            except h11.ProtocolError as error:
                raise CallboardError("what it sends is no HTTP") from error
    except NobodyThere:
        raise  # costs it nothing, and others of this host may be well
    except CallboardError as error:
        if not isinstance(error, BoundaryError):
            budget.answered(url, 0)
        raise


async def _asked(parts: SplitResult, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
    wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        ("Host", parts.netloc.rpartition("@")[2]),
        ("User-Agent", AGENT),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    try:
        request = h11.Request(method="GET", target=target.encode("ascii"), headers=headers)
    except (h11.LocalProtocolError, UnicodeError) as error:
        raise CallboardError("the address has signs that no request can have; write them as %XX") from error
    writer.write((wire.send(request) or b"") + (wire.send(h11.EndOfMessage()) or b""))
    await writer.drain()
    response: h11.Response | None = None
    body = bytearray()
    while True:
        event = wire.next_event()
        if event is h11.NEED_DATA:
            wire.receive_data(await reader.read(CHUNK))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_ANSWER:
                raise CallboardError(f"its answer has more than {LARGEST_ANSWER >> 20} MiB")
        elif isinstance(event, h11.EndOfMessage) and response is not None:
            return _answer(response, bytes(body))
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            raise CallboardError("it closed the connection without an answer")


def _answer(response: h11.Response, body: bytes) -> Answer:
    said = {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in response.headers}
    return Answer(
        response.status_code,
        said.get("content-type", "").partition(";")[0].strip().lower(),
        body,
        waiting_time(said.get("retry-after", ""), time.time()),
        text_of(said.get("location", ""), 200),
    )


def waiting_time(text: str, now: float) -> float:
    """Seconds of a Retry-After header, given as seconds or as a date; 0 for none, at most a day."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(DAY_S, float(text[:9]))
    try:
        at = email.utils.parsedate_to_datetime(text[:60]).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(DAY_S, max(0.0, at - now))

"""One GET or HEAD to an endpoint, and how long the answer took: within the boundary, bounded, no redirect followed."""

import asyncio
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError, CallboardError
from callboard.link.crew_sources.fetch import LARGEST_HEAD, waiting_time
from callboard.work.finding import clean
from callboard.work.sparing.budget import Budget
from callboard.work.sparing.reach import check_reached

WHOLE_S = 10.0
LARGEST_BODY = 65_536
CHUNK = 65_536
AGENT = "Callboard (it only reads)"
METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint that is watched: the answers with a status in `expect` are good, without any those below 400."""

    name: str
    url: str
    method: str = "GET"
    expect: frozenset[int] = frozenset()
    every_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """How it went at `at`: `seconds` until the answer was there, None when none came; `trouble` in words when it was not good.

    `paused_s` is for how long its host is left alone now.
    """

    at: float
    seconds: float | None
    trouble: str = ""
    paused_s: float = 0.0


async def probe(target: Target, boundary: Boundary, budget: Budget, whole_s: float = WHOLE_S) -> Probe:
    """Asks once, when its host's turn has come. Raises `BoundaryError` with the rule for what may not be asked.

    A timeout counts as an answer that took that long, as somebody waits for it that long.
    """
    try:
        ips = await asyncio.to_thread(check_reached, boundary, target.method, target.url)
    except BoundaryError:
        raise
    except CallboardError as error:
        return Probe(time.time(), None, str(error))
    await asyncio.sleep(budget.take(target.url))
    began = time.monotonic()
    try:
        async with asyncio.timeout(whole_s):
            status, retry = await _asked(target, ips[0])
    except TimeoutError:
        paused = budget.answered(target.url, 0)
        return Probe(time.time(), whole_s, f"no whole answer within {whole_s:g} s", paused)
    except ConnectionRefusedError:
        return Probe(time.time(), None, "nobody listens there")
    except ssl.SSLError as error:
        return Probe(time.time(), None, f"TLS fails: {clean(error.reason or 'it speaks no TLS', 200)}")
    except OSError as error:
        budget.answered(target.url, 0)
        return Probe(time.time(), None, clean(error.strerror or "the connection broke", 200))
    except h11.ProtocolError:
        budget.answered(target.url, 0)
        return Probe(time.time(), None, "what it sends is no HTTP")
    seconds = time.monotonic() - began
    paused = budget.answered(target.url, status, retry)
    return Probe(time.time(), seconds, _wrong(target, status), paused)


def _wrong(target: Target, status: int) -> str:
    if status in target.expect if target.expect else status < 400:
        return ""
    moved = ", which leads elsewhere and was not followed" if 300 <= status < 400 else ""
    return f"it answered {status}{moved}"


async def _asked(target: Target, ip: str) -> tuple[int, float]:
    """The status and for how long it asks to be left alone; at most LARGEST_BODY bytes of the body are read."""
    parts = urlsplit(target.url)
    secure = parts.scheme == "https"
    context = await asyncio.to_thread(ssl.create_default_context) if secure else None
    reader, writer = await asyncio.open_connection(
        ip, parts.port or (443 if secure else 80), ssl=context, server_hostname=parts.hostname if secure else None
    )
    try:
        wire = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGEST_HEAD)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = [
            ("Host", parts.netloc.rpartition("@")[2]),
            ("User-Agent", AGENT),
            ("Accept", "*/*"),
            ("Connection", "close"),
        ]
        request = h11.Request(method=target.method, target=path.encode("ascii", "ignore"), headers=headers)
        writer.write((wire.send(request) or b"") + (wire.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        status, retry, read = 0, 0.0, 0
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(CHUNK))
            elif isinstance(event, h11.Response):
                status = event.status_code
                said = {bytes(name): bytes(value).decode("latin-1") for name, value in event.headers}
                retry = waiting_time(said.get(b"retry-after", ""), time.time())
            elif isinstance(event, h11.Data):
                read += len(event.data)
                if read > LARGEST_BODY:
                    return status, retry
            elif isinstance(event, h11.EndOfMessage) and status:
                return status, retry
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                raise ConnectionResetError(104, "it closed the connection without an answer")
    finally:
        writer.transport.abort()

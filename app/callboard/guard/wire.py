"""The few words of ASGI that the guard speaks, without a framework."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

BODY_WAIT_S = 20.0


class BodyTooLarge(Exception):
    """More bytes came than a request may have."""


class BodyTooSlow(Exception):
    """The body did not come in time, or the client went away."""


def values(scope: Scope, name: bytes) -> list[str]:
    """All values of a header, as they stand."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def one(scope: Scope, name: bytes) -> str | None:
    """The value of a header; None without it. Raises `ValueError` when it comes twice."""
    found = values(scope, name)
    if len(found) > 1:
        raise ValueError(f"the header {name.decode()} comes {len(found)} times")
    return found[0] if found else None


async def read_body(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Reads the whole body, at most `limit` bytes; what comes back gives it to the application.

    A body that says of itself that it is longer is refused before any of it is read.
    """
    length = one(scope, b"content-length")
    if length is None and not values(scope, b"transfer-encoding"):
        return receive
    if length is not None:
        if not (length.isascii() and length.isdigit()):
            raise ValueError("Content-Length is no number")
        if len(length) > 18 or int(length) > limit:
            raise BodyTooLarge
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise BodyTooSlow
                part = message.get("body", b"")
                size += len(part)
                if size > limit:
                    raise BodyTooLarge
                parts.append(part)
                if not message.get("more_body", False):
                    return _replayed(b"".join(parts), receive)
    except TimeoutError as error:
        raise BodyTooSlow from error


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def respond(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    """Sends a whole response; `headers` come before Content-Length."""
    headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def problem(status: int, title: str, detail: str) -> tuple[list[Header], bytes]:
    """Problem details as RFC 9457 has them."""
    said = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return [(b"content-type", b"application/problem+json")], json.dumps(said).encode()

"""Reading one document from an address, within the boundary: never a live host unless it may be read, never elsewhere."""

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from callboard.api import CallboardError, Context, clean

LARGEST_ANSWER = 10_000_000
SECONDS = 20.0
LONGEST_WAIT = 10.0
TRIES = 3


@dataclass(frozen=True, slots=True)
class Address:
    """Where a document is, and the address of the host that was checked and is the only one that is asked."""

    url: str
    scheme: str
    host: str
    port: int
    target: str
    ip: str


def checked_address(ctx: Context, url: str) -> Address:
    """The address behind a URL. Raises `BoundaryError` for hosts that may not be read, by name or by what the name leads to."""
    ips = ctx.reach("GET", url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.username is not None:
        raise CallboardError(
            f"the option url is '{clean(url, 200)}'; it is an http or https address without credentials"
        )
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(url, parts.scheme, str(parts.hostname), port, target, ips[0])


def fetched(ctx: Context, url: str, sleep: Callable[[float], None] = time.sleep) -> str:
    """The text behind a URL, asked for with GET.

    A redirect is not followed; after 429 and 5xx it is tried again twice, no sooner than the server and the boundary's
    probes a second allow. Raises `BoundaryError`, and `CallboardError` with the reason.
    """
    address = checked_address(ctx, url)
    pause = 1.0 / max(0.01, min(1.0, ctx.boundary.probes_per_second))
    budget = ctx.budget() if ctx.boundary.is_live(url) else None
    for attempt in range(1, TRIES + 1):
        if budget is not None:
            sleep(budget.take(url))
        status, wait, text, where = _asked(address)
        if budget is not None:
            budget.answered(url, status, wait)
        if status == 200:
            return text
        if 300 <= status < 400:
            raise CallboardError(f"{url} answers {status} and leads to {clean(where, 200)}; redirects are not followed")
        if not (status == 429 or status >= 500) or attempt == TRIES:
            break
        patience = max(pause * 2 ** (attempt - 1), wait)
        if patience > LONGEST_WAIT:
            raise CallboardError(f"{url} answers {status} and asks to wait {patience:.0f} s; ask again later")
        ctx.log(f"{url} answers {status}; asked again in {patience:.0f} s", "warning")
        sleep(patience)
    raise CallboardError(f"{url} answers {status}")


def _asked(address: Address) -> tuple[int, float, str, str]:
    """Status, seconds to wait, text, and where a redirect leads."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=SECONDS)
    until = time.monotonic() + SECONDS
    try:
        plain = socket.create_connection((address.ip, address.port), timeout=SECONDS)
        if address.scheme == "https":
            plain = ssl.create_default_context().wrap_socket(plain, server_hostname=address.host)
        connection.sock = plain
        connection.request("GET", address.target, headers={"Accept": "application/json, application/yaml, */*"})
        answer = connection.getresponse()
        body = b""
        while chunk := answer.read1(65_536):
            body += chunk
            if len(body) > LARGEST_ANSWER or time.monotonic() > until:
                raise CallboardError(
                    f"{address.url} answers with more than {LARGEST_ANSWER // 1_000_000} MB, or does not end"
                )
        after = answer.headers.get("Retry-After", "")
        return (
            answer.status,
            float(after) if after.isdigit() else 0.0,
            body.decode("utf-8", "replace"),
            str(answer.headers.get("Location", "")),
        )
    except (OSError, http.client.HTTPException) as error:
        raise CallboardError(f"{address.url} gave no answer: {error}") from error
    finally:
        connection.close()

"""One request to an endpoint at a time, no faster than the boundary allows."""

import http.client
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from callboard.api import BoundaryError, CallboardError, Context
from callboard_monitor.connecting import Troubled, authority_of, connection, in_words, trusting, waiting_time

MOST_REDIRECTS = 5
MOST_BODY = 4_000_000
LONGEST_WAIT = 60.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ALLOWED = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one probe. `status` is 0 without an answer; `ms` is from the first byte sent to the last received.

    `trouble` says what is wrong, '' if nothing, and `kind` its sort: 'dns', 'refused', 'timeout', 'tls', 'broken', 'status',
    'redirect'. `refused` is set when the boundary forbade a redirect's target.
    """

    status: int
    ms: float
    trouble: str = ""
    retry_after: float = 0.0
    refused: bool = False
    kind: str = ""
    body: bytes = b""


class Prober:
    """Sends the requests of one check; `per_second` 0 means what the boundary allows, and more than that is never sent."""

    def __init__(self, ctx: Context, timeout: float, per_second: float = 0.0) -> None:
        self._ctx = ctx
        self._timeout = timeout
        self.pace = ctx.budget(per_second)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return trusting(authority_of(self._ctx))

    def ask(self, method: str, url: str, expect: frozenset[int], most: int = MOST_BODY, keep: bool = False) -> Answer:
        """One probe. Redirects within the host are followed by hand, unless the redirect is expected; to another host never.

        At most `most` bytes of the answer are read; `keep` hands them back. Raises `BoundaryError` when the address is forbidden.
        """
        if method not in ALLOWED:
            raise BoundaryError(f"{method} may change data, only GET and HEAD are sent", "boundary.test_hosts")
        spare(self._ctx, method, url)
        spent = 0.0
        for _ in range(MOST_REDIRECTS + 1):
            self.pace.wait(url)
            answer, target = self._once(method, url, most, keep)
            spent += answer.ms
            if answer.trouble or answer.status in expect or not target:
                return _judged(answer, spent, expect)
            former, url = url, urljoin(url, target)
            elsewhere = self._elsewhere(method, former, url)
            if elsewhere:
                return Answer(answer.status, spent, elsewhere, refused=True, kind="redirect")
        return Answer(answer.status, spent, f"redirects more than {MOST_REDIRECTS} times", kind="redirect")

    def _elsewhere(self, method: str, former: str, url: str) -> str:
        """Why a redirect is not followed, '' when it is."""
        try:
            spare(self._ctx, method, url)
            one, other = urlsplit(former), urlsplit(url)
            upgraded = one.scheme == "http" and other.scheme == "https"
            if one.hostname == other.hostname and (one.port == other.port or upgraded):
                return ""
        except BoundaryError as error:
            return f"redirects to {shown(url)}: {error}"
        except ValueError:
            return "redirects to what is no address"
        return f"redirects to {shown(url)}, another host or port, which is not followed; put that address down itself"

    def _once(self, method: str, url: str, most: int, keep: bool) -> tuple[Answer, str]:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        client = connection(parts, self._timeout, self._context if parts.scheme == "https" else None)
        started = time.monotonic()
        late = threading.Event()

        def stop() -> None:
            late.set()
            sock = client.sock
            if sock is not None:
                with suppress(OSError, ValueError, AttributeError):
                    _cut(sock)

        timer = threading.Timer(self._timeout, stop)
        timer.daemon = True
        timer.start()
        try:
            client.request(
                method,
                path,
                headers={"User-Agent": "callboard-monitor", "Accept-Encoding": "identity", "Connection": "close"},
            )
            response = client.getresponse()
            body = self._read(response, most, keep)
            if late.is_set():
                raise TimeoutError
            status, headers = response.status, response.headers
        except (OSError, http.client.HTTPException, ssl.SSLError, ValueError, AttributeError) as error:
            ms = 1000 * (time.monotonic() - started)
            trouble = in_words(TimeoutError() if late.is_set() else error, parts, self._timeout)
            return Answer(0, ms, f"no answer: {trouble.words}", kind=trouble.kind), ""
        finally:
            timer.cancel()
            client.close()
        ms = 1000 * (time.monotonic() - started)
        target = str(headers.get("Location", "")) if status in REDIRECTS else ""
        wait = waiting_time(str(headers.get("Retry-After", "")), time.time())
        return Answer(status, ms, retry_after=wait, body=body), target

    def _read(self, response: http.client.HTTPResponse, most: int, keep: bool) -> bytes:
        """Reads the body within bounds of size; the time is bounded by the timer."""
        size, kept = 0, []
        while block := response.read1(65_536):
            size += len(block)
            if size > most:
                if keep:
                    raise Troubled(f"it sends more than {most:,} bytes", "broken")
                break
            if keep:
                kept.append(block)
        if size <= most and response.length:
            raise Troubled("it broke off within the answer", "broken")
        return b"".join(kept)


def spare(ctx: Context, method: str, url: str) -> None:
    """Raises `BoundaryError` for what the boundary refuses by name or by where it leads; an unknown name is told by the request."""
    try:
        ctx.reach(method, url)
    except BoundaryError:
        raise
    except CallboardError:
        return


def _cut(sock: object) -> None:
    """Ends both ways of a connection, under TLS too, from another thread: whoever reads from it gets its end."""
    import socket

    if isinstance(sock, socket.socket):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _judged(answer: Answer, spent: float, expect: frozenset[int]) -> Answer:
    if answer.trouble or answer.status in expect:
        return replace(answer, ms=spent)
    return replace(answer, ms=spent, trouble=f"status {answer.status} instead of {expected(expect)}", kind="status")


def expected(codes: frozenset[int]) -> str:
    """'200', '200 or 204', '200–399'."""
    ordered = sorted(codes)
    if len(ordered) > 3 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}–{ordered[-1]}"
    return " or ".join(map(str, ordered))


def shown(url: str) -> str:
    """The address without what may be secret in it."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"[:200]
    except ValueError:
        return "an address that cannot be read"

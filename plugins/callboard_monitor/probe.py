"""One request to an endpoint at a time, no faster than the boundary allows."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from callboard.api import BoundaryError, Context

MOST_REDIRECTS = 5
MOST_BODY = 4_000_000
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one probe. `status` is 0 without an answer; `ms` is from the first byte sent to the last received.

    `trouble` says what is wrong, '' if nothing; `refused` is set when the boundary forbade a redirect's target.
    """

    status: int
    ms: float
    trouble: str = ""
    retry_after: float = 0.0
    refused: bool = False


class Pace:
    """Spaces the requests to each host."""

    def __init__(self, per_second: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._pause = 1.0 / max(per_second, 0.001)
        self._sleep = sleep
        self._next: dict[str, float] = {}

    def wait(self, url: str) -> None:
        """Returns when the next request to the host of `url` may be sent."""
        host = urlsplit(url).netloc.lower()
        now = time.monotonic()
        due = max(now, self._next.get(host, 0.0))
        if due > now:
            self._sleep(due - now)
        self._next[host] = due + self._pause

    def back_off(self, url: str, times: int, at_least: float = 0.0) -> None:
        """Moves the next request to the host further away: twice as far each time, at most 30 seconds."""
        host = urlsplit(url).netloc.lower()
        self._next[host] = time.monotonic() + min(30.0, max(at_least, self._pause * 2.0**times))


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """Hands a redirect back as the answer that it is."""

    def redirect_request(self, *_: Any) -> None:
        """Nowhere."""
        return


class Prober:
    """Sends the requests of one check."""

    def __init__(self, ctx: Context, timeout: float) -> None:
        self._boundary = ctx.boundary
        self._timeout = timeout
        self.pace = Pace(ctx.boundary.probes_per_second)
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Unfollowed)

    def ask(self, method: str, url: str, expect: frozenset[int]) -> Answer:
        """One probe; redirects are followed by hand, each target past the boundary, unless the redirect is expected.

        Raises `BoundaryError` when the address itself is forbidden.
        """
        self._boundary.check_request(method, url)
        spent = 0.0
        for _ in range(MOST_REDIRECTS + 1):
            self.pace.wait(url)
            answer, target = self._once(method, url)
            spent += answer.ms
            if answer.trouble or answer.status in expect or not target:
                return _judged(answer, spent, expect)
            url = urljoin(url, target)
            try:
                self._boundary.check_request(method, url)
            except BoundaryError as error:
                return Answer(answer.status, spent, f"redirects to {_shown(url)}: {error}", refused=True)
        return Answer(answer.status, spent, f"redirects more than {MOST_REDIRECTS} times")

    def _once(self, method: str, url: str) -> tuple[Answer, str]:
        request = urllib.request.Request(url, method=method, headers={"User-Agent": "callboard-monitor"})  # noqa: S310
        started = time.monotonic()
        try:
            try:
                with self._opener.open(request, timeout=self._timeout) as response:
                    status, headers = response.status, response.headers
                    self._read(response, started)
            except urllib.error.HTTPError as error:
                with error:
                    status, headers = error.code, error.headers
                    self._read(error, started)
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            return Answer(0, 1000 * (time.monotonic() - started), f"no answer: {reason}"), ""
        ms = 1000 * (time.monotonic() - started)
        wait = str(headers.get("Retry-After", ""))
        target = str(headers.get("Location", "")) if status in REDIRECTS else ""
        return Answer(status, ms, retry_after=float(wait) if wait.isascii() and wait.isdigit() else 0.0), target

    def _read(self, response: Any, started: float) -> None:
        """Reads the body within bounds of size and time: a stream that never ends is not waited for."""
        size = 0
        while block := response.read1(65_536):
            size += len(block)
            if size > MOST_BODY:
                return
            if time.monotonic() - started > self._timeout:
                raise TimeoutError(f"not complete after {self._timeout:g} s")


def _judged(answer: Answer, spent: float, expect: frozenset[int]) -> Answer:
    trouble = answer.trouble
    if not trouble and answer.status not in expect:
        wanted = " or ".join(map(str, sorted(expect)))
        trouble = f"status {answer.status} instead of {wanted}"
    return Answer(answer.status, spent, trouble, answer.retry_after)


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:200]

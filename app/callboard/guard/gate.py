"""The guard before every request: pure ASGI, so that WebSockets pass the same checks as pages."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus

from callboard.guard.headers import secured
from callboard.guard.verdict import API, SOCKET, Pass, Refusal, Rules, Swap, judge
from callboard.guard.wire import (
    App,
    BodyTooLarge,
    BodyTooSlow,
    Header,
    Message,
    Receive,
    Scope,
    Send,
    problem,
    read_body,
    respond,
    values,
)

logger = logging.getLogger(__name__)

FORWARDED = b"x-forwarded-"  # there is no proxy, and NiceGUI writes such a prefix into its pages
LONGEST_BODY = 1 << 20
LONGEST_API_BODY = 1 << 16
INGEST = "/api/v1/ingest"
LONGEST_INGEST = 51 << 20
TRACES = ("/v1/traces", "/api/v1/otlp/v1/traces")
LONGEST_TRACES = 8 << 20
MESSAGES_A_SECOND = 120
MESSAGES_AT_ONCE = 600

NOTICE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Callboard: {title}</title><style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;
max-width:34rem;margin:18vh auto;padding:0 1.5rem}}h1{{font-size:1.4rem}}code{{padding:.1em .35em;border-radius:4px;
background:color-mix(in srgb,currentColor 12%,transparent)}}</style><h1>{title}</h1>{text}</html>"""
NO_SESSION = """<p>This board opens for people who can read its launch token on this machine.</p><ol>
<li>Run <code>callboard token</code> in a terminal, or look for the link that <code>callboard up</code> printed.</li>
<li>Open that link once in this browser. It stays signed in until the board has not been used for twelve hours.</li></ol>"""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the user of this machine by 'page' or 'REST', or the platform's crew by its token ('crew')."""

    name: str
    way: str


class Guard:
    """Lets through what `judge` passes, with `scope["callboard"]` set to the `Caller`; answers everything else itself.

    `refused` hears of every refusal: method, path and reason, without query or headers, so never a secret.
    """

    def __init__(
        self,
        app: App,
        rules: Rules,
        user: str,
        refused: Callable[[str, str, Refusal], None] | None = None,
    ) -> None:
        self.app = app
        self._rules = rules
        self._user = user
        self._refused = refused or _note
        self._origins = frozenset(f"{rules.scheme}://{host}" for host in rules.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        verdict = judge(scope, self._rules)
        scope["headers"] = [pair for pair in scope["headers"] if not pair[0].lower().startswith(FORWARDED)]
        if isinstance(verdict, Refusal):
            self._refused(scope.get("method", "WebSocket"), scope["path"], verdict)
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, verdict)
        else:
            await self._http(scope, receive, send, verdict)

    async def _http(self, scope: Scope, receive: Receive, send: Send, verdict: Pass | Swap | Refusal) -> None:
        path: str = scope["path"]
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = secured(message, path, self._origins)
            await send(message)

        if isinstance(verdict, Swap):
            await self._swap(verdict, send)
            return
        if isinstance(verdict, Refusal):
            await self._refuse(scope, send, verdict)
            return
        try:
            limit = LONGEST_API_BODY if path.startswith(API) else LONGEST_BODY
            if path == INGEST and scope["method"] == "POST":
                limit = LONGEST_INGEST
            elif path in TRACES and scope["method"] == "POST":
                limit = LONGEST_TRACES
            receive = await read_body(scope, receive, limit)
        except BodyTooLarge:
            await self._refuse(scope, send, Refusal(413, "The body is too large", f"It may have {limit} bytes."))
            return
        except BodyTooSlow:
            await self._refuse(scope, send, Refusal(408, "The body did not come", "It was waited for in vain."))
            return
        except ValueError as error:
            await self._refuse(scope, send, Refusal(400, "The request is malformed", f"Refused: {error}."))
            return
        scope["callboard"] = self._caller(verdict, path)
        try:
            await self.app(scope, receive, guarded)
        except Exception:
            logger.exception("An error in the answer to %s", _plain(path))
            if not started:
                await self._refuse(scope, send, Refusal(500, "A fault of Callboard", "Its log has the details."))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, verdict: Pass | Swap | Refusal) -> None:
        if not isinstance(verdict, Pass):
            if (await receive())["type"] == "websocket.connect":
                await send({"type": "websocket.close", "code": 1008})
            return
        scope["callboard"] = self._caller(verdict, scope["path"])
        allowance = float(MESSAGES_AT_ONCE)
        last = time.monotonic()
        ended = False

        async def metered() -> Message:
            """A client that floods loses its socket; every message counts as use of the session."""
            nonlocal allowance, last, ended
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            now = time.monotonic()
            allowance = min(MESSAGES_AT_ONCE, allowance + (now - last) * MESSAGES_A_SECOND) - 1
            last = now
            known = verdict.way != "session" or self._rules.sessions.known(verdict.secret)
            if allowance >= 0 and known:
                return message
            ended = True
            await send({"type": "websocket.close", "code": 1008})
            return {"type": "websocket.disconnect", "code": 1008}

        async def quiet(message: Message) -> None:
            if not ended:
                await send(message)

        await self.app(scope, metered, quiet)

    def _caller(self, verdict: Pass, path: str) -> Caller | None:
        if verdict.way == "open":
            return None
        if verdict.way == "crew":
            return Caller("crew", "crew")
        return Caller(self._user, "REST" if verdict.way == "token" or path.startswith(API) else "page")

    async def _swap(self, swap: Swap, send: Send) -> None:
        headers: list[Header] = [(b"location", swap.target.encode("latin-1"))]
        if swap.begin:
            cookie = f"{self._rules.cookie}={self._rules.sessions.begin()}; Path=/; HttpOnly; SameSite=Strict"
            headers.append((b"set-cookie", cookie.encode()))
        start: Message = {"type": "http.response.start", "status": 303, "headers": headers}
        start = secured(start, "", self._origins)
        await respond(send, 303, start["headers"], b"")

    async def _refuse(self, scope: Scope, send: Send, refusal: Refusal) -> None:
        """A page for a browser that looks for one, problem details for all others."""
        page = any("text/html" in accepted for accepted in values(scope, b"accept"))
        page = page and not scope["path"].startswith((API, SOCKET))
        if page:
            text = NO_SESSION if refusal.status == 401 else f"<p>{escape(refusal.reason)}</p>"
            title = "You are not signed in" if refusal.status == 401 else refusal.title
            body = NOTICE.format(title=escape(title), text=text).encode()
            headers: list[Header] = [(b"content-type", b"text/html; charset=utf-8")]
        else:
            headers, body = problem(refusal.status, refusal.title, refusal.reason)
        if refusal.status == 401:
            headers.append((b"www-authenticate", b'Bearer realm="callboard"'))
        if refusal.status in (400, 408, 413):
            headers.append((b"connection", b"close"))
        start: Message = {"type": "http.response.start", "status": refusal.status, "headers": headers}
        start = secured(start, scope["path"], self._origins, notice=page)
        await respond(send, refusal.status, start["headers"], b"" if scope["method"] == "HEAD" else body)


def _note(method: str, path: str, refusal: Refusal) -> None:
    name = HTTPStatus(refusal.status).phrase
    logger.info("%s %s: %d %s, %s", _plain(method), _plain(path), refusal.status, name, refusal.title)


def _plain(text: str) -> str:
    """Text of a stranger, fit for one line of a log."""
    return ascii(text[:200])

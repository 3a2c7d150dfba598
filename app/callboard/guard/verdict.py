"""May this request pass? One pure decision over its headers, path and method, the same for HTTP and WebSocket."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from callboard.guard.crew_token import ALLOWED, CrewToken
from callboard.guard.sessions import Sessions
from callboard.guard.wire import Scope, one, values

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
READING = frozenset({"GET", "HEAD"})
API = "/api/"
SOCKET = "/_nicegui_ws"
PLAIN_KINDS = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
LONGEST_TARGET = 8_192


@dataclass(frozen=True, slots=True)
class Pass:
    """It may go on; `way` is 'open', 'token', 'crew' or 'session', `secret` the session's id."""

    way: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Swap:
    """A good launch token in the address: begin a session and go to `target`, which is a path of this server."""

    target: str
    begin: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """It may not, with the reason for a person."""

    status: int
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What belongs to this server."""

    hosts: frozenset[str]
    cookie: str
    sessions: Sessions
    scheme: str = "http"
    crew: CrewToken | None = None


def judge(scope: Scope, rules: Rules) -> Pass | Swap | Refusal:
    """Host, then origin, then who asks. Nothing here looks at a URL that a header could have a hand in."""
    web = scope["type"] == "websocket"
    method = "GET" if web else scope["method"]
    path: str = scope["path"]
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > LONGEST_TARGET:
        return Refusal(414, "The address is too long", f"An address may have {LONGEST_TARGET} bytes.")
    try:
        host = one(scope, b"host")
        origin = one(scope, b"origin")
        site = one(scope, b"sec-fetch-site")
        authorization = one(scope, b"authorization")
    except ValueError as error:
        return Refusal(400, "A header comes twice", f"Refused: {error}.")
    if host not in rules.hosts:
        return Refusal(421, "Not this server", "The Host header names another server.")
    refused = _foreign(scope, rules, host, origin, site, method, web)
    if refused:
        return refused
    if path in OPEN_PATHS and method in READING and not web:
        return Pass("open")
    secret = _session(scope, rules)
    if not web and method == "GET" and not path.startswith((API, SOCKET)):
        swap = _swap(scope, rules, path, secret)
        if swap:
            return swap
    if authorization is not None:
        kind, _, token = authorization.partition(" ")
        if kind.lower() == "bearer" and rules.sessions.is_token(token.strip()):
            return Pass("token")
        if kind.lower() == "bearer" and rules.crew is not None and rules.crew.is_token(token.strip()):
            if not web and (method, path) in ALLOWED:
                return Pass("crew")
            return Refusal(403, "Not for a crew", "The crew's token may tell what the crew does, and nothing else.")
        return Refusal(
            401, "The token is not the one of this launch", "Run `callboard token`; each start has a new one."
        )
    if not secret:
        return Refusal(401, "No session", "Run `callboard token`, or open the link that `callboard up` printed.")
    if method not in READING and not web and _forged(scope, path, origin, site):
        return Refusal(403, "Not from a page of ours", "With a session, a request that changes something is JSON.")
    return Pass("session", secret)


def _foreign(
    scope: Scope, rules: Rules, host: str, origin: str | None, site: str | None, method: str, web: bool
) -> Refusal | None:
    """Cookies do not know ports, so another port of this machine is as foreign as another machine."""
    if origin is not None and origin != f"{rules.scheme}://{host}":
        return Refusal(403, "Foreign origin", "A page of another origin asked.")
    if site in (None, "same-origin", "none"):
        return None
    mode, kind = values(scope, b"sec-fetch-mode"), values(scope, b"sec-fetch-dest")
    navigates = not web and method == "GET" and mode == ["navigate"] and kind == ["document"]
    if navigates and not scope["path"].startswith((API, SOCKET)):
        return None
    return Refusal(403, "Foreign site", "A page of another site asked.")


def _session(scope: Scope, rules: Rules) -> str:
    """The id of a session that goes on, or ''. Of several cookies of our name none counts."""
    found: list[str] = []
    for header in values(scope, b"cookie"):
        for pair in header.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == rules.cookie:
                found.append(value.strip('"'))
    return found[0] if len(found) == 1 and rules.sessions.known(found[0]) else ""


def _swap(scope: Scope, rules: Rules, path: str, secret: str) -> Swap | None:
    try:
        pairs = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    tokens = [value for name, value in pairs if name == "token"]
    if not tokens:
        return None
    good = len(tokens) == 1 and rules.sessions.is_token(tokens[0])
    if not good and not secret:
        return None
    rest = urlencode([(name, value) for name, value in pairs if name != "token"])
    target = "/" + quote(path.lstrip("/\\"), safe="/-._~:@!$&'()*+,;=")  # never '//host', which would lead away
    return Swap(target + (f"?{rest}" if rest else ""), begin=good)


def _forged(scope: Scope, path: str, origin: str | None, site: str | None) -> bool:
    """What a form of another site could send, were every other lock to fail."""
    kinds = [kind.partition(";")[0].strip().lower() for kind in values(scope, b"content-type")]
    plain = len(kinds) > 1 or any(kind in PLAIN_KINDS for kind in kinds)
    if path.startswith(API):
        return plain
    return origin is None and site != "same-origin"

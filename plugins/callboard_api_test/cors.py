"""What pages of other origins may do with the API, as a browser would be told."""

from collections.abc import Mapping
from typing import Any

from callboard.api import CallboardError, Context, Finding, Severity
from callboard_api_test.apps import App
from callboard_api_test.asking import Reply, ask
from callboard_api_test.instance import Instance
from callboard_api_test.openapi import Operation, operations
from callboard_api_test.timing import is_plain

FOREIGN = "https://callboard-probe.invalid"


def check_cors(ctx: Context, instance: Instance, app: App, document: Mapping[str, Any]) -> str:
    """Reports what any origin is allowed; returns the words for the sentence."""
    every = list(operations(document))
    plain = next((o for o in every if is_plain(document, o)), None) or next(iter(every), Operation("get", "/", {}))
    changing = next((o for o in every if o.method in ("post", "put", "patch", "delete") and "{" not in o.path), None)
    allowed: set[str] = set()
    for origin in (FOREIGN, "null"):
        for method, target, headers in _probes(plain, changing, origin):
            try:
                reply = ask(instance, method, target, headers)
            except CallboardError as error:
                ctx.log(str(error), "warning")
                continue
            verdict = _allowed(reply, origin)
            if verdict:
                allowed.add(verdict)
    if "credentials" in allowed:
        message = "any origin is answered with its own name and 'Access-Control-Allow-Credentials: true', so any page can act "
        message += "as the person who is signed in; list the origins that may"
        ctx.finding(
            Finding(
                "cors-any-origin-with-credentials",
                Severity.HIGH,
                message,
                app.path,
                app.line,
                help=f"curl -i -H 'Origin: {FOREIGN}' http://127.0.0.1:8000{plain.path}",
            )
        )
        return "any origin may use it with the credentials of a browser"
    if "null" in allowed:
        message = "the origin 'null' is allowed with credentials, which sandboxed frames of any page have; take it out of the list"
        ctx.finding(Finding("cors-null-origin", Severity.MEDIUM, message, app.path, app.line))
        return "the origin 'null' may use it with credentials"
    if "any" in allowed:
        message = "any origin may read the answers (without credentials); list the origins unless the API is public"
        ctx.finding(Finding("cors-any-origin", Severity.INFO, message, app.path, app.line))
        return "any origin may read it without credentials"
    return "no foreign origin is let in"


def _probes(plain: Operation, changing: Operation | None, origin: str) -> list[tuple[str, str, dict[str, str]]]:
    """A plain read, and the question that a browser asks before it changes something."""
    path = plain.path if "{" not in plain.path else "/"
    asks = {"Origin": origin, "Access-Control-Request-Method": (changing or plain).method.upper()}
    return [("GET", path, {"Origin": origin}), ("OPTIONS", changing.path if changing else path, asks)]


def _allowed(reply: Reply, origin: str) -> str:
    said = reply.headers.get("access-control-allow-origin", "")
    with_credentials = reply.headers.get("access-control-allow-credentials", "").lower() == "true"
    if said == origin and with_credentials:
        return "null" if origin == "null" else "credentials"
    return "any" if said in ("*", FOREIGN) else ""

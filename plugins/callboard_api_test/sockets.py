"""The WebSockets of an application: who is let in, and whether pages of other origins are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, unknown
from callboard_api_test import SocketOptions
from callboard_api_test.apps import App
from callboard_api_test.cors import FOREIGN
from callboard_api_test.credentials import Credentials
from callboard_api_test.found import let_in, the_app
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.handshake import Knock, knock
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.recipe import Recipe, recipe_of

MOST_SOCKETS = 50
NO_LIBRARY = re.compile(r"No supported WebSocket library|Unsupported upgrade request")


@dataclass(frozen=True, slots=True)
class Door:
    """A WebSocket, and how it answered: as the account, without credentials, and to a page of another origin."""

    path: str
    account: Knock
    nobody: Knock | None
    foreign: Knock | None


def check_sockets(ctx: Context, options: SocketOptions) -> Result:
    """Failed for one that lets anybody in although the recipe asks for credentials, or that fails; UNKNOWN when there is none."""
    try:
        app = the_app(ctx, options)
        recipe = recipe_of(ctx, app)
        with let_in(ctx, app, options) as (instance, credentials):
            paths = _paths(ctx, options, instance)
            if not paths:
                return unknown(
                    f"{app.shown} lists no WebSocket; name them with the option paths or in [agents.api] sockets"
                )
            doors: list[Door] = []
            for number, path in enumerate(paths[:MOST_SOCKETS]):
                ctx.progress(number / len(paths), path)
                doors.append(_tried(instance, path, credentials, recipe))
                if doors[-1].account.trouble:
                    instance.settle()
                if not instance.alive:
                    return unknown(f"the instance died at {path}: {instance.last_words}")
            if NO_LIBRARY.search("\n".join(instance.tail)):
                return unknown(
                    "the server has no WebSocket library; declare websockets or wsproto (uvicorn[standard]) in the project"
                )
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)
    return _judge(ctx, options, app, doors, recipe, len(paths))


def _paths(ctx: Context, options: SocketOptions, instance: Instance) -> list[str]:
    """Those of the option, else of the settings, else of the application. Raises `CallboardError` for what is no path."""
    given = options.paths or ctx.settings.get("sockets") or list(instance.told.sockets)
    if not isinstance(given, list) or not all(isinstance(path, str) for path in given):
        raise CallboardError("[agents.api] sockets is a list of paths such as '/ws'")
    for path in given:
        if not path.startswith("/") or path.startswith("//") or re.search(r"[\s\\]", path):
            raise CallboardError(f"'{path}' is no path of a WebSocket; it begins with one slash")
    return list(dict.fromkeys(given))


def _tried(instance: Instance, path: str, credentials: Credentials, recipe: Recipe | None) -> Door:
    target = re.sub(r"{[^{}]*}|<[^<>]*>", "1", path)
    own = {"Origin": instance.url}
    account = knock(instance.port, target, {**credentials.headers, **own})
    closed = recipe is not None and recipe.sockets and not recipe.leaves_open("GET", target)
    nobody = knock(instance.port, target, own) if closed else None
    foreign = knock(instance.port, target, {**credentials.headers, "Origin": FOREIGN}) if account.lets_in else None
    return Door(path, account, nobody, foreign)


def _judge(
    ctx: Context, options: SocketOptions, app: App, doors: Sequence[Door], recipe: Recipe | None, listed: int
) -> Result:
    handlers = find_handlers(ctx.workspace, app.folder)
    for door in doors:
        plain = re.sub(r"<(?:[^:<>]*:)?([^<>]+)>", r"{\1}", door.path)
        path, line = place_of(handlers, f"WEBSOCKET {plain}", {})
        if not path:  # Flask-Sock's decorator is called route
            path, line = place_of(handlers, f"GET {plain}", {})
        _report(ctx, door, recipe, path or app.path, line or app.line)
    opened = sum(door.account.lets_in for door in doors)
    held = [door for door in doors if door.nobody is not None]
    foreign = sum(door.foreign is not None and door.foreign.lets_in for door in doors)
    words = f"{counted(len(doors), 'WebSocket')} of {app.shown}: {opened} opened"
    if held:
        words += f", {sum(not door.nobody.lets_in for door in held if door.nobody)} of {len(held)} refused without credentials"
    words += f", {foreign} opened to a page of another origin"
    words += f"; {listed - len(doors)} more were left out" if listed > len(doors) else ""
    gauge(ctx, app, "sockets", len(doors))
    if not opened and not bad(ctx, options.fail_on):
        return unknown(f"{words}; none let itself be looked at ({doors[0].path} {doors[0].account.shown})")
    return judged(ctx, options.fail_on, words)


def _report(ctx: Context, door: Door, recipe: Recipe | None, path: str, line: int) -> None:
    if door.nobody is not None and door.nobody.lets_in:
        message = (
            f"the WebSocket {door.path} opens without credentials; refuse the handshake, or close with 1008 at once"
        )
        ctx.finding(Finding("socket-open", Severity.HIGH, message, path, line))
    if door.account.status >= 500 or door.account.closed == 1011:
        message = (
            f"the WebSocket {door.path} {door.account.shown} to a plain handshake; instance-log.txt has the traceback"
        )
        ctx.finding(Finding("socket-error", Severity.HIGH, message, path, line))
    elif door.account.trouble:
        ctx.finding(
            Finding("socket-error", Severity.MEDIUM, f"the WebSocket {door.path} {door.account.trouble}", path, line)
        )
    if door.foreign is not None and door.foreign.lets_in:
        by_cookie = recipe is not None and (
            recipe.kind == "cookie" or (recipe.login is not None and recipe.login.sends == "cookie")
        )
        severity = Severity.HIGH if by_cookie else Severity.LOW if recipe is not None else Severity.INFO
        message = f"the WebSocket {door.path} opens to a page of another origin; compare the Origin header with those that may"
        message += ", for a browser sends the cookie along" if by_cookie else ""
        ctx.finding(Finding("socket-foreign-origin", severity, message, path, line))

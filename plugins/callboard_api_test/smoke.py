"""Each route that a web application lists and that needs no parameters, asked for on a throw-away instance."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, failed, unknown
from callboard_api_test import SmokeOptions
from callboard_api_test.apps import App
from callboard_api_test.found import let_in, made_with, the_app
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.openapi import Operation
from callboard_api_test.timing import Times, timed

MOST_ROUTES = 200
LOG_DELAY = 0.5
BARE = re.compile(
    r"no such table|no such column|UndefinedTable|relation \S+ does not exist|Table \S+ doesn't exist", re.I
)


def check_routes(ctx: Context, options: SmokeOptions) -> Result:
    """A finding for a server error (high) or a slow answer (low); UNKNOWN when nothing was really answered."""
    try:
        app = the_app(ctx, options)
        with let_in(ctx, app, options) as (instance, credentials):
            headers = credentials.headers
            routes = list(instance.told.routes)
            times: list[Times] = []
            for number, path in enumerate(routes[:MOST_ROUTES]):
                ctx.progress(number / len(routes), path)
                times.append(_asked(ctx, instance, path, headers))
                if not instance.alive:
                    return _died(ctx, app, instance, path)
            return _judge(ctx, options, app, instance, times, len(routes))
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)


def _asked(ctx: Context, instance: Instance, path: str, headers: Mapping[str, str]) -> Times:
    """The answers of a route; an error for want of tables counts as refused, for the database is fresh."""
    size = instance.log_size
    times = timed(ctx, instance, Operation("get", path, {}), 1, headers)
    if not any(status >= 500 for status in times.statuses) or times.refused:
        return times
    deadline = time.monotonic() + LOG_DELAY  # a server answers first and writes its traceback then
    while time.monotonic() < deadline:
        words = instance.words_since(size)
        if BARE.search(words):
            return replace(times, refused=f"see a filled database: {words}")
        if words:
            break
        time.sleep(0.02)
    return times


def _died(ctx: Context, app: App, instance: Instance, path: str) -> Result:
    words = f"GET {path} ended the application: {instance.last_words or 'it said nothing'}"
    ctx.finding(Finding("instance-died", Severity.CRITICAL, words, app.path, app.line, help=_repeat(path)))
    return failed(words)


def _judge(
    ctx: Context, options: SmokeOptions, app: App, instance: Instance, times: Sequence[Times], listed: int
) -> Result:
    if not listed:
        return unknown(f"{app.shown} lists no route for GET without parameters, so nothing was asked")
    handlers = find_handlers(ctx.workspace, app.folder)
    for item in times:
        path, line = place_of(handlers, item.operation, {})
        _report(ctx, options, app, item, path or app.path, line)
    good, refused, errors = _sorted(times)
    words = f"{counted(len(times), 'route')} of {app.shown} ({made_with(instance.told.versions)})"
    parts = [f"{good} answered well"] if good else []
    parts += [f"{refused} with a 4xx"] if refused else []
    parts += [f"{errors} with a server error or not at all"] if errors else []
    summary = f"{words}: {', '.join(parts) or 'none could be tried'}"
    summary += f"; {listed - len(times)} more were left out" if listed > len(times) else ""
    kept = len(times) - good - refused - errors
    summary += (
        f"; {counted(kept, 'route')} not really tried, for the instance lacks or is refused what they need"
        if kept
        else ""
    )
    gauge(ctx, app, "routes", len(times))
    gauge(ctx, app, "routes_good", good)
    if not good and not bad(ctx, options.fail_on):
        return unknown(f"{summary}; nothing let itself be looked at (give it a test account through `headers`)")
    return judged(ctx, options.fail_on, summary)


def _sorted(times: Sequence[Times]) -> tuple[int, int, int]:
    """How many answered well, with a 4xx, and with a server error or not at all; what was refused something counts as none."""
    good = sum(item.good for item in times)
    kept = sum(bool(item.refused) and not item.good for item in times)
    errors = sum((any(s >= 500 for s in item.statuses) or not item.statuses) and not item.refused for item in times)
    return good, len(times) - good - errors - kept, errors


def _report(ctx: Context, options: SmokeOptions, app: App, item: Times, path: str, line: int) -> None:
    route = item.operation.partition(" ")[2]
    refusal = f" (the instance was refused to {item.refused}; see `env` and `allow`)"
    if any(status >= 500 for status in item.statuses):
        message = (
            f"{item.operation} answers {max(item.statuses)} to a plain request; instance-log.txt has the traceback"
        )
        severity = Severity.INFO if item.refused else Severity.HIGH
        ctx.finding(
            Finding(
                "not_a_server_error",
                severity,
                message + (refusal if item.refused else ""),
                path,
                line,
                help=_repeat(route),
            )
        )
    elif item.trouble and not item.endless:
        message = f"{item.operation} gave no answer: {item.trouble}"
        ctx.finding(Finding("no-answer", Severity.INFO if item.refused else Severity.MEDIUM, message, path, line))
    elif item.good and options.slower_than_ms and item.milliseconds[-1] > options.slower_than_ms:
        message = f"{item.operation} took {item.milliseconds[-1]:,.0f} ms at its second request; profile its handler"
        ctx.finding(Finding("slow-answer", Severity.LOW, message, path, line, help=_repeat(route)))
    if item.milliseconds:
        gauge(ctx, app, "ms", round(item.milliseconds[-1], 3), "ms", label=item.operation)


def _repeat(route: str) -> str:
    return f"curl -i http://127.0.0.1:8000{route}"

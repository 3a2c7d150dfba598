"""Response times of the operations that need no parameters, one request after the other."""

from collections.abc import Mapping, Sequence

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, failed, unknown
from callboard_api_test import LatencyOptions
from callboard_api_test.apps import App
from callboard_api_test.found import made_with, opened, request_headers, schema_for, the_app
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.openapi import operations
from callboard_api_test.timing import Times, is_plain, percentile, timed

MOST_OPERATIONS = 100


def check_latency(ctx: Context, options: LatencyOptions) -> Result:
    """Metrics for each operation; a finding for one that is slower than wanted or answers with a 5xx."""
    try:
        headers = request_headers(options.headers)
        app = the_app(ctx, options)
        with opened(
            ctx, app, options, serve=True, allow=options.allow, start_timeout=options.start_timeout
        ) as instance:
            document = schema_for(ctx, instance, app, options.schema).document
            found = [operation for operation in operations(document) if is_plain(document, operation)]
            times: list[Times] = []
            for number, operation in enumerate(found[:MOST_OPERATIONS]):
                ctx.progress(number / len(found), operation.label)
                times.append(timed(ctx, instance, operation, options.requests, headers))
                if not instance.alive:
                    return unknown(f"the instance died at {operation.label}: {instance.last_words}")
            names = {operation.label: operation.name for operation in found}
            return _judge(ctx, options, app, instance, times, names, len(found))
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)


def _judge(
    ctx: Context,
    options: LatencyOptions,
    app: App,
    instance: Instance,
    times: Sequence[Times],
    names: Mapping[str, str],
    found: int,
) -> Result:
    handlers = find_handlers(ctx.workspace, app.folder)
    good = [item for item in times if item.good]
    for item in times:
        path, line = place_of(handlers, item.operation, names)
        if item.good:
            _report_times(ctx, item, options.slower_than_ms, path or app.path, line)
        elif any(status >= 500 for status in item.statuses):
            _report_error(ctx, item, path or app.path, line)
    if not found:
        return unknown(f"{app.shown} has no GET operation without required parameters, so nothing was timed")
    left = len(times) - len(good)
    made = made_with(instance.told.versions)
    if not good:
        summary = f"none of {counted(len(times), 'operation')} answered well, so nothing was timed ({_why(times)})"
        return failed(summary) if bad(ctx, options.fail_on) else unknown(summary)
    slowest = max(good, key=lambda item: percentile(item.milliseconds, 0.95))
    worst = percentile(slowest.milliseconds, 0.95)
    requests = sum(len(item.milliseconds) for item in good)
    summary = f"{counted(requests, 'request')} to {counted(len(good), 'operation')} of {app.shown} ({made}): "
    summary += f"slowest p95 {worst:.1f} ms at {slowest.operation}"
    summary += f"; {counted(left, 'operation')} not timed ({_why(times)})" if left else ""
    summary += f"; {found - len(times)} more were left out" if found > len(times) else ""
    return judged(ctx, options.fail_on, summary)


def _why(times: Sequence[Times]) -> str:
    item = next(item for item in times if not item.good)
    statuses = ", ".join(str(status) for status in sorted(item.statuses))
    return f"{item.operation}: {item.trouble or f'status {statuses}'}"


def _report_times(ctx: Context, item: Times, limit: float, path: str, line: int) -> None:
    middle, high = percentile(item.milliseconds, 0.5), percentile(item.milliseconds, 0.95)
    ctx.metric(f"p50 {item.operation}", round(middle, 3), "ms")
    ctx.metric(f"p95 {item.operation}", round(high, 3), "ms")
    if limit and high > limit:
        message = f"{item.operation} has a p95 of {high:.1f} ms, {limit:g} ms is wanted; profile its handler"
        ctx.finding(Finding("slow-operation", Severity.MEDIUM, message, path, line))


def _report_error(ctx: Context, item: Times, path: str, line: int) -> None:
    message = f"{item.operation} answers {max(item.statuses)} to a plain request; instance-log.txt has the traceback"
    if item.refused:
        message += f" (the instance was refused to {item.refused}; give it a test double through `env` or `allow`)"
    severity = Severity.INFO if item.refused else Severity.HIGH
    repeat = f"curl -i http://127.0.0.1:8000{item.operation.partition(' ')[2]}"
    ctx.finding(Finding("not_a_server_error", severity, message, path, line, help=repeat))

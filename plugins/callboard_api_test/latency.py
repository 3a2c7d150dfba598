"""Response times of the operations that need no parameters, one request after the other, against what is usual."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, failed, unknown
from callboard_api_test import LatencyOptions
from callboard_api_test.apps import App
from callboard_api_test.baseline import Usual, keep, usual
from callboard_api_test.found import let_in, made_with, schema_for, the_app
from callboard_api_test.gauges import gauge
from callboard_api_test.handlers import find_handlers, place_of
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.ledger import note
from callboard_api_test.openapi import operations
from callboard_api_test.timing import Times, is_plain, percentile, timed

MOST_OPERATIONS = 100


@dataclass(slots=True)
class Measured:
    """One operation: its times, those of a second measurement when the first were slow, and what is usual."""

    times: Times
    again: Times | None = None
    usual: Usual | None = None
    path: str = ""
    line: int = 0

    @property
    def p95(self) -> float:
        """The better of both measurements, in ms."""
        values = [
            percentile(t.milliseconds, 0.95) for t in (self.times, self.again) if t is not None and t.milliseconds
        ]
        return min(values)

    @property
    def slower(self) -> bool:
        """Whether both measurements were slower than usual."""
        return self.again is not None and self.usual is not None and self.usual.is_slower(self.p95)


@dataclass(slots=True)
class Round:
    """All that was measured of an application."""

    app: App
    made: str
    measured: list[Measured] = field(default_factory=list)
    listed: int = 0

    @property
    def good(self) -> list[Measured]:
        return [item for item in self.measured if item.times.good]


def check_latency(ctx: Context, options: LatencyOptions) -> Result:
    """Metrics for each operation; a finding for one that is slower than wanted or than usual, or answers with a 5xx."""
    try:
        app = the_app(ctx, options)
        with let_in(ctx, app, options) as (instance, credentials):
            document = schema_for(ctx, instance, app, options.schema).document
            found = [operation for operation in operations(document) if is_plain(document, operation)]
            if options.operation:
                found = [operation for operation in found if operation.label == options.operation]
            done = Round(app, made_with(instance.told.versions), listed=len(found))
            former = {} if options.accept_baseline else usual(ctx, app)
            names = {operation.label: operation.name for operation in found}
            handlers = find_handlers(ctx.workspace, app.folder)
            for number, operation in enumerate(found[:MOST_OPERATIONS]):
                ctx.progress(number / len(found), operation.label)
                item = Measured(timed(ctx, instance, operation, options.requests, credentials.headers))
                item.usual = former.get(operation.label)
                if item.times.good and item.usual is not None and item.usual.is_slower(item.p95):
                    second = timed(ctx, instance, operation, options.requests, credentials.headers)
                    item.again = second if second.good else None
                path, line = place_of(handlers, operation.label, names)
                item.path, item.line = path or app.path, line
                done.measured.append(item)
                if not instance.alive:
                    return _died(instance, operation.label)
            return _judge(ctx, options, done)
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)


def _died(instance: Instance, label: str) -> Result:
    return unknown(f"the instance died at {label}: {instance.last_words}")


def _judge(ctx: Context, options: LatencyOptions, done: Round) -> Result:
    for item in done.measured:
        if item.times.good:
            _report_times(ctx, options, done.app, item)
        elif any(status >= 500 for status in item.times.statuses):
            _report_error(ctx, item)
    shown = done.app.shown
    if not done.listed:
        what = (
            f"'{options.operation}', or it needs parameters"
            if options.operation
            else "GET operation without required parameters"
        )
        return unknown(f"{shown} has no {what}, so nothing was timed")
    note(ctx, done.app, {item.times.operation: _facts(item) for item in done.measured})
    left = len(done.measured) - len(done.good)
    if not done.good:
        summary = (
            f"none of {counted(len(done.measured), 'operation')} answered well, so nothing was timed ({_why(done)})"
        )
        return failed(summary) if bad(ctx, options.fail_on) else unknown(summary)
    fresh = {item.times.operation: item.p95 for item in done.good if not item.slower}
    keep(ctx, done.app, fresh, list(fresh) if options.accept_baseline else ())
    slowest = max(done.good, key=lambda item: item.p95)
    requests = sum(len(item.times.milliseconds) for item in done.good)
    summary = f"{counted(requests, 'request')} to {counted(len(done.good), 'operation')} of {shown} ({done.made}): "
    summary += (
        f"slowest p95 {slowest.p95:.1f} ms at {slowest.times.operation}; {_compared(done, options.accept_baseline)}"
    )
    summary += f"; {counted(left, 'operation')} not timed ({_why(done)})" if left else ""
    more = done.listed - len(done.measured)
    summary += f"; {more} more were left out" if more > 0 else ""
    return judged(ctx, options.fail_on, summary)


def _compared(done: Round, accepted: bool) -> str:
    if accepted:
        return "this is the new baseline"
    slower = [item for item in done.good if item.slower]
    if slower:
        worst = max(slower, key=lambda item: item.p95)
        return f"{len(slower)} slower than usual ({worst.times.operation})"
    known = [item for item in done.good if item.usual is not None and item.usual.counts]
    return f"none of {len(known)} slower than usual" if known else "nothing to compare with yet"


def _facts(item: Measured) -> Mapping[str, Any]:
    facts: dict[str, Any] = {"path": item.path, "line": item.line, "slower": item.slower}
    if item.times.good:
        p50 = percentile(item.times.milliseconds, 0.5)
        facts |= {"tried": True, "p50": round(p50, 2), "p95": round(item.p95, 2)}
        facts["usual"] = round(item.usual.p95, 2) if item.usual else None
    elif any(status >= 500 for status in item.times.statuses) and not item.times.refused:
        facts |= {"tried": True, "failure": f"status {max(item.times.statuses)} to a plain request"}
    return facts


def _why(done: Round) -> str:
    item = next(item.times for item in done.measured if not item.times.good)
    statuses = ", ".join(str(status) for status in sorted(item.statuses))
    return f"{item.operation}: {item.trouble or f'status {statuses}'}"


def _report_times(ctx: Context, options: LatencyOptions, app: App, item: Measured) -> None:
    label = item.times.operation
    gauge(ctx, app, "p50", round(percentile(item.times.milliseconds, 0.5), 3), "ms", label=label)
    gauge(ctx, app, "p95", round(item.p95, 3), "ms", label=label)
    limit = options.slower_than_ms
    if limit and item.p95 > limit:
        message = f"{label} has a p95 of {item.p95:.1f} ms, {limit:g} ms is wanted; profile its handler"
        ctx.finding(Finding("slow-operation", Severity.MEDIUM, message, item.path, item.line))
    if item.slower and item.usual is not None:
        words = ["callboard", "do", "api.latency", "-o", f"app={app.shown}", "-o", f"operation={label}"]
        words += ["-o", f"folder={app.folder}"] if app.folder else []
        message = f"{label} has a p95 of {item.p95:.1f} ms; usual are {item.usual.p95:.1f} ms"
        message += f" (median of {item.usual.runs} runs here), and a second measurement agrees; profile its handler"
        accept = f"where it is meant: {shlex.join([*words, '-o', 'accept_baseline=true'])}"
        ctx.finding(Finding("slower-than-usual", Severity.MEDIUM, message, item.path, item.line, help=accept))


def _report_error(ctx: Context, item: Measured) -> None:
    times = item.times
    message = f"{times.operation} answers {max(times.statuses)} to a plain request; instance-log.txt has the traceback"
    if times.refused:
        message += f" (the instance was refused to {times.refused}; give it a test double through `env` or `allow`)"
    severity = Severity.INFO if times.refused else Severity.HIGH
    repeat = f"curl -i http://127.0.0.1:8000{times.operation.partition(' ')[2]}"
    ctx.finding(Finding("not_a_server_error", severity, message, item.path, item.line, help=repeat))

"""A small load on a throw-away instance: sent when it is due, timed from when it was due."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, unknown
from callboard_api_test import LoadOptions
from callboard_api_test.apps import App
from callboard_api_test.found import let_in, made_with, schema_for, the_app
from callboard_api_test.gauges import gauge
from callboard_api_test.importing import could_not
from callboard_api_test.instance import Instance
from callboard_api_test.judging import bad, counted, judged
from callboard_api_test.openapi import Operation, operations
from callboard_api_test.timing import is_plain, percentile, timed

MOST_OPERATIONS = 20
AFTERWARDS = 10.0
ERRORS_ALLOWED = 0.01
KEEPS_UP = 0.9


@dataclass(slots=True)
class Load:
    """What came back. `waited` is from when a request was due, `served` from when it was sent, both in ms; `late` counts
    those that could not be sent within a tenth of a second of their time, `unsent` those that were never sent."""

    waited: list[float] = field(default_factory=list)
    served: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    late: int = 0
    unsent: int = 0
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """Answers of 5xx and requests without an answer."""
        return sum(number for status, number in self.statuses.items() if not status.isdigit() or status >= "500")

    @property
    def sent(self) -> int:
        return sum(self.statuses.values())


def check_load(ctx: Context, options: LoadOptions) -> Result:
    """Failed for errors under load; a finding when the instance does not keep up or is slower than wanted."""
    try:
        app = the_app(ctx, options)
        with let_in(ctx, app, options) as (instance, credentials):
            document = schema_for(ctx, instance, app, options.schema).document
            plain = [operation for operation in operations(document) if is_plain(document, operation)]
            good = [o for o in plain[:MOST_OPERATIONS] if timed(ctx, instance, o, 1, credentials.headers).good]
            if not good:
                return unknown(
                    f"{app.shown} has no GET operation without parameters that answers well, so there is no load"
                )
            ctx.progress(None, f"{options.rate:g} requests a second for {options.seconds:g} s")
            load = sent(ctx, instance, good, options, credentials.headers)
            if load.errors:
                instance.settle()
            alive = instance.alive
            made = made_with(instance.told.versions)
    except BoundaryError:
        raise
    except CallboardError as error:
        return could_not(ctx, error)
    return _judge(ctx, options, app, load, good, alive, made)


def sent(
    ctx: Context, instance: Instance, chosen: Sequence[Operation], options: LoadOptions, headers: Mapping[str, str]
) -> Load:
    """Sends the requests, each at its own time whether or not earlier ones were answered, over `concurrency` connections.

    Where all connections are taken a request waits, and that wait is part of its time: a stall is not hidden.
    """
    ctx.boundary.check_request("GET", instance.url)
    load, lock = Load(), threading.Lock()
    total = max(1, int(options.rate * options.seconds))
    numbers = iter(range(total))
    start = time.monotonic() + 0.05
    end = start + options.seconds + AFTERWARDS

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=AFTERWARDS)
        try:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                due = start + number / options.rate
                if time.monotonic() > end:
                    with lock:
                        load.unsent += 1
                    continue
                time.sleep(max(0.0, due - time.monotonic()))
                began = time.monotonic()
                status = _asked(connection, chosen[number % len(chosen)].path, headers)
                over = time.monotonic()
                with lock:
                    load.statuses[status] += 1
                    load.waited.append((over - due) * 1000)
                    load.served.append((over - began) * 1000)
                    load.late += began - due > 0.1
        finally:
            connection.close()

    workers = [threading.Thread(target=work, daemon=True) for _ in range(options.concurrency)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    load.seconds = max(0.001, time.monotonic() - start)
    return load


def _asked(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> str:
    try:
        connection.request("GET", path, headers={"Accept": "*/*", **headers})
        answer = connection.getresponse()
        answer.read(5_000_000)
        return str(answer.status)
    except (OSError, http.client.HTTPException) as error:
        connection.close()  # the next request opens it anew
        return type(error).__name__


def _judge(
    ctx: Context, options: LoadOptions, app: App, load: Load, chosen: Sequence[Operation], alive: bool, made: str
) -> Result:
    if not load.sent:
        return unknown(f"no request could be sent to {app.shown}")
    p50, p95, p99 = (percentile(load.waited, share) for share in (0.5, 0.95, 0.99))
    achieved = load.sent / load.seconds
    share = (load.errors + load.unsent) / (load.sent + load.unsent)
    gauge(ctx, app, "load.p50", round(p50, 3), "ms")
    gauge(ctx, app, "load.p95", round(p95, 3), "ms")
    gauge(ctx, app, "load.errors", round(share * 100, 3), "%")
    if not alive:
        message = f"{app.shown} ended under {options.rate:g} requests a second"
        ctx.finding(Finding("instance-died", Severity.CRITICAL, message, app.path, app.line))
    elif share > ERRORS_ALLOWED:
        worst = ", ".join(f"{n} {s}" for s, n in load.statuses.most_common(4))
        message = f"{share:.1%} of {load.sent + load.unsent} requests failed under {options.rate:g} requests a second ({worst})"
        ctx.finding(Finding("load-errors", Severity.HIGH, message, app.path, app.line))
    if load.late > (1 - KEEPS_UP) * load.sent or load.unsent:
        message = f"the instance does not keep up with {options.rate:g} requests a second over {options.concurrency} connections: "
        message += f"{achieved:.1f} a second were answered, {load.late} were sent late"
        ctx.finding(Finding("load-not-kept-up", Severity.MEDIUM, message, app.path, app.line))
    if options.slower_than_ms and p95 > options.slower_than_ms:
        message = (
            f"the p95 under {options.rate:g} requests a second is {p95:.1f} ms, {options.slower_than_ms:g} ms is wanted"
        )
        ctx.finding(Finding("load-slow", Severity.MEDIUM, message, app.path, app.line))
    words = f"{counted(load.sent, 'request')} in {load.seconds:.1f} s ({options.rate:g} a second wanted)"
    words += f" to {counted(len(chosen), 'operation')} of {app.shown} ({made}): "
    words += f"p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms from when each was due"
    words += f"; {share:.1%} errors"
    return judged(ctx, options.fail_on, words) if alive or bad(ctx, options.fail_on) else unknown(words)

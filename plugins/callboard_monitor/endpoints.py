"""Declared endpoints: are they up, do they answer as expected, how fast."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.api import BoundaryError, CallboardError, Context, Finding, Result, Severity, unknown
from callboard_monitor.judge import judged, plural
from callboard_monitor.probe import Answer, Prober

METHODS = ("GET", "HEAD")
MOST_FAILURES = 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`[endpoints.NAME]`; `max_ms` 0 means that any speed will do."""

    name: str
    url: str
    method: str
    expect: frozenset[int]
    max_ms: float


@dataclass(slots=True)
class Series:
    """The answers of one endpoint, in their order; `stopped` says why there are fewer than were wanted."""

    endpoint: Endpoint
    answers: list[Answer] = field(default_factory=list)
    stopped: str = ""

    @property
    def good(self) -> list[Answer]:
        """The answers that are as expected."""
        return [answer for answer in self.answers if not answer.trouble]

    def quantile(self, share: float) -> float:
        """The nearest-rank quantile of the good answers' times in ms; `good` must not be empty."""
        times = sorted(answer.ms for answer in self.good)
        return times[max(0, math.ceil(share * len(times)) - 1)]


def declared(config: Mapping[str, Any], names: Sequence[str]) -> list[Endpoint]:
    """The endpoints of `callboard.toml`, all or the named. Raises `CallboardError` that names what is wrong."""
    table = config.get("endpoints", {})
    missing = [name for name in names if name not in table]
    if missing:
        known = ", ".join(table) or "none"
        raise CallboardError(f"callboard.toml declares no endpoint '{missing[0]}'; declared: {known}")
    return [_endpoint(name, entry) for name, entry in table.items() if not names or name in names]


def _endpoint(name: str, entry: object) -> Endpoint:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("url"), str):
        raise CallboardError(f"[endpoints.{name}] needs 'url', such as 'http://127.0.0.1:8000/health'")
    expect = entry.get("expect", 200)
    codes = expect if isinstance(expect, (list, tuple)) else [expect]
    if not codes or not all(isinstance(code, int) for code in codes):
        raise CallboardError(f"[endpoints.{name}] has expect {expect!r}; use a status such as 200, or a list of them")
    method = str(entry.get("method", "GET")).upper()
    return Endpoint(name, entry["url"], method, frozenset(codes), float(entry.get("max_ms", 0)))


def probe_endpoints(ctx: Context, names: Sequence[str], probes: int, timeout: float, fail_on: str) -> Result:
    """Asks each `probes` times, in turn, and reports what is down, unsteady, wrong or slow."""
    endpoints = declared(ctx.config, names)
    if not endpoints:
        return unknown("callboard.toml declares no [endpoints.NAME]; there is nothing to ask")
    prober = Prober(ctx, timeout)
    unchecked: list[str] = []
    outputs: dict[str, Any] = {}
    asked = 0
    for number, endpoint in enumerate(endpoints):
        ctx.progress(number / len(endpoints), f"asks {endpoint.name}")
        if endpoint.method not in METHODS:
            unchecked.append(f"{endpoint.name}: {endpoint.method} may change data, only GET and HEAD are sent")
            continue
        try:
            series = _series(prober, endpoint, probes)
        except BoundaryError as error:
            unchecked.append(f"{endpoint.name}: {error}")
            continue
        asked += len(series.answers)
        if series.stopped and not series.good and series.answers[-1].status == 429:
            unchecked.append(f"{endpoint.name}: {series.stopped}")
        _report(ctx, series)
        outputs[endpoint.name] = _measured(ctx, series)
    looked = f"{plural(len(outputs), 'endpoint')} asked with {plural(asked, 'request')}" if outputs else ""
    return judged(ctx, looked, fail_on, unchecked, {"endpoints": outputs})


def _series(prober: Prober, endpoint: Endpoint, probes: int) -> Series:
    series = Series(endpoint)
    failures = 0
    for _ in range(probes):
        answer = prober.ask(endpoint.method, endpoint.url, endpoint.expect)
        series.answers.append(answer)
        if not answer.trouble:
            failures = 0
            continue
        failures += 1
        if answer.status == 429:
            series.stopped = "it asks for fewer requests (429)"
        elif answer.refused or failures >= MOST_FAILURES:
            series.stopped = f"{plural(failures, 'failure')} in a row"
        if series.stopped:
            break
        if answer.status >= 500 or answer.status == 0:
            prober.pace.back_off(endpoint.url, failures, answer.retry_after)
    return series


def _measured(ctx: Context, series: Series) -> dict[str, float]:
    name, good = series.endpoint.name, series.good
    figures = {"success": 100 * len(good) / len(series.answers)}
    ctx.metric(f"endpoint.{name}.success", figures["success"], "%")
    if good:
        figures |= {"p50_ms": round(series.quantile(0.5), 1), "p95_ms": round(series.quantile(0.95), 1)}
        ctx.metric(f"endpoint.{name}.p50", figures["p50_ms"], "ms")
        ctx.metric(f"endpoint.{name}.p95", figures["p95_ms"], "ms")
    ctx.log(f"{name}: {figures} {series.stopped}".rstrip())
    return figures


def _report(ctx: Context, series: Series) -> None:
    endpoint, total, good = series.endpoint, len(series.answers), len(series.good)
    bad = [answer for answer in series.answers if answer.trouble]
    if bad and bad[-1].status == 429:
        what = f"it answered with 429 after {plural(total, 'request')}"
        _find(ctx, endpoint, "endpoint-limited", Severity.LOW, what, "lower boundary.probes_per_second or the limit")
    elif bad and not good:
        what = f"none of {plural(total, 'request')} was answered as expected; the last: {bad[-1].trouble}"
        _find(ctx, endpoint, "endpoint-down", Severity.HIGH, what, "see that it runs, and what its log says")
    elif bad:
        what = f"{len(bad)} of {total} requests failed; the last: {bad[-1].trouble}"
        _find(ctx, endpoint, "endpoint-unsteady", Severity.HIGH, what, "see what its log says at that time")
    if good and endpoint.max_ms and series.quantile(0.95) > endpoint.max_ms:
        what = (
            f"p95 is {series.quantile(0.95):.0f} ms over {plural(good, 'answer')}, {endpoint.max_ms:g} ms are allowed"
        )
        _find(ctx, endpoint, "slow-endpoint", Severity.HIGH, what, "profile it, or raise max_ms in callboard.toml")


def _find(ctx: Context, endpoint: Endpoint, rule: str, severity: Severity, what: str, help: str) -> None:
    path, line = place_of(ctx.workspace.text("callboard.toml"), endpoint.name)
    ctx.finding(
        Finding(
            rule, severity, f"{endpoint.name} ({endpoint.method} {_shown(endpoint.url)}): {what}", path, line, help=help
        )
    )


def place_of(text: str, name: str) -> tuple[str, int]:
    """Where `callboard.toml` declares the endpoint; ('', 0) when it is not found there."""
    heading = re.compile(rf"""^\s*\[\s*endpoints\s*\.\s*["']?{re.escape(name)}["']?\s*\]""")
    for number, line in enumerate(text.splitlines(), 1):
        if heading.match(line):
            return "callboard.toml", number
    return "", 0


def _shown(url: str) -> str:
    """The address without what may be secret in it."""
    return re.sub(r"//[^/@]*@", "//", url.split("?")[0])[:300]

"""Endpoints: are they up, do they answer as expected, how fast, and how was it before."""

import hashlib
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from callboard.api import BoundaryError, Cell, Context, Finding, Result, Severity, Table
from callboard_monitor.anomalies import Observation, Seen, observe
from callboard_monitor.judge import verdict
from callboard_monitor.levels import count
from callboard_monitor.probe import LONGEST_WAIT, Answer, Prober, shown
from callboard_monitor.settings import place_of, sound_levels
from callboard_monitor.targets import CONFIG, Endpoint, declared, detected, listening_ports
from callboard_monitor.words import plural, slug, span

METHODS = ("GET", "HEAD")
MOST_FAILURES = 3
MOST_REMEMBERED = 300


@dataclass(frozen=True, slots=True)
class Asking:
    """How endpoints are asked."""

    names: Sequence[str]
    probes: int
    timeout: float
    per_second: float
    detect: bool
    fail_on: str


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

    @property
    def limited(self) -> bool:
        """Whether it asks for fewer requests and nothing was learned."""
        return bool(self.answers) and not self.good and self.answers[-1].status == 429

    def quantile(self, share: float) -> float:
        """The nearest-rank quantile of the good answers' times in ms; `good` must not be empty."""
        times = sorted(answer.ms for answer in self.good)
        return times[max(0, math.ceil(share * len(times)) - 1)]


def probe_endpoints(ctx: Context, asking: Asking) -> Result:
    """Asks each `probes` times, in turn, and reports what is down, unsteady, wrong, slow or unusual."""
    endpoints, unchecked = _chosen(ctx, asking)
    if not endpoints:
        return verdict(ctx, "", asking.fail_on, unchecked or ["callboard.toml declares no [endpoints.NAME]"])
    prober = Prober(ctx, asking.timeout, asking.per_second)
    waits = _waits(ctx)
    all_series: list[Series] = []
    for number, endpoint in enumerate(endpoints):
        ctx.progress(number / len(endpoints), f"asks {endpoint.name}")
        series, why = _ask(prober, endpoint, asking.probes, waits)
        if why:
            unchecked.append(f"{endpoint.name}: {why}")
        if series is not None:
            all_series.append(series)
    ctx.memory.put("waits", waits)
    if not all_series:
        return verdict(ctx, "", asking.fail_on, unchecked)
    outputs = {series.endpoint.name: _measured(ctx, series) for series in all_series}
    for series in all_series:
        report(ctx, series)
    seen = _observed(ctx, all_series)
    _count(ctx, all_series)
    memory = _remember(ctx, all_series)
    _show(ctx, all_series, seen, memory, unchecked)
    asked = sum(len(series.answers) for series in all_series)
    looked = f"{plural(len(all_series), 'endpoint')} asked with {plural(asked, 'request')}"
    return verdict(ctx, looked, asking.fail_on, unchecked, {"endpoints": outputs})


def _chosen(ctx: Context, asking: Asking) -> tuple[list[Endpoint], list[str]]:
    endpoints = declared(ctx.config, ctx.settings, asking.names)
    if asking.names or not asking.detect:
        return endpoints, []
    listening = listening_ports()
    known = {urlsplit(endpoint.url).port for endpoint in endpoints}
    unchecked = []
    for endpoint in detected(ctx.workspace):
        port = urlsplit(endpoint.url).port
        if port in known:
            continue
        if port in listening:
            endpoints.append(endpoint)
        elif not endpoints:
            unchecked.append(f"{endpoint.found} tells of port {port}, where nobody listens now")
    return endpoints, unchecked if not endpoints else []


def _waits(ctx: Context) -> dict[str, float]:
    """Until when a host wants to be left alone, from earlier runs."""
    kept, now = ctx.memory.get("waits", {}), time.time()
    rows = kept.items() if isinstance(kept, Mapping) else ()
    return {str(h): float(t) for h, t in rows if isinstance(t, (int, float)) and now < t < now + 86_401}


def _ask(prober: Prober, endpoint: Endpoint, probes: int, waits: dict[str, float]) -> tuple[Series | None, str]:
    """The answers, None when it was not asked; and why nothing can be said, '' when something can."""
    if endpoint.method not in METHODS:
        return None, f"{endpoint.method} may change data, only GET and HEAD are sent"
    host = urlsplit(endpoint.url).netloc.lower()
    left = waits.get(host, 0.0) - time.time()
    shared = prober.pace.due(endpoint.url)
    if left <= 0 and shared > LONGEST_WAIT:
        return None, f"it is left alone for {span(shared)} more, after what it answered before"
    if left > 0:
        return None, f"it asked to be left alone (Retry-After) for {span(left)} more"
    try:
        series = _series(prober, endpoint, probes)
    except BoundaryError as error:
        return None, str(error)
    last = series.answers[-1]
    if last.retry_after and (last.status == 429 or last.status >= 500):
        waits[host] = time.time() + last.retry_after
    if endpoint.found and not series.good and last.status == 0:
        if last.kind == "refused":
            return None, f"nobody listens on the port that {endpoint.found} tells of"
        return (
            None,
            f"{endpoint.found} tells of its port, where something listens that gives no answer ({last.trouble})",
        )
    return series, series.stopped if series.limited else ""


def _series(prober: Prober, endpoint: Endpoint, probes: int) -> Series:
    series = Series(endpoint)
    failures = 0
    for _ in range(probes):
        answer = prober.ask(endpoint.method, endpoint.url, endpoint.expect)
        series.answers.append(answer)
        prober.pace.answered(endpoint.url, answer.status, answer.retry_after)
        if not answer.trouble:
            failures = 0
            continue
        failures += 1
        if answer.status == 429:
            series.stopped = "it asks for fewer requests (429)"
        elif answer.refused or failures >= MOST_FAILURES:
            series.stopped = f"{plural(failures, 'failure')} in a row"
        elif answer.retry_after > 30:
            series.stopped = f"it asks to wait {span(answer.retry_after)}"
        if series.stopped:
            break
    return series


def _measured(ctx: Context, series: Series) -> dict[str, float]:
    name, good = slug(series.endpoint.name), series.good
    figures = {"success": 100 * len(good) / len(series.answers)}
    if not series.limited:
        ctx.metric(f"monitor.endpoint.{name}.success", figures["success"], "%")
    if good:
        figures |= {"p50_ms": round(series.quantile(0.5), 1), "p95_ms": round(series.quantile(0.95), 1)}
        ctx.metric(f"monitor.endpoint.{name}.p50", figures["p50_ms"], "ms")
        ctx.metric(f"monitor.endpoint.{name}.p95", figures["p95_ms"], "ms")
    ctx.log(f"{series.endpoint.name}: {figures} {series.stopped}".rstrip())
    return figures


def _observed(ctx: Context, all_series: Sequence[Series]) -> dict[str, list[Seen]]:
    observations = []
    for series in all_series:
        if not series.good:
            continue
        endpoint, name = series.endpoint, slug(series.endpoint.name)
        path, line = place_of(ctx.workspace.text("callboard.toml"), endpoint.name)
        called = f"{endpoint.method} {urlsplit(endpoint.url).path or '/'} ({endpoint.name})"
        for share, word in ((0.5, "p50"), (0.95, "p95")):
            value = series.quantile(share)
            observations.append(
                Observation(
                    f"endpoint.{name}.{word}",
                    f"{word} of {called}",
                    value,
                    "ms",
                    "size",
                    "high",
                    change=5.0,
                    path=path,
                    line=line,
                )
            )
    found: dict[str, list[Seen]] = {}
    for seen in observe(ctx, "endpoints", observations):
        found.setdefault(seen.observation.series.split(".", 1)[1].rsplit(".", 1)[0], []).append(seen)
    return found


def _count(ctx: Context, all_series: Sequence[Series]) -> None:
    """Hands the answers to the service levels that count them: 2xx and 3xx, within the level's time, are good."""
    by_name = {series.endpoint.name: series for series in all_series}
    now = time.time()
    for level in sound_levels(ctx.settings):
        series = by_name.get(level.endpoint)
        if series is None:
            continue
        counted = [answer for answer in series.answers if answer.status != 429]
        good = [
            answer
            for answer in counted
            if not answer.trouble or 200 <= answer.status < 400
            if answer.kind != "redirect" and (not level.within_ms or answer.ms <= level.within_ms)
        ]
        count(ctx, level, now, len(good), len(counted))


def _remember(ctx: Context, all_series: Sequence[Series]) -> dict[str, dict[str, Any]]:
    """The last failure of each endpoint, and since when it is as it is; by its name."""
    now = time.time()

    def changed(former: object) -> dict[str, dict[str, Any]]:
        kept = {k: v for k, v in former.items() if isinstance(v, dict)} if isinstance(former, dict) else {}
        for series in all_series:
            entry = dict(kept.pop(series.endpoint.name, {}))
            failures = [answer for answer in series.answers if answer.trouble and answer.status != 429]
            if failures:
                last = failures[-1]
                entry |= {"failed_at": round(now), "failure": last.trouble[:300], "kind": last.kind}
            state = "limited" if series.limited else "up" if series.good else "down"
            if entry.get("state") != state:
                entry |= {"state": state, "since": round(now)}
            kept[series.endpoint.name] = entry
        return dict(list(kept.items())[-MOST_REMEMBERED:])

    found: dict[str, dict[str, Any]] = ctx.memory.update("endpoints", changed, {})
    return found


def report(ctx: Context, series: Series) -> None:
    """The findings of one endpoint by its answers."""
    endpoint, total, good = series.endpoint, len(series.answers), len(series.good)
    bad = [answer for answer in series.answers if answer.trouble]
    grave = Severity.MEDIUM if endpoint.found not in ("", CONFIG) else Severity.HIGH
    if bad and bad[-1].status == 429:
        what = f"it answered with 429 after {plural(total, 'request')}"
        _find(ctx, endpoint, "endpoint-limited", Severity.LOW, what, "lower boundary.probes_per_second or the limit")
    elif bad and not good:
        what = f"none of {plural(total, 'request')} was answered as expected; the last: {bad[-1].trouble}"
        help = MENDS.get(bad[-1].kind, "see that it runs, and what its log says")
        _find(ctx, endpoint, "endpoint-down", grave, what, help)
    elif bad:
        what = f"{len(bad)} of {total} requests failed; the last: {bad[-1].trouble}"
        _find(ctx, endpoint, "endpoint-unsteady", grave, what, "see what its log says at that time")
    if good and endpoint.max_ms and series.quantile(0.95) > endpoint.max_ms:
        what = (
            f"p95 is {series.quantile(0.95):.0f} ms over {plural(good, 'answer')}, {endpoint.max_ms:g} ms are allowed"
        )
        _find(ctx, endpoint, "slow-endpoint", grave, what, "profile it, or raise max_ms in callboard.toml")


MENDS = {
    "dns": "check the name in callboard.toml, and the resolver of this machine",
    "refused": "start it; if it runs, see on which address and port it listens",
    "timeout": "it accepts or hangs without an end of its answer: look for a lock, a full pool, or a firewall",
    "tls": "mend the certificate; monitor.certificates says which days and chain it has",
    "broken": "see which program listens there, and what its log says",
    "redirect": "put the address that it leads to into callboard.toml, or expect the redirect",
    "status": "see what its log says",
}


def _find(ctx: Context, endpoint: Endpoint, rule: str, severity: Severity, what: str, help: str) -> None:
    path, line = (
        (endpoint.found, 0) if endpoint.found else place_of(ctx.workspace.text("callboard.toml"), endpoint.name)
    )
    mark = hashlib.sha256(f"{rule}\x1f{endpoint.name}\x1f{endpoint.url}".encode("utf-8", "replace")).hexdigest()[:16]
    called = f"{endpoint.name} ({endpoint.method} {shown(endpoint.url)})"
    ctx.finding(Finding(rule, severity, f"{called}: {what}", path, line, help=help, fingerprint=mark))


def _show(
    ctx: Context,
    all_series: Sequence[Series],
    seen: Mapping[str, Sequence[Seen]],
    memory: Mapping[str, Mapping[str, Any]],
    unchecked: Sequence[str],
) -> None:
    now, rows = time.time(), []
    for series in all_series:
        entry = memory.get(series.endpoint.name, {})
        state = str(entry.get("state", ""))
        since = now - float(entry.get("since", now))
        good = series.good
        failed_at = entry.get("failed_at")
        last = (
            f"{span(now - failed_at)} ago: {entry.get('failure', '')}"
            if isinstance(failed_at, (int, float))
            else "none"
        )
        odd = list(seen.get(slug(series.endpoint.name), ()))
        unusual = next((one for one in odd if one.unusual), odd[-1] if odd else None)
        rows.append(
            (
                series.endpoint.name,
                f"{series.endpoint.method} {shown(series.endpoint.url)}",
                Cell(
                    f"{state} for {span(since)}",
                    "good"
                    if state == "up" and len(good) == len(series.answers)
                    else "bad"
                    if state == "down"
                    else "unsure",
                ),
                f"{len(good)} of {len(series.answers)}",
                f"{series.quantile(0.5):.1f}" if good else "–",
                f"{series.quantile(0.95):.1f}" if good else "–",
                unusual.usual_cell if unusual else "–",
                last,
            )
        )
    for words in unchecked[:50]:
        name, _, why = words.partition(": ")
        rows.append((name, "", Cell("not asked", "unsure"), "", "", "", "", why))
    columns = ("Endpoint", "Asked", "State", "Good", "p50 ms", "p95 ms", "Against history", "Last failure")
    ctx.show("endpoints", Table(columns, rows))

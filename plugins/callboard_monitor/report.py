"""The last day in one page: what the agent remembers, and what the tasks before this one said."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.api import Block, Context, Figure, Figures, Result, Table, Verdict, Words, passed, unknown
from callboard_monitor import history
from callboard_monitor.host import forecast
from callboard_monitor.levels import standing_of
from callboard_monitor.paper import as_html, as_text
from callboard_monitor.settings import sound_levels
from callboard_monitor.words import DAY, HOUR, amount, plural, span

MOST_ROWS = 100
FLAKY = re.compile(r"\b(\d{1,6}) flaky\b")


@dataclass(slots=True)
class Part:
    """A heading with its rows; `nothing` says what its emptiness means, `bad` how many rows are trouble."""

    title: str
    columns: tuple[str, ...]
    nothing: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    bad: int = 0
    known: bool = True


def write_report(ctx: Context, hours: float) -> Result:
    """Writes report.html and report.txt, and shows it. UNKNOWN when nothing was ever measured here."""
    now = time.time()
    begin = now - hours * HOUR
    parts = [
        _levels(ctx, now),
        _endpoints(ctx, now, begin),
        _anomalies(ctx, now, begin),
        _errors(ctx, now, begin),
        _certificates(ctx, now),
        _processes(ctx, now, begin),
        _host(ctx, now),
        _tasks(ctx),
        _tests(ctx),
    ]
    known = [part for part in parts if part.known]
    if not known:
        return unknown(
            "there is nothing to report: none of monitor.endpoints, logs, host, metrics and levels has run here yet"
        )
    title = f"{ctx.workspace.path.name}: the last {span(hours * HOUR)}"
    stamp = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    for name, text in (("report.html", as_html(title, stamp, parts)), ("report.txt", as_text(title, stamp, parts))):
        path = ctx.scratch / name
        path.write_text(text, "utf-8")
        ctx.artifact(path, kind="text" if name.endswith(".txt") else "")
    ctx.show("report", *_blocks(title, stamp, parts))
    trouble = [f"{part.bad} in {part.title.lower()}" for part in parts if part.bad]
    words = f"trouble: {', '.join(trouble)}" if trouble else "no trouble is remembered"
    outputs = {part.title: {"rows": len(part.rows), "trouble": part.bad} for part in known}
    return passed(
        f"report of the last {span(hours * HOUR)} from {plural(len(known), 'source')}; {words}", outputs=outputs
    )


def _blocks(title: str, stamp: str, parts: Sequence[Part]) -> list[Block]:
    figures = [Figure(part.title, part.bad, "", "bad" if part.bad else "good") for part in parts if part.known]
    tables = [
        Table(part.columns, part.rows[:MOST_ROWS], part.title, max(0, len(part.rows) - MOST_ROWS))
        for part in parts
        if part.rows
    ]
    return [Words(f"{title} (written {stamp})"), Figures(figures), *tables]


def _entries(ctx: Context, key: str) -> dict[str, Mapping[str, Any]]:
    kept = ctx.memory.get(key, {})
    return {str(k): v for k, v in kept.items() if isinstance(v, Mapping)} if isinstance(kept, Mapping) else {}


def _at(entry: Mapping[str, Any], key: str) -> float:
    value = entry.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _levels(ctx: Context, now: float) -> Part:
    part = Part("Service levels", ("Level", "How it stands", "State"), "no service level is written down")
    written = sound_levels(ctx.settings)
    part.known = bool(written)
    for level in written:
        stands = standing_of(ctx, level, now)
        burning = any(burn.burning for burn in stands.burns)
        state = (
            "missed" if stands.missed else "burns fast" if burning else "as agreed" if stands.enough else "not known"
        )
        part.bad += state in ("missed", "burns fast")
        part.rows.append((level.name, stands.words(), state))
    return part


def _endpoints(ctx: Context, now: float, begin: float) -> Part:
    part = Part("Endpoints", ("Endpoint", "State", "Last failure"), "no endpoint was asked")
    table = _entries(ctx, "endpoints")
    part.known = bool(table)
    for name, entry in table.items():
        failed = _at(entry, "failed_at")
        last = f"{span(now - failed)} ago: {entry.get('failure', '')}" if failed > begin else ""
        state = str(entry.get("state", ""))
        part.bad += state == "down" or bool(last)
        part.rows.append((name, f"{state} for {span(now - (_at(entry, 'since') or now))}", last))
    return part


def _anomalies(ctx: Context, now: float, begin: float) -> Part:
    part = Part("Anomalies", ("Last", "Times", "What"), "nothing unusual was measured")
    kept = ctx.memory.get("anomalies", [])
    found: dict[str, list[Mapping[str, Any]]] = {}
    for entry in kept if isinstance(kept, list) else ():
        if isinstance(entry, Mapping) and _at(entry, "at") >= begin:
            found.setdefault(str(entry.get("series", "")), []).append(entry)
    part.known = any(history.read(ctx, group).series for group in ("endpoints", "host", "metrics", "logs", "processes"))
    for rows in sorted(found.values(), key=lambda rows: -_at(rows[-1], "at")):
        part.rows.append((f"{span(now - _at(rows[-1], 'at'))} ago", str(len(rows)), str(rows[-1].get("words", ""))))
    part.bad = len(part.rows)
    return part


def _errors(ctx: Context, now: float, begin: float) -> Part:
    part = Part("Errors in logs", ("First seen", "Times", "Log", "Error"), "no error was logged")
    table = _entries(ctx, "log-kinds")
    part.known = isinstance(ctx.memory.get("log-positions"), Mapping)
    recent = [entry for entry in table.values() if _at(entry, "last") >= begin]
    for entry in sorted(recent, key=lambda e: (not e.get("novel"), -_at(e, "last"))):
        first = _at(entry, "first")
        novel = bool(entry.get("novel")) and first >= begin
        part.bad += novel
        words = f"{span(now - first)} ago" + (", new" if novel else "")
        part.rows.append((words, str(entry.get("count", "")), str(entry.get("path", "")), str(entry.get("words", ""))))
    return part


def _certificates(ctx: Context, now: float) -> Part:
    part = Part("Certificates", ("Server", "Ends in"), "no certificate was looked at")
    table = _entries(ctx, "certificates")
    part.known = bool(table)
    for name, entry in table.items():
        left = _at(entry, "days") * DAY - (now - _at(entry, "at"))
        part.bad += left < 30 * DAY
        part.rows.append((name, span(left) if left > 0 else f"ended {span(-left)} ago"))
    return part


def _processes(ctx: Context, now: float, begin: float) -> Part:
    part = Part("Processes", ("Group", "Restarts", "Last measured"), "no process was measured")
    table = _entries(ctx, "processes")
    part.known = bool(table)
    for name, entry in table.items():
        times = entry.get("times")
        count = sum(isinstance(at, (int, float)) and at >= begin for at in times) if isinstance(times, list) else 0
        part.bad += count > 0
        part.rows.append((name, str(count), f"{span(now - _at(entry, 'at'))} ago"))
    return part


def _host(ctx: Context, now: float) -> Part:
    part = Part("Host", ("What", "Last", "Words"), "the host was not measured")
    past = history.read(ctx, "host")
    free = past.points("host.disk_free")
    part.known = bool(free)
    if free:
        future = forecast(free, now)
        part.bad = int(future is not None and future.seconds < 7 * DAY)
        part.rows.append(
            ("Free disk", amount(free[-1][1], "GiB"), future.words if future else "no trend towards full is sure")
        )
    for series, words, unit in (
        ("host.memory_used", "Memory in use", "%"),
        ("host.cpu", "Processor", "%"),
        ("host.load", "Load for each core", ""),
    ):
        day = [value for at, value in past.points(series) if now - at <= DAY]
        if day:
            between = f"{amount(min(day))}–{amount(max(day), unit)} within a day (n = {len(day)})"
            part.rows.append((words, amount(day[-1], unit), between))
    return part


def _tasks(ctx: Context) -> Part:
    part = Part("Tasks before this one", ("Task", "State", "What it said"), "it ran alone")
    part.known = bool(ctx.upstream)
    for name, before in sorted(ctx.upstream.items()):
        part.bad += before.verdict is Verdict.FAIL or before.state in ("failed", "timed out", "lost")
        part.rows.append((name, before.verdict.value if before.verdict else before.state, before.summary))
    return part


def _tests(ctx: Context) -> Part:
    """What the tests before this one say of unsteady ones; only what they hand on is visible here."""
    part = Part("Unsteady tests", ("Task", "Flaky"), "no task before this one told of unsteady tests")
    part.known = False
    for name, before in sorted(ctx.upstream.items()):
        flaky = before.outputs.get("flaky")
        count = len(flaky) if isinstance(flaky, (list, tuple)) else flaky
        said = FLAKY.search(before.summary)
        if count is None and said:
            count = int(said[1])
        if isinstance(count, (int, float)) and not isinstance(count, bool):
            part.known = True
            part.bad += count > 0
            part.rows.append((name, amount(count)))
    return part

"""Errors in log files: each kind once, with how often it came, since when it is known, and where it was raised."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from callboard.api import Cell, Context, Finding, Result, Severity, Table
from callboard_monitor.anomalies import Observation, Seen, observe
from callboard_monitor.judge import verdict
from callboard_monitor.logfiles import COMPRESSED, Line, LogFile, Position, Unread
from callboard_monitor.logparse import Event, events
from callboard_monitor.settings import texts
from callboard_monitor.templates import safe
from callboard_monitor.traces import by_name
from callboard_monitor.words import DAY, plural, span

MOST_FILES = 50
MOST_KINDS = 200
MOST_REMEMBERED = 2_000
MOST_LOOKS = 60
MOST_RATES = 40

__all__ = ["Reading", "chosen", "safe", "scan_logs"]


@dataclass(frozen=True, slots=True)
class Reading:
    """Which logs are read, how much of each, and whether only what came since the last look counts."""

    files: Sequence[str]
    most_bytes: int
    only_new: bool
    fail_on: str


@dataclass(slots=True)
class Kind:
    """One kind of error in one file: its first occurrence, how often it came, and how often since the last look."""

    path: str
    first: Event
    count: int = 0
    fresh: int = 0
    last: int = 0
    at: float = 0.0

    @property
    def mark(self) -> str:
        """The same in every run, wherever the line moves."""
        words = f"{self.first.rule}\x1f{self.path}\x1f{self.first.kind}"
        return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:16]


def scan_logs(ctx: Context, reading: Reading) -> Result:
    """Reads the end of each log and groups what differs only in numbers, ids, paths and times."""
    wanted = list(reading.files) or list(texts(ctx.settings, "logs", ""))
    files = chosen(ctx, wanted)
    compressed = [path for path in files if path.endswith(COMPRESSED)]
    files = [path for path in files if path not in compressed]
    notes = [f"{plural(len(compressed), 'compressed log is', 'compressed logs are')} not read"] if compressed else []
    if not files:
        where = ", ".join(wanted) or "*.log"
        words = f"there is no log that fits {where}; name some in callboard.toml: [agents.monitor] logs = [...]"
        return verdict(ctx, "", reading.fail_on, [words], notes=notes)
    now = time.time()
    positions = _positions(ctx)
    looked_before = bool(positions)
    unread: list[str] = []
    kinds: dict[str, Kind] = {}
    lines = 0
    names = by_name(ctx.workspace.files)
    for number, path in enumerate(files[:MOST_FILES]):
        ctx.progress(number / len(files), path)
        log = LogFile(ctx.workspace.path / path, positions.get(path), reading.most_bytes, reading.only_new)
        counter = _Counter()
        try:
            for event in events(counter.through(log.lines()), names):
                _group(kinds, path, event)
        except (Unread, OSError) as error:
            unread.append(f"{path} {error}" if isinstance(error, Unread) else f"{path}: {error.strerror}")
            continue
        lines += counter.lines
        if log.position is not None:
            positions[path] = log.position
        if log.state in ("rotated", "truncated"):
            ctx.log(f"{path} was {log.state} since the last look")
        if log.skipped:
            notes.append(f"of {path} the last {reading.most_bytes // 1_000_000 or 1} MB")
    if len(files) > MOST_FILES:
        unread.append(f"{len(files) - MOST_FILES} more files; name fewer")
    elapsed = _keep_positions(ctx, positions, now)
    memory = _remember(ctx, list(kinds.values()), now, looked_before)
    for kind in kinds.values():
        _report(ctx, kind, memory.get(kind.mark, {}), now, reading.only_new)
    rates = _rates(ctx, list(kinds.values()), memory, elapsed, now)
    total, fresh = sum(kind.count for kind in kinds.values()), sum(kind.fresh for kind in kinds.values())
    novel = [
        kind for kind in kinds.values() if memory.get(kind.mark, {}).get("novel") and _age(memory, kind, now) < DAY
    ]
    ctx.metric("monitor.logs.errors", fresh if elapsed else total)
    ctx.metric("monitor.logs.kinds", len(kinds))
    ctx.metric("monitor.logs.new_kinds", len(novel))
    _show(ctx, list(kinds.values()), memory, rates, now)
    read = len(files[:MOST_FILES]) - sum(1 for words in unread if "more files" not in words)
    looked = (
        f"{plural(read, 'log')} with {plural(lines, 'line')} read, {plural(total, 'error')} of {plural(len(kinds), 'kind')}"
        if read
        else ""
    )
    if novel:
        notes.append(f"{plural(len(novel), 'kind')} first seen within a day")
    outputs = {"errors": total, "kinds": len(kinds), "new": fresh, "first_seen": len(novel)}
    return verdict(ctx, looked, reading.fail_on, unread, outputs, notes)


class _Counter:
    def __init__(self) -> None:
        self.lines = 0

    def through(self, lines: Any) -> Any:
        line: Line
        for line in lines:
            self.lines += 1
            yield line


def chosen(ctx: Context, patterns: Sequence[str]) -> list[str]:
    """The files that fit, inside of the workspace, no links; logs are often ignored by git, so the disk is asked."""
    root = ctx.workspace.path
    if not patterns:
        return ctx.workspace.matching("*.log")
    found: set[str] = set()
    for pattern in patterns:
        if pattern.startswith("/") or ".." in pattern.split("/"):
            continue
        for path in root.glob(pattern):
            if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(root):
                found.add(path.relative_to(root).as_posix())
            if len(found) > 10 * MOST_FILES:
                return sorted(found)
    return sorted(found)


def _group(kinds: dict[str, Kind], path: str, event: Event) -> None:
    kind = Kind(path, event)
    mark = kind.mark
    if mark not in kinds and len(kinds) >= MOST_KINDS:
        words = f"more than {MOST_KINDS} kinds of errors"
        kind = Kind(path, Event(event.line, event.line, event.rule, event.severity, words, words, event.is_new))
        mark = kind.mark
    known = kinds.setdefault(mark, kind)
    known.count, known.last = known.count + 1, event.last
    known.fresh += event.is_new
    known.at = max(known.at, event.at)


def _positions(ctx: Context) -> dict[str, Position]:
    kept = ctx.memory.get("log-positions", {})
    rows = kept.get("files", {}).items() if isinstance(kept, Mapping) and isinstance(kept.get("files"), Mapping) else ()
    return {str(path): position for path, row in rows if (position := Position.of(row)) is not None}


def _keep_positions(ctx: Context, positions: Mapping[str, Position], now: float) -> float:
    """Remembers them; returns the seconds since the last look, 0 for the first."""
    kept = ctx.memory.get("log-positions", {})
    before = kept.get("at") if isinstance(kept, Mapping) else None
    files = {path: position.kept_form() for path, position in list(positions.items())[-MOST_REMEMBERED:]}
    ctx.memory.put("log-positions", {"at": now, "files": files})
    return now - before if isinstance(before, (int, float)) and before < now else 0.0


def _remember(ctx: Context, kinds: Sequence[Kind], now: float, looked_before: bool) -> dict[str, dict[str, Any]]:
    """What is known of each kind over time: first and last seen, how often. One that was never seen before is novel."""

    def changed(former: object) -> dict[str, dict[str, Any]]:
        kept = {k: v for k, v in former.items() if isinstance(v, dict)} if isinstance(former, dict) else {}
        for kind in kinds:
            entry = kept.pop(kind.mark, None)
            if entry is None:
                seen = kind.first.at if 0 < kind.first.at < now else now
                entry = {"first": now if looked_before else seen, "count": 0, "novel": looked_before}
                entry |= {"path": kind.path, "words": kind.first.words[:200], "rule": kind.first.rule}
            more = kind.fresh if entry["count"] else kind.count
            if more:
                entry["last"] = kind.at if 0 < kind.at <= now else now
            entry["count"] = int(entry["count"]) + more
            kept[kind.mark] = entry
        return dict(list(kept.items())[-MOST_REMEMBERED:])

    found: dict[str, dict[str, Any]] = ctx.memory.update("log-kinds", changed, {})
    return found


def _age(memory: Mapping[str, Mapping[str, Any]], kind: Kind, now: float) -> float:
    first = memory.get(kind.mark, {}).get("first", now)
    return now - float(first) if isinstance(first, (int, float)) else 0.0


def _report(ctx: Context, kind: Kind, entry: Mapping[str, Any], now: float, only_new: bool) -> None:
    if only_new and not kind.fresh:
        return
    first = kind.first
    where = f", last in line {kind.last}" if kind.last else ""
    often = "once" if kind.count == 1 else f"{kind.count} times{where}"
    known = now - float(entry.get("first", now))
    severity = first.severity
    since = ""
    if entry.get("novel") and known < DAY:
        since = f"; first seen {span(known)} ago" if known >= 5 else "; never seen before"
        severity = min(severity, Severity.HIGH, key=lambda s: s.rank)
    elif known >= 60 and int(entry.get("count", 0)) > kind.count:
        since = f"; known for {span(known)}, {int(entry['count'])} times in all"
    path, line = kind.path, first.line
    if first.place[0]:
        path, line = first.place
        since += f"; in {kind.path}" + (f" line {first.line}" if first.line else "")
    ctx.finding(
        Finding(
            first.rule,
            severity,
            f"{first.words} ({often}{since})",
            path,
            line,
            help="mend the cause, then remove or rotate the log",
            fingerprint=kind.mark,
        )
    )


def _rates(
    ctx: Context, kinds: Sequence[Kind], memory: Mapping[str, Mapping[str, Any]], elapsed: float, now: float
) -> dict[str, Seen]:
    """How often each kind came since the last look, against how often it came between earlier looks of about that distance."""
    if not elapsed:
        return {}
    looks = [e for e in ctx.memory.append("log-looks", elapsed, MOST_LOOKS) if isinstance(e, (int, float)) and e > 0]
    usual = median(looks)
    if not usual / 3 <= elapsed <= 3 * usual:
        return {}
    here = {kind.mark: kind for kind in kinds}
    newest = sorted(memory, key=lambda mark: -float(memory[mark].get("last", 0)))[:MOST_RATES]
    observations = [
        Observation(
            f"log.{mark}",
            f"how often '{str(memory[mark].get('words', ''))[:120]}' came in {span(usual)} ({memory[mark].get('path', '')})",
            (here[mark].fresh if mark in here else 0) * usual / elapsed,
            "times",
            "count",
            "high",
            change=3.0,
        )
        for mark in newest
    ]
    total = sum(kind.fresh for kind in kinds) * usual / elapsed
    observations.append(
        Observation("log.errors", f"errors in all logs in {span(usual)}", total, "", "count", change=3.0)
    )
    return {seen.observation.series.removeprefix("log."): seen for seen in observe(ctx, "logs", observations, now)}


def _show(
    ctx: Context,
    kinds: Sequence[Kind],
    memory: Mapping[str, Mapping[str, Any]],
    rates: Mapping[str, Seen],
    now: float,
) -> None:
    rows = []
    for kind in sorted(kinds, key=lambda k: (not memory.get(k.mark, {}).get("novel"), -k.fresh, -k.count)):
        entry = memory.get(kind.mark, {})
        novel = entry.get("novel") and _age(memory, kind, now) < DAY
        place = kind.first.place if kind.first.place[0] else (kind.path, kind.first.line)
        seen = rates.get(kind.mark)
        rows.append(
            (
                Cell("new" if novel else "known", "bad" if novel else "quiet"),
                kind.first.words,
                Cell(f"{place[0]}:{place[1]}" if place[1] else place[0], "", place[0], place[1]),
                kind.path,
                f"{span(now - float(entry.get('first', now)))} ago",
                f"{span(now - float(entry.get('last', now)))} ago",
                int(entry.get("count", kind.count)),
                kind.fresh,
                seen.usual_cell if seen else "–",
            )
        )
    columns = ("State", "Error", "Where", "Log", "First seen", "Last seen", "In all", "Since last look", "Rate")
    ctx.show("errors", Table(columns, rows))

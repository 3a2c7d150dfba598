"""Errors in log files, each kind once."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from callboard.api import Context, Finding, Result, Severity, unknown
from callboard_monitor.judge import judged, plural

MOST_FILES = 50
MOST_READ = 20_000_000
MOST_KINDS = 200
LONGEST_LINE = 2_000

WORD = re.compile(
    r"(?<![\w.-])(ERROR|CRITICAL|FATAL|PANIC|SEVERE|EMERG(?:ENCY)?)(?![\w-])|\"level\":\s*\"(error|critical|fatal)\""
)
TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
RAISED = re.compile(r"^(?:[\w.]*\b)?[A-Za-z_]\w*(?:\.\w+)*(?:: .*)?$")
GRAVE = frozenset({"CRITICAL", "FATAL", "PANIC", "EMERG", "EMERGENCY"})
SECRET = re.compile(
    r"(?i)((?:password|passwd|secret|token|api[_-]?key|authorization|cookie)[\"']?\s*[=:]\s*)(?:bearer\s+|basic\s+)?[^\s,;&]+"
)
CREDENTIALS = re.compile(r"//[^/\s:@]+:[^/\s@]+@")
RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
NUMBERS = re.compile(r"0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|\d+")


@dataclass(slots=True)
class Kind:
    """One kind of error: where it stood first, its words there, and how often it came."""

    path: str
    line: int
    words: str
    severity: Severity
    rule: str
    count: int = 0
    last: int = 0


def scan_logs(ctx: Context, patterns: Sequence[str], fail_on: str) -> Result:
    """Reads the end of each log (MOST_READ bytes) and groups what differs only in its numbers."""
    wanted = list(patterns) or [str(p) for p in ctx.settings.get("logs", ())]
    files = chosen(ctx, wanted)
    if not files:
        where = ", ".join(wanted) or "*.log"
        return unknown(f"there is no log that fits {where}; name some in callboard.toml: [agents.monitor] logs = [...]")
    unread: list[str] = []
    kinds: dict[tuple[str, str], Kind] = {}
    lines = 0
    for number, path in enumerate(files[:MOST_FILES]):
        ctx.progress(number / len(files), path)
        try:
            for at, kind, words, severity in errors_in(ctx.workspace.path / path):
                lines = max(lines, at)
                if not words:
                    continue
                key = (path, NUMBERS.sub("#", words))
                if key not in kinds and len(kinds) >= MOST_KINDS:
                    key = (path, "")
                    words = f"more than {MOST_KINDS} kinds of errors"
                known = kinds.setdefault(key, Kind(path, at, words, severity, kind))
                known.count, known.last = known.count + 1, at
        except OSError as error:
            unread.append(f"{path}: {error.strerror}")
    if len(files) > MOST_FILES:
        unread.append(f"{len(files) - MOST_FILES} more files; name fewer")
    for known in kinds.values():
        _report(ctx, known)
    total = sum(kind.count for kind in kinds.values())
    ctx.metric("log_errors", total)
    looked = f"{plural(len(files) - len(unread), 'log')} read, {plural(total, 'error')} of {plural(len(kinds), 'kind')}"
    return judged(ctx, looked, fail_on, unread, {"errors": total, "kinds": len(kinds)})


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


def errors_in(path: Path) -> Iterator[tuple[int, str, str, Severity]]:
    """Each error with its line, rule, words without secrets, and severity."""
    trace_at = 0
    for number, line in _lines(path):
        if trace_at:
            if not line.strip() or line.startswith((" ", "\t")) or not RAISED.match(line.strip()):
                if number - trace_at < 500:
                    continue
                trace_at = 0
            else:
                yield trace_at, "log-traceback", safe(line.strip()), Severity.HIGH
                trace_at = 0
                continue
        if TRACEBACK.search(line):
            trace_at = number
            continue
        match = WORD.search(line)
        if match:
            grave = (match.group(1) or match.group(2)).upper() in GRAVE
            words = safe(line[match.start() :].strip())
            yield number, "log-critical" if grave else "log-error", words, Severity.HIGH if grave else Severity.MEDIUM
    if trace_at:
        yield trace_at, "log-traceback", "a traceback that is cut off", Severity.HIGH


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    size = path.stat().st_size
    with open(path, "rb") as file:
        number = 0
        if size > MOST_READ:
            left = size - MOST_READ
            while left > 0 and (block := file.read(min(1 << 20, left))):
                number += block.count(b"\n")
                left -= len(block)
            file.readline()
            number += 1
        while line := file.readline(LONGEST_LINE):
            number += 1
            whole = line.endswith(b"\n")
            yield number, line.decode("utf-8", "replace").rstrip("\r\n")
            while not whole and (rest := file.readline(1 << 20)):
                whole = rest.endswith(b"\n")


def safe(text: str) -> str:
    """The words without what looks like a secret: what was logged by mistake is not spread further."""
    text = SECRET.sub(r"\1[hidden]", text)
    text = CREDENTIALS.sub("//[hidden]@", text)
    return RANDOM.sub("[hidden]", text)[:400]


def _report(ctx: Context, kind: Kind) -> None:
    often = "once" if kind.count == 1 else f"{kind.count} times, last in line {kind.last}"
    ctx.finding(
        Finding(
            kind.rule,
            kind.severity,
            f"{kind.words} ({often})",
            kind.path,
            kind.line,
            help="mend the cause, then remove or rotate the log",
            fingerprint="",
        )
    )

"""From the lines of a log to errors: words of level, JSON, tracebacks over several lines."""

import datetime
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callboard.api import Severity
from callboard_monitor.logfiles import Line
from callboard_monitor.templates import safe, template
from callboard_monitor.traces import FRAME, GROUP, JS_FRAME, JS_RAISED, RAISED, START, Trace, of_text

WORD = re.compile(
    r"(?<![\w.-])(ERROR|CRITICAL|FATAL|PANIC|SEVERE|EMERG(?:ENCY)?|ALERT)(?![\w-])"
    r"|\[(error|crit|alert|emerg|fatal)\]"
    r"|\b(?:level|lvl|severity)=\"?(error|critical|crit|fatal|panic)\b"
)
GRAVE = frozenset({"CRITICAL", "CRIT", "FATAL", "PANIC", "EMERG", "EMERGENCY", "ALERT"})
BAD = GRAVE | {"ERROR", "ERR", "SEVERE"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?")
LEVELS = ("level", "severity", "levelname", "lvl", "log.level", "loglevel", "level_name")
MESSAGES = ("msg", "message", "event", "text", "log", "error")
TRACES = ("exc_info", "exception", "stack_info", "stack", "stack_trace", "stacktrace", "traceback", "error.stack_trace")
MOST_TRACE = 500
SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Event:
    """One error in a log. `words` and `kind` (the template) hold no secrets; `at` is wall time of its stamp, 0 without one."""

    line: int
    last: int
    rule: str
    severity: Severity
    words: str
    kind: str
    is_new: bool
    at: float = 0.0
    place: tuple[str, int] = ("", 0)


def events(lines: Iterable[Line], files: Mapping[str, Sequence[str]]) -> Iterator[Event]:
    """The errors, in their order; `files` are those of the workspace by name, for the frames of tracebacks.

    An error whose traceback follows at once is one with it.
    """
    pending: Event | None = None
    trace: Trace | None = None
    last_line: Line | None = None
    for line in lines:
        text = line.text[:SHOWN]
        if trace is not None and last_line is not None:
            if _goes_on(trace, line, text):
                last_line = line
                continue
            yield _raised(trace, pending, line if trace.raised else last_line, files)
            pending, ends = None, bool(trace.raised) and not trace.inner_first
            trace = None
            if ends:
                last_line = line
                continue
        is_json = text.lstrip()[:1] == "{"
        if not is_json and (START.search(text) or GROUP.search(text)):
            trace, last_line = Trace(line.number), line
            if pending is None:
                found = _plain(line, text)
                pending = found
            continue
        frame = None if is_json else JS_FRAME.match(text)
        if frame and last_line is not None and (JS_RAISED.search(last_line.text[:SHOWN]) or pending is not None):
            match = JS_RAISED.search(last_line.text[:SHOWN])
            raised = match[0] if match else last_line.text[:SHOWN].strip()
            trace = Trace(last_line.number, [(frame[1], int(frame[2][:9]))], raised, inner_first=True)
            if pending is not None and match:
                pending = None
            last_line = line
            continue
        if pending is not None:
            yield pending
        pending = _of_json(line, files) if is_json else _plain(line, text)
        last_line = line
    if trace is not None and last_line is not None:
        yield _raised(trace, pending, last_line, files)
    elif pending is not None:
        yield pending


def _goes_on(trace: Trace, line: Line, text: str) -> bool:
    """Whether the line belongs to the traceback and another may follow."""
    if trace.inner_first:
        frame = JS_FRAME.match(text)
        if frame and len(trace.frames) < MOST_TRACE:
            trace.frames.append((frame[1], int(frame[2][:9])))
        return bool(frame)
    frame = FRAME.match(text)
    if frame:
        if len(trace.frames) < MOST_TRACE:
            trace.frames.append((frame[1], int(frame[2][:9])))
        return True
    stripped = text.strip()
    if text[:1] not in (" ", "\t", "|", "+") and RAISED.match(stripped) and trace.frames:
        trace.raised = stripped
        return False
    near = not line.number or line.number - trace.line < MOST_TRACE
    return near and (not stripped or text[:1] in (" ", "\t", "|", "+") or (not trace.frames and not WORD.search(text)))


def _raised(trace: Trace, pending: Event | None, end: Line, files: Mapping[str, Sequence[str]]) -> Event:
    words = safe(trace.raised) if trace.raised else "a traceback that is cut off"
    place = trace.innermost(files)
    kind = template(words) + (f" at {place[0]}:{place[1]}" if place[0] else "")
    if pending is not None:
        words = f"{words} (logged as: {pending.words[:160]})"
    at = pending.at if pending is not None else 0.0
    return Event(trace.line, trace.line, "log-traceback", Severity.HIGH, words, kind, end.is_new, at, place)


def _plain(line: Line, text: str) -> Event | None:
    match = WORD.search(text)
    if match is None:
        return None
    word = next(group for group in match.groups() if group).upper()
    begin = 0 if match[3] else match.start()
    words = safe(text[begin:].strip())
    return _event(line, word, words, text)


def _event(line: Line, word: str, words: str, text: str) -> Event:
    grave = word in GRAVE
    rule = "log-critical" if grave else "log-error"
    severity = Severity.HIGH if grave else Severity.MEDIUM
    return Event(line.number, line.number, rule, severity, words, template(words), line.is_new, _moment(text))


def _of_json(line: Line, files: Mapping[str, Sequence[str]]) -> Event | None:
    """The error in a line of JSON; a line that is none is looked at as any other."""
    try:
        entry = json.loads(line.text)
    except (ValueError, RecursionError):
        return _plain(line, line.text[:SHOWN])
    if not isinstance(entry, dict):
        return None
    level = next((entry[key] for key in LEVELS if isinstance(entry.get(key), (str, int))), "")
    word = _numbered(level) if isinstance(level, int) else level.upper()
    trace = next((found for text in _traces(entry) if (found := of_text(text)) is not None), None)
    if word not in BAD and trace is None:
        return None
    message = next((entry[key] for key in MESSAGES if isinstance(entry.get(key), str) and entry[key]), "")
    at = _moment(line.text[:SHOWN])
    if trace is not None and trace.raised:
        trace.line = line.number
        logged = Event(line.number, line.number, "", Severity.HIGH, safe(message), "", True, at) if message else None
        return _raised(trace, logged, line, files)
    words = safe(f"{word} {message}" if message else line.text[:SHOWN].strip())
    return _event(line, word or "ERROR", words, line.text[:SHOWN])


def _numbered(level: int) -> str:
    """pino and bunyan: 50 is an error, 60 fatal."""
    return "FATAL" if level >= 60 else "ERROR" if level >= 50 else ""


def _traces(entry: Mapping[str, Any]) -> Iterator[str]:
    for holder in (entry, entry.get("err"), entry.get("error")):
        if isinstance(holder, Mapping):
            for key in TRACES:
                if isinstance(holder.get(key), str):
                    yield holder[key]


def _moment(text: str) -> float:
    """The wall time of the first stamp; one without a zone is of this machine's."""
    match = MOMENT.search(text[:400])
    if match is None:
        return 0.0
    try:
        return datetime.datetime.fromisoformat(match[0].replace(",", ".")).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0

"""What a key of `callboard.toml` may hold, and the check that says file, line and mend when it holds something else."""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from callboard.config.lines import Lines
from callboard.errors import ConfigError
from callboard.work.finding import clean

KINDS = {
    "text": "a text",
    "texts": "a list of texts",
    "number": "a number",
    "whole": "a whole number",
    "wholes": "a list of whole numbers",
    "flag": "true or false",
    "table": "a table",
    "any": "a value",
}
LONGEST_TEXT = 4_096
MOST_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class Field:
    """A key: the kind of its value, what it means, its bounds, and a further check that returns what is wrong or ''."""

    kind: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str, ...] = ()
    check: Callable[[Any], str] | None = None

    def wrong(self, value: Any) -> str:
        """What is wrong with the value, '' if nothing."""
        if not _fits(self.kind, value):
            return f"it must be {KINDS[self.kind]}{_bounds(self)}"
        if self.one_of and value not in self.one_of:
            close = near(value, self.one_of) if isinstance(value, str) else ""
            return f"it must be one of {', '.join(self.one_of)}.{close}"
        if self.kind in ("number", "whole") and not _within(self, value):
            return f"it must be {KINDS[self.kind]}{_bounds(self)}"
        if self.kind == "wholes" and not all(_within(self, item) for item in value):
            return f"each must be a whole number{_bounds(self)}"
        return self.check(value) if self.check else ""


@dataclass(frozen=True, slots=True)
class Source:
    """The file that is read, and where things stand in it."""

    file: Path
    lines: Lines = field(default_factory=Lines)

    def fault(self, message: str, *path: str | int) -> ConfigError:
        """The error about what stands at the path."""
        return ConfigError(message, self.file, self.lines.of(*path))


def near(word: str, known: Iterable[str]) -> str:
    """' Did you mean ...?' with the known words that look like this one, else ''."""
    matches = get_close_matches(word, list(known), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(match) for match in matches)}?" if matches else ""


def title(path: tuple[str | int, ...]) -> str:
    """The header as a person would write it: `[jobs."quality.tests"]`."""
    words = [str(part) for part in path if not isinstance(part, int)]
    return "[" + ".".join(w if w.replace("_", "").replace("-", "").isalnum() else f'"{w}"' for w in words) + "]"


def checked(
    source: Source, table: Any, fields: Mapping[str, Field], *path: str | int, free: bool = False
) -> dict[str, Any]:
    """The table's values, each checked; raises `ConfigError` for an unknown key (unless `free`) or a wrong value."""
    header = title(path) if path else "the file"
    if not isinstance(table, dict):
        raise source.fault(f"{header} is {shown(table)}; it must be a table", *path)
    for key, value in table.items():
        described = fields.get(key)
        if described is None:
            if free:
                continue
            known = ", ".join(fields)
            raise source.fault(f"{header} has no key '{key}'.{near(key, fields)} Its keys: {known}", *path, key)
        wrong = described.wrong(value)
        if wrong:
            raise source.fault(f"'{key}' in {header} is {shown(value)}; {wrong}", *path, key)
    return table


def _fits(kind: str, value: Any) -> bool:
    match kind:
        case "text":
            return _is_text(value)
        case "texts":
            return isinstance(value, list) and len(value) <= MOST_ITEMS and all(map(_is_text, value))
        case "number":
            return _is_whole(value) or (isinstance(value, float) and abs(value) < 1e15)
        case "whole":
            return _is_whole(value)
        case "wholes":
            return isinstance(value, list) and len(value) <= MOST_ITEMS and all(map(_is_whole, value))
        case "flag":
            return isinstance(value, bool)
        case "table":
            return isinstance(value, dict)
        case _:
            return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT and clean(value, LONGEST_TEXT) == value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**15


def _within(described: Field, value: float) -> bool:
    low, high = described.minimum, described.maximum
    return (low is None or value >= low) and (high is None or value <= high)


def _bounds(described: Field) -> str:
    low, high = described.minimum, described.maximum
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f", at least {low:g}"
    return f", at most {high:g}" if high is not None else ""


def shown(value: Any) -> str:
    """A value in few words, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if not isinstance(value, (dict, list)) else ("a table" if isinstance(value, dict) else "a list")
    if isinstance(value, list) and len(repr(value)) <= 60:
        text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def plain(value: Any) -> Any:
    """The value with dates and times as ISO text, so that it can travel as JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return value

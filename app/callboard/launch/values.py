"""Checks of single values that come from an attempt."""

import math
from collections.abc import Mapping
from typing import Any

from callboard.work.finding import LONGEST_PATH, Finding, Severity, clean, identified

LARGEST_WHOLE = 2**53
DEEPEST = 12
MOST_MEMBERS = 10_000


class BadMessage(ValueError):
    """Something an attempt said cannot be used; `str()` says what."""


def text(message: Mapping[str, Any], name: str, longest: int, default: str | None = None) -> str:
    """A cleaned text."""
    value = message.get(name, default)
    if not isinstance(value, str):
        raise BadMessage(f"'{name}' is no text")
    return clean(value, longest)


def number(message: Mapping[str, Any], name: str) -> float:
    """A finite number."""
    value = message.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1e300 or not math.isfinite(value):
        raise BadMessage(f"'{name}' is no finite number")
    return float(value)


def whole(message: Mapping[str, Any], name: str) -> int:
    """A whole number from 0."""
    value = message.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_WHOLE:
        raise BadMessage(f"'{name}' is no whole number")
    return value


def inner_path(value: Any) -> str:
    """A relative path with forward slashes that stays below where it starts; raises for any other."""
    if not isinstance(value, str) or len(value) > LONGEST_PATH or value.startswith("/") or ".." in value.split("/"):
        raise BadMessage("a path leads out of its folder")
    return clean(value, LONGEST_PATH)


def regular(value: Any, depth: int = 0) -> Any:
    """The same JSON value with all its texts cleaned; raises for one that is too deep, too large or has odd numbers."""
    if depth > DEEPEST:
        raise BadMessage("values are nested too deeply")
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, (dict, list)) and len(value) > MOST_MEMBERS:
        raise BadMessage("a value has too many members")
    if isinstance(value, dict):
        return {clean(key, 200): regular(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [regular(inner, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise BadMessage("a number is too large")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadMessage("a number is not finite")
    return value


def finding(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Finding`; one without a rule, a message or a severity is refused."""
    severity = message.get("severity")
    if severity not in list(Severity):
        raise BadMessage("'severity' is none of critical, high, medium, low, info")
    given = Finding(
        rule=text(message, "rule", 200),
        severity=Severity(severity),
        message=text(message, "message", 2_000),
        path=inner_path(message.get("path", "")),
        line=whole(message, "line"),
        column=whole(message, "column"),
        end_line=whole(message, "end_line"),
        help=text(message, "help", 2_000, ""),
        tool=text(message, "tool", 100, ""),
        tool_version=text(message, "tool_version", 100, ""),
        fingerprint=text(message, "fingerprint", 64, ""),
        accepted=text(message, "accepted", 500, ""),
        since=number({"since": 0.0, **message}, "since"),
        is_new=message.get("is_new") is True,
    )
    if not given.rule:
        raise BadMessage("'rule' is empty")
    made = identified(given)
    return {name: getattr(made, name) for name in Finding.__dataclass_fields__} | {"severity": str(made.severity)}

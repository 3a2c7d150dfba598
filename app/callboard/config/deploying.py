"""What an `[environments.NAME]` may say: its nested tables, and what its kind needs and does not know."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from callboard.config.fields import Source, near, shown
from callboard.config.times import seconds
from callboard.core.boundary import Boundary
from callboard.errors import BoundaryError

KINDS = ("process", "compose", "script")
HEALTH_KEYS = ("url", "status", "tcp", "log", "command", "within", "steady")
PROBES = ("url", "tcp", "log", "command")
NEEDS_KEYS = ("disk_mb", "memory_mb", "ports")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
OF_KIND: Mapping[str, tuple[str, ...]] = {
    "process": ("command", "standby"),
    "compose": ("file", "services"),
    "script": ("start", "stop", "status"),
}


def wrong_build(value: Any) -> str:
    """What is wrong with a list of words, or a list of such lists; '' if nothing."""
    commands = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    for words in commands:
        fits = isinstance(words, list) and words and all(isinstance(word, str) and "\0" not in word for word in words)
        if not fits or not words[0].strip():
            return "it must be a list of words, such as ['npm', 'ci'], or a list of such lists"
    return ""


def wrong_probe(value: Any) -> str:
    """What is wrong with `health`, '' if nothing."""
    if not isinstance(value, dict):
        return "it must be a table, such as {url = '/healthz', within = '30s'}"
    for key, said in value.items():
        if key not in HEALTH_KEYS:
            return f"there is no '{key}' in it.{near(key, HEALTH_KEYS)} Its keys: {', '.join(HEALTH_KEYS)}"
        wrong = _wrong_part(key, said)
        if wrong:
            return f"'{key}' {wrong}"
    asked = [key for key in PROBES if key in value]
    if len(asked) > 1:
        return f"it asks by {' and by '.join(asked)}; keep one of them"
    if "status" in value and "url" not in value:
        return "'status' is of use with 'url' only"
    return ""


def _wrong_part(key: str, said: Any) -> str:
    match key:
        case "url":
            return (
                ""
                if isinstance(said, str) and _is_address(said)
                else "must be a path such as '/healthz', or an address"
            )
        case "status":
            codes = said if isinstance(said, list) else [said]
            fits = codes and all(isinstance(c, int) and not isinstance(c, bool) and 100 <= c <= 599 for c in codes)
            return "" if fits else "must be an HTTP status such as 200, or a list of them"
        case "tcp":
            return "" if said is True else "must be true: an open port is enough"
        case "log":
            return (
                "" if isinstance(said, str) and said.strip() else "must be words that its output shows when it is ready"
            )
        case "command":
            return wrong_build(said) or ("must be one list of words" if isinstance(said[0], list) else "")
        case "within":
            return wrong_within(said)
        case _:
            fits = isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= 100
            return "" if fits else "must be a whole number from 1 to 100: so many good answers in a row"


def wrong_within(value: Any) -> str:
    """What is wrong with a time to get healthy in."""
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else seconds(value)
    except (TypeError, ValueError):
        number = 0.0
    return "" if 0 < number <= 1_800 else "must be a time such as '30s' or '2m', at most 30 minutes"


def _is_address(text: str) -> bool:
    if text.startswith("/"):
        return True
    try:
        parts = urlsplit(text.replace("{port}", "1"))
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def wrong_room(value: Any) -> str:
    """What is wrong with `needs`, '' if nothing."""
    if not isinstance(value, dict):
        return "it must be a table, such as {disk_mb = 500, memory_mb = 256}"
    for key, said in value.items():
        if key not in NEEDS_KEYS:
            return f"there is no '{key}' in it.{near(key, NEEDS_KEYS)} Its keys: {', '.join(NEEDS_KEYS)}"
        if key == "ports":
            whole = isinstance(said, list) and all(isinstance(p, int) and not isinstance(p, bool) for p in said)
            if not whole or not all(1 <= port <= 65_535 for port in said):
                return "'ports' must be a list of ports from 1 to 65535"
        elif isinstance(said, bool) or not isinstance(said, (int, float)) or not 0 <= said <= 1e9:
            return f"'{key}' must be a number of MiB"
    return ""


def check_environments(source: Source, tables: Mapping[str, Mapping[str, Any]], boundary: Boundary) -> None:
    """Raises `ConfigError`, with the line, for what an environment lacks, what its kind does not know, and what is protected."""
    for name, table in tables.items():
        place = ("environments", name)
        if not NAME.fullmatch(name):
            raise source.fault(
                f"{shown(name)} is no name of an environment; use letters, digits, '_', '-', '.'", *place
            )
        kind = table.get("kind", "process")
        for other, keys in OF_KIND.items():
            for key in keys:
                if other != kind and key in table:
                    raise source.fault(f"environment '{name}' is of kind {kind}, which has no '{key}'", *place, key)
        for key in {"process": ("command", "port"), "compose": ("file",), "script": ("start",)}[kind]:
            if key not in table:
                raise source.fault(
                    f"environment '{name}' is of kind {kind} and has no '{key}'; write {key} = …", *place
                )
        _check_boundary(source, name, table, boundary)


def _check_boundary(source: Source, name: str, table: Mapping[str, Any], boundary: Boundary) -> None:
    place = ("environments", name)
    try:
        key = "port"
        boundary.check_bind(table.get("port", 0))
        key = "needs"
        for port in table.get("needs", {}).get("ports", []):
            boundary.check_bind(port)
        for key in ("folder", "file"):
            if table.get(key):
                boundary.check_path(table[key])
        key = "env"
        boundary.check_written_environment(table.get("env", {}), mentions=False)
        for key in ("command", "start", "stop", "status"):
            boundary.check_words(table.get(key, []), mentions=False)
        for key in ("start", "stop", "status"):
            if table.get(key) and not table[key][0].startswith("/") and "/" in table[key][0]:
                boundary.check_path(table[key][0])
    except BoundaryError as error:
        raise source.fault(f"environment '{name}': {error}", *place, key) from error

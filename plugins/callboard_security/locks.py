"""Python locks: poetry.lock, uv.lock, pdm.lock, pylock.toml, Pipfile.lock."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from callboard_security.found import Broken, Package, Packages, normal

LOCAL_SOURCES = frozenset({"editable", "virtual", "directory", "path"})
LOCAL_TYPES = frozenset({"directory", "file"})


def toml_lock(text: str, path: str, found: Packages) -> None:
    """poetry.lock, uv.lock, pdm.lock and pylock.toml (PEP 751); the project itself and local folders are left out."""
    tables = tomllib.loads(text)
    lines = {name: number for number, name in named_lines(text, re.compile(r'name\s*=\s*["\']([^"\']+)["\']'))}
    entries = [*_listed(tables, "package"), *_listed(tables, "packages")]
    if not entries and not {"package", "packages", "metadata", "version", "lock-version"} & set(tables):
        raise ValueError("it holds none of the tables of a lock")
    for entry in sound(entries, path, found):
        if not isinstance(entry.get("name"), str):
            found.broken.append(Broken(path, "an entry has no name"))
            continue
        source = entry.get("source", {})
        source = source if isinstance(source, Mapping) else {}
        local = LOCAL_SOURCES & set(source) or source.get("type") in LOCAL_TYPES
        if local or {"directory", "path", "archive"} & set(entry):
            continue
        name = entry["name"]
        package = Package("PyPI", normal(name), str(entry.get("version", "")), path, lines.get(name, 0))
        (found.pinned if package.version else found.wanted).append(package)


def pipfile_lock(text: str, path: str, found: Packages) -> None:
    """Pipfile.lock of pipenv; every category of packages counts."""
    tables = json.loads(text)
    lines = {name: number for number, name in named_lines(text, re.compile(r'"([^"]+)":\s*\{'))}
    for group, entries in tables.items():
        if group == "_meta":
            continue
        if not isinstance(entries, dict):
            raise ValueError(f"'{group}' is no table")
        for name, entry in entries.items():
            if not isinstance(entry, dict):
                found.broken.append(Broken(path, f"'{name}' is no table", lines.get(name, 0)))
                continue
            if "path" in entry or entry.get("editable") is True:
                continue
            version = str(entry.get("version", "")).removeprefix("===").removeprefix("==")
            package = Package("PyPI", normal(name), version, path, lines.get(name, 0))
            (found.pinned if version else found.wanted).append(package)


def sound(entries: Iterable[Any], path: str, found: Packages) -> Iterator[Mapping[str, Any]]:
    """The entries that are tables; the others together are one fault of the file."""
    odd = 0
    for entry in entries:
        if isinstance(entry, Mapping):
            yield entry
        else:
            odd += 1
    if odd:
        found.broken.append(Broken(path, f"{odd} of its entries have another form than expected"))


def _listed(tables: Mapping[str, Any], key: str) -> list[Any]:
    entries = tables.get(key, [])
    if not isinstance(entries, list):
        raise ValueError(f"'{key}' is no list")
    return entries


def named_lines(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """(line, name) of each line that begins with the pattern."""
    for number, line in enumerate(text.splitlines(), 1):
        match = pattern.match(line.strip())
        if match is not None:
            yield number, match[1]

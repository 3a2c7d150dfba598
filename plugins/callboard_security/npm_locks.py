"""Locks of the npm world: package-lock.json and npm-shrinkwrap.json, yarn.lock (1 and berry), pnpm-lock.yaml."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from callboard_security.found import Broken, Package, Packages
from callboard_security.locks import named_lines

_ELSEWHERE = ("file:", "link:", "portal:", "workspace:", "patch:", "exec:")
_REMOTE = ("git", "http:", "https:", "github:", "ssh:", "bitbucket:", "gitlab:")
_YARN_FIELD = re.compile(r'  "?(version|resolution|integrity|checksum|linkType)"?:?\s+"?([^"\n]*?)"?\s*$')
_PNPM_KEY = re.compile(r"  (?:'([^']+)'|\"([^\"]+)\"|([^\s'\"][^:]*(?::[^\s:][^:]*)*)):(?: \{\})?\s*$")


def npm_lock(text: str, path: str, found: Packages) -> None:
    """Versions 1 to 3; links to the workspace's own packages are left out, those from elsewhere have no version here."""
    tables = json.loads(text)
    if not isinstance(tables, dict):
        raise ValueError("it is no table")
    lines = {name: number for number, name in named_lines(text, re.compile(r'"([^"]+)":\s*\{'))}
    if "packages" in tables:
        for place, entry in _tables(tables["packages"], path, found, lines):
            if "node_modules/" in place and not entry.get("link"):
                name = entry.get("name") or place.rsplit("node_modules/", 1)[1]
                _npm_entry(found, str(name), entry, path, lines.get(place, 0))
        return
    if "dependencies" not in tables and "lockfileVersion" not in tables:
        raise ValueError("it holds neither 'packages' nor 'dependencies'")
    pending: list[Any] = [tables.get("dependencies", {})]
    while pending:
        for name, entry in _tables(pending.pop(), path, found, lines):
            pending.append(entry.get("dependencies", {}))
            _npm_entry(found, name, entry, path, lines.get(name, 0))


def _npm_entry(found: Packages, name: str, entry: Mapping[str, Any], path: str, line: int) -> None:
    version = str(entry.get("version", ""))
    if version.startswith("npm:"):
        name, _, version = version.removeprefix("npm:").rpartition("@")
    if version.startswith(_ELSEWHERE):
        return
    licence = entry.get("license", "")
    if isinstance(licence, dict):
        licence = licence.get("type", "")
    shown = licence if isinstance(licence, str) else ""
    integrity = str(entry.get("integrity", ""))
    if not version or version.startswith(_REMOTE):
        found.wanted.append(Package("npm", name, "", path, line, shown))
    else:
        found.pinned.append(Package("npm", name, version, path, line, shown, integrity))


def _tables(
    entries: Any, path: str, found: Packages, lines: Mapping[str, int]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(entries, dict):
        raise ValueError("its packages are no table")
    for name, entry in entries.items():
        if isinstance(entry, dict):
            yield str(name), entry
        else:
            found.broken.append(Broken(path, f"'{name}' is no table", lines.get(name, 0)))


def yarn_lock(text: str, path: str, found: Packages) -> None:
    """Both forms of yarn.lock: of yarn 1, and the YAML of berry; the workspace's own packages are left out."""
    if "yarn lockfile v1" not in text and "__metadata:" not in text:
        raise ValueError("it is no yarn.lock: neither 'yarn lockfile v1' nor '__metadata' is in it")
    head, line, fields = "", 0, dict[str, str]()
    for number, raw in enumerate([*text.splitlines(), "end:"], 1):
        if raw and not raw[0].isspace() and not raw.startswith("#"):
            if head:
                _yarn_entry(head, fields, path, line, found)
            head, line, fields = raw.rstrip().removesuffix(":").removeprefix("? "), number, {}
            if head.startswith("__metadata"):
                head = ""
        elif (match := _YARN_FIELD.match(raw)) is not None:
            fields.setdefault(match[1], match[2])


def _yarn_entry(head: str, fields: Mapping[str, str], path: str, line: int, found: Packages) -> None:
    wanted = head.strip('"').split(",")[0].strip().strip('"')
    name, spec = _at(wanted)
    version = fields.get("version", "")
    if "resolution" in fields:
        name, spec = _at(fields["resolution"])
        if spec.startswith("patch:"):
            spec = "npm:"
        if fields.get("linkType") == "soft" or not spec.startswith("npm:"):
            if spec.startswith(_REMOTE):
                found.wanted.append(Package("npm", name, "", path, line))
            return
    elif spec.startswith("npm:"):
        name, _ = _at(spec.removeprefix("npm:"))
    elif spec.startswith(_ELSEWHERE):
        return
    if not name or not version:
        found.broken.append(Broken(path, f"the entry '{head[:100]}' has no version", line))
        return
    found.pinned.append(Package("npm", name, version, path, line, integrity=fields.get("integrity", "")))


def _at(text: str) -> tuple[str, str]:
    """('@scope/name', 'what stands behind the @')."""
    place = text.find("@", 1)
    return (text, "") if place < 0 else (text[:place], text[place + 1 :])


def pnpm_lock(text: str, path: str, found: Packages) -> None:
    """pnpm-lock.yaml of versions 5 to 9: the keys of 'packages', in the plain form that pnpm itself writes."""
    if re.search(r"^lockfileVersion:", text, re.MULTILINE) is None:
        raise ValueError("it is no pnpm-lock.yaml: 'lockfileVersion' is missing")
    inside, seen = False, set[tuple[str, str]]()
    lines = text.splitlines()
    for number, raw in enumerate(lines, 1):
        if raw and not raw[0].isspace():
            inside = raw.rstrip() == "packages:"
        elif inside and (match := _PNPM_KEY.match(raw)) is not None:
            key = match[1] or match[2] or match[3]
            name, version = pnpm_key(key)
            if not name and not key.startswith(_ELSEWHERE):
                local = any(prefix in key for prefix in ("@file:", "@link:"))
                remote = _at(key.removeprefix("/"))[0] if not local else ""
                if remote and not local:
                    found.wanted.append(Package("npm", remote, "", path, number))
            elif name and (name, version) not in seen:
                seen.add((name, version))
                following = " ".join(lines[number : number + 2])
                integrity = re.search(r"integrity: ([A-Za-z0-9+/=-]+)", following)
                found.pinned.append(
                    Package("npm", name, version, path, number, integrity=integrity[1] if integrity else "")
                )


def pnpm_key(key: str) -> tuple[str, str]:
    """Name and version of a key: '/name/1.0.0_peer', '/name@1.0.0(peer)', 'name@1.0.0'; ('', '') for what has no version."""
    bare = key.split("(", 1)[0].removeprefix("/")
    for pattern in (
        r"((?:@[^/@\s]+/)?[^/@\s]+)@(\d[^/@\s]*)",
        r"((?:@[^/@\s]+/)?[^/@\s]+)/(\d[^/@\s_]*)(?:_.*)?",
    ):
        match = re.fullmatch(pattern, bare)
        if match is not None:
            return match[1], match[2]
    return "", ""

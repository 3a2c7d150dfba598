"""The configuration files of a workspace, and their keys as hashes that say whether a value changed, and nothing else."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from callboard.api import Workspace, keyed_hash
from callboard_config.assignments import (
    Assignment,
    docker_assignments,
    ini_assignments,
    json_assignments,
    toml_assignments,
    yaml_assignments,
)
from callboard_config.dotenv import is_env_name, is_example, parse
from callboard_config.envfiles import env_paths
from callboard_config.hardcoded import LOCKS, is_secret
from callboard_config.places import is_docs, is_test
from callboard_config.redact import masked, suspicious
from callboard_config.yaml_text import load_bounded

PATTERNS = (
    "*.toml", "*.yml", "*.yaml", "*.json", "*.ini", "*.cfg", "*.conf", "*.properties", "Dockerfile*", "*.dockerfile", "Procfile*",
    ".editorconfig", ".npmrc", ".dockerignore", "*.service", "nginx*",
)  # fmt: skip
LARGEST = 200_000
MOST_FILES = 500
MOST_KEYS = 2_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at one moment: hashes by which it is compared. `text` only when nothing in it looks like a secret."""

    digest: str
    keys: Mapping[str, str]
    secret: bool
    text: str | None


def config_paths(workspace: Workspace, include: list[str]) -> list[str]:
    """What is looked after: env files (ignored ones too) and configuration that git lists; no tests, documents and locks."""
    locks = set(workspace.matching(*LOCKS))
    listed = [path for path in workspace.matching(*PATTERNS, *include) if path not in locks]
    plain = [path for path in listed if not is_test(path) and not is_docs(path)]
    env = [path for path in env_paths(workspace) if not is_test(path)]
    kept = [*env, *(path for path in plain if path not in env)]
    return [path for path in kept[:MOST_FILES] if _small(workspace, path)]


def look_at(path: str, text: str, key: bytes) -> Seen:
    """The file as hashes; its text only when it is free of secrets."""
    values = flat(path, text)
    secret = holds_secrets(path, text)
    first = list(values.items())[:MOST_KEYS]
    keys = {masked(name) if secret else name: keyed_hash(key, value) for name, value in first}
    return Seen(keyed_hash(key, text), keys, secret, None if secret else text)


def holds_secrets(path: str, text: str) -> bool:
    """Whether it is an env file, or anything in it might be a secret: then its text is never kept."""
    name = path.rsplit("/", 1)[-1]
    if is_env_name(name) and not is_example(name):
        return True
    return any(is_secret(item) for item in _assignments(path, text)) or bool(suspicious(text)) or "PRIVATE KEY" in text


def certain_secrets(path: str, text: str) -> set[str]:
    """The values that are assigned to names of secrets, and passwords in addresses."""
    return {item.value for item in _assignments(path, text) if is_secret(item)}


def _assignments(path: str, text: str) -> list[Assignment]:
    name = path.rsplit("/", 1)[-1]
    try:
        if is_env_name(name):
            return [Assignment(entry.name, entry.value, entry.line, "env") for entry in parse(text).entries]
        if name.endswith(".toml"):
            return list(toml_assignments(text))
        if name.endswith((".yml", ".yaml")):
            return list(yaml_assignments(text))
        if name.endswith(".json"):
            return list(json_assignments(text))
        if "ockerfile" in name:
            return list(docker_assignments(text))
    except (ValueError, RecursionError):
        return list(ini_assignments(text))
    return list(ini_assignments(text))


def flat(path: str, text: str) -> dict[str, str]:
    """The values by dotted key; they stay in memory. {} for what cannot be parsed."""
    name = path.rsplit("/", 1)[-1]
    try:
        if is_env_name(name):
            return {entry.name: entry.value for entry in parse(text).entries}
        if name.endswith(".toml"):
            return _flat(tomllib.loads(text))
        if name.endswith(".json"):
            return _flat(json.loads(text.removeprefix("\ufeff")))
        if name.endswith((".yml", ".yaml")):
            return _flat(load_bounded(text))
    except (ValueError, RecursionError):
        return {}
    return {item.name: item.value for item in _assignments(path, text)}


def parses(path: str, text: str) -> str:
    """'yes', 'no', or '' for a format that is not parsed here."""
    try:
        if path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith(".json"):
            json.loads(text.removeprefix("\ufeff"))
        elif path.endswith((".yml", ".yaml")):
            return (
                "no" if text.strip() and load_bounded(text) is None and not re.fullmatch(r"[\s#-].*", text) else "yes"
            )
        else:
            return ""
    except (ValueError, RecursionError):
        return "no"
    return "yes"


def _flat(tables: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    pending: list[tuple[str, Any]] = [("", tables)]
    while pending and len(found) < MOST_KEYS:
        key, node = pending.pop()
        if isinstance(node, Mapping) and node:
            pending += [(f"{key}.{name}" if key else str(name), value) for name, value in node.items()]
        elif isinstance(node, list) and node:
            pending += [(f"{key}[{at}]", value) for at, value in enumerate(node)]
        elif key:
            found[key] = repr(node)
    return found


def _small(workspace: Workspace, path: str) -> bool:
    place = workspace.path / path
    try:
        return not place.is_symlink() and place.stat().st_size <= LARGEST
    except OSError:
        return False

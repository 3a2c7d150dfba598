"""The `.openspec.yaml` of a change: what OpenSpec accepts in it, and what else teams write there."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from callboard.link.openspec.model import Check
from callboard.work.finding import clean

METADATA = ".openspec.yaml"
KEBAB = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MOST_KEYS = 100
MOST_ITEMS = 200
DEEPEST = 4
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Meta:
    """The schema ('' when OpenSpec would not accept the file), all keys as plain values, the changes it waits for."""

    schema: str
    keys: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    depends_on: tuple[str, ...] = ()
    trouble: tuple[Check, ...] = ()


def broken_meta(words: str, identity: str, where: str, line: int) -> Meta:
    """For a file that is no YAML, or cannot be read."""
    mend = "mend the YAML; until then its keys are left out of account"
    return Meta("", trouble=(Check("bad-yaml", "medium", words, mend, identity, where, line),))


def meta_of(value: Any, wrong: str, identity: str, where: str) -> Meta:
    """The values that a file holds; `wrong` says why OpenSpec does not accept it, or ''."""
    if not isinstance(value, dict):
        return broken_meta(f"{METADATA} of '{identity}' is no table of keys", identity, where, 0)
    trouble = []
    if wrong:
        words = f"{METADATA} of '{identity}' {wrong}; OpenSpec refuses it and falls back to tasks.md"
        trouble.append(Check("bad-yaml", "low", words, "mend it, or remove the file", identity, where))
    keys = {clean(str(key), 100): plain(item) for key, item in list(value.items())[:MOST_KEYS]}
    schema = "" if wrong else str(value["schema"])
    return Meta(schema, MappingProxyType(keys), _names(keys.get("depends_on", keys.get("dependsOn"))), tuple(trouble))


def plain(value: Any, depth: int = 0) -> Any:
    """The value as texts, numbers, lists and tables, cleaned and bounded."""
    if isinstance(value, str):
        return clean(value, 1_000)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else clean(str(value)[:100])
    if isinstance(value, float):
        return value if value == value and abs(value) < 1e300 else clean(str(value))
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, (list, tuple, set)):
        return [plain(item, depth + 1) for item in list(value)[:MOST_ITEMS]]
    if isinstance(value, dict):
        return {clean(str(key), 100): plain(item, depth + 1) for key, item in list(value.items())[:MOST_KEYS]}
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return clean(str(value), 1_000)


def wrong_metadata(value: Any) -> str:
    """Why OpenSpec would not accept the value, '' when it would."""
    if not isinstance(value, dict):
        return "is no table of keys"
    if not isinstance(value.get("schema"), str) or not value["schema"]:
        return "does not name its schema"
    if "created" in value and not (
        isinstance(value["created"], str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value["created"])
    ):
        return "has a 'created' that is no day such as 2026-01-31"
    if "goal" in value and not (isinstance(value["goal"], str) and value["goal"]):
        return "has a 'goal' that is no text"
    if "affected_areas" in value and not _texts(value["affected_areas"]):
        return "has 'affected_areas' that are no list of texts"
    for key in ("skip_specs", "retire_capabilities"):
        if key in value and not isinstance(value[key], bool):
            return f"has a '{key}' that is neither true nor false"
    link = value.get("initiative")
    if "initiative" in value and not (
        isinstance(link, dict)
        and set(link) == {"store", "id"}
        and all(isinstance(item, str) and KEBAB.fullmatch(item) for item in link.values())
    ):
        return "has an 'initiative' that is no table of store and id"
    return ""


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = re.split(r"[,\s]+", value)
    if not isinstance(value, list):
        return ()
    names = [str(item.get("change") or item.get("id") or "") if isinstance(item, dict) else str(item) for item in value]
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip() and name != "None"))[:100]

"""Into which layer of priority each change goes, and why: the team's rules first, then built-in ones.

The order: what `[changes.NAME]` says; `[[layers]]`, the first that fits; the built-in rules of BUILT_IN; the default of
`[roadmap]`. What a person placed by hand comes before all of them, and is kept elsewhere.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import Any

from callboard.config.roadmap import LAYERS, LayerRule, RoadmapTables
from callboard.link.openspec.model import Change, Roadmap

WORDS: Mapping[str, str] = {
    **dict.fromkeys(("critical", "blocker", "urgent", "highest", "p0", "0"), "critical"),
    **dict.fromkeys(("high", "major", "important", "p1", "1"), "high"),
    **dict.fromkeys(("medium", "normal", "moderate", "p2", "2"), "medium"),
    **dict.fromkeys(("low", "minor", "lowest", "trivial", "someday", "p3", "p4", "p5", "3", "4", "5"), "low"),
}
PRIORITY_KEYS = ("layer", "priority", "severity", "importance")
LABEL_KEYS = ("labels", "label", "tags", "tag")
KINDS: Sequence[tuple[str, frozenset[str]]] = (
    ("critical", frozenset(("hotfix", "security", "incident", "outage", "vulnerability", "cve"))),
    ("high", frozenset(("fix", "bug", "bugfix", "repair", "regression"))),
    (
        "low",
        frozenset(("docs", "doc", "chore", "cleanup", "refactor", "spike", "experiment", "explore", "idea", "polish")),
    ),
)
BUILT_IN = (
    "a key layer, priority, severity or importance in .openspec.yaml: critical/blocker/urgent/p0, high/major/p1, "
    "medium/normal/p2, low/minor/p3",
    "a label that is such a word, or hotfix, security, incident (critical), fix, bug, regression (high), docs, chore, "
    "cleanup, refactor, spike, experiment (low)",
    "the first word of the change's name, by the same list: fix-login is high",
    "two or more other changes wait for it: high",
)
SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Placed:
    """A layer, and in words why."""

    layer: str
    why: str


def layers_of(roadmap: Roadmap, tables: RoadmapTables) -> dict[str, Placed]:
    """The layer of each active change by its id."""
    waiting: dict[str, int] = {}
    for change in roadmap.changes:
        table = tables.changes.get(change.id)
        for other in {*change.depends_on, *(table.after if table else ())}:
            waiting[other] = waiting.get(other, 0) + 1
    return {change.id: layer_of(change, tables, waiting.get(change.id, 0)) for change in roadmap.changes}


def layer_of(change: Change, tables: RoadmapTables, waiting: int = 0) -> Placed:
    """The layer of one change, for which so many others wait."""
    own = tables.changes.get(change.id)
    if own and own.layer:
        return Placed(own.layer, f"[changes.{change.id}] says so")
    for rule in tables.layers:
        if (fits := _fits(rule, change)) is not None:
            return Placed(rule.layer, f"rule {rule.number} in callboard.toml (line {rule.line}): {fits}")
    found = _built_in(change, waiting)
    if found:
        return found
    default = tables.roadmap.layer
    return Placed(default, f"no rule fits; {default} is the default")


def _fits(rule: LayerRule, change: Change) -> str | None:
    """Why the rule fits, None when it does not."""
    said: list[str] = []
    if rule.path:
        hit = next((path for path in (change.id, change.path, *change.files) if _like(rule.path, path)), None)
        if hit is None:
            return None
        said.append(f"path '{rule.path}' fits {hit}")
    if rule.label:
        hit = next((label for label in labels_of(change) if _like(rule.label, label)), None)
        if hit is None:
            return None
        said.append(f"label '{rule.label}' fits {hit}")
    if rule.section:
        hit = next((one.title for one in change.sections if _like(rule.section, one.title)), None)
        if hit is None:
            return None
        said.append(f"section '{rule.section}' fits {hit}")
    if rule.key:
        if rule.key not in change.keys:
            return None
        hit = next(
            (word for word in _texts(change.keys[rule.key]) if rule.value is None or _like(rule.value, word)), None
        )
        if hit is None:
            return None
        said.append(f"{rule.key} is {hit}")
    return " and ".join(said) if said else None


def labels_of(change: Change) -> list[str]:
    """The labels in the change's `.openspec.yaml`."""
    return [word for key in LABEL_KEYS if key in change.keys for word in _texts(change.keys[key])]


def _built_in(change: Change, waiting: int) -> Placed | None:
    for key in PRIORITY_KEYS:
        for word in _texts(change.keys.get(key)):
            if word.lower() in WORDS:
                return Placed(WORDS[word.lower()], f"{key} is {word} in its .openspec.yaml")
    for label in labels_of(change):
        word = label.lower().removeprefix("priority:").removeprefix("priority/").strip()
        layer = WORDS.get(word) or next((layer for layer, words in KINDS if word in words), None)
        if layer:
            return Placed(layer, f"label {label} in its .openspec.yaml")
    first = re.split(r"[-_/ ]", change.id.lower(), maxsplit=1)[0]
    for layer, words in KINDS:
        if first in words:
            return Placed(layer, f"its name begins with {first}")
    return Placed("high", f"{waiting} changes wait for it") if waiting >= SEVERAL else None


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, dict):
        return []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)][:200]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [part.strip() for part in str(value).split(",") if part.strip()]


def _like(pattern: str, text: str) -> bool:
    return _compiled(pattern).match(text.lower()) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(re.sub(r"\*+", "*", pattern.lower())))


def rank_of(layer: str) -> int:
    """0 for critical to 3 for low."""
    return LAYERS.index(layer) if layer in LAYERS else len(LAYERS)

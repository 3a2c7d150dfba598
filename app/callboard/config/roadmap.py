"""The tables `[roadmap]`, `[[layers]]`, `[milestones.NAME]` and `[changes.NAME]`: their keys, and what they hold."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.config.fields import Field, Source, checked, near, shown

LAYERS = ("critical", "high", "medium", "low")
MOST_RULES = 200
FITS = ("path", "label", "section", "key")


def _wrong_place(value: Any) -> str:
    parts = str(value).replace("\\", "/").split("/")
    inside = not str(value).startswith(("/", "~")) and ".." not in parts and not re.match(r"[A-Za-z]:", str(value))
    return "" if inside and str(value).strip() else "it must be a folder inside of the workspace, such as 'openspec'"


def _wrong_due(value: Any) -> str:
    return "" if _day(value) else "it must be a day such as 2026-12-24"


def _wrong_patterns(value: Any) -> str:
    return "" if value and all(item.strip() for item in value) else "it must name at least one change, or a pattern"


ROADMAP: Mapping[str, Field] = {
    "folder": Field("text", "where OpenSpec's changes/ and specs/ lie; left out: openspec", check=_wrong_place),
    "write": Field("flag", "true: a task that is done with evidence is ticked in its tasks.md; left out: false"),
    "layer": Field("text", "the layer of a change that no rule fits; left out: medium", one_of=LAYERS),
    "stale_days": Field(
        "number", "days without a change to its files after which it counts as stale; left out: 21", 1, 3_650
    ),
    "at_once": Field(
        "whole", "how many changes are worked on at a time, for the forecast; left out: as was observed", 1, 100
    ),
    "tests": Field(
        "texts",
        "patterns of the files in which tests name requirements; left out: the usual names",
        check=_wrong_patterns,
    ),
}
LAYER: Mapping[str, Field] = {
    "layer": Field(
        "text", "where a change goes that all of the following fit; the first table that fits wins", one_of=LAYERS
    ),
    "path": Field("text", "a pattern of the change's name, or of one of its files: 'fix-*', '*/specs/payments/*'"),
    "label": Field("text", "a pattern of a label in its .openspec.yaml (labels, label, tags or tag)"),
    "section": Field("text", "a pattern of a heading in its tasks.md"),
    "key": Field("text", "a key of its .openspec.yaml"),
    "value": Field("any", "what that key must hold, as a pattern; left out: anything"),
}
MILESTONE: Mapping[str, Field] = {
    "title": Field("text", "what the team calls it"),
    "changes": Field("texts", "the changes that it needs, or patterns of them: 'pay-*'", check=_wrong_patterns),
    "due": Field("any", "the day by which it is wanted: 2026-12-24", check=_wrong_due),
}
CHANGE: Mapping[str, Field] = {
    "after": Field("texts", "changes that must be done before; besides depends_on in its .openspec.yaml"),
    "layer": Field("text", "its layer, before all rules", one_of=LAYERS),
    "owner": Field("text", "who answers for it"),
}


@dataclass(frozen=True, slots=True)
class RoadmapTable:
    """`[roadmap]`; `at_once` 0: as observed, `tests` (): the usual names."""

    folder: str = "openspec"
    write: bool = False
    layer: str = "medium"
    stale_days: float = 21.0
    at_once: int = 0
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LayerRule:
    """One `[[layers]]`: `layer`, if all that is said fits; '' and None: not said. `number` counts from 1, `line` is its place."""

    layer: str
    path: str = ""
    label: str = ""
    section: str = ""
    key: str = ""
    value: str | None = None
    number: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class MilestoneTable:
    """`[milestones.NAME]`: patterns of changes, and the day '2026-12-24' or ''."""

    name: str
    title: str = ""
    changes: tuple[str, ...] = ()
    due: str = ""


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """`[changes.NAME]`: what must be done before, the layer ('' unless said), who answers for it."""

    name: str
    after: tuple[str, ...] = ()
    layer: str = ""
    owner: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class RoadmapTables:
    """All four tables of the roadmap."""

    roadmap: RoadmapTable = RoadmapTable()
    layers: tuple[LayerRule, ...] = ()
    milestones: Mapping[str, MilestoneTable] = field(default_factory=dict)
    changes: Mapping[str, ChangeTable] = field(default_factory=dict)


def roadmap_tables(source: Source, roadmap: Mapping[str, Any], layers: Any, named: Mapping[str, Any]) -> RoadmapTables:
    """The tables, `roadmap` and `named` ('milestones', 'changes') already checked by their keys.

    Raises `ConfigError` with the line of a rule that says no layer or nothing that could fit, of a milestone without
    changes, and of changes that wait for each other.
    """
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in roadmap.items()}
    milestones = {name: _milestone(source, name, table) for name, table in named.get("milestones", {}).items()}
    changes = {
        name: ChangeTable(
            name,
            tuple(table.get("after", ())),
            table.get("layer", ""),
            table.get("owner", ""),
            source.lines.of("changes", name),
        )
        for name, table in named.get("changes", {}).items()
    }
    _check_order(source, changes)
    return RoadmapTables(RoadmapTable(**given), tuple(_rules(source, layers)), milestones, changes)


def _rules(source: Source, layers: Any) -> list[LayerRule]:
    if not isinstance(layers, list) or not all(isinstance(table, dict) for table in layers):
        raise source.fault(f"[layers] is {shown(layers)}; write each rule as [[layers]]", "layers")
    if len(layers) > MOST_RULES:
        raise source.fault(f"there are more than {MOST_RULES} tables [[layers]]; use patterns", "layers")
    found = []
    for number, table in enumerate(layers):
        place = ("layers", number)
        checked(source, table, LAYER, *place)
        if "layer" not in table:
            raise source.fault(f"[[layers]] does not say which; write layer = one of {', '.join(LAYERS)}", *place)
        if not any(str(table.get(key, "")).strip() for key in FITS):
            raise source.fault("[[layers]] does not say what fits; write a path, a label, a section or a key", *place)
        if "value" in table and "key" not in table:
            raise source.fault("'value' in [[layers]] is of use with 'key' only; write key = …", *place, "value")
        value = table.get("value")
        if isinstance(value, (dict, list)):
            raise source.fault(
                f"'value' in [[layers]] is {shown(value)}; it must be a text, a number or a flag", *place, "value"
            )
        texts = {key: str(table.get(key, "")).strip() for key in FITS}
        found.append(
            LayerRule(
                table["layer"],
                **texts,
                value=None if value is None else _word(value),
                number=number + 1,
                line=source.lines.of(*place),
            )
        )
    return found


def _milestone(source: Source, name: str, table: Mapping[str, Any]) -> MilestoneTable:
    if "changes" not in table:
        raise source.fault(f"milestone '{name}' names no changes; write changes = ['…']", "milestones", name)
    due = _day(table["due"]) if "due" in table else None
    return MilestoneTable(name, table.get("title", "") or name, tuple(table["changes"]), due.isoformat() if due else "")


def _check_order(source: Source, changes: Mapping[str, ChangeTable]) -> None:
    for name, table in changes.items():
        if name in table.after:
            raise source.fault(f"change '{name}' waits for itself; remove it from 'after'", "changes", name, "after")
        seen, waiting = set[str](), list(table.after)
        while waiting:
            other = waiting.pop()
            if other == name:
                circle = f"changes '{name}' and '{_last(name, changes)}' wait for each other"
                raise source.fault(f"{circle}; remove one of them from 'after'", "changes", name, "after")
            if other not in seen and other in changes:
                seen.add(other)
                waiting.extend(changes[other].after)


def _last(name: str, changes: Mapping[str, ChangeTable]) -> str:
    return next((other for other, table in changes.items() if name in table.after), name)


def _word(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _day(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def unknown_changes(tables: RoadmapTables, known: set[str]) -> list[tuple[str, int, str]]:
    """Names in `[changes]` that no change has: the name, its line, and words such as ' Did you mean …?'."""
    return [(name, table.line, near(name, known)) for name, table in tables.changes.items() if name not in known]

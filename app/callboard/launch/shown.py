"""Checks what an attempt puts into a section: known kinds, bounded, clean text, and nothing else."""

import json
import re
from collections.abc import Mapping
from typing import Any

from callboard.launch.values import BadMessage, inner_path, number, regular, text, whole
from callboard.work.finding import clean
from callboard.work.sections import ACTION, MOST_BLOCKS, MOST_COLUMNS, MOST_ROWS, STATES

SECTION = re.compile(r"[a-z0-9][a-z0-9_.-]{0,59}")
LONGEST_CELL = 500
LARGEST_OPTIONS = 4_000
MOST_FIGURES = 50
MOST_BARS = 50


def section_name(message: Mapping[str, Any]) -> str:
    """The name of a section; raises `BadMessage` for what is none."""
    name = message.get("name")
    if not isinstance(name, str) or not SECTION.fullmatch(name):
        raise BadMessage("'name' of a section is none")
    return name


def section_blocks(message: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    """The blocks in the form that `callboard.work.sections.block_fields` makes; raises `BadMessage` for any other."""
    return tuple(_block(block) for block in _items(message, "blocks", MOST_BLOCKS))


def _block(block: Any) -> dict[str, Any]:
    fields = _object(block, "a block")
    match fields.get("kind"):
        case "figures":
            figures = [_figure(_object(figure, "a figure")) for figure in _items(fields, "figures", MOST_FIGURES)]
            return {"kind": "figures", "figures": figures}
        case "table":
            return _table(fields)
        case "bars":
            bars = [_bar(bar) for bar in _items(fields, "bars", MOST_BARS)]
            return {"kind": "bars", **_title(fields), "unit": text(fields, "unit", 20, ""), "bars": bars}
        case "words":
            return {"kind": "words", "text": text(fields, "text", 2_000), "state": _state(fields)}
        case _:
            raise BadMessage("a block is none of figures, table, bars, words")


def _figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "label": text(figure, "label", 100),
        "value": _plain(figure.get("value"), 100),
        "unit": text(figure, "unit", 20, ""),
        "state": _state(figure),
        "note": text(figure, "note", 300, ""),
    }


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    columns = [_plain(column, 100) for column in _items(table, "columns", MOST_COLUMNS)]
    rows = []
    for row in _items(table, "rows", MOST_ROWS):
        if not isinstance(row, list) or len(row) > MOST_COLUMNS:
            raise BadMessage("a row of a table is wrong")
        cells = [_cell(cell) for cell in row[: len(columns)]]
        rows.append(cells + [None] * (len(columns) - len(cells)))
    return {"kind": "table", **_title(table), "columns": columns, "rows": rows, "more": whole(table, "more")}


def _bar(bar: Any) -> list[Any]:
    if not isinstance(bar, list) or len(bar) != 2 or not isinstance(bar[0], str):
        raise BadMessage("a bar is no label with a value")
    return [clean(bar[0], 200), number({"value": bar[1]}, "value")]


def _cell(cell: Any) -> Any:
    if not isinstance(cell, dict):
        return None if cell is None else _plain(cell, LONGEST_CELL)
    made: dict[str, Any] = {"text": text(cell, "text", LONGEST_CELL, "")}
    if state := _state(cell):
        made["state"] = state
    if path := _inside(cell.get("path", "")):
        made["path"] = path
        made["line"] = whole(cell, "line")
    if cell.get("act") is not None:
        made["act"] = _act(_object(cell["act"], "an act"))
    return made


def _inside(path: Any) -> str:
    """The path within the workspace; '' for one that leads out of it: the cell's text says enough."""
    try:
        return inner_path(path)
    except BadMessage:
        return ""


def _act(act: Mapping[str, Any]) -> dict[str, Any]:
    action, options = act.get("action"), act.get("options", {})
    if not isinstance(action, str) or not ACTION.fullmatch(action):
        raise BadMessage("'action' of a button is no action")
    if not isinstance(options, dict) or len(json.dumps(options)) > LARGEST_OPTIONS:
        raise BadMessage("'options' of a button are wrong")
    if not isinstance(act.get("danger", False), bool):
        raise BadMessage("'danger' of a button is neither true nor false")
    # A cleaned option would be another one than the agent meant: what cleaning would change is refused.
    if regular(options) != options:
        raise BadMessage("'options' of a button hold control characters, or texts that are too long")
    return {"label": text(act, "label", 60), "action": action, "options": options, "danger": act.get("danger", False)}


def _title(block: Mapping[str, Any]) -> dict[str, str]:
    return {"title": text(block, "title", 200, "")}


def _plain(value: Any, longest: int) -> Any:
    """A clean text or a finite number; truth as a word."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clean(value, longest)
    given = number({"value": value}, "value")
    return value if isinstance(value, int) else given


def _state(fields: Mapping[str, Any]) -> str:
    state = fields.get("state", "")
    if not isinstance(state, str) or state not in STATES:
        raise BadMessage("'state' is none of good, bad, unsure, quiet")
    return state


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadMessage(f"{what} is no object")
    return value


def _items(fields: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list) or len(value) > most:
        raise BadMessage(f"'{name}' is no list of at most {most}")
    return value

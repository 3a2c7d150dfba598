"""Sections that an agent adds to the pages: what they are for, and what an attempt puts into them.

A section is declared once, by the hook `callboard_sections`; its content is data that attempts publish with
`Context.show`. Nothing of a plugin runs in the server, and no markup passes: the pages draw the blocks.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from callboard.work.finding import clean

MOST_ROWS = 500
MOST_COLUMNS = 12
MOST_BLOCKS = 20

ACTION = re.compile(r"[a-z][a-z0-9_-]{0,39}\.[A-Za-z][A-Za-z0-9_.-]{0,79}")

State = Literal["", "good", "bad", "unsure", "quiet"]
STATES: tuple[str, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an agent's page. `name` is unique within the agent. `empty` says what fills it, while nothing has.

    `trends` are names of metrics (`Context.metric`) that are drawn over time above the content; a '*' at the end takes
    all that begin so.
    """

    name: str
    agent: str
    title: str
    empty: str
    trends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """A button: a run of an action, with options, through the same door as everybody's. `danger` asks before."""

    label: str
    action: str
    options: Mapping[str, Any] = field(default_factory=dict)
    danger: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One number or word that matters: `label`, `value`, `unit`, and how it is to be seen."""

    label: str
    value: str | float | int
    unit: str = ""
    state: State = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell with more than its text. `path` and `line` lead to a file of the workspace, `act` is a button."""

    text: str
    state: State = ""
    path: str = ""
    line: int = 0
    act: Act | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of figures."""

    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; cells are texts, numbers, None or `Cell`. `more` says how many rows were left out."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int | Cell | None]]
    title: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True)
class Bars:
    """Named amounts, drawn as bars from the largest: (label, value); `unit` for all."""

    bars: Sequence[tuple[str, float]]
    title: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; plain text."""

    text: str
    state: State = ""


Block = Figures | Table | Bars | Words


def block_fields(block: Block) -> dict[str, Any]:
    """The block as a JSON object with its kind, bounded; a number that is none (NaN, infinite) is shown as a dash.

    Raises TypeError for anything else, and ValueError for an unknown state and for a button without an action's full name.
    """
    match block:
        case Figures():
            return {"kind": "figures", "figures": [_figure(figure) for figure in list(block.figures)[:50]]}
        case Table():
            rows = [[_cell(cell) for cell in list(row)[:MOST_COLUMNS]] for row in list(block.rows)[:MOST_ROWS]]
            more = block.more + max(0, len(block.rows) - MOST_ROWS)
            columns = [clean(str(column), 100) for column in list(block.columns)[:MOST_COLUMNS]]
            return {"kind": "table", "title": clean(block.title, 200), "columns": columns, "rows": rows, "more": more}
        case Bars():
            amounts = [(clean(str(label), 200), float(value)) for label, value in block.bars]
            bars = [[label, value] for label, value in amounts if math.isfinite(value)][:50]
            return {"kind": "bars", "title": clean(block.title, 200), "unit": clean(block.unit, 20), "bars": bars}
        case Words():
            return {"kind": "words", "text": clean(block.text), "state": _known(block.state)}
    raise TypeError(f"a section holds Figures, Table, Bars and Words, not {type(block).__name__}")


def _figure(figure: Figure) -> dict[str, Any]:
    _known(figure.state)
    return {**asdict(figure), "value": _plain(figure.value)}


def _cell(cell: str | float | int | Cell | None) -> Any:
    if isinstance(cell, Cell):
        _known(cell.state)
        if cell.act is not None and not ACTION.fullmatch(cell.act.action):
            raise ValueError(f"the button '{cell.act.label}' needs an action's full name, not '{cell.act.action}'")
        return {key: value for key, value in asdict(cell).items() if value not in ("", 0, None)}
    return _plain(cell)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "–"
    return clean(value, 500) if isinstance(value, str) else value


def _known(state: str) -> str:
    if state not in STATES:
        raise ValueError(f"'{state}' is no state of a section; known: {', '.join(filter(None, STATES))}")
    return state

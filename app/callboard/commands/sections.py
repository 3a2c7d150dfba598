"""The sections of an agent's page, for a terminal."""

import argparse
import json
import shlex
import shutil
import sys
import textwrap
from typing import Any

from callboard.cli import DONE
from callboard.commands.cells import pad, width
from callboard.commands.doors import reading_desk, settings_of
from callboard.commands.show import ago, paint, plain, print_json, table
from callboard.errors import NotFound

Row = dict[str, Any]

SIGNS = {"good": ("✓", "32"), "bad": ("✗", "31"), "unsure": ("?", "33"), "quiet": ("·", "2")}
STEPS = "▁▂▃▄▅▆▇█"
SPARK = 40
BAR = 30
MOST_ACTS = 10


def show(given: argparse.Namespace) -> int:
    """What an agent shows of this workspace: all of its sections, or one."""
    rows = reading_desk(settings_of(given)).sections(given.agent)
    if given.section:
        known = ", ".join(row["name"] for row in rows) or "none"
        rows = [row for row in rows if row["name"] == given.section]
        if not rows:
            raise NotFound(f"agent '{given.agent}' has no section '{given.section}'; its sections: {known}")
    if given.json:
        print_json(rows)
    elif not rows:
        sys.stdout.write(f"agent '{plain(given.agent)}' declares no sections; see `callboard agents`\n")
    else:
        print_sections(rows)
    return DONE


def print_sections(rows: list[Row]) -> None:
    """The sections below each other."""
    for number, row in enumerate(rows):
        sys.stdout.write("\n" if number else "")
        _print_section(row)


def _print_section(row: Row) -> None:
    since = f"as of {ago(row['at'])}, run {row['run']}" if row["at"] is not None else ""
    sys.stdout.write(f"{paint(plain(row['title']), '1')} ({plain(row['name'])})  {paint(since, '2')}".rstrip() + "\n")
    for series in row["trends"]:
        _print_trend(series)
    if row["at"] is None:
        _print_words(row["empty"])
    for block in row["blocks"]:
        sys.stdout.write("\n")
        _print_block(block)


def _print_block(block: Row) -> None:
    if block.get("title"):
        sys.stdout.write(f"{plain(block['title'])}\n")
    match block["kind"]:
        case "figures":
            _print_figures(block["figures"])
        case "table":
            _print_table(block)
        case "bars":
            _print_bars(block["bars"], block["unit"])
        case "words":
            _print_words(_signed(block["text"], block["state"], on=False))
        case _:
            return


def _print_figures(figures: list[Row]) -> None:
    labels = max((width(plain(figure["label"])) for figure in figures), default=0)
    for figure in figures:
        value = f"{amount(figure['value'])} {plain(figure['unit'])}".strip()
        words = f"{pad(plain(figure['label']), labels)}  {_signed(value, figure['state'])}"
        note = paint(f"  {plain(figure['note'])}", "2") if figure["note"] else ""
        sys.stdout.write(f"{words}{note}\n")


def _print_table(block: Row) -> None:
    if block["rows"]:
        rows = [[_cell_words(cell) for cell in row] for row in block["rows"]]
        table(rows, [amount(column) for column in block["columns"]])
    else:
        sys.stdout.write("no rows\n")
    if block["more"]:
        sys.stdout.write(f"… and {block['more']:,} more\n")
    cells = [cell for row in block["rows"] for cell in row if isinstance(cell, dict)]
    acts = list(dict.fromkeys(_act_words(cell["act"]) for cell in cells if cell.get("act")))
    for words in acts[:MOST_ACTS]:
        sys.stdout.write(f"{words}\n")
    if len(acts) > MOST_ACTS:
        sys.stdout.write(f"… and {len(acts) - MOST_ACTS} more things to do: see `--json`, or the page\n")


def _cell_words(cell: Any) -> str:
    if not isinstance(cell, dict):
        return amount(cell)
    text, place = plain(cell["text"]), plain(cell.get("path", ""))
    where = f"{place}:{cell['line']}" if place and cell.get("line") else place
    if where and place not in text:
        text = f"{text} ({where})".strip()
    return _signed(text, cell.get("state", ""), on=False) + (
        f" [{plain(cell['act']['label'])}]" if cell.get("act") else ""
    )


def _act_words(act: Row) -> str:
    options = [f"-o {shlex.quote(f'{name}={_option(value)}')}" for name, value in act["options"].items()]
    return f"[{plain(act['label'])}] callboard do {' '.join([act['action'], *map(plain, options)])}"


def _option(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _print_bars(bars: list[list[Any]], unit: str) -> None:
    ranked = sorted(bars, key=lambda bar: -bar[1])
    labels = min(40, max((width(plain(label)) for label, _ in ranked), default=0))
    most = max((value for _, value in ranked), default=0.0)
    for label, value in ranked:
        length = round(BAR * value / most) if most > 0 and value > 0 else 0
        bar = "█" * (length or (1 if value > 0 else 0))
        words = f"{amount(value)} {plain(unit)}".strip()
        sys.stdout.write(f"{pad(plain(label, 40), labels)}  {paint(pad(bar, BAR), '36')}  {words}\n")


def _print_words(text: str) -> None:
    room = min(100, shutil.get_terminal_size((100, 24)).columns)
    for line in textwrap.wrap(plain(text, 2_000), max(20, room)):
        sys.stdout.write(f"{line}\n")


def _print_trend(series: Row) -> None:
    values = [point[1] for point in series["points"]]
    unit = plain(series["unit"])
    last = f"{amount(values[-1])} {unit}".strip()
    reach = f"lowest {amount(min(values))}, highest {amount(max(values))}, {len(values)} times"
    sys.stdout.write(f"{plain(series['metric'])}  {paint(spark(values), '36')}  {last}  {paint(reach, '2')}\n")


def spark(values: list[float]) -> str:
    """The newest values as a line of blocks, the lowest lowest; a level series lies in the middle."""
    shown = values[-SPARK:]
    low, high = min(shown), max(shown)
    if high == low:
        return STEPS[3] * len(shown)
    return "".join(STEPS[round((value - low) / (high - low) * (len(STEPS) - 1))] for value in shown)


def amount(value: Any) -> str:
    """A number as people write it, at most two decimals; text as it is; '–' for nothing."""
    if value is None:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.01 else f"{value:.2g}"
    return f"{value:,.0f}" if isinstance(value, (int, float)) else plain(value)


def _signed(text: str, state: str, *, on: bool | None = None) -> str:
    sign, colour = SIGNS.get(state, ("", ""))
    return paint(f"{sign} {plain(text, 2_000)}", colour, on) if sign else plain(text, 2_000)

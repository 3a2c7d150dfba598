"""Rows as CSV (RFC 4180) or JSON, piece by piece."""

import csv
import datetime
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from callboard.desk.columns import Column, Table

BOM = "\ufeff".encode()
AT_ONCE = 200
LONGEST = 32_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
Encode = Callable[[Any], bytes]


def csv_pieces(table: Table, rows: Iterable[Mapping[str, Any]], *, bom: bool = False) -> Iterator[bytes]:
    """A line of titles, then a line for each row; with `bom` the mark by which Excel knows UTF-8.

    Moments are ISO 8601 in UTC, lists are joined by '; ', nothing is ''. A text that a spreadsheet would take for a formula
    gets an apostrophe in front; numbers stay what they are.
    """
    left = iter(rows)
    titles = [column.title for column in table.columns]
    part = [[_cell(column, row) for column in table.columns] for row in islice(left, AT_ONCE)]
    yield (BOM if bom else b"") + _lines([titles, *part])
    while part:
        part = [[_cell(column, row) for column in table.columns] for row in islice(left, AT_ONCE)]
        if part:
            yield _lines(part)


def json_pieces(rows: Iterable[Mapping[str, Any]], encode: Encode | None = None) -> Iterator[bytes]:
    """One list of the rows as they are, a row a line."""
    encode = encode or encoded
    left = iter(rows)
    part = [encode(row) for row in islice(left, AT_ONCE)]
    yield b"[" + b",\n".join(part)
    while part:
        part = [encode(row) for row in islice(left, AT_ONCE)]
        if part:
            yield b",\n" + b",\n".join(part)
    yield b"]\n"


def encoded(value: Any) -> bytes:
    """JSON of a row; what is no number becomes null, half a character U+FFFD."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, default=str)
    return re.sub(r"[\ud800-\udfff]", "\ufffd", text).encode()


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(column: Column, row: Mapping[str, Any]) -> Any:
    value = column.cell(row)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            if isinstance(value, float) and not math.isfinite(value):
                return ""
            return iso(value) if column.moment else value
        case list() | tuple():
            return defused("; ".join(str(part) for part in value))
        case _:
            return defused(str(value))


def iso(at: float) -> str:
    """'2026-11-27T09:30:00.250Z'."""
    try:
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def defused(text: str) -> str:
    """The text as no spreadsheet takes it for a formula, without what a file of text cannot hold."""
    text = UNFIT.sub("\ufffd", text)
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text

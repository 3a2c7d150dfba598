"""Tables as CSV and JSON: what a spreadsheet and a program read out of them."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from callboard.desk.columns import TABLES, Table, of, when
from callboard.desk.writing import AT_ONCE, csv_pieces, defused, iso, json_pieces

SMALL = Table("small", (), (of("Name", "name"), when("At", "at"), of("Size (MiB)", "deep", "size"), of("List", "list")))


def read(table: Table, rows: list[dict[str, Any]], **more: Any) -> list[list[str]]:
    """What a program that reads CSV finds."""
    text = b"".join(csv_pieces(table, rows, **more)).decode("utf-8-sig")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_titles_have_units_and_times_are_utc_and_lists_are_one_cell() -> None:
    row = {"name": 'a "quoted", one\nin two lines', "at": 1_700_000_000.25, "deep": {"size": 1.5}, "list": ["b", "c"]}
    assert read(SMALL, [row, {"name": None, "deep": None}]) == [
        ["Name", "At (UTC)", "Size (MiB)", "List"],
        ['a "quoted", one\nin two lines', "2023-11-14T22:13:20.250Z", "1.5", "b; c"],
        ["", "", "", ""],
    ]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("-2+3", "'-2+3"), ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("\n=1", "'\n=1"), ("＝1", "'＝1"), ("-5", "-5"), ("+1.5e3", "+1.5e3"), ("-", "'-"),
        ("a=1", "a=1"), ("", ""), ("half \ud800 a \x00 sign", "half \ufffd a \ufffd sign"), ("-5\n", "'-5\n"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula_and_no_number_is_changed(text: str, cell: str) -> None:
    assert defused(text) == cell


def test_numbers_are_written_as_they_are_and_what_is_none_is_empty() -> None:
    rows = [{"deep": {"size": value}} for value in (-1.5, -3, 0.1, 1e-9, float("nan"), float("inf"), True)]
    assert [line[2] for line in read(SMALL, rows)[1:]] == ["-1.5", "-3", "0.1", "1e-09", "", "", "true"]


def test_only_excel_gets_the_mark_of_utf_8() -> None:
    assert b"".join(csv_pieces(SMALL, [], bom=True)) == b"\xef\xbb\xbfName,At (UTC),Size (MiB),List\r\n"
    assert b"".join(csv_pieces(SMALL, [])).startswith(b"Name,")


def test_json_is_the_rows_and_survives_what_json_cannot_carry() -> None:
    rows = [{"a": 1, "b": ["ä"]}, {"a": float("nan"), "b": "half \ud800"}]
    assert json.loads(b"".join(json_pieces(rows))) == [{"a": 1, "b": ["ä"]}, {"a": None, "b": "half \ufffd"}]
    assert json.loads(b"".join(json_pieces([]))) == []


@pytest.mark.parametrize("write", [lambda rows: csv_pieces(SMALL, rows), json_pieces])
def test_ten_thousand_rows_are_never_held_at_once(write: Any) -> None:
    asked = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(10_000):
            asked.append(number)
            yield {"name": str(number), "at": float(number)}

    pieces = write(rows())
    size = 0
    for nth, piece in enumerate(pieces, 1):
        size += piece.count(b"\n")
        assert len(asked) <= nth * AT_ONCE
    assert len(asked) == 10_000
    assert size in (10_001, 10_000)


def test_each_table_has_titles_of_its_own_and_every_moment_says_that_it_is_utc() -> None:
    for name, table in TABLES.items():
        titles = [column.title for column in table.columns]
        assert len(set(titles)) == len(titles), name
        assert all(column.moment == column.title.endswith("(UTC)") for column in table.columns), name


def test_a_moment_that_no_calendar_has_is_empty() -> None:
    assert (iso(1e18), iso(0.0)) == ("", "1970-01-01T00:00:00.000Z")

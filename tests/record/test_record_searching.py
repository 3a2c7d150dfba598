"""Searches in the output of attempts: every line that fits, by its number, however it is coloured or cut."""

import itertools
import os
from pathlib import Path

import pytest

from callboard.record.searching import CHUNK, PIECE, chunks_of, level_of, search

LINES = [
    "plain start",
    "\x1b[31mERR\x1b[0mOR: split by a colour",
    "10 %\r50 %\rdone at last",
    "0 failed",
    "E       assert 1 == 2",
    "Grüner Tee",
    "WARNING: slow",
    "FAILED tests/test_a.py",
]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "output.log"
    path.write_text("\n".join(LINES) + "\nno end yet", "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "level", "numbers"),
    [
        ("error", "", [1]),
        ("PLAIN", "", [0]),
        ("50 %", "", []),
        ("done at", "", [2]),
        ("GRÜNER", "", [5]),
        ("end", "", [8]),
        ("", "error", [1, 4, 7]),
        ("", "warning", [1, 4, 6, 7]),
        ("", "failure", [1, 4, 7]),
        ("tests/", "error", [7]),
        ("nowhere", "", []),
    ],
)
def test_the_lines_that_fit_are_found_by_number(log: Path, text: str, level: str, numbers: list[int]) -> None:
    found = search(log, text, level)
    assert (found.numbers, found.count, found.lines, found.whole) == (numbers, len(numbers), 9, True)


def test_a_search_goes_on_where_it_was(log: Path) -> None:
    assert search(log, "", "error", start=5).numbers == [7]
    assert search(log.with_name("nothing.log"), "a").lines == 0


def test_numbers_are_right_over_the_borders_of_pieces_and_for_lines_longer_than_one(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    lines = [f"line {n} {'needle' if n % 5000 == 0 else 'hay'} {'x' * (n % 90)}" for n in range(60_000)]
    lines[30_001] = "y" * (2 * PIECE) + " needle"
    path.write_text("\n".join(lines) + "\n")
    wanted = [n for n, line in enumerate(lines) if "needle" in line]
    assert search(path, "NEEDLE").numbers == wanted
    assert search(path, "", "", start=0).lines == len(lines)


def test_the_index_names_every_line_once_and_carries_colours(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    lines = ["\x1b[31mred from here on", *(f"line {n}" for n in range(60_000)), "\x1b[0mplain again"]
    text = ("\n".join(lines) + "\n").encode()
    path.write_bytes(text + b"torn")
    chunks, style = chunks_of(path)
    assert len(chunks) > 2
    assert (chunks[0].start, chunks[-1].end, style) == (0, len(text), "")
    for before, after in itertools.pairwise(chunks):
        assert (before.end, before.first + before.lines) == (after.start, after.first)
        assert after.style == "\x1b[31m"
    for chunk in chunks:
        body = text[chunk.start : chunk.end]
        assert body.decode().splitlines() == lines[chunk.first : chunk.first + chunk.lines]
        assert len(body) <= CHUNK
    again, _ = chunks_of(path, chunks[1].start, chunks[1].first)
    assert [(c.start, c.first) for c in again] == [(c.start, c.first) for c in chunks[1:]]


@pytest.mark.skipif(not hasattr(os, "SEEK_DATA"), reason="holes are not seen here")
def test_what_was_given_back_to_the_disk_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    with path.open("wb") as file:
        file.write(b"first\n")
        file.seek(1 << 34)
        file.write(b"cut line\nlast needle\n")
    found = search(path, "needle")
    assert found.count == 1
    assert found.lines < 5
    chunks, _ = chunks_of(path)
    assert chunks[-1].end == path.stat().st_size


def test_levels_are_read_off_words() -> None:
    assert [level_of(text) for text in ("0 errors", "1 error", "deprecated", "fine", "$ pytest -W error")] == [
        "", "error", "warning", "", "",
    ]  # fmt: skip

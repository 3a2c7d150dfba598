"""Output files are read in pieces: whole characters, and past the part that was given back."""

import os
import sys
from pathlib import Path

import pytest

from callboard.record.outputs import read_piece, size_of


def test_pieces_join_to_the_whole_though_characters_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    text = "é€😀 line\n" * 50
    path.write_bytes(text.encode())
    at, pieces = 0, []
    while at < size_of(path):
        _, at, piece = read_piece(path, at, 7)
        pieces.append(piece.decode("utf-8"))
    assert "".join(pieces) == text


def test_bytes_that_are_no_text_still_move_on(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    path.write_bytes(b"\xf0\x9f" * 10)
    at, rounds = 0, 0
    while at < size_of(path):
        _, following, _ = read_piece(path, at, 4)
        assert following > at
        at, rounds = following, rounds + 1
    assert rounds <= 20


@pytest.mark.skipif(sys.platform == "darwin", reason="holes are punched on Linux alone")
def test_a_hole_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "output.log"
    with open(path, "wb") as file:
        file.write(b"head\n")
        file.seek(64 << 20)
        file.write(b"tail\n")
    block = os.stat(path).st_blksize
    begin, following, piece = read_piece(path, block * 2, 100)
    assert piece.strip(b"\0") == b"tail\n"
    assert begin > 32 << 20
    assert following == size_of(path)


def test_a_file_that_is_not_there_has_no_bytes(tmp_path: Path) -> None:
    assert size_of(tmp_path / "nothing") == 0

"""What was refused lately, whoever wanted it: a short file in the data folder that anybody may add a line to."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callboard.errors import BoundaryError
from callboard.work.finding import clean
from callboard.work.sparing.guard import LARGEST_LOG
from callboard.work.sparing.rules import plain_words, refusals_file

MOST = 200
LONGEST = 300


def note(data: Path, error: BoundaryError, who: str, at: float) -> None:
    """Adds a line; when the file cannot be written nothing happens, as the refusal itself is told anyway."""
    place = refusals_file(data)
    said = {"at": round(at, 3), "rule": error.rule, "words": clean(plain_words(error), LONGEST), "who": clean(who, 200)}
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.exists() and place.stat().st_size > LARGEST_LOG:
            os.replace(place, f"{place}.1")
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(handle, (json.dumps(said) + "\n").encode("utf-8", "replace"))
        finally:
            os.close(handle)
    except OSError:
        return


def lately(data: Path, most: int = MOST) -> list[dict[str, Any]]:
    """The newest ones, newest first; the same one several times in a row is one with `times`."""
    rows: list[dict[str, Any]] = []
    place = refusals_file(data)
    for file in (place, place.with_name(f"{place.name}.1")):
        for line in reversed(_lines(file)):
            row = _row(line)
            if row is None:
                continue
            last = rows[-1] if rows else None
            if last is not None and all(last[key] == row[key] for key in ("rule", "words", "who")):
                last["times"] += 1
            elif len(rows) >= most:
                return rows
            else:
                rows.append(row)
    return rows


def _lines(file: Path) -> list[bytes]:
    try:
        with open(file, "rb") as opened:
            return opened.read(2 * LARGEST_LOG).splitlines()
    except OSError:
        return []


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
        if not isinstance(said, Mapping):
            return None
        texts = {key: clean(str(said[key]), LONGEST) for key in ("rule", "words", "who")}
        return {"at": float(said["at"]), **texts, "times": 1}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None

"""Reading bytes and JSON from outside: size, nesting and number of values are capped before anything is built."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from callboard.errors import CallboardError

LARGEST_REPORT = 24_000_000
DEEPEST = 100
MOST_MARKS = 800_000
LONGEST_TEXT = 20_000

# A whole string, or one mark of structure; possessive, so that each byte is looked at once.
_JSON_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]|,', re.DOTALL)


class ReportError(CallboardError):
    """A report that cannot be used; the message names the file, the fault and the mend."""

    def __init__(self, name: str | Path, fault: str, mend: str) -> None:
        self.fault = fault
        super().__init__(f"report {Path(name).name!r}: {fault}; {mend}")


def read_report(path: Path, largest: int = LARGEST_REPORT) -> bytes:
    """The bytes of a report; raises `ReportError` when it is no file, cannot be read or is larger than `largest`."""
    try:
        if not path.is_file():
            raise ReportError(path, "there is no such file", "check that the tool wrote it")
        with open(path, "rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise ReportError(path, f"it cannot be read ({error.strerror or error})", "check its permissions") from error
    if len(data) > largest:
        raise ReportError(
            path, f"it has more than {largest // 1_000_000} MB", "let the tool write less, or split the report"
        )
    if not data.strip():
        raise ReportError(path, "it is empty", "look at the output of the tool that should have written it")
    return data


def load_json(data: bytes | str, name: str | Path, *, deepest: int = DEEPEST) -> Any:
    """The value of a JSON text from outside; `name` is what the error calls it.

    Raises `ReportError` for what is too large, nested deeper than `deepest`, of over MOST_MARKS values, or no JSON.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    width = 1 if raw.isascii() else 4 if max(raw) >= 0xF0 else 2
    if len(raw) * width > LARGEST_REPORT * 2 or len(raw) > LARGEST_REPORT:
        raise ReportError(name, f"it takes more than {LARGEST_REPORT // 1_000_000} MB", "let the tool write less")
    _check_marks(raw, name, deepest)
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except RecursionError as error:
        raise ReportError(name, "it is nested too deep", "let the tool write it again") from error
    except ValueError as error:
        fault = str(error).split(" (char")[0][:200]
        raise ReportError(name, f"it is not valid JSON ({fault})", "let the tool write it again") from error


def _check_marks(raw: bytes, name: str | Path, deepest: int) -> None:
    depth = 0
    for marks, match in enumerate(_JSON_MARKS.finditer(raw)):
        if marks > MOST_MARKS:
            raise ReportError(name, f"it has more than {MOST_MARKS:,} values", "let the tool write less, or split it")
        mark = raw[match.start()]
        if mark in b"[{":
            depth += 1
            if depth > deepest:
                raise ReportError(name, f"it is nested deeper than {deepest} levels", "this is no honest report")
        elif mark in b"]}":
            depth -= 1


def _no_constant(word: str) -> float:
    raise ValueError(f"{word} is no JSON number")


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects in a list; nothing when it is no list."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def words(value: Any, longest: int = LONGEST_TEXT) -> str:
    """The value if it is a text, cut to `longest`, else ''."""
    return value[:longest] if isinstance(value, str) else ""


def whole(value: Any) -> int:
    """The value if it is a whole number that a file can have as a line or an index, else 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if 0 <= value <= 2_147_483_647 else 0

"""Values of strangers made ours: texts, numbers, moments and states, whatever a team's JSON calls them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

LONGEST = 200
LONGEST_NAME = 60
MOST_ITEMS = 500
HIGHEST = 10**12
RUNNING, SUCCEEDED, FAILED, WAITING = "running", "succeeded", "failed", "waiting"
_KIND = re.compile(r"([A-Za-z_][\w.]*)(?:[:(]|$)")
_STATES: Mapping[str, str] = {
    **dict.fromkeys(
        "running in_progress inprogress progress started active working work processing executing busy ongoing live run "
        "generating thinking researching writing streaming resumed retrying".split(),
        RUNNING,
    ),
    **dict.fromkeys(
        "succeeded success successful completed complete done finished finish ended passed delivered published".split(),
        SUCCEEDED,
    ),
    **dict.fromkeys(
        "failed failure fail error errored crashed aborted cancelled canceled timeout timed_out rejected killed".split(),
        FAILED,
    ),
    **dict.fromkeys(
        "waiting pending queued idle scheduled created new todo not_started ready paused blocked standby sleeping".split(),
        WAITING,
    ),
}


def text_of(value: Any, longest: int = LONGEST) -> str:
    """One line of printable signs; '' for what is no text and no number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        text = str(value[: 4 * longest] if isinstance(value, str) else value)
    except ValueError:  # an integer of thousands of digits
        return ""
    text = text.encode("utf-8", "replace").decode()
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:longest]


def name_of(value: Any, number: int) -> str:
    """A text as the name of a task; one that is a description, with what people asked for in it, becomes 'task 3'."""
    text = text_of(value, LONGEST_NAME + 1)
    return text if text and text != "None" and len(text) <= LONGEST_NAME else f"task {number}"


def number_of(value: Any) -> float | None:
    """A finite number, also one written as text ('40 %'); None for anything else."""
    if isinstance(value, str) and len(value) < 40:
        try:
            value = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, int) and abs(value) > 10**30)
    ):
        return None
    return float(value) if math.isfinite(value) else None


def count_of(value: Any) -> int | None:
    """A whole number that is not negative; of a list its length."""
    if isinstance(value, list | dict):
        return len(value)
    number = number_of(value)
    return int(number) if number is not None and 0 <= number <= HIGHEST and number == int(number) else None


def moment_of(value: Any) -> float | None:
    """Seconds since the epoch, from those, from milli-, micro- and nanoseconds, or from ISO text (without an offset: of here)."""
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+(\.\d+)?\s*", value[:60]):
        try:
            return datetime.fromisoformat(value.strip()[:60]).astimezone().timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    number = number_of(value)
    if number is None or number < 1e8:
        return None
    for unit in (1.0, 1e3, 1e6, 1e9):
        if number / unit < 1e10:
            return number / unit
    return None


def state_of(value: Any) -> str:
    """'waiting', 'running', 'succeeded', 'failed', or '' for a word that is not known."""
    if isinstance(value, bool):
        return ""
    word = re.sub(r"[^a-z]+", "_", text_of(value, 60).lower()).strip("_")
    word = word.rpartition("taskstatus_")[2] or word
    return _STATES.get(word, "")


def at_path(value: Any, path: Sequence[str]) -> Any:
    """What stands at the end of the keys (numbers in lists), None when nothing does."""
    for key in path:
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and len(key) < 7 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def first_of(table: Mapping[str, Any], names: Sequence[str]) -> Any:
    """The value of the first name that has one; capital letters, '-' and camel case do not matter."""
    for name in names:
        value = table.get(name)
        if value is not None and value != "":
            return value
    folded: dict[str, Any] = {}
    for key in list(table)[:MOST_ITEMS]:
        if len(key) < 60:
            folded.setdefault(re.sub(r"[^a-z0-9]", "", key.lower()), table[key])
    for name in names:
        value = folded.get(name.replace("_", ""))
        if value is not None and value != "":
            return value
    return None


def rows_of(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The items of a list or a table of things, each with its key ('' in a list); a plain word is a name or a state."""
    if isinstance(value, list):
        for item in value[:MOST_ITEMS]:
            if isinstance(item, Mapping):
                yield "", item
            elif isinstance(item, str) and item:
                yield "", {"name": item}
    elif isinstance(value, Mapping):
        for key in list(value)[:MOST_ITEMS]:
            item = value[key]
            if isinstance(item, Mapping):
                yield text_of(key), item
            elif isinstance(item, str) and state_of(item):
                yield text_of(key), {"status": item}


def error_of(value: Any) -> str:
    """The kind of an error: 'ValueError' of "ValueError('no')" and of 'app.errors.ValueError: no'. A short text that names no
    kind stays; a long one, which may hold what people asked for, is left out."""
    if isinstance(value, Mapping):
        value = first_of(value, ("type", "code", "name", "message"))
    text = text_of(value)
    kind = _KIND.match(text)
    if kind:
        return kind[1].rpartition(".")[2]
    return text if len(text) <= LONGEST_NAME else ""

"""How times are written down in a schedule: intervals, cron lines, moments, hours of quiet."""

import datetime
import re
import zoneinfo
from typing import Any

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
LONGEST_INTERVAL = 366 * 86_400


def seconds(text: str) -> float:
    """The seconds of '90s', '15m', '1h30m', '1d'; raises ValueError for other forms, and beyond 1s to 366d."""
    parts = re.findall(r"(\d{1,9})([smhd])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError("write it as '90s', '15m', '1h30m' or '1d'")
    total = sum(int(number) * _UNITS[unit] for number, unit in parts)
    if not 1 <= total <= LONGEST_INTERVAL:
        raise ValueError("it must be from 1s to 366d")
    return float(total)


def wrong_interval(text: Any) -> str:
    """What is wrong with an interval, '' if nothing."""
    try:
        seconds(text)
    except ValueError as error:
        return str(error)
    return ""


def wrong_cron(text: Any) -> str:
    """What is wrong with a cron line of five fields (0 and 7 are both Sunday), '' if nothing."""
    words = str(text).lower().split()
    if len(words) != len(_CRON):
        return "it must have five fields: minute, hour, day of the month, month, day of the week"
    for word, (name, low, high, names) in zip(words, _CRON, strict=True):
        if not all(_cron_item(item, low, high, names) for item in word.split(",")):
            return f"'{word}' is no {name}; it goes from {low} to {high}, with '*', lists, ranges and steps"
    return ""


def _cron_item(item: str, low: int, high: int, names: Any) -> bool:
    span, _, step = item.partition("/")
    if "/" in item and not (step.isdecimal() and step.isascii() and 1 <= int(step[:6]) <= high):
        return False
    if span == "*":
        return True
    numbers = []
    for word in span.split("-"):
        if word in names:
            numbers.append(list(names).index(word) + (1 if names is _MONTHS else 0))
        elif word.isdecimal() and word.isascii() and len(word) <= 2:
            numbers.append(int(word))
        else:
            return False
    if names is _DAYS and len(numbers) == 2 and numbers[1] == 0:
        numbers[1] = 7
    return len(numbers) <= 2 and all(low <= n <= high for n in numbers) and numbers == sorted(numbers)


def cron_line(text: str) -> str:
    """The checked cron line with its days of the week as names.

    Numbers of days mean different things to different programs (0 is Sunday in cron and Monday in APScheduler); names
    do not.
    """
    *others, days = text.lower().split()
    found: set[int] = set()
    for item in days.split(","):
        span, _, step = item.partition("/")
        ends = (
            [_DAYS.index(word) if word in _DAYS else int(word) for word in span.split("-")] if span != "*" else [0, 6]
        )
        first, last = ends[0], ends[-1] if len(ends) == 2 or not step else 6
        if len(ends) == 2 and last == 0:
            last = 7
        found.update(day % 7 for day in range(first, last + 1, int(step or 1)))
    named = "*" if len(found) == 7 else ",".join(_DAYS[day] for day in sorted(found))
    return " ".join((*others, named))


def wrong_moment(value: Any) -> str:
    """What is wrong with a date and time, '' if nothing."""
    try:
        moment(value)
    except (ValueError, TypeError):
        return "write it as '2026-12-24T18:00:00'"
    return ""


def moment(value: Any) -> str:
    """The ISO text of a date with a time, from a TOML date-time or a text; raises ValueError for anything else."""
    found = value if isinstance(value, datetime.datetime) else datetime.datetime.fromisoformat(value)
    return found.isoformat()


def wrong_zone(name: Any) -> str:
    """What is wrong with the name of a time zone, '' if nothing."""
    try:
        zoneinfo.ZoneInfo(str(name))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return "no such time zone is known here; write it as 'UTC' or 'Europe/Berlin'"
    return ""


def wrong_quiet(text: Any) -> str:
    """What is wrong with hours of quiet, '' if nothing."""
    hour = r"(?:[01]\d|2[0-3]):[0-5]\d"
    return "" if re.fullmatch(f"{hour}-{hour}", str(text)) else "write it as '22:00-06:00'"

"""Numbers as people say them."""

import math
import re
from typing import Literal

State = Literal["", "good", "bad", "unsure", "quiet"]

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def plural(count: int, word: str, many: str = "") -> str:
    """'1 endpoint', '2 endpoints'."""
    return f"{count:,} {word if count == 1 else many or word + 's'}"


def span(seconds: float) -> str:
    """A length of time in its fitting unit: '40 s', '12 min', '3.5 h', '9 days'."""
    if not math.isfinite(seconds):
        return "never"
    if abs(seconds) < 0.5:
        return "0 s"
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{_short(seconds / HOUR)} h"
    return f"{_short(seconds / DAY)} days"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:,.0f}"


def amount(value: float, unit: str = "") -> str:
    """A measured value with three figures at least: '104 ms', '0.31 %', '12,300'."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    places = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 0.1 else 4
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {unit}".rstrip()


def slug(name: str) -> str:
    """The name as a part of a metric's name: letters, digits, '-', '_' and '.'; never empty."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "unnamed"


def parsed_span(text: object) -> float | None:
    """Seconds of '30d', '6h', '90m', '2w'; None for what is none."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", str(text))
    if match is None:
        return None
    return float(match[1]) * {"s": 1.0, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}[match[2]]

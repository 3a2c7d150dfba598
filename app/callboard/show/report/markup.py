"""Pieces of HTML; every text from outside goes through `e`."""

import datetime
import html
from collections.abc import Iterable, Mapping
from typing import Any

from callboard.core.run import SEVERITIES
from callboard.rows import Row
from callboard.work.finding import clean

DASH = "–"
LONGEST = 2_000
RING = "M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z"
SHAPES = {
    "ring": ("M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z", ""),
    "play": ("M5 3.2v9.6L12.6 8z", "filled"),
    "check": ("M3.2 8.6l3.2 3.2l6.4-7.2", ""),
    "equals": ("M3.5 6h9M3.5 10h9", ""),
    "cross": ("M4 4l8 8M12 4l-8 8", ""),
    "clock": (f"{RING}M8 5v3.2l2.2 1.5", ""),
    "slash": (f"{RING}M4.2 11.8l7.6-7.6", ""),
    "query": ("M5.3 6a2.7 2.7 0 1 1 3.9 2.4c-.8.4-1.2.8-1.2 1.7M8 12.7v.1", ""),
    "forward": ("M3.5 4l4 4l-4 4M8.5 4l4 4l-4 4", ""),
    "diamond": ("M8 1.8L14.2 8L8 14.2L1.8 8z", "filled"),
    "gone": (RING, "dashed"),
}
STATES = {
    "running": ("run", "play"), "starting": ("run", "play"), "waiting": ("wait", "ring"), "needs decision": ("ask", "diamond"),
    "succeeded": ("good", "check"), "unchanged": ("good", "equals"), "failed": ("bad", "cross"), "timed out": ("bad", "clock"),
    "lost": ("bad", "gone"), "cancelled": ("off", "slash"), "skipped": ("off", "forward"), "unknown": ("odd", "query"),
}  # fmt: skip


def e(text: object, longest: int = LONGEST) -> str:
    """Text from anywhere, as it is read: nothing in it is markup."""
    return html.escape(clean(str(text), longest), quote=True)


def shown(task: Mapping[str, Any]) -> str:
    """The state as people read it."""
    if task["state"] == "succeeded" and task["verdict"] in ("fail", "unknown"):
        return "failed" if task["verdict"] == "fail" else "unknown"
    return str(task["state"])


def tone(word: str) -> str:
    """The class of a state's colour."""
    return f"t-{STATES.get(word, ('odd', ''))[0]}"


def shape(word: str) -> str:
    """A state as a drawing of 16 by 16."""
    drawn, kind = SHAPES[STATES.get(word, ("odd", "query"))[1]]
    return f'<path d="{drawn}" class="{kind}"/>' if kind else f'<path d="{drawn}"/>'


def state(word: str, *, big: bool = False) -> str:
    """A state by colour, shape and word."""
    size = " big" if big else ""
    sign = f'<svg class="shape" viewBox="0 0 16 16" aria-hidden="true">{shape(word)}</svg>'
    return f'<span class="state {tone(word)}{size}">{sign}<span>{e(word)}</span></span>'


def severity(word: str) -> str:
    """A severity by letter, word and colour."""
    known = word if word in SEVERITIES else "info"
    return f'<span class="sev s-{known}"><b aria-hidden="true">{e(word[:1].upper())}</b>{e(word)}</span>'


def counts(found: Mapping[str, int]) -> str:
    """Numbers of findings by severity, '–' for none."""
    parts = [
        f'<span class="sev s-{name}" title="{found[name]} {name}"><b aria-hidden="true">{name[0].upper()}</b>{found[name]}'
        f'<span class="sr"> {name}</span></span>'
        for name in SEVERITIES
        if found.get(name)
    ]
    return f'<span class="counts">{"".join(parts)}</span>' if parts else f'<span class="quiet">{DASH}</span>'


def duration(seconds: float | None) -> str:
    """'0.4 s', '12 s', '3 m 04 s', '2 h 05 m'."""
    if seconds is None:
        return DASH
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} m"


def mebibytes(amount: float | None) -> str:
    """'0.4 MiB', '120 MiB', '1.5 GiB'."""
    if amount is None:
        return DASH
    if amount >= 1024:
        return f"{amount / 1024:.1f} GiB"
    return f"{amount:.0f} MiB" if amount >= 10 or not amount else f"{amount:.1f} MiB"


def moment(at: float | None) -> str:
    """'2026-11-27 09:30:00 UTC'."""
    if at is None:
        return DASH
    told = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return f'<time datetime="{told:%Y-%m-%dT%H:%M:%SZ}">{told:%Y-%m-%d %H:%M:%S} UTC</time>'


def spent(task: Row) -> float | None:
    """Seconds from start to end."""
    return task["ended"] - task["started"] if task["started"] and task["ended"] else None


def count(number: int, word: str) -> str:
    """'1 task', '2 tasks'."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def section(name: str, title: str, body: Iterable[str], note: str = "") -> str:
    """A part of the page with its heading; '' without a body."""
    told = "".join(body)
    if not told:
        return ""
    aside = f'<span class="note">{note}</span>' if note else ""
    return f'<section id="{name}"><div class="sec"><h2>{e(title)}</h2>{aside}</div>{told}</section>\n'


def left_out(number: int, word: str) -> str:
    """Says that not all is here."""
    return f'<p class="left">{count(number, word)} more: left out here to keep the file small.</p>' if number else ""

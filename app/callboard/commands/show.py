"""Text for a terminal: clean, aligned, coloured where that is wanted."""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

from callboard.commands.cells import cut, pad, shares, width
from callboard.work.finding import clean

MARKS = {
    "waiting": ("·", "2"),
    "starting": ("◌", "36"),
    "running": ("▶", "36"),
    "needs decision": ("?", "35"),
    "succeeded": ("✓", "32"),
    "unchanged": ("=", "32"),
    "failed": ("✗", "31"),
    "timed out": ("⧖", "31"),
    "cancelled": ("⊘", "33"),
    "lost": ("!", "31"),
    "skipped": ("↷", "2"),
    "unknown": ("?", "33"),
    "paused": ("⏸", "33"),
    "idle": ("○", "2"),
    "error": ("✗", "31"),
    "absent": ("-", "2"),
}
CONTROL = re.compile(  # what a terminal would take for an order, or for another direction of writing
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)
GAP = 2
SEVERITY_COLOURS = {"critical": "1;31", "high": "31", "medium": "33", "low": "36", "info": "2"}


def colours_wanted(stream: TextIO | None = None) -> bool:
    """Whether the stream (stdout unless given) is a terminal that wants colours; NO_COLOR and TERM=dumb say no."""
    return (stream or sys.stdout).isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str, on: bool | None = None) -> str:
    """The text in a colour, or as it is."""
    wanted = colours_wanted() if on is None else on
    return f"\x1b[{code}m{text}\x1b[0m" if wanted and code else text


def plain(text: object, longest: int = 500) -> str:
    """Text from anywhere on one line, without control characters."""
    return clean(" ".join(str(text).split()), longest)


def mark(state: str, verdict: str | None = None, on: bool | None = None) -> str:
    """A sign and a word for a state; a task that succeeded with verdict unknown says so."""
    shown = "unknown" if state == "succeeded" and verdict == "unknown" else state
    sign, colour = MARKS.get(shown, ("·", ""))
    return paint(f"{sign} {shown}", colour, on)


def print_json(value: Any) -> None:
    """Indented JSON on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> None:
    """Aligned columns; in a terminal the widest ones are cut so that a line fits."""
    lines = [[plain(cell) for cell in row] for row in rows]
    widths = [max([width(head), *(width(line[i]) for line in lines)]) for i, head in enumerate(heads)]
    room = shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 1_000_000
    widths = shares(widths, room - GAP * (len(heads) - 1))
    for number, line in enumerate([list(heads), *lines]):
        text = (" " * GAP).join(pad(cut(cell, widths[i]), widths[i]) for i, cell in enumerate(line)).rstrip()
        text = cut(text, room)
        sys.stdout.write((paint(text, "1") if number == 0 else text) + "\n")


def ago(moment: float | None) -> str:
    """'12 s ago', '3 min ago', '2 h ago', or a date."""
    if moment is None:
        return "–"
    passed = time.time() - moment
    if passed < 60:
        return f"{max(0, passed):.0f} s ago"
    if passed < 3600:
        return f"{passed / 60:.0f} min ago"
    if passed < 86_400:
        return f"{passed / 3600:.0f} h ago"
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))


def git_words(git: dict[str, Any]) -> str:
    """'on main at 1a2b3c4 (Add the cart), 3 files changed'."""
    branch = f"on {git['branch']}" if git["branch"] else "on no branch"
    commit = f" at {git['commit'][:7]}" if git["commit"] else ", before the first commit"
    subject = f" ({git['subject']})" if git["subject"] else ""
    count = git["changed"]
    return f"{branch}{commit}{subject}" + (f", {count:,} {'file' if count == 1 else 'files'} changed" if count else "")


def commit_words(git: dict[str, Any] | None) -> str:
    """'main 1a2b3c4+' with a plus when files were changed; '' where git knew nothing."""
    if not git:
        return ""
    return f"{git['branch']} {git['commit'][:7]}{'+' if git['dirty'] else ''}".strip()


def lasted(start: float | None, end: float | None) -> str:
    """'1.2 s', '3 min 4 s', '–' when it did not run."""
    if start is None:
        return "–"
    seconds = (end if end is not None else time.time()) - start
    return duration(seconds)


def duration(seconds: float) -> str:
    """'0.4 s', '12 s', '3 min 4 s', '2 h 5 min'."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds // 60)} min {int(seconds % 60)} s"
    return f"{int(seconds // 3600)} h {int(seconds % 3600 // 60)} min"


def found_words(findings: dict[str, int]) -> str:
    """'2 high, 1 low', '' for none."""
    return ", ".join(f"{count} {name}" for name, count in findings.items() if count)

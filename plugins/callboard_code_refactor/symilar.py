"""Equal lines of Python files, by symilar, which comes with pylint."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from callboard.api import Context, counted
from callboard_code_refactor.groups import Clone, Place
from callboard_code_refactor.sources import in_utf8

GROUP = re.compile(r"^(\d+) similar lines in (\d+) files$")
PLACE = re.compile(r"^==(.+):\[(\d+):(\d+)\]$")
TOTAL = re.compile(r"^TOTAL lines=(\d+) duplicates=(\d+) percent=([\d.]+)$", re.MULTILINE)
LONGEST = 1_500_000


@dataclass(slots=True)
class Similar:
    """What symilar said, with its own totals; `files` were compared."""

    files: int = 0
    clones: list[Clone] = field(default_factory=list)
    lines: int = 0
    duplicated: int = 0
    percent: float = 0.0
    notes: list[str] = field(default_factory=list)
    trouble: str = ""


def symilar_clones(ctx: Context, files: Sequence[str], min_lines: int) -> Similar:
    """Compares the files that are UTF-8; symilar stops at any other, so those are left out and counted."""
    readable, others = in_utf8(ctx.workspace, files)
    found = Similar(files=len(readable))
    if others:
        found.notes.append(f"{counted(len(others), 'file')} not in UTF-8 left out")
    words = [f"./{name}" for name in readable]
    if not words:
        found.trouble = "no Python file is in UTF-8, so symilar can compare none"
        return found
    if sum(len(word) + 1 for word in words) > LONGEST:
        found.trouble = f"{len(words):,} files are too many for symilar; jscpd compares them"
        return found
    run = ctx.run_tool(
        ["symilar", "-i", "--ignore-docstrings", "-d", str(min_lines), *words],
        env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"},
        timeout=300,
    )
    total = TOTAL.search(run.stdout)
    if run.code != 0 or total is None:
        why = "took too long" if run.timed_out else f"gave no report (exit {run.code}): {run.trouble}"
        found.trouble = f"symilar {why}"
        return found
    found.lines, found.duplicated, found.percent = int(total[1]), int(total[2]), float(total[3])
    found.clones = _clones(run.stdout)
    return found


def _clones(told: str) -> list[Clone]:
    """Lines of code are indented in the report, so none of them can look like a head."""
    clones: list[Clone] = []
    places: list[Place] = []
    lines, wanted = 0, 0
    for line in told.split("\n"):
        if head := GROUP.fullmatch(line):
            lines, wanted, places = int(head[1]), int(head[2]), []
        elif (place := PLACE.fullmatch(line)) and len(places) < wanted:
            places.append(Place(place[1].removeprefix("./"), int(place[2]) + 1, int(place[3])))
            if len(places) == wanted:
                clones += [Clone(first, second, lines) for first, second in pairwise(places)]
    return clones

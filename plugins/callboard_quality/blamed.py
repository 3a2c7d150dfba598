"""Who wrote the lines that a failure names, as git knows it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callboard.api import clean
from callboard_quality.changes import git

MOST_LINES = 12
HEAD = re.compile(r"^([0-9a-f]{40,64}) \d+ (\d+)")


def blame(top: Path, places: Sequence[tuple[str, int]], commit: str = "") -> list[dict[str, Any]]:
    """For each place commit, author, moment, path and line, the innermost first; without what git does not know.

    A line that is not committed yet has the commit ''.
    """
    found: list[dict[str, Any]] = []
    for path, line in list(dict.fromkeys(reversed(places)))[:MOST_LINES]:
        words = ["blame", "--line-porcelain", "-w", "-L", f"{line},{line}", *([commit] if commit else []), "--", path]
        text = git(top, *words)
        match = HEAD.match(text or "")
        if text is None or match is None:
            continue
        told = dict(row.partition(" ")[::2] for row in text.splitlines() if not row.startswith("\t"))
        sha = "" if set(match[1]) == {"0"} else match[1]
        author = clean(told.get("author", ""), 200) if sha else "not committed yet"
        moment = int(told.get("author-time", "0")) if told.get("author-time", "").isdecimal() else 0
        subject = clean(told.get("summary", ""), 300) if sha else ""
        found.append({"commit": sha, "author": author, "at": moment, "path": path, "line": line, "subject": subject})
    return found

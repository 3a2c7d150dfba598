"""Lines of a unified diff, numbered, without what could be a secret."""

import re
from collections.abc import Container, Sequence

from callboard.desk.veil import bare, veil
from callboard.rows import Row
from callboard.work.finding import clean

LONGEST_LINE = 400
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)")


def numbered(lines: Sequence[str], secret: Container[int] = (), hide: bool = True) -> list[Row]:
    """{"kind", "old", "now", "text"} for each line: kind is 'at' where a stretch begins, 'add', 'del', 'note', or '' for the
    same; `old` and `now` are numbers of lines or None. Values in the lines `secret` of the new file are hidden."""
    found: list[Row] = []
    old = now = left_old = left_now = 0
    for line in lines:
        sign, text = line[:1], line[1:]
        hunk = _HUNK.match(line) if left_old <= 0 and left_now <= 0 else None
        if hunk:
            old, now = int(hunk[1]), int(hunk[3])
            left_old, left_now = int(hunk[2] or 1), int(hunk[4] or 1)
            found.append(_row("at", None, None, hunk[5].strip() or f"line {now or old}", hide=hide))
        elif sign == "+" and left_now > 0:
            found.append(_row("add", None, now, text, now in secret, hide=hide))
            now, left_now = now + 1, left_now - 1
        elif sign == "-" and left_old > 0:
            found.append(_row("del", old, None, text, hide=hide))
            old, left_old = old + 1, left_old - 1
        elif sign == "\\":
            found.append(_row("note", None, None, text.strip(), hide=hide))
        elif left_old > 0 or left_now > 0:
            found.append(_row("", old, now, text, now in secret, hide=hide))
            old, now, left_old, left_now = old + 1, now + 1, left_old - 1, left_now - 1
    return found


def _row(kind: str, old: int | None, now: int | None, text: str, secret: bool = False, hide: bool = True) -> Row:
    text = text.rstrip("\r")
    shown = (bare(text) if secret else veil(text)) if hide else text
    return {"kind": kind, "old": old, "now": now, "text": clean(shown, LONGEST_LINE)}

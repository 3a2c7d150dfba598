"""The last lines of what runs and of what ended last, as parts of logs."""

from collections.abc import Mapping
from typing import Any

from callboard.errors import CallboardError
from callboard.show.api.desk import Desk

LIVE = frozenset({"starting", "running"})
NEWEST_ENDED = 12
LEAST = 5
LINE = 200
LARGEST = 262_144


def last_lines(desk: Desk, limit: int) -> dict[str, Any]:
    """About `limit` lines in all, shared out among the attempts; what ended comes first, in the order of the ends.

    The parts are those of the live event `console`; `offset` and `next` are bytes of the attempt's log.
    """
    board = desk.board()
    begun = [task for task in board["tasks"] if task["attempt"]]
    live = sorted((t for t in begun if t["state"] in LIVE), key=lambda t: t["started"] or t["submitted"])
    over = sorted((t for t in begun if t["ended"] and t["state"] not in LIVE), key=lambda t: -t["ended"])
    chosen = over[:NEWEST_ENDED][::-1] + live
    parts: list[Mapping[str, Any]] = []
    left = limit
    for at, task in enumerate(chosen):
        part = _tail(desk, task, max(LEAST, left // (len(chosen) - at)))
        if part is not None:
            parts.append(part)
            left = max(0, left - part["text"].count("\n"))
    return {"seq": board["seq"], "parts": parts}


def _tail(desk: Desk, task: Mapping[str, Any], lines: int) -> dict[str, Any] | None:
    size = min(LARGEST, lines * LINE)
    try:
        found = desk.log(task["id"], task["attempt"], -size, size)
    except CallboardError:
        return None
    text = found["text"]
    if found["offset"] > 0:
        text = text.partition("\n")[2]
    kept = "\n".join(text.split("\n")[-lines - 1 :])
    if not kept:
        return None
    return {
        "task": task["id"],
        "attempt": task["attempt"],
        "name": task["name"],
        "agent": task["agent"] or "",
        "left_out": 0,
        "offset": max(found["offset"], found["next"] - len(kept.encode(errors="replace"))),
        "next": found["next"],
        "text": kept,
    }

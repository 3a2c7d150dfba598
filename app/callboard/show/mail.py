"""What changed since the last look: rows by id, the latest wins; and which room gets which rows."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

ROOM = re.compile(r"board|console|run:[1-9]\d{0,14}|(?:task|log):[1-9]\d{0,14}\.(?:0|[1-9]\d{0,8})", re.ASCII)
MOST_ROWS = 200
MOST_NEWS = 200

Row = Mapping[str, Any]
COUNTS = (
    "inbox",
    "alerts",
    "roadmap",
    "crew",
    "coordination",
    "notices",
    "cases",
    "insights",
    "forecast",
)  # numbers for every page: counts, or that rise when to look again
KEYED = (("tasks", "id"), ("runs", "id"), ("agents", "name"), ("alert", "id"))


class Mail:
    """Live messages folded into one. Not thread-safe."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Any, Row]] = {kind: {} for kind, _ in KEYED}
        self._news: dict[str, list[Row]] = {"findings": [], "events": [], "sections": []}
        self._rest: dict[str, Any] = {}

    def add(self, message: Row) -> None:
        """Takes a live message in."""
        for kind, key in KEYED:
            held = self._rows[kind]
            for row in message.get(kind) or ():
                held[row[key]] = row
        for kind, news in self._news.items():
            news.extend(message.get(kind) or ())
            if len(news) > MOST_NEWS:
                del news[:-MOST_NEWS]
        for name in ("seq", "at", "host", "banner", *COUNTS):
            if name in message:
                self._rest[name] = message[name]

    def take(self) -> dict[str, Any] | None:
        """One message of what is there, None when there is nothing.

        At most so many rows of a kind: the rest stays for the next one, so a storm of changes never makes a message
        that a page cannot swallow.
        """
        if not self:
            return None
        message: dict[str, Any] = dict(self._rest)
        self._rest = {}
        for kind, held in self._rows.items():
            first = list(held)[:MOST_ROWS]
            message[kind] = [held.pop(key) for key in first]
        for kind, news in self._news.items():
            message[kind] = news[:]
            news.clear()
        return message

    def __bool__(self) -> bool:
        return bool(self._rest) or any(self._rows.values()) or any(self._news.values())


def for_all(message: Row) -> dict[str, Any] | None:
    """The part of a live message that every page is for, whatever it watches: alerts; None when there is none."""
    if not message.get("alert"):
        return None
    return {name: message[name] for name in ("seq", "at", "alert", *COUNTS) if name in message}


def for_room(room: str, message: Row) -> dict[str, Any] | None:
    """The part of a live message that a room is for; None when nothing in it is. Alerts go to all, not to rooms."""
    if room == "board":
        return {name: value for name, value in message.items() if name != "alert"}
    kind, _, name = room.partition(":")
    if kind == "run":
        run = int(name)
        part = {
            "tasks": _where(message, "tasks", "run", run),
            "runs": _where(message, "runs", "id", run),
            "findings": _where(message, "findings", "run", run),
            "events": _where(message, "events", "run", run),
        }
    else:
        part = {
            "tasks": _where(message, "tasks", "id", name),
            "findings": _where(message, "findings", "task", name),
            "events": _where(message, "events", "task", name),
        }
    if "host" in message and kind == "run":
        part["host"] = message["host"]
    told = {name: message[name] for name in ("banner", *COUNTS) if name in message}
    if not any(part.values()) and not told:
        return None
    return {"seq": message.get("seq"), "at": message.get("at"), **part, **told}


def _where(message: Row, kind: str, field: str, value: Any) -> list[Row]:
    return [row for row in _rows(message, kind) if row.get(field) == value]


def _rows(message: Row, kind: str) -> Iterable[Row]:
    return message.get(kind) or ()

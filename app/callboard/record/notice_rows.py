"""The notices in their table: what is to be said to which channel, and what became of it."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from callboard.core.notice_events import NoticeEvent, NoticeRenewed, NoticesMade, NoticesTried
from callboard.core.notices import Notice
from callboard.record.history import History

NOTICE_KINDS = "'NoticesMade', 'NoticesTried', 'NoticeRenewed'"
FIELDS = (
    "id", "channel", "kind", "severity", "title", "body", "link", "made", "due", "state", "tries", "tried", "words", "by",
)  # fmt: skip
GIVEN = FIELDS[:9]
NOTICE_COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)
_INSERT = f"INSERT OR IGNORE INTO notice ({NOTICE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,'waiting',0,NULL,'','')"  # noqa: S608


def write_notices(connection: sqlite3.Connection, event: NoticeEvent) -> None:
    """Makes the rows what they are after the event."""
    match event:
        case NoticesMade():
            connection.executemany(_INSERT, [tuple(one[name] for name in GIVEN) for one in event.notices])
        case NoticesTried():
            state = "sent" if event.ok else "failed" if event.again is None else "waiting"
            connection.executemany(
                'UPDATE notice SET state=?, tries=tries+1, tried=?, words=?, "by"=?, due=coalesce(?, due) WHERE id=?',
                [(state, event.at, event.words, event.by, event.again, id) for id in event.ids],
            )
        case NoticeRenewed():
            connection.execute(
                "UPDATE notice SET state='waiting', tries=0, due=?, \"by\"=? WHERE id=? AND state='failed'",
                (event.at, event.by, event.id),
            )


def notice_after(known: dict[str, Notice], event: NoticeEvent) -> None:
    """The same by value, for whoever compares the log with the table."""
    match event:
        case NoticesMade():
            for one in event.notices:
                known.setdefault(one["id"], Notice(**{name: one[name] for name in GIVEN}))
        case NoticesTried():
            for id in (id for id in event.ids if id in known):
                old = known[id]
                state = "sent" if event.ok else "failed" if event.again is None else "waiting"
                due = old.due if event.again is None else event.again
                known[id] = replace(
                    old, state=state, tries=old.tries + 1, tried=event.at, words=event.words, by=event.by, due=due
                )
        case NoticeRenewed():
            if event.id in known and known[event.id].state == "failed":
                known[event.id] = replace(known[event.id], state="waiting", tries=0, due=event.at, by=event.by)


def notice_values(notice: Notice) -> tuple[Any, ...]:
    """What the table keeps of a notice, in the order of NOTICE_COLUMNS."""
    return tuple(getattr(notice, name) for name in FIELDS)


class NoticeRecord(History):
    """Reads them, each time from the table."""

    def notices(self, channel: str = "", state: str = "", limit: int = 200) -> list[Notice]:
        """The newest first."""
        return self._read(
            "WHERE (? = '' OR channel = ?) AND (? = '' OR state = ?) ORDER BY made DESC, id LIMIT ?",
            (channel, channel, state, state, limit),
        )

    def notice(self, id: str) -> Notice | None:
        """The one of this id."""
        found = self._read("WHERE id = ?", (id,))
        return found[0] if found else None

    def due(self, now: float, limit: int = 1000) -> list[Notice]:
        """Those that wait and may be sent now."""
        return self._read("WHERE state = 'waiting' AND due <= ? ORDER BY due LIMIT ?", (now, limit))

    def next_due(self) -> float | None:
        """When the next one may be sent."""
        found = self._rows("SELECT min(due) FROM notice WHERE state = 'waiting'")
        return found[0][0] if found else None

    def sent_since(self, since: float) -> dict[str, int]:
        """How many messages each channel was sent since then; several notices in one message count once."""
        found = self._rows(
            "SELECT channel, count(DISTINCT tried) FROM notice WHERE state = 'sent' AND tried >= ? GROUP BY channel",
            (since,),
        )
        return dict(found)

    def counts(self) -> Mapping[str, Mapping[str, Any]]:
        """By channel: how many wait, were sent and failed, when the last went out, and what was last wrong."""
        found = self._rows(
            "SELECT channel, sum(state = 'waiting'), sum(state = 'sent'), sum(state = 'failed'),"
            " max(CASE WHEN state = 'sent' THEN tried END) FROM notice GROUP BY channel"
        )
        last = self._rows(
            "SELECT channel, state, words, max(tried) FROM notice WHERE tried IS NOT NULL GROUP BY channel"
        )
        words = {channel: said for channel, state, said, _ in last if state != "sent"}
        return {
            channel: {"waiting": waiting, "sent": sent, "failed": failed, "last": at, "trouble": words.get(channel, "")}
            for channel, waiting, sent, failed, at in found
        }

    def last_made(self) -> float | None:
        """When the newest was made, None when there is none."""
        found = self._rows("SELECT max(made) FROM notice")
        return found[0][0] if found else None

    def _read(self, where: str, values: Sequence[Any]) -> list[Notice]:
        sql = f"SELECT {NOTICE_COLUMNS} FROM notice {where}"  # noqa: S608
        return [Notice(**dict(zip(FIELDS, row, strict=True))) for row in self._rows(sql, values)]

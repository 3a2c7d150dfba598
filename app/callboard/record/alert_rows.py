"""Alerts in their table: one row for each, changed by each event about it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from callboard.core.alerts import Alert, AlertEvent, AlertState, alert_id, told

FIELDS = (
    "key", "kind", "severity", "title", "text", "href", "workspace", "job", "agent", "run", "task", "attempt", "first",
    "opened", "seen", "times", "state", "by", "marked", "until", "why",
)  # fmt: skip
ALERT_COLUMNS = ", ".join(f'"{name}"' for name in ("id", *FIELDS))
_READ = f"SELECT {ALERT_COLUMNS} FROM alert WHERE id=?"  # noqa: S608
_WRITE = f"INSERT OR REPLACE INTO alert ({ALERT_COLUMNS}) VALUES ({','.join('?' * (len(FIELDS) + 1))})"  # noqa: S608


def write_alert(connection: sqlite3.Connection, event: AlertEvent) -> None:
    """Makes the row what it is after the event; a resolved one that comes back goes on with its count."""
    row = connection.execute(_READ, (alert_id(event.key),)).fetchone()
    alert = told(alert_of(row) if row is not None else None, event)
    connection.execute(_WRITE, alert_values(alert))


def alert_values(alert: Alert) -> tuple[Any, ...]:
    """What the table keeps of an alert, in the order of ALERT_COLUMNS."""
    return (alert.id, *(getattr(alert, name) for name in FIELDS))


def alert_of(row: Sequence[Any]) -> Alert:
    """The alert of a row with ALERT_COLUMNS."""
    values = dict(zip(FIELDS, row[1:], strict=True))
    return Alert(**{**values, "state": AlertState(values["state"])})

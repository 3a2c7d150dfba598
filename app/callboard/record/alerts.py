"""What the record tells of alerts: which there are, how many are open, and what was done with each."""

from collections.abc import Sequence
from typing import Any

from callboard.core.alerts import LEVELS, Alert, alert_id
from callboard.record.alert_rows import ALERT_COLUMNS, alert_of
from callboard.record.codec import decode
from callboard.record.history import History
from callboard.rows import Row, event_row

_KINDS = "'AlertRaised', 'AlertResolved', 'AlertMarked'"
_BY_SEVERITY = "CASE severity " + " ".join(f"WHEN '{level}' THEN {rank}" for rank, level in enumerate(LEVELS)) + " END"
MOST_STEPS = 200
MOST_AT_ONCE = 500


class AlertRecord(History):
    """Reads them, each time from the tables."""

    def alerts(
        self, states: Sequence[str] = (), severities: Sequence[str] = (), agent: str = "", limit: int = 500
    ) -> list[Alert]:
        """Those that are not resolved first, the worst first and then the newest."""
        wants: list[str] = ["1=1"]
        values: list[Any] = []
        for column, given in (("state", states), ("severity", severities), ("agent", (agent,) if agent else ())):
            if given:
                wants.append(f"{column} IN ({','.join('?' * len(given))})")
                values += given
        order = f"state = 'resolved', CASE WHEN state = 'resolved' THEN -marked END, {_BY_SEVERITY}, opened DESC, key"
        sql = f"SELECT {ALERT_COLUMNS} FROM alert WHERE {' AND '.join(wants)} ORDER BY {order} LIMIT ?"  # noqa: S608
        return [alert_of(row) for row in self._rows(sql, (*values, limit))]

    def named(self, ids: Sequence[str]) -> list[Alert]:
        """Those of these ids, in no order."""
        marks = ",".join("?" * len(ids))
        return [alert_of(row) for row in self._rows(f"SELECT {ALERT_COLUMNS} FROM alert WHERE id IN ({marks})", ids)]  # noqa: S608

    def of_keys(self, keys: Sequence[str]) -> list[Alert]:
        """Those of these keys, the one that opened last at the end."""
        found = self.named([alert_id(key) for key in dict.fromkeys(keys)][:MOST_AT_ONCE])
        return sorted(found, key=lambda alert: alert.opened)

    def beginning(self, name: str) -> list[Alert]:
        """Those whose id begins so, or whose key this is; at most two, so that one knows whether it names one."""
        sql = f"SELECT {ALERT_COLUMNS} FROM alert WHERE id = ? OR key = ? OR (id > ? AND id < ?) LIMIT 2"  # noqa: S608
        return [alert_of(row) for row in self._rows(sql, (name, name, name, name + "g"))]

    def count(self) -> int:
        """How many are open."""
        return int(self._rows("SELECT count(*) FROM alert WHERE state = 'open'")[0][0])

    def steps(self, key: str) -> list[Row]:
        """What happened to an alert and who did what, oldest first; of a long history the newest."""
        found: list[tuple[Any, ...]] = self._rows(
            f"SELECT seq, kind, body FROM event WHERE kind IN ({_KINDS}) AND json_extract(body, '$.key') = ?"  # noqa: S608
            " ORDER BY seq DESC LIMIT ?",
            (key, MOST_STEPS),
        )
        rows = []
        for seq, kind, body in reversed(found):
            event = decode(kind, body)
            rows.append({**event_row(seq, event), "until": getattr(event, "until", None)})
        return rows

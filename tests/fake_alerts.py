"""Alerts of the fake desk: rows like the real ones, marked in memory."""

import time
from typing import Any

from callboard.errors import NotFound, Refused

HOSTILE = '<img src=x onerror="window.pwned=1">{{ window.pwned=1 }}'


class FakeAlerts:
    """One of each state; the open one carries a payload in every text."""

    calls: list[tuple[str, tuple[Any, ...]]]

    @property
    def _alert_rows(self) -> dict[str, dict[str, Any]]:
        made: dict[str, dict[str, Any]] | None = getattr(self, "_alerts_made", None)
        if made is None:
            made = {row["id"]: row for row in (alert("a1", "open"), alert("a2", "acknowledged"), alert("a3", "snoozed"),
                                               alert("a4", "resolved"))}  # fmt: skip
            self._alerts_made = made
        return made

    def alerts(self, state: str = "", severity: str = "", agent: str = "", limit: int = 500) -> list[dict[str, Any]]:
        states = ("open", "acknowledged", "snoozed") if state == "standing" else tuple(filter(None, state.split(",")))
        rows = [row for row in self._alert_rows.values() if not states or row["state"] in states]
        return [row for row in rows if severity in ("", row["severity"]) and agent in ("", row["agent"])][:limit]

    def alert(self, name: str) -> dict[str, Any]:
        if name not in self._alert_rows:
            raise NotFound(f"there is no alert '{name}'; see `callboard alerts`")
        step = {
            "seq": 1,
            "at": 1_000.0,
            "run": None,
            "task": None,
            "kind": "AlertRaised",
            "sentence": HOSTILE,
            "until": None,
        }
        return {**self._alert_rows[name], "history": [step]}

    def alert_count(self) -> int:
        return len(self.alerts("open"))

    def mark_alert(
        self, name: str, choice: str, by: str, until: float | None = None, reason: str = ""
    ) -> dict[str, Any]:
        row = self._alert_rows[self.alert(name)["id"]]
        if row["state"] == "resolved":
            raise Refused(f"alert {name} is resolved already")
        self.calls.append((choice, (name, by, until, reason)))
        row |= {"state": "open" if choice == "reopened" else choice, "by": by, "marked": time.time(), "until": until}
        return self.alert(name)

    def acknowledge_alerts(self, by: str, severity: str = "", agent: str = "", reason: str = "") -> int:
        found = self.alerts("open", severity, agent)
        for row in found:
            self.mark_alert(row["id"], "acknowledged", by, None, reason)
        return len(found)


def alert(name: str, state: str, **more: Any) -> dict[str, Any]:
    """A row as the desk gives it."""
    said = state != "open"
    return {
        "id": name, "key": f"task-broken:/home/ann/shop:{name}", "kind": "task-broken", "severity": "high",
        "title": f"quality.{name} failed {HOSTILE}", "text": f"2 of 143 tests failed {HOSTILE}", "href": "/tasks/5.3",
        "workspace": "/home/ann/shop", "workspace_name": "shop", "agent": "quality", "run": 5, "task": "5.3",
        "first": 800.0, "opened": 900.0, "seen": 950.0, "times": 2, "state": state, "by": "ben" if said else "",
        "marked": 960.0 if said else None, "until": time.time() + 3600 if state == "snoozed" else None,
        "why": "quality.tests passed in run 6" if state == "resolved" else "", **more,
    }  # fmt: skip

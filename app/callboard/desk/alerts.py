"""Alerts: which stand, what was done with each, and a person's word about them."""

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from callboard.core.alerts import LEVELS, Alert, AlertState, Choice
from callboard.core.commands import MarkAlerts
from callboard.desk.room import Room
from callboard.errors import ConfigError, NotFound
from callboard.record.alerts import AlertRecord
from callboard.rows import Row

STATES = tuple(AlertState)
MOST_ALERTS = 500
LONGEST_SNOOZE_S = 30 * 86_400.0


class Alerts(Room):
    """What asks for attention until its cause is gone."""

    @cached_property
    def _alerts(self) -> AlertRecord:
        return AlertRecord(self._history.database)

    def alerts(self, state: str = "", severity: str = "", agent: str = "", limit: int = MOST_ALERTS) -> list[Row]:
        """Alerts, those that stand before the resolved ones, the worst first; narrowed by states and severities ('open,snoozed').

        `state` 'standing' means all that are not resolved. Raises `ConfigError` for a word that is none.
        """
        states = (
            tuple(s for s in STATES if s is not AlertState.RESOLVED) if state == "standing" else _split(state, STATES)
        )
        found = self._alerts.alerts(states, _split(severity, LEVELS), agent, min(limit, MOST_ALERTS))
        return [alert_row(alert) for alert in found]

    def alert(self, name: str) -> Row:
        """One alert with its history; by its id, the beginning of it, or its key."""
        alert = self._alert_named(name)
        return {**alert_row(alert), "history": self._alerts.steps(alert.key)}

    def alert_count(self) -> int:
        """How many are open."""
        return self._alerts.count()

    def told_alerts(self, keys: Sequence[str]) -> Row:
        """The rows of these keys, and how many are open now; for live messages."""
        return {"alert": [alert_row(alert) for alert in self._alerts.of_keys(keys)], "alerts": self.alert_count()}

    def plugin_troubles(self) -> list[tuple[str, str]]:
        """Each plugin with why it cannot be used, '' when it can."""
        return [(plugin.name, plugin.error) for plugin in self._catalogue.plugins]

    def mark_alert(self, name: str, choice: str, by: str, until: float | None = None, reason: str = "") -> Row:
        """Acknowledges, snoozes or reopens one; gives it as it is then. Raises `Refused` when somebody else was first."""
        if choice == Choice.SNOOZED:
            _check_until(until)
        alert = self._alert_named(name)
        self._do(MarkAlerts((alert.key,), choice, by, until, reason))
        return self.alert(alert.id)

    def acknowledge_alerts(self, by: str, severity: str = "", agent: str = "", reason: str = "") -> int:
        """Acknowledges all open ones that fit; returns how many. What somebody else was quicker with is left alone."""
        found = self._alerts.alerts((AlertState.OPEN,), _split(severity, LEVELS), agent, MOST_ALERTS)
        if found:
            self._do(MarkAlerts(tuple(alert.key for alert in found), Choice.ACKNOWLEDGED, by, None, reason, skip=True))
        after = self._alerts.named([alert.id for alert in found])
        return sum(alert.state is AlertState.ACKNOWLEDGED and alert.by == by for alert in after)

    def _alert_named(self, name: str) -> Alert:
        found = self._alerts.beginning(name) if 0 < len(name) <= 1_000 else []
        if not found:
            raise NotFound(f"there is no alert '{name[:100]}'; see `callboard alerts`")
        exact = [alert for alert in found if name in (alert.id, alert.key)]
        if len(found) > 1 and not exact:
            raise NotFound(f"more than one alert begins with '{name[:100]}'; give more of its id")
        return (exact or found)[0]


def alert_row(alert: Alert) -> Row:
    """An alert as a surface shows it."""
    where = f"{alert.run}.{alert.task}" if alert.run and alert.task >= 0 else None
    names = ("kind", "severity", "title", "text", "href", "workspace", "first", "opened", "seen", "times", "by", "marked",
             "until", "why")  # fmt: skip
    return {
        "id": alert.id,
        "key": alert.key,
        "state": alert.state.value,
        "run": alert.run or None,
        "task": where,
        "agent": alert.agent or None,
        "workspace_name": alert.workspace.rstrip("/").rsplit("/", 1)[-1],
        **{name: getattr(alert, name) for name in names},
    }


def _split(words: str, known: Sequence[Any]) -> tuple[str, ...]:
    """'open,snoozed' as words that are known."""
    given = tuple(word.strip() for word in words.split(",") if word.strip())
    for word in given:
        if word not in [str(one) for one in known]:
            raise ConfigError(f"'{word[:40]}' is none of {', '.join(map(str, known))}")
    return given


def _check_until(until: float | None) -> None:
    now = time.time()
    if until is None or not now < until <= now + LONGEST_SNOOZE_S:
        raise ConfigError("an alert is snoozed until a time to come, in the next 30 days")

"""`/alerts`: what asks for attention until its cause is gone, and who sees to it."""

from dataclasses import asdict

from callboard.core.alert_kinds import RULES
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class AlertsScreen(Screen, component="callboard_alerts.js"):
    """Alerts by state, severity and agent, each with its history."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page. Its address may narrow it: `/alerts?state=open&severity=high&agent=quality`; '#ID' opens a history."""
    frame.count("alerts", desk.alert_count)

    @frame.page("/alerts")
    async def alerts() -> None:
        more = {"rules": [asdict(rule) for rule in RULES.values()]}
        await frame.show(AlertsScreen, "Alerts", "/alerts", lambda: list(desk.alerts()), more)

"""`/settings`: what a person chose for themselves, and what this server is."""

from callboard.rows import Row
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class SettingsScreen(Screen, component="callboard_settings.js"):
    """Each setting is shown and kept at once."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/settings")
    async def settings() -> None:
        await frame.show(SettingsScreen, "Settings", "/settings", lambda: _settings(desk))


def _settings(desk: Desk) -> Row:
    return {**desk.about(), "boundary": desk.boundary(), "notices": desk.notices(limit=50)}

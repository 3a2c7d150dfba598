"""`/console`: what all running attempts print, as one stream."""

from callboard.show.api.console import last_lines
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

LINES = 500


class ConsoleScreen(Screen, component="callboard_console.js"):
    """Lines of all tasks, live, narrowed by agent, task, level and words."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/console")
    async def console() -> None:
        await frame.show(ConsoleScreen, "Console", "/console", lambda: last_lines(desk, LINES))

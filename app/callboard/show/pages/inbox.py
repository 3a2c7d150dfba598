"""`/inbox`: all that waits for a person, with the evidence to decide by."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class InboxScreen(Screen, component="callboard_inbox.js"):
    """One list, live, and what lies behind the chosen row."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page, and the number beside its name in the bar."""
    frame.count("inbox", lambda: len(desk.inbox()))

    @frame.page("/inbox")
    async def inbox() -> None:
        await frame.show(InboxScreen, "Inbox", "/inbox", lambda: list(desk.inbox()))

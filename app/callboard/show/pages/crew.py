"""`/crew`: the crews of the team's platform, only watched; and what Callboard holds back for their sake."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class CrewScreen(Screen, component="callboard_crew.js"):
    """The crews, and the coordination with the platform, live."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/crew")
    async def crew() -> None:
        await frame.show(CrewScreen, "Crew", "/crew", lambda: dict(desk.crew()))

"""`/styleguide`: every part in every state, for who works on Callboard itself; `callboard up --dev` has it."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class StyleguideScreen(Screen, component="callboard_styleguide.js"):
    """The real components with rows made for looking at them."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/styleguide")
    async def styleguide() -> None:
        await frame.show(StyleguideScreen, "Style guide", "/styleguide", desk.about)

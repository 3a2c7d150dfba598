"""`/`: what needs a person, the crew, what runs and waits, what happened since they looked."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class BoardScreen(Screen, component="callboard_board.js"):
    """The whole board, live."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/")
    async def board() -> None:
        by = frame.by()

        def read() -> object:
            return {
                **desk.board(),
                "inbox": list(desk.inbox()),
                "catchup": desk.catchup(by),
                "alerts": list(desk.alerts("open")),
                "crew": desk.crew(),
            }

        await frame.show(BoardScreen, "Board", "/", read)

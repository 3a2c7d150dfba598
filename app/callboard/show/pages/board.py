"""`/`: what needs a person, the crew, what runs and waits, what happened since they looked."""

from typing import Any

from callboard.show.api.desk import Desk, Row
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

TOP = 5  # of the open cases


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
                "insights": desk.insights(),
                "roadmap": _brief(desk.roadmap()),
                "cases": desk.cases(state="open", limit=TOP),
            }

        await frame.show(BoardScreen, "Board", "/", read)


def _brief(roadmap: Row) -> dict[str, Any]:
    """What the board shows of the roadmap; its page has the rest."""
    return {name: roadmap[name] for name in ("there", "layers", "path", "done", "total")}

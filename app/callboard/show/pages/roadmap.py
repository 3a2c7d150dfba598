"""`/roadmap`: all changes of the workspace in four layers; `/roadmap/{change}`: one of them with its tasks."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class RoadmapScreen(Screen, component="callboard_roadmap.js"):
    """The roadmap, live."""


class ChangeScreen(Screen, component="callboard_change.js"):
    """A change, live, and who could do its tasks."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds both pages."""

    @frame.page("/roadmap")
    async def roadmap() -> None:
        await frame.show(RoadmapScreen, "Roadmap", "/roadmap", lambda: dict(desk.roadmap()))

    @frame.page("/roadmap/{change}")
    async def one(change: str) -> None:
        def read() -> object:
            page = dict(desk.roadmap_change(change[:300]))
            whole = desk.roadmap()
            return {
                **page,
                "agents": list(desk.agents()),
                "others": [{"id": row["id"], "title": row["title"]} for row in whole["changes"]],
                "persons": sorted({row["owner"] for row in whole["changes"]} - {""}),
                "write": whole["write"],
                "folder": whole["folder"],
            }

        await frame.show(ChangeScreen, change[:60], "/roadmap", read)

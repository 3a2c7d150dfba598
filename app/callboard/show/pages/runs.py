"""`/runs`: every run, newest first."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

PAGE = 50


class RunsScreen(Screen, component="callboard_runs.js"):
    """A list of runs that grows backwards in time."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/runs")
    async def runs() -> None:
        await frame.show(RunsScreen, "Runs", "/runs", lambda: list(desk.runs(PAGE, None)), {"page": PAGE})

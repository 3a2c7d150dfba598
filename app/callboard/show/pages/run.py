"""`/runs/{id}`: one run as graph, Gantt chart, list and findings."""

from callboard.errors import NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.graph_layout import graph
from callboard.show.parts.screen import Screen

MOST_DRAWN = 2000
MOST_FINDINGS = 2000


class RunScreen(Screen, component="callboard_run.js"):
    """A run, live."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/runs/{number}")
    async def run(number: str) -> None:
        def read() -> object:
            if not (number.isdecimal() and len(number) < 16):
                raise NotFound(f"There is no run '{number[:40]}'; runs have numbers, such as 12")
            row = dict(desk.run(int(number)))
            tasks = row.get("tasks", ())
            row["graph"] = graph(tasks) if len(tasks) <= MOST_DRAWN else None
            row["findings"] = list(desk.run_findings(int(number)))[:MOST_FINDINGS]
            return row

        await frame.show(RunScreen, f"Run {number[:20]}", "/runs", read)

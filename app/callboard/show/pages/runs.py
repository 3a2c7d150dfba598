"""`/runs`: every run, newest first, narrowed as the address says."""

from starlette.requests import Request

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

PAGE = 50
WANTS = ("state", "pipeline", "branch", "person", "text")
LONGEST = 200


class RunsScreen(Screen, component="callboard_runs.js"):
    """A list of runs that grows backwards in time."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page. The address may name `state`, `pipeline`, `branch`, `person`, `text` and `before`, a run."""

    @frame.page("/runs")
    async def runs(request: Request) -> None:
        asked = request.query_params
        wants = {name: asked[name][:LONGEST] for name in WANTS if asked.get(name)}
        before = asked.get("before", "")
        older = int(before) if before.isdecimal() and 0 < len(before) < 16 else None

        def read() -> object:
            return {"runs": list(desk.runs(PAGE, older or None, **wants)), "facets": desk.run_facets()}

        await frame.show(RunsScreen, "Runs", "/runs", read, {"page": PAGE})

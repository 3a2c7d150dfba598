"""`/runs/{id}`: one run of any size as graph, Gantt chart, list and findings."""

from typing import Any

from starlette.requests import Request

from callboard.errors import NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.grouping import BY, picture
from callboard.show.parts.screen import Screen

MOST_INSIDE = 20_000
MOST_PICTURED = 2_000
MOST_WHOLE = 150
MOST_FINDINGS = 300


class RunScreen(Screen, component="callboard_run.js"):
    """A run, live."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page. The address names the tab, the way of grouping (`by`) and the groups that are `open`."""

    @frame.page("/runs/{number}")
    async def run(number: str, request: Request) -> None:
        asked = request.query_params

        def read() -> object:
            if not (number.isdecimal() and len(number) < 16):
                raise NotFound(f"There is no run '{number[:40]}'; runs have numbers, such as 12")
            return first_of(desk, int(number), asked.get("by", ""), asked.getlist("open"))

        await frame.show(RunScreen, f"Run {number[:20]}", "/runs", read)


def first_of(desk: Desk, run: int, by: str = "", opened: list[str] | None = None) -> dict[str, Any]:
    """What the page begins with: more of a small run, so that its first paint is complete; a huge one is read `later`."""
    outline = dict(desk.outline(run))
    total = len(outline["rows"])
    later = total > MOST_INSIDE
    drawn = not later and total > 2
    row: dict[str, Any] = {"later": later}
    row["graph"] = picture(outline, by if by in BY else "auto", (opened or [])[:200]) if drawn else None
    row["tasks"] = list(desk.tasks_of(run, range(total))) if total <= MOST_WHOLE else []
    few = sum(outline["run"]["findings"].values()) <= MOST_FINDINGS
    row["findings"] = list(desk.run_findings(run)) if few else None
    row["patches"] = list(desk.patches(run))
    row["near"] = desk.run_cases(run)
    row["forecast"] = (
        desk.run_forecast(run) if outline["run"]["ended"] is not None else None
    )  # else it is worked out first
    row["outline"] = {**outline, "rows": []} if later else outline
    return row

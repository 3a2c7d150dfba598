"""`/runs/new`: what a run would do, before it does it."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.graph_layout import graph
from callboard.show.parts.screen import Screen


class PreviewScreen(Screen, component="callboard_preview.js"):
    """The plan with its evidence; jobs can be left out, then it is started."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page. The address may name a pipeline, and ask for what is affected: `/runs/new?pipeline=nightly&affected=true`."""

    @frame.page("/runs/new")
    async def preview(pipeline: str = "default", affected: str = "") -> None:
        def read() -> object:
            plan = desk.plan(pipeline[:200], [], [], affected=affected == "true")
            known = {row["pipeline"] for row in desk.schedules() if row.get("pipeline")}
            jobs = list(plan.get("jobs", ()))
            return {
                "plan": plan,
                "affected": affected == "true",
                "graph": graph(jobs) if len(jobs) <= 400 else None,
                "pipelines": sorted({*known, "default", str(plan.get("pipeline", "default"))}),
            }

        await frame.show(PreviewScreen, "Start a run", "/runs/new", read)

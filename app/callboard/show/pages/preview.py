"""`/runs/new`: what a run would do, before it does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from callboard.errors import CallboardError, ConfigError, NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.graph_layout import graph
from callboard.show.parts.screen import Screen

MOST_DRAWN = 400
MOST_NAMES = 1_000
PRIORITIES = ("critical", "high", "medium", "low")


class PreviewScreen(Screen, component="callboard_preview.js"):
    """The plan with its evidence; jobs can be left out, options changed, then it is started."""


@dataclass(slots=True)
class Asked:
    """What an address asks for; `notes` say what of it could not be had."""

    pipeline: str = "default"
    only: list[str] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    affected: bool = False
    priority: str = ""
    run: int = 0
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page. The address may say what is to be chosen:
    `/runs/new?pipeline=nightly&only=quality.tests&skip=&affected=true&priority=high&from=12&option=quality.tests.timeout:60`."""

    @frame.page("/runs/new")
    async def preview(request: Request) -> None:
        asked = asked_of(request.query_params.multi_items())

        def read() -> object:
            plan = _planned(desk, asked)
            known = {row["pipeline"] for row in desk.schedules() if row.get("pipeline")}
            jobs = list(plan.get("jobs", ()))
            return {
                "plan": plan,
                "affected": asked.affected,
                "priority": asked.priority,
                "options": asked.options,
                "notes": asked.notes,
                "graph": graph(jobs) if len(jobs) <= MOST_DRAWN else None,
                "pipelines": sorted({*known, *plan.get("pipelines", ()), "default", str(plan.get("pipeline"))}),
            }

        await frame.show(PreviewScreen, "Start a run", "/runs/new", read)


def asked_of(items: Sequence[tuple[str, str]]) -> Asked:
    """What the words of an address ask for; what is no such word is passed over."""
    asked = Asked()
    for key, value in items[: 3 * MOST_NAMES]:
        value = value[:500]
        match key:
            case "pipeline" if value:
                asked.pipeline = value[:200]
            case "only" | "skip" if value:
                (asked.only if key == "only" else asked.skip).append(value[:200])
            case "affected":
                asked.affected = value == "true"
            case "priority" if value in PRIORITIES:
                asked.priority = value
            case "from" if value.isdecimal() and len(value) < 15:
                asked.run = int(value)
            case "option":
                name, colon, told = value.partition(":")
                job, dot, option = name.rpartition(".")
                if colon and dot and job and option:
                    asked.options.setdefault(job, {})[option] = told
            case _:
                pass
    return asked


def _planned(desk: Desk, asked: Asked) -> Mapping[str, Any]:
    """The plan as it is asked for; where that cannot be, the whole pipeline, with a note."""
    if asked.run:
        _as_before(desk, asked)
    try:
        return desk.plan(asked.pipeline, asked.only, asked.skip, affected=asked.affected, options=asked.options)
    except ConfigError as fault:
        if not (asked.only or asked.skip or asked.options):
            raise
        asked.notes.append(f"Not all that the address asks for can be had: {fault}")
        asked.only, asked.skip, asked.options = [], [], {}
        return desk.plan(asked.pipeline, [], [], affected=asked.affected)


def _as_before(desk: Desk, asked: Asked) -> None:
    """The pipeline, the jobs and the priority of an earlier run."""
    try:
        row = desk.run(asked.run)
        run, names = row["run"], {task["name"] for task in row["tasks"]}
        if run["name"] == "ingest" or str(run["name"]).startswith("do "):
            asked.notes.append(
                f"Run {asked.run} was '{run['name']}', no pipeline; choose its action on the page of its agent"
            )
            return
        there = [job["name"] for job in desk.plan(run["name"], [], [])["jobs"]]
    except NotFound as gone:
        asked.notes.append(str(gone))
        return
    except CallboardError as fault:
        asked.notes.append(f"Run {asked.run} cannot be taken as the pattern: {fault}")
        return
    asked.pipeline, asked.priority = run["name"], run["priority"]
    had = [name for name in there if name in names]
    asked.only = had if had and len(had) < len(there) else []
    asked.notes.append(f"The jobs of run {asked.run}, as they are written down now")

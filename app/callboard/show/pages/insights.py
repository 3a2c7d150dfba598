"""`/insights`: what to do next, what waiting cost, what was learned; `/insights/whatif`; `/insights/report`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from callboard.insight.whatif import ORDERS
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen

MOST_WORDS = 3_000
CLASSES = ("critical", "high", "medium", "low")


class InsightsScreen(Screen, component="callboard_insights.js"):
    """Advice, bottlenecks, what was learned and rules, live."""


class WhatIfScreen(Screen, component="callboard_whatif.js"):
    """Other conditions beside those as they are; nothing is changed."""


class ReportScreen(Screen, component="callboard_report.js"):
    """A week."""


@dataclass(slots=True)
class Asked:
    """What the address of a what-if asks for; `notes` say what of it was not understood."""

    pipeline: str = "default"
    run: int = 0
    changes: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def register(frame: Frame, desk: Desk) -> None:
    """Adds the three pages."""

    @frame.page("/insights")
    async def insights() -> None:
        await frame.show(InsightsScreen, "Insights", "/insights", desk.insights)

    @frame.page("/insights/whatif")
    async def whatif(request: Request) -> None:
        asked = asked_of(request.query_params.multi_items())
        await frame.show(WhatIfScreen, "What if", "/insights", lambda: _whatif(desk, asked))

    @frame.page("/insights/report")
    async def report(week: str = "") -> None:
        await frame.show(ReportScreen, "Weekly report", "/insights", lambda: desk.insights_report(week[:20]))


def _whatif(desk: Desk, asked: Asked) -> dict[str, Any]:
    plan = desk.plan(str(desk.run(asked.run)["run"]["name"]) if asked.run else asked.pipeline, [], [])
    capacity = plan.get("capacity") or {}
    pipelines = {name for each in desk.schedules() if (name := each.get("pipeline"))}
    about = ("name", "agent", "title", "priority", "estimate")
    return {
        "pipeline": asked.pipeline,
        "run": asked.run,
        "changes": asked.changes,
        "notes": asked.notes,
        "now": {"cpus": capacity.get("cpus"), "memory_mb": capacity.get("memory_mb"), "machines": 1},
        "jobs": [{name: job.get(name) for name in about} for job in plan["jobs"]],
        "agents": [{name: agent[name] for name in ("name", "title", "concurrency")} for agent in desk.agents()],
        "orders": list(ORDERS),
        "pipelines": sorted({"default", asked.pipeline, *pipelines, *plan.get("pipelines", ())}),
    }


def asked_of(items: Sequence[tuple[str, str]]) -> Asked:
    """What the words of an address ask for; what is no such word is passed over, a value that cannot be is said."""
    asked = Asked()
    for key, raw in items[:MOST_WORDS]:
        value = raw[:300]
        name, colon, told = value.rpartition(":")
        match key:
            case "pipeline" if value:
                asked.pipeline = value
            case "run" if value.isdecimal() and len(value) < 15:
                asked.run = int(value)
            case "cpus" | "memory_mb" | "machines":
                _number(asked, key, value)
            case "concurrency" if colon and told.isdecimal() and len(told) < 5:
                asked.changes.setdefault("concurrency", {})[name] = int(told)
            case "priority" if colon and told in CLASSES:
                asked.changes.setdefault("priority", {})[name] = told
            case "without" if value:
                asked.changes.setdefault("without", []).append(value)
            case "order" if value:
                asked.changes["order"] = value
            case "cache" if value == "true":
                asked.changes["cache"] = True
            case _:
                pass
    return asked


def _number(asked: Asked, key: str, value: str) -> None:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e9:
        asked.notes.append(f"'{value[:40]}' is no number that '{key}' can have; it is as it is")
        return
    asked.changes[key] = int(number) if number == int(number) else number

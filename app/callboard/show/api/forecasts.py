"""Forecasts, what-if, bottlenecks, needs and calibration over REST."""

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import Name, RunId, Wish

Moment = Annotated[float, Query(ge=0, lt=1e12, allow_inf_nan=False, description="Seconds since 1970")]


class Range(rows.Row):
    """Moments by which it is there with 50, 80 and 95 of 100; `n` earlier runs stand behind it."""

    p50: rows.Seconds
    p80: rows.Seconds
    p95: rows.Seconds
    n: int


class Calibration(rows.Row):
    """How 80 % ranges held; `share` is null below ten."""

    held: int
    n: int
    share: float | None
    words: str


class TaskForecast(rows.Row):
    task: str
    start: Range | None
    end: Range


class Drifting(rows.Row):
    """A job that takes longer or shorter than it did; `share` is 0.4 for 40 % longer."""

    job: str
    words: str
    since: rows.Seconds
    share: float


class Foreseen(rows.Row):
    """What was foreseen at the start of a run that has ended."""

    at: rows.Seconds
    p50: rows.Seconds
    p80: rows.Seconds
    p95: rows.Seconds
    actual: rows.Seconds | None
    held: bool


class RunForecast(rows.Row):
    """`why` says what is missing or assumed; the first range comes from few `samples` and is refined."""

    run: int
    done: bool
    at: rows.Seconds
    end: Range | None
    why: str
    chance_ok: float | None
    tasks: list[TaskForecast]
    samples: int
    refined: bool
    drift: list[Drifting]
    calibration: Calibration
    foreseen: Foreseen | None = None


class Cause(rows.Row):
    """What work waited for: `trend` are seconds by day, oldest first; `href` leads to the culprit."""

    cause: str
    kind: str
    words: str
    seconds: float
    share: float | None
    tasks: int
    agents: list[str]
    since: rows.Seconds
    trend: list[float]
    href: str
    relief: str
    culprit: str | None


class Blamed(rows.Row):
    task: str
    name: str
    seconds: float
    share: float
    why: str


class Blame(rows.Row):
    run: int
    blame: list[Blamed]


class FlakyJob(rows.Row):
    name: str
    seconds: float
    tries: int
    href: str


class Flaky(rows.Row):
    seconds: float
    tries: int
    words: str
    by: list[FlakyJob]


class Idle(rows.Row):
    """Core-seconds that no task had booked while something waited, and the share of all that nobody had booked."""

    cores_s: float
    share: float
    words: str


class LoadAhead(rows.Row):
    """Core-seconds of the next seven days: [moment, p50, p80]; null below ten days."""

    words: str
    n: int
    forecast: list[tuple[float, float, float]] | None


class Bottlenecks(rows.Row):
    """`dependency_s` are seconds that tasks waited for other tasks; they are no part of `total_s`."""

    since: rows.Seconds
    until: rows.Seconds
    total_s: float
    causes: list[Cause]
    dependency_s: float
    path: Blame | None
    flaky: Flaky | None
    idle: Idle | None
    load: LoadAhead
    enough: bool
    why: str


class Amount(rows.Row):
    cpus: float
    memory_mb: float


class Spread(rows.Row):
    p50: float
    p80: float
    p95: float


class Rate(rows.Row):
    """`n` of `of` tries, with the 95 % interval of the rate."""

    n: int
    of: int
    rate: float
    low: float
    high: float


class Drifted(rows.Row):
    words: str
    since: rows.Seconds
    share: float


class JobNeeds(rows.Row):
    """What a job declares, used and is planned with; how long its good tries took, the newer ones counting more."""

    job: str
    declared: Amount
    used: Amount | None
    planned: Amount
    n: int
    words: str
    seconds: Spread | None
    cpu_s: Spread | None
    peak_mb: Spread | None
    failed: Rate
    broke_off: Rate
    flaky: Rate
    drift: Drifted | None


class Needs(rows.Row):
    jobs: list[JobNeeds]
    half_life: float


class Kind(Calibration):
    kind: str


class Calibrations(rows.Row):
    """`past` are kept forecasts of runs, oldest first: [moment, p50, p80, actual] in seconds from that moment."""

    kinds: list[Kind]
    past: list[tuple[float, float, float, float]]


class Span(rows.Row):
    p50: float
    p80: float
    p95: float


class Waited(rows.Row):
    cause: str
    seconds: float


class Outcome(rows.Row):
    """`end` in seconds from the start; `longest` are the jobs on the path to the end."""

    end: Span
    busy: float
    peak_mb: float
    chance_ok: float
    waits: list[Waited]
    longest: list[str]


class Difference(rows.Row):
    words: str
    p50_s: float | None
    p80_s: float | None


class WhatIf(rows.Row):
    """The same futures as it is and with the changes; null where one does not end by itself."""

    base: Outcome | None
    other: Outcome | None
    difference: Difference
    takes: list[str]
    notes: list[str]


class WhatIfWish(Wish):
    """Of which pipeline, or of which run that has not ended, and what is different."""

    pipeline: Annotated[str, Field(max_length=200)] = ""
    run: Annotated[int | None, Field(ge=1, lt=2**53)] = None
    changes: Annotated[
        dict[Name, Any],
        Field(
            max_length=8,
            description=(
                "Any of cpus, memory_mb, concurrency {agent: limit}, without [jobs], priority {job: class}, order, cache, machines"
            ),
        ),
    ] = {}


def forecasts(desk: Desk) -> APIRouter:
    """The paths below /insights that count and foresee, and the forecast of a run."""
    router = APIRouter(tags=["insights"])

    @router.get("/runs/{run}/forecast", responses={200: {"model": RunForecast}}, response_class=Json)
    def forecast(run: RunId) -> Response:
        """When a run will end, as ranges; of one that has ended, what was foreseen."""
        return Json(desk.run_forecast(run))

    @router.get("/insights/bottlenecks", responses={200: {"model": Bottlenecks}}, response_class=Json)
    def bottlenecks(since: Moment | None = None) -> Response:
        """What waiting cost by cause, by default in the last 7 days, at most 90."""
        return Json(desk.bottlenecks(min(since, time.time() - 60) if since is not None else None))

    @router.get("/insights/needs", responses={200: {"model": Needs}}, response_class=Json)
    def needs() -> Response:
        """What jobs declare, use and are planned with, how long they take and how they end."""
        return Json(desk.needs_learned())

    @router.get("/insights/calibration", responses={200: {"model": Calibrations}}, response_class=Json)
    def calibration() -> Response:
        """How the forecasts held."""
        return Json(desk.calibration())

    @router.post("/insights/whatif", responses={200: {"model": WhatIf}}, response_class=Json)
    def whatif(wish: WhatIfWish) -> Response:
        """What would be different if something were."""
        return Json(desk.whatif(wish.model_dump()))

    return router

"""The platform's crews over REST: what is known of them, and what their observers tell."""

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from callboard.core.crew_facts import MOST_FACTS
from callboard.show.api import rows
from callboard.show.api.answers import Json, problem
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST, NAME, By

REPORTS_A_SECOND = 5.0
REPORTS_AT_ONCE = 20.0
WAIT_S = 1


class CrewSource(rows.Row):
    """A way to watch a crew, and how it is."""

    kind: Literal["observer", "status", "socket", "checkpoints", "log", "otlp"]
    state: Literal["fresh", "stale", "off", "error"]
    last: rows.Seconds
    words: str


class CrewSlow(rows.Row):
    """An agent that is slower than it was, and since when."""

    agent: str
    words: str
    since: rows.Seconds
    now_s: float
    usual_s: float
    n: int


class CrewAgent(rows.Row):
    """An agent of a crew by its role; tokens are null where nobody said any."""

    role: str
    state: Literal["working", "idle", "failed", "unknown"]
    task: str
    since: rows.Seconds | None
    done: int
    failed: int
    p50_s: float | None
    p95_s: float | None
    last_s: float | None
    n: int
    input: int | None
    output: int | None
    trend: list[float]
    slow: dict[str, Any] | None


class CrewTask(rows.Row):
    """A task of a workflow."""

    name: str
    role: str
    state: Literal["waiting", "running", "succeeded", "failed"]
    started: rows.Seconds | None
    ended: rows.Seconds | None
    seconds: float | None
    usual_s: float | None
    retries: int
    input: int | None
    output: int | None
    error: str


class Workflow(rows.Row):
    """One execution of a crew."""

    id: str
    crew: str
    process: Literal["sequential", "hierarchical", "flow", "unknown"]
    state: Literal["running", "succeeded", "failed", "lost"]
    started: rows.Seconds | None
    ended: rows.Seconds | None
    done: int
    total: int | None
    percent: float | None
    eta: rows.Seconds | None
    source: str
    tasks: list[CrewTask]


class CrewRow(rows.Row):
    """A crew of the platform."""

    name: str
    title: str
    sources: list[CrewSource]
    in_flight: int
    agents: list[CrewAgent]
    workflows: list[Workflow]
    slow: list[CrewSlow]
    troubles: list[dict[str, Any]]
    tokens: dict[str, Any]


class CrewPage(rows.Row):
    """All crews, and how the two systems spare each other."""

    crews: list[CrewRow]
    coordination: dict[str, Any]
    why: str


class Taken(rows.Row):
    """How many facts came, and the number of the newest."""

    taken: int
    upto: int


def _numbered(facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for fact in facts:
        number = fact.get("n")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < MOST:
            raise ValueError("each fact needs its number n")
    return facts


Facts = Annotated[list[dict[str, Any]], Field(max_length=MOST_FACTS), AfterValidator(_numbered)]


class CrewReport(BaseModel):
    """What an observer saw: facts with numbers, each counted once however often it is sent."""

    model_config = ConfigDict(extra="ignore")

    version: Literal[1]
    crew: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=NAME)]
    observer: Annotated[str, StringConstraints(pattern="^[0-9a-f]{8,64}$")]
    sent: Annotated[float, Field(ge=0, lt=1e11, allow_inf_nan=False)]
    facts: Facts


def crew(desk: Desk) -> APIRouter:
    """The paths below /crew."""
    router = APIRouter(tags=["crew"])
    pace = Pace()

    @router.get("/crew", responses={200: {"model": CrewPage}}, response_class=Json)
    def crews() -> Response:
        """All crews with agents, workflows and troubles, and how the two systems spare each other."""
        return Json(desk.crew())

    @router.post("/crew/events", status_code=202, responses={202: {"model": Taken}}, response_class=Json)
    def told(report: CrewReport, by: By) -> Response:
        """Takes what a crew's observer saw; the crew's own token is enough for it."""
        upto = max((int(fact["n"]) for fact in report.facts), default=0)
        if report.facts:
            if not pace.may(report.crew, time.monotonic()):
                answer = problem(
                    429, f"Crew '{report.crew}' tells more often than {REPORTS_A_SECOND:g} times a second."
                )
                answer.headers["retry-after"] = str(WAIT_S)
                return answer
            desk.tell_crew(report.crew, "observer", report.facts, report.observer, upto, report.sent)
        return Json({"taken": len(report.facts), "upto": upto}, 202)

    return router


class Pace:
    """How often each crew may tell something: so often a second, and for a moment more often."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, float]] = {}

    def may(self, crew: str, now: float) -> bool:
        """Whether one more is all right now."""
        left, last = self._left.pop(crew, (REPORTS_AT_ONCE, now))
        left = min(REPORTS_AT_ONCE, left + (now - last) * REPORTS_A_SECOND)
        good = left >= 1
        self._left[crew] = (left - 1 if good else left, now)
        while len(self._left) > 100:
            del self._left[next(iter(self._left))]
        return good

"""The cases behind a run over REST."""

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import RunId


class NearCase(rows.Row):
    """A case in few words."""

    id: int
    name: str
    title: str
    state: str
    severity: Literal["critical", "high", "medium", "low", "info"]
    href: str


class NearCases(rows.Row):
    """Open cases, each once; and which of them a finding or a job of the run belongs to."""

    cases: list[NearCase]
    findings: Annotated[dict[str, int], Field(description="By fingerprint")]
    jobs: Annotated[dict[str, list[int]], Field(description="By the name of the job")]


def case_near(desk: Desk) -> APIRouter:
    """The path."""
    router = APIRouter(tags=["cases"])

    @router.get("/runs/{run}/cases", responses={200: {"model": NearCases}}, response_class=Json)
    def near(run: RunId) -> Response:
        """Open cases with a symptom that a job of this run can see and that is not gone."""
        return Json(desk.run_cases(run))

    return router

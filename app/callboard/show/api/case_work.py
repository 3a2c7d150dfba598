"""Work on cases over REST: investigated, taken away as one archive; incidents, which pause, revoke and freeze."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import Field, StringConstraints

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.cases import CaseId, CasePage
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST, By, Line, Name, Wish

ZIP = "application/zip"
IncidentId = Annotated[int, Path(ge=1, lt=MOST, description="Number of an incident")]
Why = Annotated[Line, StringConstraints(min_length=1)]
What = Literal["auto", "reproduce", "narrow", "bisect", "fix", "verify"]


class Begun(CasePage):
    """The run that was started, which step it is, and the case."""

    ok: bool
    run: int
    step: str
    words: str


class Incident(rows.Row):
    """`words_list` says what was done and what could not be; `sha256` is that of the frozen evidence."""

    id: int
    case: int | None
    agents: list[str]
    by: str
    at: rows.Seconds
    reason: str
    state: Literal["beginning", "on", "ended", "broken"]
    ended: rows.Seconds | None
    ended_by: str
    words_list: list[str]
    bundle: str
    sha256: str


class IncidentList(rows.Row):
    incidents: list[Incident]


class IncidentDone(rows.Done):
    incident: Incident


class Investigate(Wish):
    """What is done; with auto the next step, and those that follow from it go on by themselves."""

    what: What = "auto"


class CaseIncident(Wish):
    """What happened; with `stop` what the agents do is ended, with `crew` the crew's token is revoked."""

    reason: Why
    stop: Annotated[bool, Field(strict=True)] = False
    crew: Annotated[bool, Field(strict=True)] = False


class BeginIncident(CaseIncident):
    agents: Annotated[list[Name], Field(max_length=20)] = []
    case: Annotated[int, Field(ge=1, lt=MOST, strict=True)] | None = None


class EndIncident(Wish):
    reason: Line = ""


def case_work(desk: Desk) -> APIRouter:
    """The paths below /cases that start work or take it away, and those below /incidents."""
    router = APIRouter(tags=["cases"])
    archive: dict[int | str, dict[str, Any]] = {200: {"content": {ZIP: {}}, "description": "The archive"}}

    def zipped(named: tuple[str, bytes]) -> Response:
        name, content = named
        return Response(content, media_type=ZIP, headers={"content-disposition": f'attachment; filename="{name}"'})

    def done(row: Any) -> Response:
        return Json({"ok": True, "incident": row})

    @router.post("/cases/{number}/investigate", responses={200: {"model": Begun}}, response_class=Json)
    def investigate(number: CaseId, by: By, wish: Investigate = Investigate()) -> Response:
        """Starts a step of low priority; 409 says why there is none."""
        return Json(desk.investigate_case(number, wish.what, by.name))

    @router.get("/cases/{number}/bundle", responses=archive, response_class=Response)
    def bundle(number: CaseId) -> Response:
        """All that somebody needs who takes the case over, as one zip without secrets."""
        return zipped(desk.case_bundle(number))

    @router.post("/cases/{number}/incident", responses={200: {"model": IncidentDone}}, response_class=Json)
    def of_case(number: CaseId, by: By, wish: CaseIncident) -> Response:
        """Pauses the agents whose checks saw the case, revokes what there is to revoke, freezes the evidence."""
        return done(desk.begin_incident([], wish.reason, by.name, case=number, stop=wish.stop, crew=wish.crew))

    @router.get("/incidents", responses={200: {"model": IncidentList}}, response_class=Json)
    def listed() -> Response:
        """The newest first."""
        return Json({"incidents": desk.incidents()})

    @router.post("/incidents", responses={200: {"model": IncidentDone}}, response_class=Json)
    def begin(by: By, wish: BeginIncident) -> Response:
        """Pauses agents, revokes what there is to revoke, freezes the evidence."""
        row = desk.begin_incident(wish.agents, wish.reason, by.name, case=wish.case, stop=wish.stop, crew=wish.crew)
        return done(row)

    @router.get("/incidents/{number}/bundle", responses=archive, response_class=Response)
    def evidence(number: IncidentId) -> Response:
        """The evidence as it was frozen; 409 when it was changed since."""
        return zipped(desk.incident_bundle(number))

    @router.post("/incidents/{number}/end", responses={200: {"model": IncidentDone}}, response_class=Json)
    def end(number: IncidentId, by: By, wish: EndIncident = EndIncident()) -> Response:
        """The agents that it paused may work again; what was revoked stays so."""
        return done(desk.end_incident(number, wish.reason, by.name))

    return router

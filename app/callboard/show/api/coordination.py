"""How the team's work and its platform spare each other, over REST; and the two questions that the platform may ask."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, StringConstraints

from callboard.desk.coordination import etag_of
from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import NAME, By, Line, Wish

SAME = 304
Text = Annotated[str, StringConstraints(max_length=200, pattern=f"{NAME}|^$")]
Match = Annotated[str, Header(alias="If-None-Match", max_length=1_000)]


class CoordinationRule(rows.Row):
    """A rule by which heavy tasks wait for the platform."""

    kind: Literal["quiet", "yield"]
    words: str
    on: bool
    active: bool
    since: rows.Seconds | None
    why: str


class CoordinationEndpoint(rows.Row):
    """How an endpoint answered lately: milliseconds, and per cent of good answers; null where that is not known."""

    name: str
    url: str
    p50: float | None
    p95: float | None
    success: float | None
    last_failure: dict[str, Any] | None
    n: int | None
    at: rows.Seconds | None
    trend: list[float]
    limit_ms: float | None
    paused: str


class Drain(rows.Row):
    """Whether the platform is asked to take no new work; `seen` is when it asked for that first."""

    wanted: bool
    by: str
    at: rows.Seconds | None
    reason: str
    until: rows.Seconds | None
    seen: rows.Seconds | None


class Handoff(rows.Row):
    """A release that was handed over; `record` is what was signed."""

    id: str
    at: rows.Seconds
    version: str
    commit: str
    environment: str
    address: str
    checks: list[dict[str, Any]]
    by: str
    signature: str
    key: str
    seen: rows.Seconds | None
    deploy: str
    record: dict[str, Any]


class Coordination(rows.Row):
    """Rules, endpoints, the drain and the handoffs; `holding` is how many tasks wait for the platform now."""

    rules: list[CoordinationRule]
    holding: int
    endpoints: list[CoordinationEndpoint]
    drain: Drain
    handoffs: list[Handoff]
    key: str


class DrainSaid(rows.Row):
    """What the platform is told of the drain."""

    drain: bool
    by: str
    at: rows.Seconds | None
    reason: str
    until: rows.Seconds | None


class SignedHandoff(rows.Row):
    """A record, its signature over the canonical JSON of it, and the public key, both in base64."""

    id: str
    algorithm: Literal["Ed25519"]
    key: str
    signature: str
    record: dict[str, Any]


class SetDrain(Wish):
    """Whether the platform is to take no new work, why, and until when."""

    wanted: bool
    reason: Annotated[Line, Field(max_length=500)] = ""
    until: Annotated[float, Field(gt=0, lt=1e11, allow_inf_nan=False, strict=True)] | None = None


class HandOver(Wish):
    """Which environment's newest deploy, and what to call it."""

    environment: Text = ""
    version: Annotated[Text, Field(max_length=100)] = ""
    address: Annotated[Line, Field(max_length=500)] = ""


def coordination(desk: Desk) -> APIRouter:
    """The paths below /coordination, and those that the platform polls."""
    router = APIRouter(tags=["coordination"])

    @router.get("/coordination", responses={200: {"model": Coordination}}, response_class=Json)
    def looked() -> Response:
        """Rules with what they hold now, endpoints with how they answer, the drain, the handoffs."""
        return Json(desk.coordination())

    @router.post("/coordination/drain", response_class=Json)
    def drain(wish: SetDrain, by: By) -> Response:
        """Asks the platform to take no new work, or no more so. Callboard only says so: the platform has to ask."""
        desk.set_drain(wanted=wish.wanted, by=by.name, reason=wish.reason, until=wish.until)
        return Json({"ok": True, "coordination": desk.coordination()})

    @router.post("/coordination/handoff", response_class=Json)
    def handoff(by: By, wish: HandOver = HandOver()) -> Response:
        """Hands the newest deploy over, signed; 409 says which gate is not green, or that nothing was deployed."""
        made = desk.handoff(environment=wish.environment, version=wish.version, address=wish.address, by=by.name)
        return Json({"ok": True, "handoff": made})

    @router.get(
        "/crew/drain", responses={200: {"model": DrainSaid}, SAME: {"description": "As before"}}, response_class=Json
    )
    def asked_for_drain(by: By, match: Match = "") -> Response:
        """For the platform: whether it should take no new work. The crew's token is enough; If-None-Match spares the body."""
        return _unless_same(desk.asked_for_drain(by=by.name), match)

    @router.get(
        "/crew/handoff",
        responses={200: {"model": SignedHandoff}, SAME: {"description": "As before"}},
        response_class=Json,
    )
    def asked_for_handoff(by: By, match: Match = "") -> Response:
        """For the platform: the newest handoff, signed. The crew's token is enough."""
        return _unless_same(desk.asked_for_handoff(by=by.name), match)

    @router.get("/coordination/handoff", responses={200: {"model": SignedHandoff}}, response_class=Json)
    def one(id: Annotated[str, Query(max_length=100)] = "") -> Response:
        """A handoff as a file that `callboard platform verify` checks; without an id the newest."""
        return Json(desk.signed_handoff(id))

    return router


def _unless_same(row: Any, match: str) -> Response:
    tag = etag_of(row)
    headers = {"etag": tag, "cache-control": "no-cache"}
    if tag in [one.strip().removeprefix("W/") for one in match.split(",")] or match.strip() == "*":
        return Response(status_code=SAME, headers=headers)
    answer = Json(row)
    answer.headers.update(headers)
    return answer

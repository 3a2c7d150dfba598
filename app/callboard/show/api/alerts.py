"""Alerts over REST: listed, looked at, acknowledged, snoozed, reopened."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, StringConstraints

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import NAME, PART, By, Line, Reason, Wish

State = Literal["open", "acknowledged", "snoozed", "resolved"]
Severity = Literal["critical", "high", "medium", "low"]
WORDS = r"^[a-z]+(,[a-z]+)*$"
AlertId = Annotated[str, Path(pattern=PART, max_length=200, description="Its id, or the beginning of it")]
States = Annotated[
    str, Query(max_length=100, pattern=f"{WORDS}|^$", description="open, acknowledged, snoozed, resolved, several with commas; "
               "standing: all but resolved")
]  # fmt: skip
Severities = Annotated[
    str, Query(max_length=100, pattern=f"{WORDS}|^$", description="critical, high, medium, low, or several")
]
AgentQuery = Annotated[str, Query(max_length=200)]
Most = Annotated[int, Query(ge=1, le=500)]


class Alert(rows.Row):
    """One cause for alarm. `by`, `marked`, `until` and `why` belong to the last word about it; `times` counts the runs that
    saw it, `opened` is when it opened the last time, `first` when it was seen at all."""

    id: str
    key: str
    kind: str
    severity: Severity
    title: str
    text: str
    href: str
    workspace: str
    workspace_name: str
    agent: str | None
    run: int | None
    task: rows.Id | None
    first: rows.Seconds
    opened: rows.Seconds
    seen: rows.Seconds
    times: int
    state: State
    by: str
    marked: rows.Seconds | None
    until: rows.Seconds | None
    why: str


class AlertPage(Alert):
    """An alert with what happened to it and who did what, oldest first."""

    history: list[dict[str, Any]]


class Marked(rows.Done):
    alert: AlertPage


class Acknowledged(rows.Done):
    acknowledged: int


class Snooze(Reason):
    """Until when nobody wants to hear of it; at most 30 days off."""

    until: Annotated[float, Field(gt=0, lt=1e11, allow_inf_nan=False, strict=True)]


class Which(Wish):
    """Which open alerts: all that fit."""

    severity: Annotated[str, StringConstraints(max_length=100, pattern=f"{WORDS}|^$")] = ""
    agent: Annotated[str, StringConstraints(max_length=200, pattern=f"{NAME}|^$")] = ""
    reason: Line = ""


def alerts(desk: Desk) -> APIRouter:
    """The paths below /alerts."""
    router = APIRouter(tags=["alerts"])

    def done(alert: rows.Row | Any) -> Response:
        return Json({"ok": True, "alert": alert})

    @router.get("/alerts", responses={200: {"model": list[Alert]}}, response_class=Json)
    def listed(state: States = "", severity: Severities = "", agent: AgentQuery = "", limit: Most = 500) -> Response:
        """Alerts, those that stand first, the worst of them on top."""
        return Json(desk.alerts(state, severity, agent, limit))

    @router.get("/alerts/{name}", responses={200: {"model": AlertPage}}, response_class=Json)
    def one(name: AlertId) -> Response:
        """An alert with its history."""
        return Json(desk.alert(name))

    @router.post("/alerts/acknowledge", responses={200: {"model": Acknowledged}}, response_class=Json)
    def acknowledge_all(by: By, wish: Which = Which()) -> Response:
        """Acknowledges all open ones that fit, for the team and in your name."""
        return Json(
            {"ok": True, "acknowledged": desk.acknowledge_alerts(by.name, wish.severity, wish.agent, wish.reason)}
        )

    @router.post("/alerts/{name}/acknowledge", responses={200: {"model": Marked}}, response_class=Json)
    def acknowledge(name: AlertId, by: By, wish: Reason = Reason()) -> Response:
        """Somebody sees to it: you. It stays until its cause is gone."""
        return done(desk.mark_alert(name, "acknowledged", by.name, None, wish.reason))

    @router.post("/alerts/{name}/snooze", responses={200: {"model": Marked}}, response_class=Json)
    def snooze(name: AlertId, by: By, wish: Snooze) -> Response:
        """It is quiet until then, and opens again if its cause is still there."""
        return done(desk.mark_alert(name, "snoozed", by.name, wish.until, wish.reason))

    @router.post("/alerts/{name}/reopen", responses={200: {"model": Marked}}, response_class=Json)
    def reopen(name: AlertId, by: By, wish: Reason = Reason()) -> Response:
        """Takes back that it was acknowledged or snoozed."""
        return done(desk.mark_alert(name, "reopened", by.name, None, wish.reason))

    return router

"""What to do next over REST: the ranked list, a person's word about it, rules that act alone, the report of a week."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field, StringConstraints

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import By, Line, Reason, Wish
from callboard.show.report.week import week_page

AdviceId = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,40}$", description="Its id, or the beginning of it")]
RuleName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$", description="Name in [rules.NAME]")]
Week = Annotated[
    str,
    Query(max_length=8, pattern=r"^(\d{4}-W\d{2})?$", description="An ISO week such as 2026-W48; left out: this one"),
]


class Call(rows.Row):
    """A documented call of this interface, and the same as a command."""

    title: str
    method: str
    path: str
    body: dict[str, Any]
    command: str
    does: str


class Evidence(rows.Row):
    """A fact and where it can be looked at."""

    words: str
    href: str


class Gain(rows.Row):
    """What it would save, in seconds from the least to the most that is expected, and the arithmetic."""

    words: str
    low_s: float
    high_s: float


class Risk(rows.Row):
    """What could go wrong."""

    level: Literal["none", "low", "medium", "high"]
    words: str


class Factor(rows.Row):
    """A part of the score."""

    name: str
    value: float
    words: str


class Helped(rows.Row):
    """Whether it helped, by the written measure of its kind; `yes` is null while that is not known."""

    words: str
    yes: bool | None
    before: float | None
    after: float | None
    n: int


class Advice(rows.Row):
    """One thing to do next. `gain` is null where nothing was counted or simulated, and `gain_why` says so; `act` is the one
    click, `acts` all that can be chosen; `measure` says by what it is judged later whether it helped."""

    id: str
    kind: str
    about: str
    title: str
    words: str
    reasons: list[str]
    evidence: list[Evidence]
    gain: Gain | None
    gain_why: str
    risk: Risk
    act: Call | None
    acts: list[Call]
    state: Literal["open", "taken", "overruled", "snoozed", "gone"]
    by: str
    at: rows.Seconds | None
    reason: str
    until: rows.Seconds | None
    helped: Helped | None
    measure: str
    score: float
    severity: str
    factors: list[Factor]
    case: int | None
    href: str
    first: rows.Seconds
    rule: str


class Firing(rows.Row):
    """Something that a rule did."""

    id: str
    at: rows.Seconds
    words: str
    title: str
    by: str
    ok: bool
    done: rows.Seconds | None
    undone: dict[str, Any] | None
    can_undo: bool
    href: str


class Rule(rows.Row):
    """A rule of callboard.toml; `dry` is what it would have done, `left` how often it may still act in this hour."""

    name: str
    words: str
    state: Literal["on", "dry run"]
    on: bool
    mode: Literal["dry-run", "act"]
    do: str
    when: list[str]
    per_hour: int
    left: int
    acts: list[Firing]
    dry: dict[str, Any] | None
    why: str
    trouble: str


class Insights(rows.Row):
    """The list, what was said about it, and the rules."""

    next: list[Advice]
    taken: list[Advice]
    rules: list[Rule]
    seq: int
    at: rows.Seconds


class Said(rows.Done):
    """The advice as it is then."""

    advice: Advice


class Ruled(rows.Done):
    """The rule as it is then."""

    rule: Rule


class Taking(Wish):
    """Which of the acts, if it is not the first; 0 for the first."""

    act: Annotated[int, Field(ge=0, le=20, strict=True)] = 0


class Overrule(Wish):
    """Why this is not what to do."""

    reason: Annotated[Line, StringConstraints(min_length=1)]


class Snooze(Wish):
    """Until when nobody wants to hear of it; at most 30 days off."""

    until: Annotated[float, Field(gt=0, lt=1e11, allow_inf_nan=False, strict=True)]


class Undo(Wish):
    """Which of the rule's acts, if it is not the newest."""

    firing: Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9a-z]*$")] = ""


class Report(rows.Row):
    """A week: what was advised, taken, overruled and judged; cases, runs and waits; and how forecasts held."""

    week: str
    from_: Annotated[rows.Seconds, Field(alias="from")]
    to: rows.Seconds
    advised: list[Advice]
    taken: list[Advice]
    overruled: list[Advice]
    helped: list[Advice]
    numbers: dict[str, int]
    lines: list[str]
    cases: dict[str, Any]
    runs: dict[str, Any]
    waits: dict[str, Any]
    calibration: dict[str, Any]


def insights(desk: Desk) -> APIRouter:
    """The paths below /insights that are about advice."""
    router = APIRouter(tags=["insights"])

    @router.get("/insights", responses={200: {"model": Insights}}, response_class=Json)
    def listed() -> Response:
        """What to do next, ranked by factors that are shown; what was taken and whether it helped; the rules."""
        return Json(desk.insights())

    @router.get("/insights/report", responses={200: {"model": Report}}, response_class=Json)
    def report(week: Week = "") -> Response:
        """A week: advised, taken, did it help; cases, runs, waits, calibration."""
        return Json(desk.insights_report(week))

    @router.get(
        "/insights/report.html",
        response_class=Response,
        responses={200: {"description": "One page that needs nothing else", "content": {"text/html": {}}}},
    )
    def page(week: Week = "") -> Response:
        """The same as one self-contained page."""
        row = desk.insights_report(week)

        def pieces() -> Iterator[bytes]:
            yield week_page(row)

        headers = {"content-disposition": f'attachment; filename="callboard-{row["week"]}.html"'}
        return StreamingResponse(pieces(), media_type="text/html; charset=utf-8", headers=headers)

    @router.post("/insights/{id}/take", responses={200: {"model": Said}}, response_class=Json)
    def take(id: AdviceId, by: By, wish: Taking = Taking()) -> Response:
        """Does what is advised by its one call, in your name; whoever is first does it."""
        return Json({"ok": True, "advice": desk.take_advice(id, by.name, wish.act)})

    @router.post("/insights/{id}/overrule", responses={200: {"model": Said}}, response_class=Json)
    def overrule(id: AdviceId, by: By, wish: Overrule) -> Response:
        """This is not what to do: the same kind about the same thing stays away, and that is counted for its kind."""
        return Json({"ok": True, "advice": desk.overrule_advice(id, wish.reason, by.name)})

    @router.post("/insights/{id}/snooze", responses={200: {"model": Said}}, response_class=Json)
    def snooze(id: AdviceId, by: By, wish: Snooze) -> Response:
        """It stays away until then."""
        return Json({"ok": True, "advice": desk.snooze_advice(id, wish.until, by.name)})

    @router.post("/insights/{id}/reopen", responses={200: {"model": Said}}, response_class=Json)
    def reopen(id: AdviceId, by: By, wish: Reason = Reason()) -> Response:
        """Takes an overrule or a snooze back."""
        return Json({"ok": True, "advice": desk.reopen_advice(id, wish.reason, by.name)})

    @router.post("/insights/rules/{name}/dry-run", responses={200: {"model": Ruled}}, response_class=Json)
    def dry_run(name: RuleName, by: By) -> Response:
        """What the rule would do now, and did or would have done before; nothing is done by asking."""
        return Json({"ok": True, "rule": desk.rule_dry_run(name, by.name)})

    @router.post("/insights/rules/{name}/undo", responses={200: {"model": Ruled}}, response_class=Json)
    def undo(name: RuleName, by: By, wish: Undo = Undo()) -> Response:
        """Takes back what the rule did last, or that firing of it."""
        return Json({"ok": True, "rule": desk.rule_undo(name, by.name, wish.firing)})

    return router

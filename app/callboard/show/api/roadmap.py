"""The roadmap over REST: changes and tasks; assign, withdraw, done, tick, place, refresh."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BeforeValidator, Field, StringConstraints

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import NAME, PART, By, Line, Name, Wish

Layer = Literal["critical", "high", "medium", "low"]
ChangeId = Annotated[str, Path(pattern=PART, max_length=300, description="Name of a change", examples=["add-login"])]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=NAME), Field(examples=["add-login#1.2"])]


class Range(rows.Row):
    """When it would be done, in half, four fifths and nineteen twentieths of the cases; from so many observations."""

    p50: rows.Seconds
    p80: rows.Seconds
    p95: rows.Seconds
    n: int


class LayerRow(rows.Row):
    """One of the four layers; without a forecast `eta_why` says why."""

    layer: Layer
    changes: int
    done: int
    total: int
    percent: int
    eta: Range | None
    eta_why: str


class Blocker(rows.Row):
    words: str
    href: str
    change: str


class RoadmapChange(rows.Row):
    """An active change. `status` is that of `openspec list --json`; `layer_why` and `after_why` say who said so."""

    id: str
    title: str
    layer: Layer
    layer_why: str
    rank: int
    done: int
    total: int
    percent: int
    status: Literal["no-tasks", "in-progress", "complete"]
    owner: str
    agents: list[str]
    eta: Range | None
    eta_why: str
    blockers: list[Blocker]
    after: list[str]
    after_why: str
    last: rows.Seconds | None
    last_what: str
    critical: bool
    milestones: list[str]
    checks: int
    worst: str
    assigned: int
    running: int
    href: str


class RoadmapCheck(rows.Row):
    """Something odd, with its mend."""

    kind: str
    severity: str
    change: str
    path: str
    line: int | None
    words: str
    mend: str


class Milestone(rows.Row):
    name: str
    title: str
    due: str
    changes: list[str]
    done: int
    total: int
    percent: int
    eta: Range | None
    eta_why: str
    late: bool


class Roadmap(rows.Row):
    """All changes in order: layer, then rank. `seq` rises when there is something new."""

    there: bool
    folder: str
    why: str
    read_at: rows.Seconds
    write: bool
    cli: str
    done: int
    total: int
    changes_done: int
    layers: list[LayerRow]
    changes: list[RoadmapChange]
    path: dict[str, Any]
    milestones: list[Milestone]
    burnup: list[list[float]]
    checks: list[RoadmapCheck]
    trouble: list[RoadmapCheck]
    archived: int
    specs: int
    pace: dict[str, Any]
    calibration: dict[str, Any]
    seq: int


class TaskEvidence(rows.Row):
    """What shows that a task is done: a run whose verdict was pass, or a person's note."""

    words: str
    run: int | None
    task: str
    by: str
    at: rows.Seconds | None
    commit: str


class Assignment(rows.Row):
    """Who has a task. `hold` says why it does not go on, `href` where the culprit is; `tick` what became of its line."""

    id: str
    ref: str
    to: str
    kind: Literal["agent", "person"]
    action: str
    why: str
    by: str
    at: rows.Seconds
    state: Literal["waits", "running", "done", "failed", "withdrawn"]
    hold: str
    href: str
    run: int | None
    task: str
    evidence: TaskEvidence | None
    tick: Literal["", "ticked", "off", "refused"]
    tick_why: str


class RoadmapTask(rows.Row):
    """A task line. `suggested` has `to` '' and says why when no agent here offers it."""

    ref: str
    number: str
    text: str
    section: str
    line: int
    mark: str
    done: bool
    indent: int
    assignment: Assignment | None
    evidence: TaskEvidence | None
    suggested: dict[str, Any] | None


class RoadmapSection(rows.Row):
    title: str
    done: int
    total: int
    tasks: list[RoadmapTask]


class ChangePage(rows.Row):
    """A change with its tasks, what it does to the requirements, and who did what, newest first."""

    change: RoadmapChange
    why: str
    sections: list[RoadmapSection]
    deltas: list[dict[str, Any]]
    checks: list[RoadmapCheck]
    files: list[str]
    history: list[dict[str, Any]]


class Assigned(rows.Done):
    assigned: list[Assignment]
    refused: list[dict[str, str]]


class AssignmentDone(rows.Done):
    assignment: Assignment


class Placed(rows.Done):
    change: RoadmapChange


class Assign(Wish):
    """Which tasks, and to whom: 'auto', an agent, or '@person'. With `instead` a former one that does not run makes room."""

    refs: Annotated[list[Ref], Field(min_length=1, max_length=500)]
    to: Name = "auto"
    action: Annotated[str, StringConstraints(max_length=200, pattern=f"{NAME}|^$")] = ""
    options: Annotated[dict[Name, Any], Field(max_length=200)] = {}
    reason: Line = ""
    instead: Annotated[bool, Field(strict=True)] = False


class Withdraw(Wish):
    """Which assignment, by its id or its task."""

    id: Ref
    reason: Line = ""


class DoneBy(Wish):
    """A person's evidence: how it was done."""

    ref: Ref
    note: Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class Tick(Wish):
    ref: Ref


def _whole(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise ValueError("a number is needed")
    return value


class Place(Wish):
    """Where a change belongs; what is left out stays as it is. Layer '' and rank −1 take a person's word back."""

    change: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NAME)]
    layer: Annotated[str | None, StringConstraints(max_length=40)] = None
    rank: Annotated[int | None, Field(ge=-1, le=10_000), BeforeValidator(_whole)] = None
    after: Annotated[list[Name] | None, Field(max_length=200)] = None
    reason: Line = ""


def roadmap(desk: Desk) -> APIRouter:
    """The paths below /roadmap."""
    router = APIRouter(tags=["roadmap"])
    one: dict[str, Any] = {"responses": {200: {"model": AssignmentDone}}, "response_class": Json}

    def done(row: Any) -> Response:
        return Json({"ok": True, "assignment": row})

    @router.get("/roadmap", responses={200: {"model": Roadmap}}, response_class=Json)
    def whole() -> Response:
        """The four layers with their changes, as the workspace's files say it."""
        return Json(desk.roadmap())

    @router.post("/roadmap/assign", responses={200: {"model": Assigned}}, response_class=Json)
    def assign(by: By, wish: Assign) -> Response:
        """Gives tasks away. 409 says why none could be; of several, `refused` names those that could not."""
        told = desk.roadmap_assign(
            wish.refs, wish.to, wish.action, wish.options, wish.reason, by.name, instead=wish.instead
        )
        return Json({"ok": True, **told})

    @router.post("/roadmap/withdraw", **one)
    def withdraw(by: By, wish: Withdraw) -> Response:
        """Takes an assignment back; a run of it is cancelled."""
        return done(desk.roadmap_withdraw(wish.id, wish.reason, by.name))

    @router.post("/roadmap/done", **one)
    def done_by(by: By, wish: DoneBy) -> Response:
        """You say that a task is done, and how."""
        return done(desk.roadmap_done(wish.ref, wish.note, by.name))

    @router.post("/roadmap/tick", **one)
    def tick(by: By, wish: Tick) -> Response:
        """Ticks the line of a task that has evidence: one character of its file. 409 or 403 say why not."""
        return done(desk.roadmap_tick(wish.ref, by.name))

    @router.post("/roadmap/place", responses={200: {"model": Placed}}, response_class=Json)
    def place(by: By, wish: Place) -> Response:
        """Puts a change into another layer, at another rank, or after others."""
        row = desk.roadmap_place(wish.change, wish.layer, wish.rank, wish.after, wish.reason, by.name)
        return Json({"ok": True, "change": row})

    @router.post("/roadmap/refresh", responses={200: {"model": Roadmap}}, response_class=Json)
    def refresh() -> Response:
        """Reads the files again now."""
        return Json(desk.roadmap_refresh())

    @router.get("/roadmap/{change}", responses={200: {"model": ChangePage}}, response_class=Json)
    def one_change(change: ChangeId) -> Response:
        """A change with its tasks."""
        return Json(desk.roadmap_change(change))

    return router

"""Cases over REST: listed, looked at, triaged, assigned, accepted, closed, reopened, merged, split, commented; what helped."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST, By, Line, Wish
from callboard.work.finding import clean

WORDS = r"^[a-z-]+(,[a-z-]+)*$"
CaseId = Annotated[int, Path(ge=1, lt=MOST, description="Number of a case: 7 for C7")]
States = Annotated[
    str, Query(max_length=200, pattern=f"{WORDS}|^$", description="new, triaged, assigned, reproducing, fix-proposed, verifying, "
               "closed, accepted, cannot-reproduce, several with commas; open: all but closed")
]  # fmt: skip
Severities = Annotated[
    str, Query(max_length=100, pattern=f"{WORDS}|^$", description="critical, high, medium, low, info, or several")
]
Text = Annotated[
    str, Query(max_length=400, description="Words that are in its title, cause, symptoms or comments; or C7")
]
Some = Annotated[str, Query(max_length=200)]
Place = Annotated[str, Query(max_length=4_096, description="Path of a workspace, or its last part")]
Most = Annotated[int, Query(ge=1, le=2_000)]
Turn = Annotated[
    int | None,
    Field(ge=0, description="That of the row as you saw it: when somebody else had a word since, this is refused"),
]
Key = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]


class Factor(rows.Row):
    """One factor of the priority, and why it is that number."""

    name: str
    value: float
    words: str


class Cause(rows.Row):
    kind: str
    about: str
    words: str


class Case(rows.Row):
    """One cause and what became of it. `priority` is 100 · (1 − 2^−product of the factors); `turn` rises with each word."""

    id: int
    name: str
    title: str
    state: str
    severity: rows.Severity
    priority: int
    factors: list[Factor]
    cause: Cause
    symptoms: int
    gone: int
    checks: list[str]
    agents: list[str]
    path: str
    line: int
    first: rows.Seconds
    seen: rows.Seconds
    opened: rows.Seconds
    moved: rows.Seconds
    times: int
    reopened: int
    assignee: dict[str, Any] | None
    blocks: dict[str, Any]
    flaky: dict[str, Any] | None
    broken_by: dict[str, Any] | None
    fix: dict[str, Any] | None
    until: rows.Seconds | None
    accepted_by: str
    workspace: str
    workspace_name: str
    href: str
    next: str
    turn: int


class CaseList(rows.Row):
    cases: list[Case]
    counts: dict[str, int]
    open: int
    left_out: int
    seq: int


class CasePage(rows.Row):
    """A case with its symptoms, its history (oldest first), the source it is about, what was tried and what could be."""

    case: Case
    symptoms: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
    source: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    suggestions: list[dict[str, Any]]
    related: list[dict[str, Any]]
    bundle: str
    may: dict[str, str]


class CaseDone(CasePage):
    ok: bool


class Knowledge(rows.Row):
    """Families of symptoms with what was tried on them, how often, and how often it worked."""

    families: list[dict[str, Any]]


class CaseWord(Wish):
    """Why, in one sentence for the others."""

    reason: Line = ""
    turn: Turn = None


class CaseAssign(CaseWord):
    """Who shall have it."""

    to: Annotated[
        str, StringConstraints(min_length=1, max_length=200), Field(description="quality, @ann, @me or auto")
    ] = "auto"
    instead: Annotated[bool, Field(strict=True, description="Take it from the person who has it")] = False


class CaseAccept(CaseWord):
    """Until when it may stay, and why."""

    until: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=40)]
        | Annotated[float, Field(gt=0, lt=1e11, allow_inf_nan=False, strict=True)],
        Field(description="A day (2027-01-31, to its end), 12h, 7d, 2w, or seconds since the epoch"),
    ]


class CaseMerge(CaseWord):
    into: Annotated[int, Field(ge=1, lt=MOST, strict=True)]


class CaseSplit(CaseWord):
    """Which symptoms, by key."""

    symptoms: Annotated[list[Key], Field(min_length=1, max_length=1_000)]


class CaseComment(Wish):
    text: Annotated[
        str, StringConstraints(min_length=1, max_length=8_000), AfterValidator(lambda text: clean(text, 8_000))
    ]


def cases(desk: Desk) -> APIRouter:
    """The paths below /cases, and /knowledge."""
    router = APIRouter(tags=["cases"])

    def done(page: Any) -> Response:
        return Json({"ok": True, **page})

    @router.get("/cases", responses={200: {"model": CaseList}}, response_class=Json)
    def listed(
        state: States = "", severity: Severities = "", agent: Some = "", workspace: Place = "", text: Text = "", kind: Some = "",
        assignee: Some = "", limit: Most = 200,
    ) -> Response:  # fmt: skip
        """Cases, the open ones first by their priority; `assignee` is quality, @ann or nobody, `kind` of a cause or symptom."""
        return Json(desk.cases(state, severity, agent, workspace, text, kind, assignee, limit))

    @router.get("/cases/{number}", responses={200: {"model": CasePage}}, response_class=Json)
    def one(number: CaseId) -> Response:
        """A case with all that is known of it."""
        return Json(desk.case(number))

    @router.get("/knowledge", responses={200: {"model": Knowledge}}, response_class=Json)
    def knowledge(text: Text = "", limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        """What resolved such cases before, and how often that worked."""
        return Json(desk.knowledge(text, limit))

    @router.post("/cases/{number}/triage", responses={200: {"model": CaseDone}}, response_class=Json)
    def triage(number: CaseId, by: By, wish: CaseWord = CaseWord()) -> Response:
        """You have looked at it."""
        return done(desk.triage_case(number, by.name, wish.reason, wish.turn))

    @router.post("/cases/{number}/assign", responses={200: {"model": CaseDone}}, response_class=Json)
    def assign(number: CaseId, by: By, wish: CaseAssign = CaseAssign()) -> Response:
        """Gives it to an agent or a person, or with auto to who can act; the row says why."""
        return done(desk.assign_case(number, wish.to, by.name, wish.reason, wish.turn, instead=wish.instead))

    @router.post("/cases/{number}/accept", responses={200: {"model": CaseDone}}, response_class=Json)
    def accept(number: CaseId, by: By, wish: CaseAccept) -> Response:
        """It may stay until then, and comes back by itself afterwards."""
        return done(desk.accept_case(number, wish.reason, wish.until, by.name, wish.turn))

    @router.post("/cases/{number}/close", responses={200: {"model": CaseDone}}, response_class=Json)
    def close(number: CaseId, by: By, wish: CaseWord) -> Response:
        """Closed by your word, which is shown as such; it is reopened when it is seen again."""
        return done(desk.close_case(number, wish.reason, by.name, wish.turn))

    @router.post("/cases/{number}/reopen", responses={200: {"model": CaseDone}}, response_class=Json)
    def reopen(number: CaseId, by: By, wish: CaseWord = CaseWord()) -> Response:
        """A closed or accepted one is open again."""
        return done(desk.reopen_case(number, wish.reason, by.name, wish.turn))

    @router.post("/cases/{number}/merge", responses={200: {"model": CaseDone}}, response_class=Json)
    def merge(number: CaseId, by: By, wish: CaseMerge) -> Response:
        """Both are one; such symptoms are joined from then on. Answers with the other case."""
        return done(desk.merge_case(number, wish.into, wish.reason, by.name, wish.turn))

    @router.post("/cases/{number}/split", responses={200: {"model": CaseDone}}, response_class=Json)
    def split(number: CaseId, by: By, wish: CaseSplit) -> Response:
        """These symptoms become a case of their own; such symptoms are apart from then on. Answers with the new case."""
        return done(desk.split_case(number, wish.symptoms, wish.reason, by.name, wish.turn))

    @router.post("/cases/{number}/comment", responses={200: {"model": CaseDone}}, response_class=Json)
    def comment(number: CaseId, by: By, wish: CaseComment) -> Response:
        """A word for the others."""
        return done(desk.comment_case(number, wish.text, by.name))

    return router

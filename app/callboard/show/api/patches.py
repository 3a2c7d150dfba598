"""Patches over REST: listed, looked at, accepted, rejected, undone."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Path, Query, Response

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import MOST, By, Reason

Handler = TypeVar("Handler", bound=Callable[..., Response])
State = Literal["proposed", "accepted", "rejected", "undone", "stale"]
Number = Annotated[int, Path(ge=1, lt=MOST, description="Number of a patch")]
RunQuery = Annotated[int | None, Query(ge=1, lt=MOST, description="Only patches of this run")]
StateQuery = Annotated[State | None, Query(description="Only patches in this state")]


class Proof(rows.Row):
    name: str
    before: str
    after: str


class Patch(rows.Row):
    """What an agent would change; `state` is stale for one that no longer applies, or whose place a later one took."""

    id: int
    name: str
    run: int
    task: rows.Id
    task_name: str
    agent: str
    workspace: str
    at: rows.Seconds
    files: list[str]
    proof: list[Proof]
    proof_words: str
    state: State
    reason: str
    conflicts: list[str]


class PatchPage(Patch):
    """A patch with its text, and what is known before it is accepted."""

    diff: list[str]
    left_out: int
    check: dict[str, Any] | None
    changes: list[dict[str, Any]]
    will_run: list[str]
    checks_run: int | None


class Decided(rows.Done):
    """`run` is the run that checks again what the patch touches, null when there is none; `note` says why not."""

    patch: PatchPage
    run: int | None
    note: str


def patches(desk: Desk) -> APIRouter:
    """The paths below /patches."""
    router = APIRouter(tags=["patches"])

    def act(path: str) -> Callable[[Handler], Handler]:
        return router.post(path, responses={200: {"model": Decided}}, response_class=Json)

    @router.get("/patches", responses={200: {"model": list[Patch]}}, response_class=Json)
    def listed(run: RunQuery = None, state: StateQuery = None) -> Response:
        """Patches that agents propose, the newest first, with what became of each."""
        return Json(desk.patches(run, state))

    @router.get("/patches/{number}", responses={200: {"model": PatchPage}}, response_class=Json)
    def one(number: Number) -> Response:
        """A patch with its text and its check against the workspace as it is now."""
        return Json(desk.patch(number))

    @act("/patches/{number}/accept")
    def accept(number: Number, by: By) -> Response:
        """Writes all of it into the working tree, or nothing; what it touches is then checked again."""
        return Json(desk.accept_patch(number, by.name))

    @act("/patches/{number}/reject")
    def reject(number: Number, by: By, wish: Reason = Reason()) -> Response:
        """Turns it down."""
        return Json(desk.reject_patch(number, wish.reason, by.name))

    @act("/patches/{number}/undo")
    def undo(number: Number, by: By) -> Response:
        """Takes an accepted one out of the working tree again, all of it or nothing."""
        return Json(desk.undo_patch(number, by.name))

    return router

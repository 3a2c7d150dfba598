"""Runs of any size: in few bytes a task, as whole rows of some, as a picture in groups; and wishes for many tasks."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from callboard.desk.outlines import MOST_WHOLE, places_of
from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import By, Key, OnceMore, RunId, Tasks, TasksToCancel
from callboard.show.grouping import BY, picture

Ids = Annotated[list[str], Query(max_length=MOST_WHOLE, description="Such as 12.3, at most 500")]
Grouping = Annotated[str, Query(pattern=f"^({'|'.join(BY)})$", description="By what tasks are put together")]
Opened = Annotated[list[str] | None, Query(max_length=200, description="Groups that show their tasks")]


def large(desk: Desk) -> APIRouter:
    """What the page of a run asks for."""
    router = APIRouter()

    @router.get("/facets/runs", responses={200: {"model": rows.RunFacets}}, response_class=Json, tags=["runs"])
    def facets() -> Response:
        """What runs can be narrowed by, and how long each pipeline took lately."""
        return Json(desk.run_facets())

    @router.get("/runs/{run}/outline", responses={200: {"model": rows.Outline}}, response_class=Json, tags=["runs"])
    def outline(run: RunId) -> Response:
        """A run with each task as a short list: about 100 bytes a task, for runs of any size."""
        return Json(desk.outline(run))

    @router.get("/runs/{run}/tasks", responses={200: {"model": list[rows.Task]}}, response_class=Json, tags=["runs"])
    def tasks(run: RunId, ids: Ids) -> Response:
        """Whole rows of some tasks of a run, in the order that was asked for."""
        return Json(desk.tasks_of(run, places_of(run, ids)))

    @router.get("/runs/{run}/graph", responses={200: {"model": rows.Graph}}, response_class=Json, tags=["runs"])
    def graph(run: RunId, by: Grouping = "auto", open: Opened = None) -> Response:
        """A run drawn in groups; those that are opened show their tasks."""
        return Json(picture(desk.outline(run), by, open or ()))

    @router.post("/runs/{run}/again", status_code=201, responses={201: {"model": rows.Submitted}}, response_class=Json,
                 tags=["runs"])  # fmt: skip
    def again(run: RunId, by: By, wish: OnceMore = OnceMore(), key: Key = None) -> Response:
        """Starts a new run of the same jobs, as they are written down now."""
        number = desk.again(run, by.name, key, affected=wish.affected)
        return Json({"run": number}, 201, headers={"location": f"/api/v1/runs/{number}"})

    @router.post("/tasks/cancel", responses={200: {"model": rows.Many}}, response_class=Json, tags=["tasks"])
    def cancel(by: By, wish: TasksToCancel) -> Response:
        """Ends several tasks; what cannot be ended is counted, with the reasons."""
        return _told(desk.cancel_tasks(wish.tasks, wish.reason, by.name))

    @router.post("/tasks/retry", responses={200: {"model": rows.Many}}, response_class=Json, tags=["tasks"])
    def retry(by: By, wish: Tasks) -> Response:
        """Tries several tasks again; what cannot be tried is counted, with the reasons."""
        return _told(desk.retry_tasks(wish.tasks, by.name))

    return router


def _told(row: Mapping[str, Any]) -> Response:
    return Json({"ok": True, **row})

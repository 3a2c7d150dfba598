"""Agents and tasks in a person's hands: drain, stop, restart; take over, finish, give back; what was told to an agent."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import AgentName, By, Line, Reason, TaskId, Wish


class Told(rows.Row):
    """Something that changed what an agent does."""

    seq: int
    at: rows.Seconds
    by: Annotated[str, Field(description="A person, callboard.toml, or the engine")]
    what: Literal["pause", "resume", "concurrency", "drain", "drained", "stop", "restart", "here", "gone", "moved"]
    words: str
    task: rows.Id | None
    attempts: list[str]


class AgentDone(rows.Done):
    """The agent's changing side as it is now; with what was ended, and for a restart what was found."""

    agent: dict[str, Any]


class TaskDone(rows.Done):
    """The task as it is now."""

    task: rows.Task


class Finish(Wish):
    """What became of a task that you have taken over; the note is all that will be known of it."""

    outcome: Literal["done", "failed"]
    note: Annotated[Line, Field(min_length=1)]


def control(desk: Desk) -> APIRouter:
    """The paths by which persons take agents and tasks into their own hands."""
    router = APIRouter()
    of_agent: dict[str, Any] = {
        "responses": {200: {"model": AgentDone}}, "response_class": Json, "tags": ["agents"],
    }  # fmt: skip
    of_task: dict[str, Any] = {"responses": {200: {"model": TaskDone}}, "response_class": Json, "tags": ["tasks"]}

    @router.post("/agents/{name}/drain", **of_agent)
    def drain(name: AgentName, by: By, wish: Reason = Reason()) -> Response:
        """The agent finishes what it has, takes nothing of runs that are submitted from now on, and is then paused."""
        return Json({"ok": True, "agent": desk.drain_agent(name, wish.reason, by.name)})

    @router.post("/agents/{name}/stop", **of_agent)
    def stop(name: AgentName, by: By, wish: Reason = Reason()) -> Response:
        """Pauses the agent and ends its attempts: what is idempotent waits, for the rest a person decides."""
        return Json({"ok": True, "agent": desk.stop_agent(name, wish.reason, by.name)})

    @router.post("/agents/{name}/restart", **of_agent)
    def restart(name: AgentName, by: By, wish: Reason = Reason()) -> Response:
        """Ends the agent's attempts, describes its plugin anew, looks at its tools, and lets it work again."""
        return Json({"ok": True, "agent": desk.restart_agent(name, wish.reason, by.name)})

    @router.get("/agents/{name}/history", responses={200: {"model": list[Told]}}, response_class=Json, tags=["agents"])
    def history(name: AgentName) -> Response:
        """What was told to the agent and by whom, the newest first."""
        return Json(desk.agent_history(name))

    @router.post("/tasks/{task}/take", **of_task)
    def take(task: TaskId, by: By, wish: Reason = Reason()) -> Response:
        """You take the task over: nobody starts it, an attempt under way is ended. 409 says who has it already."""
        return Json({"ok": True, "task": desk.take_task(task, wish.reason, by.name)})

    @router.post("/tasks/{task}/finish", **of_task)
    def finish(task: TaskId, by: By, wish: Finish) -> Response:
        """You say what became of a task that you have taken over; what waits for it goes on, or is skipped."""
        return Json({"ok": True, "task": desk.finish_task(task, wish.outcome == "done", wish.note, by.name)})

    @router.post("/tasks/{task}/release", **of_task)
    def release(task: TaskId, by: By, wish: Reason = Reason()) -> Response:
        """You give a task back that you have taken over; it is what it was before."""
        return Json({"ok": True, "task": desk.release_task(task, wish.reason, by.name)})

    return router

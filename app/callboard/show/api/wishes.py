"""What can be wished for: POST. The desk may refuse, and then says why."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Response

from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.desk import Desk
from callboard.show.api.params import (
    Again,
    AgentName,
    Answer,
    By,
    Concurrency,
    Decision,
    Doing,
    Key,
    Move,
    Reason,
    RunId,
    Submission,
    TaskId,
)

Handler = TypeVar("Handler", bound=Callable[..., Response])


def wishes(desk: Desk) -> APIRouter:
    """The half of the API that changes something; the body may be left out where every field has a default."""
    router = APIRouter()

    def act(path: str, tag: str) -> Callable[[Handler], Handler]:
        return router.post(path, responses={200: {"model": rows.Done}}, response_class=Json, tags=[tag])

    def done(**more: Any) -> Response:
        return Json({"ok": True, **more})

    def starting(path: str, tag: str) -> Callable[[Handler], Handler]:
        model = {201: {"model": rows.Submitted}}
        return router.post(path, status_code=201, responses=model, response_class=Json, tags=[tag])  # type: ignore[arg-type]

    def started(run: int) -> Response:
        return Json({"run": run}, 201, headers={"location": f"/api/v1/runs/{run}"})

    @starting("/runs", "runs")
    def submit(by: By, wish: Submission = Submission(), key: Key = None) -> Response:
        """Starts a run. With an Idempotency-Key a repeated request gives the same run."""
        run = desk.submit(
            wish.pipeline, wish.only, wish.skip, wish.priority or "", by.name, key, wish.workspace,
            affected=wish.affected, options=wish.options, planned=wish.planned,
        )  # fmt: skip
        return started(run)

    @starting("/actions/{name}/run", "agents")
    def run_action(name: AgentName, by: By, wish: Doing = Doing(), key: Key = None) -> Response:
        """Starts a run of this action alone; what callboard.toml says of jobs does not count."""
        place, priority = wish.workspace, wish.priority or ""
        return started(desk.do(name, wish.options, wish.folder, by.name, key, "", place, priority))

    @starting("/capabilities/{name}/run", "agents")
    def run_capability(name: AgentName, by: By, wish: Doing = Doing(), key: Key = None) -> Response:
        """Starts a run of one task that whoever offers the capability does."""
        place, priority = wish.workspace, wish.priority or ""
        return started(desk.do("", wish.options, wish.folder, by.name, key, name, place, priority))

    @act("/runs/{run}/cancel", "runs")
    def cancel_run(run: RunId, by: By, wish: Reason = Reason()) -> Response:
        """Ends a run: what waits is cancelled, what runs is stopped."""
        desk.cancel_run(run, wish.reason, by.name)
        return done()

    @act("/runs/{run}/retry", "runs")
    def retry_run(run: RunId, by: By, wish: Again = Again()) -> Response:
        """Tries again what failed, and what waited for it."""
        again = desk.retry_run(run, by.name)
        return done(run=run if again is None else again)

    @act("/tasks/{task}/cancel", "tasks")
    def cancel_task(task: TaskId, by: By, wish: Reason = Reason()) -> Response:
        """Ends a task."""
        desk.cancel_task(task, wish.reason, by.name)
        return done()

    @act("/tasks/{task}/retry", "tasks")
    def retry_task(task: TaskId, by: By) -> Response:
        """Tries a task again."""
        desk.retry_task(task, by.name)
        return done()

    @act("/tasks/{task}/move", "tasks")
    def move_task(task: TaskId, by: By, wish: Move) -> Response:
        """Gives a task that waits to another agent that offers the same."""
        desk.move_task(task, wish.agent, by.name)
        return done()

    @act("/tasks/{task}/decide", "tasks")
    def decide(task: TaskId, by: By, wish: Decision) -> Response:
        """Says what shall become of a task that needs a decision."""
        desk.decide(task, wish.choice, by.name)
        return done()

    @act("/tasks/{task}/answer", "tasks")
    def answer(task: TaskId, by: By, wish: Answer) -> Response:
        """Answers a question of an agent."""
        desk.answer(task, wish.question, wish.choice, by.name)
        return done()

    @act("/agents/{name}/pause", "agents")
    def pause(name: AgentName, by: By, wish: Reason = Reason()) -> Response:
        """Starts nothing more of this agent; what runs goes on."""
        desk.pause(name, wish.reason, by.name)
        return done()

    @act("/agents/{name}/resume", "agents")
    def resume(name: AgentName, by: By) -> Response:
        """Lets a paused agent go on."""
        desk.resume(name, by.name)
        return done()

    @act("/agents/{name}/concurrency", "agents")
    def concurrency(name: AgentName, by: By, wish: Concurrency) -> Response:
        """Sets how many attempts of an agent may run at once."""
        desk.set_concurrency(name, wish.limit, by.name)
        return done()

    @act("/schedules/{name}/fire", "schedules")
    def fire_schedule(name: AgentName, by: By) -> Response:
        """Starts the pipeline of a schedule that listens to webhooks."""
        desk.fire_schedule(name, by.name)
        return done()

    @act("/agents/rescan", "agents")
    def rescan(by: By) -> Response:
        """Looks for agents anew."""
        desk.rescan()
        return done()

    return router

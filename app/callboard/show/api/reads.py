"""What can be looked at: GET."""

import mimetypes
import pathlib
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import FileResponse

from callboard.errors import NotFound
from callboard.show.api import rows
from callboard.show.api.answers import Json
from callboard.show.api.console import last_lines
from callboard.show.api.desk import Desk
from callboard.show.api.params import (
    MOST,
    NAME,
    PART,
    AgentName,
    AttemptNumber,
    Before,
    JobOptions,
    Limit,
    MetricName,
    Place,
    QueryNames,
    RunId,
    TaskId,
    options_of,
)
from callboard.show.graph_layout import graph

Handler = TypeVar("Handler", bound=Callable[..., Response])

MOST_DRAWN = 2_000
LONGEST_LOG = 1 << 20
SEVERITY = "^(critical|high|medium|low|info)$"
RUN_STATE = "^(waiting|running|succeeded|failed|unknown|cancelled)?$"
RunWord = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
SHOWN = ("text/plain", "application/json", "image/png", "image/jpeg", "image/webp", "image/gif")

AttemptQuery = Annotated[int | None, Query(ge=1, le=1_000_000, description="Which try; the latest if left out")]
Offset = Annotated[int, Query(gt=-MOST, lt=MOST, description="In bytes; negative counts from the end")]
LogLimit = Annotated[int, Query(ge=1, le=LONGEST_LOG, description="At most so many bytes")]
Lines = Annotated[int, Query(ge=1, le=5_000, description="About so many lines in all")]
RunQuery = Annotated[int | None, Query(ge=1, lt=MOST)]
AgentQuery = Annotated[str | None, Query(max_length=200, pattern=PART)]
Moment = Annotated[float | None, Query(ge=0, lt=1e12, allow_inf_nan=False, description="Seconds since the epoch")]
Points = Annotated[int, Query(ge=2, le=1_000, description="About so many points of history")]
FileName = Annotated[str, Path(min_length=1, max_length=400)]


def reads(desk: Desk) -> APIRouter:
    """The reading half of the API. Handlers are plain functions: they run on threads, never on the loop."""
    router = APIRouter()

    def look(path: str, model: Any, tag: str) -> Callable[[Handler], Handler]:
        return router.get(path, responses={200: {"model": model}}, response_class=Json, tags=[tag])

    @look("/board", rows.Board, "board")
    def board() -> Response:
        """Everything that the first page shows."""
        return Json(desk.board())

    @look("/runs", list[rows.Run], "runs")
    def runs(
        limit: Limit = 50,
        before: Before = None,
        state: Annotated[str, Query(pattern=RUN_STATE)] = "",
        pipeline: RunWord = "",
        branch: RunWord = "",
        person: RunWord = "",
        text: RunWord = "",
    ) -> Response:
        """Runs, the newest first; narrowed by state, pipeline, branch, person, and a text in any of these."""
        wants = {"state": state, "pipeline": pipeline, "branch": branch, "person": person, "text": text}
        return Json(desk.runs(limit, before, **{name: value for name, value in wants.items() if value}))

    @look("/runs/{run}", rows.RunPage, "runs")
    def run(run: RunId) -> Response:
        """A run with its tasks and its graph; one of more than 2,000 tasks is not drawn."""
        row = desk.run(run)
        tasks = row["tasks"]
        return Json({**row, "graph": graph(tasks) if len(tasks) <= MOST_DRAWN else None})

    @look("/runs/{run}/findings", list[rows.Finding], "findings")
    def run_findings(run: RunId) -> Response:
        """What was noticed in a run."""
        return Json(desk.run_findings(run))

    @look("/runs/{run}/events", list[rows.Event], "runs")
    def run_events(run: RunId) -> Response:
        """Decisions and facts of a run, as sentences."""
        return Json(desk.run_events(run))

    @look("/runs/{run}/sarif", dict[str, Any], "findings")
    def run_sarif(run: RunId) -> Response:
        """The findings of a run as SARIF 2.1.0."""
        return Json(desk.run_sarif(run), headers={"content-disposition": f'attachment; filename="run-{run}.sarif"'})

    @look("/console", rows.Console, "tasks")
    def console(limit: Lines = 500) -> Response:
        """The last lines of all that runs and of what ended last; shared out, so that a chatty task hides no quiet one."""
        return Json(last_lines(desk, limit))

    @look("/tasks/{task}", rows.TaskPage, "tasks")
    def task(task: TaskId) -> Response:
        """A task with its tries, events, findings, samples and open questions."""
        return Json(desk.task(task))

    @look("/tasks/{task}/log", rows.LogPart, "tasks")
    def log(task: TaskId, attempt: AttemptQuery = None, offset: Offset = 0, limit: LogLimit = 65_536) -> Response:
        """A piece of what an attempt printed."""
        return Json(desk.log(task, attempt, offset, limit))

    @router.get(
        "/tasks/{task}/artifacts/{attempt}/{name:path}",
        tags=["tasks"],
        response_class=Response,
        responses={200: {"description": "The file", "content": {"application/octet-stream": {}}}},
    )
    def artifact(task: TaskId, attempt: AttemptNumber, name: FileName) -> Response:
        """A file that an attempt kept. What a browser could run is handed over as a download."""
        parts = name.split("/")
        if any(part in ("", ".", "..") for part in parts) or "\\" in name or not name.isprintable():
            raise NotFound("There is no such file.")
        file = desk.artifact_path(task, attempt, name)
        if not _is_plain(file):
            raise NotFound(f"The file '{name}' is not there any more.")
        kind = mimetypes.guess_type(parts[-1])[0] or "application/octet-stream"
        if kind in SHOWN:
            return FileResponse(file, media_type=kind)
        return FileResponse(file, media_type="application/octet-stream", filename=parts[-1])

    @look("/agents", list[rows.Agent], "agents")
    def agents() -> Response:
        """All agents, broken ones too."""
        return Json(desk.agents())

    @look("/agents/{name}", rows.Agent, "agents")
    def agent(name: AgentName) -> Response:
        """An agent with its actions and tools."""
        return Json(desk.agent(name))

    @look("/agents/{name}/sections", list[rows.Section], "agents")
    def sections(name: AgentName) -> Response:
        """What an agent shows on its page of this workspace, with the metrics that it follows."""
        return Json(desk.sections(name))

    @look("/metrics/{name}", rows.Series, "agents")
    def metric(name: MetricName) -> Response:
        """A number that an agent measures, over time in this workspace."""
        return Json(desk.metric(name))

    @look("/actions", list[rows.Action], "agents")
    def actions() -> Response:
        """What the agents can do, with the schema of the options."""
        return Json(desk.actions())

    @look("/machine", rows.Machine, "board")
    def machine(since: Moment = None, until: Moment = None, points: Points = 300) -> Response:
        """What the machine does, did, and for whom; in a time that is named also which tasks ran then."""
        return Json(desk.machine(since, until, points))

    @look("/schedules", list[rows.Schedule], "board")
    def schedules() -> Response:
        """What starts by itself, and when."""
        return Json(desk.schedules())

    @look("/questions", list[rows.Question], "board")
    def questions() -> Response:
        """What waits for a person."""
        return Json(desk.questions())

    @look("/plan", rows.Plan, "runs")
    def plan(
        pipeline: Annotated[str, Query(max_length=200, pattern=NAME)] = "default",
        only: QueryNames = None,
        skip: QueryNames = None,
        workspace: Annotated[Place | None, Query(description="Absolute path; left out: the server's own")] = None,
        affected: Annotated[bool, Query(description="Leave out what passed with the same files before")] = False,
        options: JobOptions = None,
    ) -> Response:
        """What a run would do now, without starting it."""
        return Json(desk.plan(pipeline, only or [], skip or [], workspace, affected, options_of(options)))

    @look("/findings", list[rows.Finding], "findings")
    def findings(
        run: RunQuery = None,
        agent: AgentQuery = None,
        severity: Annotated[str | None, Query(pattern=SEVERITY)] = None,
    ) -> Response:
        """Findings, narrowed by run, agent and severity."""
        return Json(desk.findings(run, agent, severity))

    return router


def _is_plain(file: pathlib.Path) -> bool:
    try:
        return file.is_file() and not file.is_symlink()
    except OSError:  # a name that is longer than any file's
        return False

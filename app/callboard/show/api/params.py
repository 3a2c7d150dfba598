"""Parameters of the API with their bounds: what does not fit never reaches the desk."""

import json
from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.exceptions import HTTPException

from callboard.guard.gate import Caller
from callboard.work.finding import clean

MOST = 2**53
NAME = r"^[^\x00-\x1f\x7f-\x9f]+$"
PART = r"^[^/\\\x00-\x1f\x7f-\x9f]+$"
TASK = r"^[1-9][0-9]{0,14}\.(0|[1-9][0-9]{0,8})$"

RunId = Annotated[int, Path(ge=1, lt=MOST, description="Number of a run")]
TaskId = Annotated[str, Path(pattern=TASK, max_length=25, description="Run and task, such as 12.3", examples=["12.3"])]
AgentName = Annotated[str, Path(pattern=PART, max_length=200, description="Name of an agent")]
MetricName = Annotated[str, Path(pattern=PART, max_length=200, description="Such as quality.coverage")]
AttemptNumber = Annotated[int, Path(ge=1, le=1_000_000, description="Which try, from 1")]
Limit = Annotated[int, Query(ge=1, le=500, description="At most so many rows")]
Before = Annotated[int | None, Query(ge=1, lt=MOST, description="Only runs older than this one")]

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NAME)]
Line = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(lambda text: clean(text, 1_000))]
Names = Annotated[list[Name], Field(max_length=1_000)]
Place = Annotated[str, StringConstraints(min_length=2, max_length=4_096, pattern=r"^/[^\x00-\x1f\x7f-\x9f]+$")]
QueryNames = Annotated[list[Name] | None, Query(max_length=1_000)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key gives the run that was made with it before",
    ),
]


JobOptions = Annotated[
    str | None,
    Query(max_length=20_000, description='Other options for this once, as JSON: {"quality.tests": {"timeout": 60}}'),
]


def options_of(text: str | None) -> dict[str, dict[str, Any]]:
    """Options by job from a query; 422 for what is no such JSON."""
    try:
        told = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not all(isinstance(options, dict) for options in told.values()):
        raise HTTPException(422, 'options must be JSON such as {"quality.tests": {"timeout": 60}}')
    return told


def caller(request: Request) -> Caller:
    """Who asks, as the guard found it; without the guard nobody may."""
    found = request.scope.get("callboard")
    if not isinstance(found, Caller):
        raise HTTPException(401, "No session")
    return found


By = Annotated[Caller, Depends(caller)]


class Wish(BaseModel):
    """What a request asks for; an unknown field is an error, so that a slip of the pen is noticed."""

    model_config = ConfigDict(extra="forbid")


class Submission(Wish):
    """Which jobs of which pipeline to run."""

    pipeline: Name = "default"
    only: Names = []
    skip: Names = []
    priority: Annotated[
        Annotated[str, StringConstraints(pattern="^(critical|high|medium|low)$")] | None,
        Field(description="Class of priority; left out: the pipeline's own"),
    ] = None
    workspace: Annotated[
        Place | None, Field(description="Absolute path of another trusted workspace; left out: the server's own")
    ] = None
    affected: Annotated[
        bool, Field(strict=True, description="Jobs whose files, options and tools are as they last passed are not run")
    ] = False
    options: Annotated[
        dict[Name, dict[Name, Any]],
        Field(max_length=1_000, description="Other options for this once, by name or pattern of jobs"),
    ] = {}
    planned: Annotated[
        dict[Name, Annotated[str, StringConstraints(pattern="^[0-9a-f]{12}$")]],
        Field(max_length=10_000, description="The marks of the plan that was looked at; the run says how it differs"),
    ] = {}


class Doing(Wish):
    """How one action is run; texts among the options are read by its schema."""

    options: Annotated[dict[Name, Any], Field(max_length=200)] = {}
    folder: Annotated[Line, Field(description="The folder that it works on, where it has such an option")] = ""
    priority: Annotated[str, StringConstraints(pattern="^(critical|high|medium|low)$")] | None = None
    workspace: Annotated[
        Place | None, Field(description="Absolute path of another trusted workspace; left out: the server's own")
    ] = None


class Reason(Wish):
    """Why, in one sentence for the others."""

    reason: Line = ""


class Again(Wish):
    """From where a run is tried again."""

    from_: Annotated[str, Field(alias="from", pattern="^failure$")] = "failure"


class OnceMore(Wish):
    """How a run is run again."""

    affected: Annotated[bool, Field(description="Leave out what passed with the same files before")] = False


TaskNames = Annotated[
    list[Annotated[str, StringConstraints(pattern=TASK, max_length=25)]], Field(min_length=1, max_length=10_000)
]


class Tasks(Wish):
    """Several tasks."""

    tasks: TaskNames


class TasksToCancel(Tasks):
    """Several tasks, and why."""

    reason: Line = ""


class Move(Wish):
    """Who is to do a task."""

    agent: Name


class Decision(Wish):
    """What shall become of a task that needs a decision."""

    choice: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Answer(Decision):
    """The answer to a question of an agent."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=64)]


def _number(value: Any) -> Any:
    """JSON knows numbers, texts and truth apart; so do we."""
    if isinstance(value, bool | str):
        raise ValueError("a number is needed")
    return value


class Concurrency(Wish):
    """How many attempts of an agent may run at once; 0 for no limit of its own."""

    limit: Annotated[int, Field(ge=0, le=1_000), BeforeValidator(_number)]

"""What one answer of a team's status says of its workflows, whatever it calls them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callboard.link.crew_sources.values import (
    FAILED,
    MOST_ITEMS,
    RUNNING,
    SUCCEEDED,
    WAITING,
    at_path,
    count_of,
    error_of,
    first_of,
    moment_of,
    number_of,
    rows_of,
    state_of,
    text_of,
)

Paths = Mapping[str, Sequence[str]]

MOST_WORKFLOWS = 100
MOST_TASKS = 200
ENVELOPES = (
    "data",
    "result",
    "results",
    "payload",
    "response",
    "body",
    "crew",
    "crew_status",
    "status",
    "state",
    "snapshot",
)
WORKFLOWS = (
    "workflows", "active_workflows", "running_workflows", "current_workflows", "executions", "active_executions", "kickoffs",
    "runs", "active_runs", "jobs", "active_jobs", "crew_runs", "journals", "sessions", "pipelines", "flows", "items",
)  # fmt: skip
ONE = (
    "workflow",
    "current_workflow",
    "active_workflow",
    "execution",
    "run",
    "job",
    "current_run",
    "current_job",
    "kickoff",
)
ID = ("workflow_id", "kickoff_id", "execution_id", "run_id", "job_id", "session_id", "flow_id", "journal_id", "request_id",
      "uuid", "id", "task_id")  # fmt: skip
STATE = ("status", "state", "phase", "workflow_status", "execution_status", "job_status")
PROCESS = ("process", "process_type")
STARTED = ("started_at", "start_time", "started", "begin", "begun_at", "start", "created_at", "created", "submitted_at")
ENDED = ("ended_at", "end_time", "ended", "finished_at", "finished", "completed_at", "failed_at", "end")
TOTAL = ("total_tasks", "tasks_total", "task_count", "num_tasks", "total_steps", "steps_total", "step_count", "total")
DONE = ("completed_tasks", "tasks_completed", "tasks_done", "done_tasks", "finished_tasks", "completed_steps",
        "steps_completed", "completed_agents", "done", "completed")  # fmt: skip
PERCENT = ("percent", "percentage", "progress_percent", "progress_pct", "completion", "progress")
ERROR = ("error_type", "error", "exception", "error_message", "failure_reason", "failure")
CURRENT_ROLE = ("current_agent", "active_agent", "running_agent", "current_role", "agent_role", "agent")
CURRENT_TASK = ("current_task", "active_task", "current_step", "running_task", "current_stage", "task", "step", "stage")
TASKS = ("tasks", "steps", "stages", "task_status", "task_statuses", "task_list", "nodes", "tasks_status", "agents")
NAME = ("name", "task_name", "title", "label", "step_name", "step", "stage", "task", "description", "key")
TASK_KEY = ("task_id", "id", "key", "step_id", "name", "task_name")
ROLE = ("agent_role", "role", "agent", "agent_name", "assigned_to", "assigned_agent", "assignee", "worker", "owner")
SECONDS = (
    "duration_seconds",
    "duration_s",
    "execution_time",
    "elapsed_seconds",
    "elapsed",
    "duration",
    "seconds",
    "took",
)
AGENTS = ("agents", "agent_statuses", "agent_status", "crew_members", "members", "workers", "crew")
WORK = ("current_task", "task", "working_on", "activity", "current_activity", "action")
USAGE = ("token_usage", "usage_metrics", "usage", "tokens")
INPUT = ("prompt_tokens", "input_tokens", "tokens_in", "input")
OUTPUT = ("completion_tokens", "output_tokens", "tokens_out", "output")


@dataclass(frozen=True, slots=True)
class SeenTask:
    """A task as the platform tells it; `state` is '' when it does not say."""

    key: str
    name: str = ""
    role: str = ""
    state: str = ""
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None
    error: str = ""
    input: int | None = None
    output: int | None = None


@dataclass(frozen=True, slots=True)
class SeenWorkflow:
    """A workflow as the platform tells it; `id` is '' when it has none, `now` the role and the task that work."""

    id: str
    state: str
    process: str = ""
    name: str = ""
    started: float | None = None
    ended: float | None = None
    total: int | None = None
    done: int | None = None
    error: str = ""
    now: tuple[str, str] = ("", "")
    tasks: tuple[SeenTask, ...] = ()
    input: int | None = None
    output: int | None = None


def snapshot_of(said: Any, paths: Paths) -> tuple[SeenWorkflow, ...] | None:
    """The workflows of an answer; () when it says that there is none, None when nothing in it looks like a workflow."""
    if "workflows" in paths:
        found = at_path(said, paths["workflows"])
        if found is None:
            return None
        single = isinstance(found, Mapping) and (not paths["workflows"] or _looks(found, paths))
        rows = [("", found)] if single else list(rows_of(found))
    else:
        guessed = _guessed(said, paths)
        if guessed is None:
            return _of_agents(said, paths)
        rows = guessed
    seen = [_workflow(key, row, paths) for key, row in rows[:MOST_WORKFLOWS]]
    return tuple(one for one in seen if one is not None)


def _guessed(said: Any, paths: Paths, depth: int = 0) -> list[tuple[str, Mapping[str, Any]]] | None:
    """The rows that look like workflows; None when none do."""
    if isinstance(said, list):
        rows = list(rows_of(said))
        fits = [row for row in rows if _looks(row[1], paths)]
        return fits if fits or not rows else None
    if not isinstance(said, Mapping):
        return None
    for name in WORKFLOWS:
        value = said.get(name)
        if isinstance(value, list | Mapping):
            rows = list(rows_of(value))
            fits = [row for row in rows if _looks(row[1], paths)]
            if fits or not value:
                return fits
    for name in ONE:
        value = said.get(name)
        if isinstance(value, Mapping) and _looks(value, paths):
            return [("", value)]
    if _looks(said, paths):
        return [("", said)]
    if depth < 2:
        for name in ENVELOPES:
            inner = said.get(name)
            if isinstance(inner, Mapping | list):
                found = _guessed(inner, paths, depth + 1)
                if found is not None:
                    return found
    return [] if _says_none(said) else None


def _says_none(said: Mapping[str, Any]) -> bool:
    """Whether it says in words or numbers that nothing runs."""
    idle = state_of(first_of(said, STATE)) == WAITING
    return idle or any(said.get(name) == 0 for name in (*WORKFLOWS, "in_flight", "active", "running"))


def _looks(row: Mapping[str, Any], paths: Paths) -> bool:
    """Whether it is told like a workflow: a state that is one, and something that only work has."""
    state = state_of(_of(row, "state", STATE, paths))
    if not state:
        return False
    hints = (*ID, *TOTAL[:4], *DONE[:4], *PERCENT, *CURRENT_ROLE[:3], *CURRENT_TASK[:3], *TASKS[:4])
    return state != WAITING and (first_of(row, hints) is not None or "tasks" in paths or "id" in paths)


def _of(row: Mapping[str, Any], key: str, names: Sequence[str], paths: Paths) -> Any:
    return at_path(row, paths[key]) if key in paths else first_of(row, names)


def _workflow(key: str, row: Mapping[str, Any], paths: Paths) -> SeenWorkflow | None:
    state = state_of(_of(row, "state", STATE, paths))
    tasks = _told_apart(_tasks(_of(row, "tasks", TASKS, paths), paths), row, paths)
    if not state:
        states = {task.state for task in tasks}
        state = FAILED if FAILED in states else RUNNING if states & {RUNNING, SUCCEEDED} else ""
        if tasks and all(task.state == SUCCEEDED for task in tasks):
            state = SUCCEEDED
    if not state:
        return None
    progress = row.get("progress")
    inner = progress if isinstance(progress, Mapping) else row
    total = count_of(_of(row, "total", TOTAL, paths))
    done = count_of(_of(row, "done", DONE, paths))
    if isinstance(progress, Mapping):
        total = total if total is not None else count_of(first_of(inner, TOTAL))
        done = done if done is not None else count_of(first_of(inner, DONE))
    total = total if total else (len(tasks) or None)
    if done is None and total:
        part = number_of(_of(row, "percent", PERCENT, paths))
        if part is not None and 0 <= part <= 100:
            done = int(total * (part if part <= 1 else part / 100) + 1e-9)
    role, task = _of(row, "current_role", CURRENT_ROLE, paths), _of(row, "current_task", CURRENT_TASK, paths)
    usage = _of(row, "usage", USAGE, paths)
    usage = usage if isinstance(usage, Mapping) else row
    process = text_of(_of(row, "process", PROCESS, paths)).lower().removeprefix("process.")
    return SeenWorkflow(
        id=text_of(_of(row, "id", ID, paths), 120) or key,
        state=state,
        process=process,
        name=text_of(first_of(row, ("name", "title", "workflow_name", "crew_name"))),
        started=moment_of(_of(row, "started", STARTED, paths)),
        ended=moment_of(_of(row, "ended", ENDED, paths)),
        total=total,
        done=done,
        error=error_of(_of(row, "error", ERROR, paths)),
        now=(_name(role), _name(task)),
        tasks=tasks,
        input=count_of(_of(usage, "input", INPUT, paths)) if usage is not row or "input" in paths else None,
        output=count_of(_of(usage, "output", OUTPUT, paths)) if usage is not row or "output" in paths else None,
    )


def _name(value: Any) -> str:
    if isinstance(value, Mapping):
        value = first_of(value, ("role", "name", "title", "description", "id"))
    return text_of(value)


def _tasks(value: Any, paths: Paths) -> tuple[SeenTask, ...]:
    found: dict[str, SeenTask] = {}
    for number, (key, row) in enumerate(rows_of(value)):
        if number >= MOST_TASKS:
            break
        name = _name(_of(row, "task_name", NAME, paths)) or key
        role = _name(_of(row, "task_role", ROLE, paths))
        state = state_of(_of(row, "task_state", STATE, paths)) or _flags(row)
        own = text_of(first_of(row, TASK_KEY), 120) or key or name or str(number + 1)
        usage = first_of(row, USAGE)
        usage = usage if isinstance(usage, Mapping) else row
        tokens = [
            count
            if not isinstance(value := _of(usage, word, names, paths), list | Mapping)
            and (count := count_of(value)) is not None
            else None
            for word, names in (("input", INPUT[:3]), ("output", OUTPUT[:3]))
        ]
        unique = own if own not in found else f"{own} ({number + 1})"
        found[unique] = SeenTask(
            key=unique,
            name=name or own,
            role=role,
            state=state,
            started=moment_of(_of(row, "task_started", STARTED, paths)),
            ended=moment_of(_of(row, "task_ended", ENDED, paths)),
            seconds=_seconds(_of(row, "task_seconds", SECONDS, paths)),
            error=error_of(_of(row, "task_error", ERROR, paths)),
            input=tokens[0],
            output=tokens[1],
        )
    return tuple(found.values())


def _told_apart(tasks: tuple[SeenTask, ...], row: Mapping[str, Any], paths: Paths) -> tuple[SeenTask, ...]:
    """Tasks that are told by name alone, with the states that the list of those done and the current one give them."""
    if not tasks or any(task.state for task in tasks):
        return tasks
    done = _of(row, "done", DONE, paths)
    names = {_name(item) for item in done[:MOST_TASKS]} if isinstance(done, list) else None
    count, current = count_of(done) or 0, _name(_of(row, "current_task", CURRENT_TASK, paths))
    return tuple(
        replace(
            task,
            state=SUCCEEDED
            if (task.name in names if names is not None else number < count)
            else RUNNING
            if task.name == current
            else WAITING,
        )
        for number, task in enumerate(tasks)
    )


def _seconds(value: Any) -> float | None:
    number = number_of(value)
    return number if number is not None and 0 <= number < 30 * 86_400 else None


def _flags(row: Mapping[str, Any]) -> str:
    """A state that is told by flags: {"done": true}."""
    for names, state in (
        (("failed", "error"), FAILED),
        (("done", "completed", "finished"), SUCCEEDED),
        (("running", "active", "in_progress"), RUNNING),
    ):
        if any(row.get(name) is True for name in names):
            return state
    return (
        WAITING
        if any(row.get(name) is False for name in ("done", "completed", "finished", "running", "active"))
        else ""
    )


def _of_agents(said: Any, paths: Paths) -> tuple[SeenWorkflow, ...] | None:
    """Where only agents are told: what they do is one workflow without an id, while any of them works."""
    if not isinstance(said, Mapping):
        return None
    value = at_path(said, paths["agents"]) if "agents" in paths else first_of(said, AGENTS)
    if isinstance(value, Mapping) and not any(
        isinstance(item, Mapping | str) for item in list(value.values())[:MOST_ITEMS]
    ):
        return None
    tasks = []
    for key, row in rows_of(value):
        role = _name(_of(row, "agent_role", ("role", "name", "agent_role", "agent", "title", "id"), paths)) or key
        state = state_of(_of(row, "agent_state", STATE, paths)) or _flags(row)
        if role and state:
            work = _name(_of(row, "agent_task", WORK, paths))
            tasks.append(SeenTask(key=f"{role}: {work}" if work else role, name=work or role, role=role, state=state))
    if not tasks:
        return None
    working = [task for task in tasks[:MOST_TASKS] if task.state in (RUNNING, FAILED)]
    if not any(task.state == RUNNING for task in working):
        return ()
    return (SeenWorkflow(id="", state=RUNNING, tasks=tuple(working)),)

"""The shapes of the rows, for the schema at /openapi.json; the desk makes them, the live feed sends the same."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(description="Seconds since the epoch, UTC")]
Id = Annotated[str, Field(description="Run and task, such as 12.3")]

TaskState = Literal[
    "waiting",
    "starting",
    "running",
    "needs decision",
    "succeeded",
    "unchanged",
    "failed",
    "timed out",
    "cancelled",
    "lost",
    "skipped",
]
RunState = Literal["waiting", "running", "succeeded", "failed", "unknown", "cancelled"]
AgentState = Literal["running", "idle", "error", "paused", "absent"]
Severity = Literal["critical", "high", "medium", "low", "info"]


class Row(BaseModel):
    """Fields may be added; none is taken away or changes its meaning within v1."""

    model_config = ConfigDict(extra="allow", defer_build=True)


class Hold(Row):
    """Why a task does not run now, in words."""

    kind: str
    reason: str
    since: Seconds
    culprit: Id | None = None


class LockNeed(Row):
    name: str
    shared: bool


class Needs(Row):
    """What a task takes while it runs: cores, MiB, locks, further resources."""

    cpus: float
    memory_mb: float
    locks: list[LockNeed]
    extra: dict[str, float]
    declared: Annotated[dict[str, float] | None, Field(description="What was declared, where runs taught better")] = (
        None
    )
    learned: Annotated[str, Field(description="How the needs were corrected, in a sentence")] = ""


class HoldTime(Row):
    reason: str
    seconds: float


class Task(Row):
    """One job within one run."""

    id: Id
    run: int
    name: str
    agent: str
    action: str
    stage: str
    title: str
    state: TaskState
    verdict: Literal["pass", "fail", "unknown"] | None
    reason: str
    priority: str
    attempt: int
    attempts_allowed: int
    hold: Hold | None
    progress: float | None
    note: str
    submitted: Seconds
    ready: Seconds | None
    started: Seconds | None
    ended: Seconds | None
    estimate: float
    expected_start: Seconds | None
    expected_end: Seconds | None
    expected_end_late: Annotated[Seconds | None, Field(description="The end when everything takes long (P80)")] = None
    cpu_s: float
    peak_mb: float
    read_mb: float
    written_mb: float
    cpus_now: float
    memory_now_mb: float
    findings: dict[str, int]
    depends: list[Id]
    after: list[Id]
    remaining_path_s: float
    critical: bool
    needs: Needs
    because: str
    folder: str
    holds: list[HoldTime]
    affected: Annotated[str, Field(description="Why an earlier pass stands, or what changed since")] = ""
    stands_for: Annotated[str | None, Field(description="The attempt whose pass stands for this task")] = None
    wants: Annotated[str | None, Field(description="The capability that was asked for, if no agent was named")] = None
    others: Annotated[list[str], Field(description="Agents that it can be moved to while it waits")] = []
    taken: Annotated[dict[str, Any] | None, Field(description="The person who has it by hand: by, since, reason")] = (
        None
    )
    by_hand: Annotated[
        dict[str, Any] | None, Field(description="The person by whose word it ended: by, at, note, done")
    ] = None
    undoes: Annotated[str | None, Field(description="The task whose work this one takes back")] = None


class Run(Row):
    """One execution of a pipeline."""

    id: int
    name: str
    workspace: str
    workspace_name: str
    state: RunState
    priority: str
    by: str
    trigger: str
    submitted: Seconds
    started: Seconds | None
    ended: Seconds | None
    expected_end: Seconds | None
    counts: dict[str, int]
    total: int
    done: int
    findings: dict[str, int]
    summary: str
    git: Annotated[
        dict[str, Any] | None,
        Field(description="Branch, commit and changed files of the workspace when it was submitted"),
    ] = None


class Action(Row):
    """One thing that an agent can do; `options` is a JSON schema."""

    name: str
    title: str
    summary: str
    needs: dict[str, Any]
    time_limit: float
    effects: dict[str, Any]
    options: dict[str, Any]
    tools: list[str]
    provides: Annotated[list[str], Field(description="Capabilities by which work can be asked for")] = []
    undo: Annotated[str | None, Field(description="The action that takes back what this one did")] = None
    asks: Annotated[str, Field(description="What it may ask a person")] = ""
    ready: Annotated[bool | None, Field(description="Whether it can work here; null for partly")] = None
    ready_words: Annotated[str, Field(description="Why it cannot, or what stays unchecked")] = ""


class Load(Row):
    """What waits for an agent, why, and what would relieve it, tried with the real planner."""

    queue: Annotated[int, Field(description="Tasks that lack nothing but room")]
    oldest_wait_s: float | None
    running: int
    limit: int
    held: list[dict[str, Any]]
    overloaded: bool
    words: str
    relief: str
    act: Annotated[dict[str, Any] | None, Field(description="What can be done about it with one call")] = None


class Agent(Row):
    """A plugin, how it is and what it does now."""

    name: str
    title: str
    summary: str
    version: str
    state: AgentState
    paused: dict[str, Any] | None
    draining: Annotated[
        dict[str, Any] | None,
        Field(description="While it is drained: by, reason, since, and how many tasks are left"),
    ] = None
    concurrency: int
    running: list[Id]
    waiting: int
    progress: float | None
    note: str
    eta: Seconds | None
    cpus_now: float
    memory_now_mb: float
    last: dict[str, Any] | None
    trouble: str
    load: Load | None = None


class Series(Row):
    """A metric over time, oldest first; each point is moment, value and run."""

    metric: str
    unit: str
    points: list[tuple[Seconds, float, int]]
    tasks: Annotated[list[Id], Field(description="The task that measured each point")] = []


class Section(Row):
    """A part of an agent's page: blocks of the kinds figures, table, bars and words, as they were shown last."""

    name: str
    title: str
    empty: Annotated[str, Field(description="What fills it, while nothing has")]
    at: Seconds | None
    run: int | None
    task: Id | None
    blocks: list[dict[str, Any]]
    trends: list[Series]


class Finding(Row):
    """One thing that an agent noticed, in one form whatever tool saw it."""

    id: str
    run: int
    task: Id
    agent: str
    rule: str
    severity: Severity
    path: str
    line: int
    column: int
    message: str
    help: str
    fingerprint: str
    accepted: str
    since: Seconds
    is_new: bool
    witnesses: list[dict[str, Any]]
    at: Seconds
    tasks: Annotated[list[Id], Field(description="All tasks of the run that reported it")] = []
    agents: Annotated[list[str], Field(description="All agents that reported it")] = []
    ids: Annotated[list[str], Field(description="The ids under which it was reported")] = []


class Cause(Row):
    """A finding that several tasks share that failed or know too little, by its fingerprint alone."""

    finding: str
    fingerprint: str
    rule: str
    severity: Severity
    message: str
    path: str
    line: int
    help: str
    tasks: list[Id]
    names: list[str]


class Event(Row):
    """One fact of the log, as a sentence."""

    seq: int
    at: Seconds
    run: int | None
    task: Id | None
    kind: str
    sentence: str


class Attempt(Row):
    """One try at a task."""

    id: str
    attempt: int
    state: str
    how: str | None
    reason: str
    decided: Seconds
    started: Seconds | None
    ended: Seconds | None
    pid: int | None
    usage: dict[str, float]
    log_bytes: int
    artifacts: list[dict[str, Any]]


class Schedule(Row):
    name: str
    workspace: str
    pipeline: str
    when: str
    next: list[Seconds]
    last: dict[str, Any] | None
    missed: int


class Question(Row):
    """Something that a person is asked."""

    task: Id
    question: str
    text: str
    choices: list[str]
    since: Seconds


class Board(Row):
    """All that the first page shows; later than `seq` is only what the feed sends.

    Of the tasks that are not over at most 400 are listed, those first that run or wait for a person; `left_out` counts the rest.
    Of those that are over the newest run's are listed, at most 100.
    """

    seq: int
    runs: list[Run]
    tasks: list[Task]
    left_out: int = 0
    agents: list[Agent]
    host: dict[str, Any]
    findings: list[Finding]
    questions: list[Question]
    workspace: dict[str, Any] | None
    engine: dict[str, Any]


class RunPage(Row):
    """A run with its tasks and its graph, laid out."""

    run: Run
    tasks: list[Task]
    graph: dict[str, Any] | None
    seq: int
    causes: Annotated[list[Cause], Field(description="What stands behind several failures, the widest first")] = []


class Outline(Row):
    """A run in few bytes a task: the first row stands for task RUN.0."""

    run: Run
    seq: int
    zero: Annotated[float, Field(description="Moments are seconds after this one")]
    columns: list[str]
    words: Annotated[dict[str, list[str]], Field(description="Of these columns, a value is a number into the list")]
    rows: list[list[Any]]
    left_out: int
    causes: list[Cause]


class Graph(Row):
    """A run as a picture: nodes with x, y, w, h in pixels, edges with an SVG path."""

    by: str
    choices: Annotated[dict[str, int], Field(description="How many groups each way of grouping gives")]
    tasks: int
    trouble: str
    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]
    width: float
    height: float


class Facet(Row):
    name: str
    runs: int


class RunFacets(Row):
    """What runs can be narrowed by, and how long each pipeline took lately, oldest first."""

    pipeline: list[Facet]
    branch: list[Facet]
    person: list[Facet]
    state: list[Facet]
    trends: list[dict[str, Any]]


class TaskPage(Row):
    """A task with its tries, what happened, and what it used."""

    task: Task
    attempts: list[Attempt]
    events: list[Event]
    findings: list[Finding]
    samples: list[dict[str, Any]]
    questions: list[Question]
    causes: Annotated[list[Cause], Field(description="What this task shares with others that went wrong")] = []


class LogPart(Row):
    """A piece of an attempt's output; `next` is the offset of the piece after it, in bytes."""

    text: str
    offset: int
    next: int
    size: int
    attempt: int
    ended: bool


class SourceLine(Row):
    number: int
    text: str
    here: bool


class Source(Row):
    """The lines around a finding; `words` say where they are from and how sure that is, `trouble` why there are none."""

    finding: str
    path: str
    line: int
    column: int
    lines: list[SourceLine]
    origin: Literal["commit", "workspace", ""]
    commit: str
    words: str
    trouble: str
    total: int
    veiled: Annotated[bool, Field(description="Whether values that could be secrets were hidden")]


class DiffLine(Row):
    """A line of a diff: where a stretch begins ('at'), added, taken away, a note, or the same on both sides ('')."""

    kind: Literal["at", "add", "del", "note", ""]
    old: int | None
    now: int | None
    text: str


class DiffFile(Row):
    """A file that differs; `loose` is one that was changed without a commit, `left` says why it has no lines."""

    path: str
    added: int | None
    removed: int | None
    reads: bool
    loose: bool
    lines: list[DiffLine]
    left: str


class Diff(Row):
    """What differs since a job last passed in its workspace."""

    since: dict[str, Any] | None
    commit: str
    words: str
    files: list[DiffFile]
    more: int


class LogHits(Row):
    """Lines of a log that fit, by number from 0: the first `most` of `count`; `whole` is false when time was over first."""

    attempt: int
    numbers: list[int]
    count: int
    lines: int
    size: int
    whole: bool
    most: int


class LogIndex(Row):
    """Where the lines of a log are."""

    attempt: int
    chunks: list[tuple[int, int, int, int, str]]
    style: Annotated[str, Field(description="The colours in force after the last one, as escape sequences")]
    size: int


class LogDiff(Row):
    """How the output of two attempts differs; `left` lines are not shown."""

    before: int
    after: int
    lines: list[DiffLine]
    left: int
    words: str


class ConsolePart(Row):
    """Lines of one attempt; `left_out` bytes before them were not sent, for the live stream has a bound."""

    task: Id
    attempt: int
    name: str
    agent: str
    left_out: int
    offset: int
    next: int
    text: str


class Console(Row):
    """The last lines of all that runs; the socket's event `console` sends parts of the same shape."""

    seq: int
    parts: list[ConsolePart]


class Machine(Row):
    """`users` are the tasks that ran in a time that was asked for; `tasks` run now, each with its `process_tree`."""

    host: dict[str, Any]
    since: float
    until: float
    history: list[dict[str, Any]]
    users: list[dict[str, Any]]
    tasks: list[dict[str, Any]]


class Plan(Row):
    """What a run would do, in seconds from its start."""

    pipeline: str
    workspace: str
    jobs: list[dict[str, Any]]
    span: dict[str, float] | None
    note: str
    trouble: list[str]
    asks: Annotated[list[dict[str, str]], Field(description="Where a person may be asked, and what")] = []
    undo: Annotated[list[dict[str, str]], Field(description="What is taken back by which action if it fails")] = []
    gates: Annotated[list[dict[str, Any]], Field(description="What has to be green before a job")] = []
    locks: Annotated[list[dict[str, Any]], Field(description="Locks, and whether they keep jobs apart")] = []
    refused: Annotated[list[dict[str, str]], Field(description="What the boundary will refuse")] = []
    cannot: Annotated[list[dict[str, Any]], Field(description="Jobs that cannot work here, or only partly")] = []
    left: Annotated[list[dict[str, Any]], Field(description="Jobs that are left out, and why")] = []
    in_order: Annotated[list[str], Field(description="The jobs by their expected start")] = []
    marks: Annotated[dict[str, str], Field(description="What changes with what a job does; hand it to POST /runs")] = {}
    digest: str = ""


class Submitted(Row):
    run: int


class Done(Row):
    """The wish was taken up."""

    ok: bool = True


class Many(Done):
    """Of how many the wish was taken up, of how many not, and why not of some of these."""

    done: int
    refused: int
    why: list[dict[str, str]]


class Hit(Row):
    """Something that a search found; `state` is that of a run or task, or a severity."""

    kind: str
    id: str
    title: str
    detail: str
    state: str | None
    at: float | None
    href: str


class Hits(Row):
    """What a search found."""

    hits: list[Hit]


class About(Row):
    """What this server is."""

    version: str
    data: str
    workspace: str
    python: str
    executable: str
    platform: str
    since: float
    epoch: int


class Person(Row):
    """Who asks, and what they chose."""

    name: str
    role: str
    settings: dict[str, Any]
    looked: float | None


class Problem(Row):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str

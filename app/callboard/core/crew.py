"""What is known of the platform's crews: workflows, their tasks, agents by role, sources; all of it bounded."""

import math
from collections import deque
from dataclasses import dataclass, field

MOST_CREWS = 20
MOST_KEPT = 40
MOST_RUNNING = 200
MOST_TASKS = 200
MOST_ROLES = 60
MOST_SAMPLES = 60
MOST_STREAMS = 60
MOST_GONE = 1_000
BEATS_WITHIN_S = 120.0
SILENT_AFTER_S = 1_800.0

RUNNING, SUCCEEDED, FAILED, LOST, WAITING = "running", "succeeded", "failed", "lost", "waiting"
UNKNOWN = "unknown"


@dataclass(slots=True)
class CrewTask:
    """One task of a workflow; `state` is waiting, running, succeeded or failed. Tokens are None where nobody said any.

    `assumed`: nobody said how it ended, its workflow did; `counted`: it is a sample of its role already.
    """

    key: str
    name: str = ""
    role: str = ""
    state: str = WAITING
    started: float | None = None
    ended: float | None = None
    took: float | None = None
    retries: int = 0
    calls: int = 0
    input: int | None = None
    output: int | None = None
    error: str = ""
    assumed: bool = False
    counted: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it took, once it is over and both its ends are known."""
        if self.took is not None:
            return self.took
        if self.started is None or self.ended is None:
            return None
        return max(0.0, self.ended - self.started)


@dataclass(slots=True)
class Use:
    """What a role asked of models: calls, and tokens, None where nobody said any."""

    calls: int = 0
    input: int | None = None
    output: int | None = None


@dataclass(slots=True)
class Workflow:
    """One execution of a crew; `state` is running, succeeded, failed or lost.

    `heard` is when something was heard of it, by our clock; `beats` that its sender says regularly that it goes on.
    `working` are the roles at work with the task and since when, `used` what each role asked of models.
    """

    id: str
    crew: str
    heard: float
    source: str = ""
    process: str = UNKNOWN
    state: str = RUNNING
    name: str = ""
    parent: str = ""
    started: float | None = None
    ended: float | None = None
    counted_done: int = 0
    counted_total: int | None = None
    beats: bool = False
    waits: bool = False
    tasks: dict[str, CrewTask] = field(default_factory=dict)
    working: dict[str, tuple[str, float]] = field(default_factory=dict)
    used: dict[str, Use] = field(default_factory=dict)
    input: int | None = None
    output: int | None = None
    error: str = ""

    @property
    def done(self) -> int:
        """Tasks that succeeded."""
        return max(self.counted_done, sum(task.state == SUCCEEDED for task in self.tasks.values()))

    @property
    def total(self) -> int | None:
        """How many tasks it has, None where nobody said so."""
        if self.counted_total is None:
            return None
        return max(self.counted_total, len(self.tasks))

    @property
    def silent_at(self) -> float:
        """When it is given up, if nothing more is heard."""
        if self.state != RUNNING:
            return math.inf
        return self.heard + (BEATS_WITHIN_S if self.beats and not self.waits else SILENT_AFTER_S)


@dataclass(slots=True)
class CrewSource:
    """How a source is: fresh, stale, off or error, since when, and in words."""

    kind: str
    state: str
    at: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One piece of work of a role that went well: when it began, how long it took, what it was called."""

    at: float
    seconds: float
    name: str = ""


@dataclass(slots=True)
class CrewAgent:
    """An agent of the crew by its role; `samples` are its newest pieces of work, the oldest first."""

    role: str
    heard: float = 0.0
    samples: deque[Sample] = field(default_factory=lambda: deque(maxlen=MOST_SAMPLES))
    failed_last: bool = False
    last_task: str = ""


@dataclass(slots=True)
class CrewState:
    """A crew of the platform. `gone` are workflows that were forgotten: what is said of them later does not revive them."""

    name: str
    title: str = ""
    sources: dict[str, CrewSource] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    agents: dict[str, CrewAgent] = field(default_factory=dict)
    streams: dict[str, int] = field(default_factory=dict)
    gone: dict[str, None] = field(default_factory=dict)
    heard: float = 0.0
    dropped: int = 0

    @property
    def running(self) -> list[Workflow]:
        """Those that go on, as far as is known."""
        return [workflow for workflow in self.workflows.values() if workflow.state == RUNNING]

    @property
    def in_flight(self) -> int:
        """How many workflows go on; a crew inside of a flow that goes on is not counted beside it."""
        running = {workflow.id for workflow in self.running}
        return sum(self.workflows[number].parent not in running for number in running)

    @property
    def silent_at(self) -> float:
        """When the first of its workflows is given up if nothing more is heard, infinite for never."""
        return min((workflow.silent_at for workflow in self.running), default=math.inf)

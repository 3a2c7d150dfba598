"""One job within one run: what was asked for, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from callboard.core.resources import Needs

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class TaskState(StrEnum):
    """`waiting → starting → running → succeeded | failed | timed out | cancelled | lost`, and without running
    `skipped` and `unchanged`; `needs decision` asks a person."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    NEEDS_DECISION = "needs decision"
    SUCCEEDED = "succeeded"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    LOST = "lost"
    SKIPPED = "skipped"


LIVE = frozenset({TaskState.STARTING, TaskState.RUNNING})
GOOD = frozenset({TaskState.SUCCEEDED, TaskState.UNCHANGED})
BAD = frozenset({TaskState.FAILED, TaskState.TIMED_OUT, TaskState.CANCELLED, TaskState.LOST, TaskState.SKIPPED})
FINAL = GOOD | BAD


class Verdict(StrEnum):
    """What the work says about the workspace. UNKNOWN is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Priority(IntEnum):
    """Class of priority; the smaller goes first."""

    CRITICAL = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3


class TaskKey(NamedTuple):
    """Names a task: its run, and its place in that run. Shown as '12.3'."""

    run: int
    task: int

    def __str__(self) -> str:
        return f"{self.run}.{self.task}"


class AttemptKey(NamedTuple):
    """Names an attempt: its task, and which try it is, from 1. Shown as '12.3#1'."""

    run: int
    task: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.run}.{self.task}#{self.attempt}"

    @property
    def of(self) -> TaskKey:
        """The task that it tries."""
        return TaskKey(self.run, self.task)


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends an attempt: `time_s` seconds of wall time, `memory_mb` MiB resident in its whole process tree,
    `output_mb` MiB written to its log, `processes` in its tree. 0 is no limit."""

    time_s: float = 900.0
    memory_mb: float = 0.0
    output_mb: float = 1024.0
    processes: int = 0


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon a crash, a time limit or a loss is tried again.

    `attempts` counts all tries. The wait before try n+1 is `first_s * factor**(n-1)`, at most `longest_s`,
    spread by `jitter` (0.5 means half to one and a half times).
    """

    attempts: int = 1
    first_s: float = 2.0
    factor: float = 2.0
    longest_s: float = 300.0
    jitter: float = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """An agent that could do a task, by which of its actions, and the capability that this offers."""

    plugin: str
    agent: str
    action: str
    offers: str = ""


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What was asked for.

    Either `plugin` with `agent` and `action`, or `argv`, the team's own command, with patterns of all files that it `reads`,
    () where nobody said so. `depends` are places of tasks in the
    same run that must succeed first, `after` of tasks that must only end. `estimate` is the expected seconds.
    A `strict` task counts UNKNOWN as a failure.

    `undo` is the agent's action that takes back what an attempt did when the task comes to a bad end; `undoes` is set on the
    task that does so, and names the other one. `candidates` are all that could do the task, its own agent among them;
    with `wants`, a capability, nobody was named and who does it is decided when it is ready. `stands_for` is the earlier
    attempt (run, task, attempt) whose success holds for this task, which is then not run.
    `affected` says in one sentence why so, or what changed. `digest` names what its verdict depends on, as it was at
    `digested`; '' where that is not known. `learned` says how `needs` were corrected: `declared` and `words`.
    A `heavy` task waits while the platform has to be spared.
    """

    name: str
    agent: str = ""
    action: str = ""
    plugin: str = ""
    argv: tuple[str, ...] = ()
    folder: str = ""
    reads: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    depends: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    needs: Needs = Needs()
    limits: Limits = Limits()
    retry: Retry = Retry()
    idempotent: bool = True
    strict: bool = False
    estimate: float = 10.0
    stage: str = ""
    because: str = ""
    undo: str = ""
    undoes: str = ""
    wants: str = ""
    candidates: tuple[Candidate, ...] = ()
    stands_for: tuple[int, int, int] | None = None
    affected: str = ""
    digest: str = ""
    digested: float = 0.0
    learned: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class Hand:
    """A person's hand on a task: who took it over, when and why.

    `state`, `words` and `verdict` are what it was before and goes back to; `ended` is when, and `done` how, the person finished
    it, with their `note`; None while they have it.
    """

    by: str
    at: float
    reason: str = ""
    state: TaskState = TaskState.WAITING
    words: str = ""
    verdict: Verdict | None = None
    ended: float | None = None
    done: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt used: CPU seconds, MiB at the peak, MiB read and written, seconds of wall time."""

    cpu_s: float = 0.0
    peak_mb: float = 0.0
    read_mb: float = 0.0
    written_mb: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Process:
    """Who a process is: its pid, its start in clock ticks since the boot, and which boot."""

    pid: int
    ticks: int
    boot: str

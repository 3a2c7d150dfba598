"""A run and its tasks as they stand: the records that `fold` changes."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from callboard.core.task import (
    BAD,
    FINAL,
    LIVE,
    AttemptKey,
    Hand,
    Priority,
    Process,
    TaskKey,
    TaskSpec,
    TaskState,
    Verdict,
)

SEVERITIES = ("critical", "high", "medium", "low", "info")
NONE_FOUND = (0, 0, 0, 0, 0)
NOTHING: tuple[int, ...] = ()


class RunState(StrEnum):
    """How a run stands as a whole."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Task:
    """One job within one run.

    `unmet` counts the parents that have not ended. `below` are tasks that depend on it, `later` those that only come after
    it. `remaining` is the longest path of expected seconds from its start to the end of the run. `attempt` counts the
    attempts so far. `stopping` says why it is being ended, '' if it is not. `ready_at` is when nothing but room
    was missing, None while it waits for something else. `wanted_at` is when it was submitted, or asked for again.
    `held` are seconds by cause, of the past. `findings` counts those of the newest attempt, by severity. `dirty` says that
    an attempt began whose work its undo would take back, `pinned` that a person chose its agent. `hand` is that of a person
    who took it over, or finished it by hand. `cut` tells tasks apart in the queue that a drained agent does and does not take.
    """

    __slots__ = (
        "attempt",
        "below",
        "cpu_s",
        "cut",
        "decided",
        "dirty",
        "ended",
        "findings",
        "hand",
        "held",
        "index",
        "late",
        "later",
        "outcome_reason",
        "peak_mb",
        "pinned",
        "process",
        "put_back",
        "questions",
        "read_mb",
        "ready_at",
        "remaining",
        "retry_at",
        "run",
        "snapshot",
        "spec",
        "started",
        "state",
        "stopping",
        "ticket",
        "unmet",
        "verdict",
        "waited_for",
        "wanted_at",
        "written_mb",
        "yielded",
    )

    def __init__(self, run: "Run", index: int, spec: TaskSpec) -> None:
        self.run = run
        self.index = index
        self.spec = spec
        self.state = TaskState.WAITING
        self.verdict: Verdict | None = None
        self.outcome_reason = ""
        self.attempt = 0
        self.unmet = 0
        self.below: Sequence[int] = NOTHING
        self.later: Sequence[int] = NOTHING
        self.remaining = spec.estimate
        self.ready_at: float | None = None
        self.retry_at = 0.0
        self.waited_for = -1
        self.decided: float | None = None
        self.started: float | None = None
        self.ended: float | None = None
        self.process: Process | None = None
        self.stopping = ""
        self.put_back = False
        self.late = False
        self.dirty = False
        self.pinned = False
        self.hand: Hand | None = None
        self.cut = 0
        self.wanted_at = run.submitted
        self.ticket = 0
        self.yielded = 0.0
        self.snapshot: Mapping[str, float] | None = None
        self.held: tuple[tuple[str, float], ...] = ()
        self.questions: dict[str, tuple[str, tuple[str, ...], float]] | None = None
        self.findings: tuple[int, ...] = NONE_FOUND
        self.cpu_s = 0.0
        self.peak_mb = 0.0
        self.read_mb = 0.0
        self.written_mb = 0.0

    @property
    def key(self) -> TaskKey:
        """Its name for others."""
        return TaskKey(self.run.id, self.index)

    @property
    def attempt_key(self) -> AttemptKey:
        """Its newest attempt."""
        return AttemptKey(self.run.id, self.index, self.attempt)

    @property
    def live(self) -> bool:
        """Whether an attempt is starting or running."""
        return self.state in LIVE

    @property
    def final(self) -> bool:
        """Whether it has ended for good."""
        return self.state in FINAL

    @property
    def taken(self) -> Hand | None:
        """The hand of the person who has it now, None when nobody has."""
        return self.hand if self.hand is not None and self.hand.ended is None else None

    @property
    def by_hand(self) -> Hand | None:
        """The hand of the person by whose word it ended, None when it was not by hand."""
        return self.hand if self.hand is not None and self.hand.ended is not None else None

    def hold_on(self, holds: tuple[tuple[str, float], ...]) -> None:
        """Adds seconds to those that it was held."""
        if not self.held:
            self.held = holds
            return
        total = dict(self.held)
        for cause, seconds in holds:
            total[cause] = total.get(cause, 0.0) + seconds
        self.held = tuple(total.items())

    def facts(self) -> tuple[Any, ...]:
        """All that the log decides about it, for comparing two states."""
        return (
            self.state, self.verdict, self.outcome_reason, self.attempt, self.unmet, self.decided, self.started,
            self.ended, self.process, self.stopping, self.held, self.findings, round(self.cpu_s, 6), self.peak_mb,
            self.dirty, self.pinned, self.hand, self.spec.agent, self.spec.action, self.spec.depends, self.spec.after,
        )  # fmt: skip


class Run:
    """One execution of a pipeline.

    `unfinished` counts tasks that are not final, `counts` the tasks by state, `by_hand` those that are done by a person's word.
    """

    __slots__ = (
        "by",
        "by_hand",
        "cancelled",
        "config",
        "counts",
        "ended",
        "git",
        "id",
        "key",
        "name",
        "priority",
        "started",
        "submitted",
        "tasks",
        "trigger",
        "unfinished",
        "unknowns",
        "workspace",
    )

    def __init__(
        self, id: int, name: str, workspace: str, by: str, trigger: str, priority: Priority, submitted: float, key: str
    ) -> None:
        self.id = id
        self.name = name
        self.workspace = workspace
        self.by = by
        self.trigger = trigger
        self.priority = priority
        self.submitted = submitted
        self.key = key
        self.started: float | None = None
        self.ended: float | None = None
        self.cancelled = False
        self.unfinished = 0
        self.unknowns = 0
        self.by_hand = 0
        self.counts: dict[TaskState, int] = {}
        self.tasks: list[Task] = []
        self.config: Mapping[str, Any] = {}
        self.git: Mapping[str, Any] = {}

    @property
    def state(self) -> RunState:
        """The whole from its parts: failed before cancelled before unknown before succeeded."""
        if self.unfinished:
            return RunState.WAITING if self.started is None else RunState.RUNNING
        bad = {state for state in BAD if self.counts.get(state)}
        if bad - {TaskState.CANCELLED, TaskState.SKIPPED}:
            return RunState.FAILED
        if bad or self.cancelled:
            return RunState.CANCELLED
        return RunState.UNKNOWN if self.unknowns else RunState.SUCCEEDED

    def facts(self) -> tuple[Any, ...]:
        """All that the log decides about it, for comparing two states."""
        counts = tuple(sorted((state.value, count) for state, count in self.counts.items() if count))
        return (
            self.name,
            self.priority,
            self.started,
            self.ended,
            self.cancelled,
            self.unfinished,
            self.unknowns,
            self.by_hand,
            counts,
        )

"""What happens to the roadmap: tasks of changes are assigned, started, done and ticked, changes are placed, counts are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.task import NO_OPTIONS


@dataclass(frozen=True, slots=True)
class RoadmapAssigned:
    """A task of a change was given to an agent, with the action that does it, or to a person.

    `text` is how the task read then. `why` says why this one, `reason` is what the person who assigned it said.
    """

    at: float
    id: str
    workspace: str
    ref: str
    text: str
    to: str
    kind: str
    action: str
    why: str
    by: str
    reason: str = ""
    options: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class RoadmapStarted:
    """An assignment became a run; in the log together with the submission of that run."""

    at: float
    id: str
    in_run: int


@dataclass(frozen=True, slots=True)
class RoadmapDone:
    """What became of an assignment: `ok` with evidence (a verdict pass, or a person's note), else it is none, and why.

    `in_task` is '12.0' for a run, `commit` what git said when it was submitted.
    """

    at: float
    id: str
    ok: bool
    words: str
    by: str
    in_run: int = 0
    in_task: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class RoadmapTicked:
    """What became of the line of a task with evidence: 'ticked', 'off' (Callboard may not write), or 'refused', and why."""

    at: float
    id: str
    mark: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class RoadmapWithdrawn:
    """An assignment was taken back."""

    at: float
    id: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RoadmapPlaced:
    """A person said where a change belongs: its layer, its rank there from 0, what it comes after. None: not touched;
    a layer '' or a rank −1 goes back to what the files and `callboard.toml` say."""

    at: float
    workspace: str
    change: str
    by: str
    layer: str | None = None
    rank: int | None = None
    comes_after: tuple[str, ...] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RoadmapCounted:
    """Done and total tasks of the changes whose counts are others than before; with total −1 a change is gone.

    `done` and `total` are those of all active changes.
    """

    at: float
    workspace: str
    done: int
    total: int
    counts: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


@dataclass(frozen=True, slots=True)
class RoadmapForeseen:
    """The forecasts of a day: the moments [p50, p80, p95] at which changes, or milestones ('milestone:NAME'), would be done."""

    at: float
    workspace: str
    day: str
    moments: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)


AssignmentEvent = RoadmapAssigned | RoadmapStarted | RoadmapDone | RoadmapTicked | RoadmapWithdrawn
RoadmapEvent = AssignmentEvent | RoadmapPlaced | RoadmapCounted | RoadmapForeseen

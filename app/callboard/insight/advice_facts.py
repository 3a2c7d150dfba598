"""What advice is made of: plain facts about the board at one moment, with numbers."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from callboard.core.task import NO_OPTIONS

PREFIX = "/api/v1"


@dataclass(frozen=True, slots=True)
class Act:
    """A documented call of the REST interface, its path below PREFIX, and the same as a command.

    `does` says what it is in one word, by which rules are allowed; `undo` takes it back, where that is known before.
    """

    title: str
    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    command: str = ""
    does: str = ""
    undo: "Act | None" = None

    def row(self) -> dict[str, Any]:
        """As surfaces and the log have it."""
        return {
            "title": self.title, "method": self.method, "path": f"{PREFIX}{self.path}", "body": dict(self.body),
            "command": self.command, "does": self.does,
        }  # fmt: skip


def part(name: str) -> str:
    """A name from outside as one part of a path."""
    return quote(name, safe="@:.,+-_")


def typed(*words: str) -> str:
    """A command line with these words, as it can be typed."""
    return shlex.join(words)


@dataclass(frozen=True, slots=True)
class OfferFact:
    """A fix that an agent offers for a case, and that was not tried yet."""

    agent: str
    action: str
    words: str


@dataclass(frozen=True, slots=True)
class PatchFact:
    """A patch that waits for a word. `cases` are those of which it changes every place, `part` those of which it changes some;
    `sure`: it names itself which rules it mends."""

    number: int
    task: str
    agent: str
    words: str
    files: tuple[str, ...]
    cases: tuple[int, ...]
    part: tuple[int, ...]
    at: float
    sure: bool = True


@dataclass(frozen=True, slots=True)
class CaseFact:
    """A case that is not closed. `blocks` counts the tasks that wait for its checks, `flaky` is the share of bad runs.

    `static`: it is of findings in files alone, so there is nothing to run again to find out about it; `not_again` says why what
    is not static cannot be run again. `offers` are fixes that agents offer, `asked` whether they were asked; `help` is what the
    tool says that mends it; `owner` is who should have it, '' when only `owner_why` is known. `alerts` are the marks of alerts
    that are part of it, `stops` are jobs that could not start because of it.
    """

    id: int
    title: str
    severity: str
    state: str
    priority: float
    seen: float
    opened: float
    moved: float
    cause: str = ""
    symptoms: int = 1
    times: int = 1
    reopened: int = 0
    checks: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    place: str = ""
    assignee: str = ""
    assignee_kind: str = ""
    blocks: int = 0
    critical: bool = False
    gates: tuple[str, ...] = ()
    blocks_words: str = ""
    flaky: float | None = None
    flaky_runs: int = 0
    flaky_words: str = ""
    broken_by: str = ""
    patch: int | None = None
    fix_words: str = ""
    static: bool = False
    until: float | None = None
    accepted_by: str = ""
    looked: bool = False
    next: str = ""
    offers: tuple[OfferFact, ...] = ()
    asked: bool = False
    help: str = ""
    owner: str = ""
    owner_kind: str = ""
    owner_why: str = ""
    not_again: str = ""
    alerts: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    run: int = 0
    stops: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """'C7'."""
        return f"C{self.id}"

    @property
    def stopped(self) -> str:
        """A job that could not start because of it: the deploy behind it, else one that its checks hold up."""
        return next(iter((*self.gates, *self.stops)), "")

    @property
    def about(self) -> str:
        """What advice about it is known by: a reopened case is another matter than before."""
        return f"{self.name}/{self.reopened}" if self.reopened else self.name


@dataclass(frozen=True, slots=True)
class Relieved:
    """What would let waiting work start now, as it was tried: the words, how many tasks start, and what is changed."""

    words: str
    starts: int
    limit: int | None = None
    resumed: bool = False
    to: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class AgentFact:
    """An agent: what waits for it and why, who paused it, what would relieve it. `held` are (cause, tasks, seconds)."""

    name: str
    waiting: int = 0
    oldest_s: float = 0.0
    running: int = 0
    limit: int = 0
    paused_by: str = ""
    pause_reason: str = ""
    paused_at: float = 0.0
    drained_by: str = ""
    overloaded: bool = False
    words: str = ""
    held: tuple[tuple[str, int, float], ...] = ()
    relief: Relieved | None = None
    waited_days: tuple[float, ...] = ()
    gain: "Gain | None" = None
    simulated: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a person. `acts` are (label, path, body, danger), the paths below /api/v1."""

    id: str
    kind: str
    title: str
    text: str
    since: float | None
    href: str
    acts: tuple[tuple[str, str, Mapping[str, Any], bool], ...] = ()
    job: str = ""
    task: str = ""
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class AlertFact:
    """An alert that stands."""

    id: str
    kind: str
    severity: str
    state: str
    title: str
    text: str
    href: str
    job: str
    agent: str
    opened: float
    seen: float
    times: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class LostTask:
    """A task that came to a bad end by its surroundings, not by its own verdict, in a run that is the newest of its job."""

    id: str
    job: str
    agent: str
    state: str
    reason: str
    ended: float
    run: int
    idempotent: bool
    tries: int
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleFact:
    """A schedule whose newest runs all went wrong."""

    name: str
    pipeline: str
    failed: int
    since: float
    run: int
    next: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Cause:
    """What work waited for over a time: seconds and tasks, their share of all waiting, and seconds of each day.

    `agent` and its `limit` are named where work waited for no more than that limit.
    """

    key: str
    words: str
    seconds: float
    share: float
    tasks: int
    agents: tuple[str, ...]
    days: tuple[float, ...]
    since: float
    href: str = ""
    relief: str = ""
    detail: str = ""
    agent: str = ""
    limit: int = 0


@dataclass(frozen=True, slots=True)
class NeedFact:
    """What a job declares and what it used. `fixed`: the declared values are planned with whatever it used."""

    job: str
    declared: str
    used: str
    n: int
    cpus: float = 0.0
    cpus_used: float = 0.0
    memory_mb: float = 0.0
    memory_used_mb: float = 0.0
    fixed: bool = False
    killed: bool = False


@dataclass(frozen=True, slots=True)
class DriftFact:
    """A job that takes longer than it did."""

    job: str
    before_s: float
    after_s: float
    n: int
    since: float
    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class FlakyFact:
    """What tries of unsteady work cost in a time."""

    name: str
    seconds: float
    tries: int
    words: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class RepeatFact:
    """A command that runs again and again and does not say which files it reads."""

    job: str
    runs: int
    good: int
    seconds: float
    days: float
    href: str


@dataclass(frozen=True, slots=True)
class ExpiryFact:
    """Something that was accepted or put aside until a day."""

    name: str
    what: str
    until: float
    reason: str
    owner: str
    href: str


@dataclass(frozen=True, slots=True)
class ChangeFact:
    """A change of the roadmap: what is open in it, which others wait for it, its day and when it is foreseen."""

    id: str
    title: str
    layer: str
    left: int
    blocks: tuple[str, ...]
    blocked: bool
    assigned: int
    next_ref: str
    next_text: str
    stale_days: float | None
    due: float | None = None
    milestone: str = ""
    p80: float | None = None
    href: str = ""


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What was changed in the workspace since it was last looked at by a run."""

    files: int
    commits: int
    since: float
    run: int
    pipeline: str
    words: str


@dataclass(frozen=True, slots=True)
class Drain:
    """The platform is asked to take no new work."""

    by: str
    at: float
    reason: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """The engine and its machine: why nothing starts ('' when all is well), GiB free, whether memory is short."""

    halted: str = ""
    disk_free_gb: float | None = None
    pressed: bool = False
    waiting: int = 0
    running: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Green:
    """A deploy that is green with all that gated it, and has not been handed over."""

    environment: str
    version: str
    task: str
    at: float


@dataclass(frozen=True, slots=True)
class Track:
    """How advice of a kind fared here: things overruled, times taken by persons, how those were judged."""

    overruled: int = 0
    taken: int = 0
    helped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Gain:
    """What an advice would save: seconds from the least to the most that is expected, with the arithmetic in words."""

    words: str
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known at a moment. `kept`: somebody makes cases of what goes wrong here, and has made those of all until
    `looked`."""

    now: float
    workspace: str
    cases: tuple[CaseFact, ...] = ()
    patches: tuple[PatchFact, ...] = ()
    agents: tuple[AgentFact, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    alerts: tuple[AlertFact, ...] = ()
    lost: tuple[LostTask, ...] = ()
    schedules: tuple[ScheduleFact, ...] = ()
    causes: tuple[Cause, ...] = ()
    needs: tuple[NeedFact, ...] = ()
    drifts: tuple[DriftFact, ...] = ()
    flaky: tuple[FlakyFact, ...] = ()
    repeats: tuple[RepeatFact, ...] = ()
    expiring: tuple[ExpiryFact, ...] = ()
    changes: tuple[ChangeFact, ...] = ()
    unchecked: Unchecked | None = None
    drain: Drain | None = None
    machine: Machine = Machine()
    greens: tuple[Green, ...] = ()
    tracks: Mapping[str, Track] = field(default_factory=dict)
    ruled: tuple[str, ...] = ()
    kept: bool = False
    looked: float = 0.0

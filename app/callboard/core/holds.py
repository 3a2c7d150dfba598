"""Why a task that could be wanted is not running now: values with words.

Each has `kind` (a closed list, for filters), `key` (a short cause, for adding up waiting time), `culprit` (the task to
look at, if there is one) and `words` (one sentence with the facts).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from callboard.core.task import TaskKey


def gib(megabytes: float) -> str:
    """'4.0 GiB', or '256 MiB' below one."""
    return f"{megabytes / 1024:.1f} GiB" if megabytes >= 1024 else f"{megabytes:.0f} MiB"


def number(value: float) -> str:
    """'2', '0.5'."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def cpus(value: float) -> str:
    """'1 cpu', '0.5 cpus'."""
    return f"{number(value)} cpu" if value == 1 else f"{number(value)} cpus"


def takers(tasks: float, others: float, holder: str, culprit: TaskKey | None, said: Callable[[float], str]) -> str:
    """': tasks take 1, most of it lint (12.3), others on this machine 1'; '' when nobody takes anything worth a word."""
    parts = []
    if said(tasks) != said(0.0):
        most = f", most of it {holder} ({culprit})" if culprit is not None else ""
        parts.append(f"tasks take {said(tasks)}{most}")
    if others > 0.0 and said(others) != said(0.0):
        parts.append(f"others on this machine {said(others)}")
    return ": " + ", ".join(parts) if parts else ""


@dataclass(frozen=True, slots=True)
class WaitsForTasks:
    """It depends on tasks that have not ended; `first` names one, `others` counts the rest."""

    first: str
    culprit: TaskKey
    others: int
    kind: ClassVar[str] = "dependency"

    @property
    def key(self) -> str:
        return f"waits for {self.first}"

    def words(self) -> str:
        more = f" and {self.others} more" if self.others else ""
        return f"waits for {self.first} ({self.culprit}){more}"


@dataclass(frozen=True, slots=True)
class WaitsForLock:
    """Somebody else holds a lock."""

    lock: str
    holder: str
    culprit: TaskKey
    shared: bool
    kind: ClassVar[str] = "lock"

    @property
    def key(self) -> str:
        return f"lock '{self.lock}'"

    def words(self) -> str:
        shared = ", shared" if self.shared else ""
        return f"waits for lock '{self.lock}', held by {self.holder} ({self.culprit}){shared}"


@dataclass(frozen=True, slots=True)
class WaitsForCpus:
    """Too few cores are free; live tasks take `tasks`, of which `holder`, the culprit, takes most."""

    needs: float
    free: float
    of: float
    tasks: float = 0.0
    holder: str = ""
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "cpus"
    key: ClassVar[str] = "cpus"

    def words(self) -> str:
        taken = takers(self.tasks, self.of - self.free - self.tasks, self.holder, self.culprit, number)
        return f"needs {cpus(self.needs)}, {number(max(0.0, self.free))} free of {number(self.of)}{taken}"


@dataclass(frozen=True, slots=True)
class WaitsForMemory:
    """Too little memory is free, in MiB; live tasks take `tasks`, of which `holder`, the culprit, takes most."""

    needs: float
    free: float
    of: float
    tasks: float = 0.0
    holder: str = ""
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "memory"
    key: ClassVar[str] = "memory"

    def words(self) -> str:
        taken = takers(self.tasks, self.of - self.free - self.tasks, self.holder, self.culprit, gib)
        return f"needs {gib(self.needs)}, {gib(max(0.0, self.free))} free of {gib(self.of)}{taken}"


@dataclass(frozen=True, slots=True)
class TooLarge:
    """It needs more than this machine has at all."""

    needs: str
    has: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "too large"
    key: ClassVar[str] = "too large for this machine"

    def words(self) -> str:
        return f"needs {self.needs}, this machine has {self.has}: lower the job's needs or use a larger machine"


@dataclass(frozen=True, slots=True)
class WaitsForResource:
    """Too few units of a named resource are free."""

    resource: str
    needs: float
    free: float
    of: float
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "resource"

    @property
    def key(self) -> str:
        return f"resource '{self.resource}'"

    def words(self) -> str:
        return (
            f"needs {number(self.needs)} of '{self.resource}', {number(max(0.0, self.free))} free of {number(self.of)}"
        )


@dataclass(frozen=True, slots=True)
class WaitsForSlot:
    """As many attempts run as are allowed at once."""

    limit: int
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "resource"
    key: ClassVar[str] = "parallelism"

    def words(self) -> str:
        return f"{self.limit} attempts run already, and no more are allowed at once"


@dataclass(frozen=True, slots=True)
class AgentBusy:
    """The agent has as many attempts as it may have."""

    agent: str
    limit: int
    culprit: TaskKey | None
    kind: ClassVar[str] = "agent busy"

    @property
    def key(self) -> str:
        return f"agent {self.agent} busy"

    def words(self) -> str:
        return f"agent {self.agent} already works on {self.limit}, its limit"


@dataclass(frozen=True, slots=True)
class AgentPaused:
    """A person paused the agent."""

    agent: str
    by: str
    reason: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "agent paused"

    @property
    def key(self) -> str:
        return f"agent {self.agent} paused"

    def words(self) -> str:
        return f"agent {self.agent} was paused by {self.by}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class AgentDrains:
    """A person drains the agent: it finishes what it has, `left` tasks, and takes nothing of this run."""

    agent: str
    by: str
    reason: str
    left: int
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "agent paused"

    @property
    def key(self) -> str:
        return f"agent {self.agent} drained"

    def words(self) -> str:
        left = "1 task" if self.left == 1 else f"{self.left} tasks"
        return (
            f"agent {self.agent} is being drained by {self.by}{f', {self.reason}' if self.reason else ''}: {left} left"
        )


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A person has the task."""

    by: str
    reason: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "person"
    key: ClassVar[str] = "taken over by a person"

    def words(self) -> str:
        return f"taken over by {self.by}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class NobodyCan:
    """No agent that is here offers the action."""

    action: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "nobody"
    key: ClassVar[str] = "nobody can do this"

    def words(self) -> str:
        return f"nobody can do this: needs an agent with {self.action}"


@dataclass(frozen=True, slots=True)
class BacksOff:
    """It waits before the next try; `seconds` is the whole wait, `left` what is left of it."""

    seconds: float
    attempt: int
    left: float
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "backoff"
    key: ClassVar[str] = "backs off"

    def words(self) -> str:
        return f"backs off {self.seconds:.0f} s after attempt {self.attempt}, {max(0.0, self.left):.0f} s left"


@dataclass(frozen=True, slots=True)
class WaitsForDecision:
    """A person has to decide."""

    reason: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "decision"
    key: ClassVar[str] = "waits for a decision"

    def words(self) -> str:
        return f"waits for a person's decision: {self.reason}"


@dataclass(frozen=True, slots=True)
class Reserved:
    """It would fit, but what it takes is kept for a larger task that has waited long."""

    name: str
    culprit: TaskKey
    seconds: float
    kind: ClassVar[str] = "reserved"

    @property
    def key(self) -> str:
        return f"kept for {self.name}"

    def words(self) -> str:
        when = f" in about {self.seconds:.0f} s" if self.seconds < 1e9 else ""
        return f"room is kept for {self.name} ({self.culprit}), which is to start{when}"


@dataclass(frozen=True, slots=True)
class YieldsTo:
    """It is heavy, and waits for the platform: `rule` is 'quiet', for a crew, or 'yield', for users. `reason` has the facts."""

    rule: str
    reason: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "yields"

    @property
    def key(self) -> str:
        return "a crew of the platform" if self.rule == "quiet" else "users of the platform"

    def words(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Halted:
    """Nothing new is started."""

    reason: str
    culprit: TaskKey | None = None
    kind: ClassVar[str] = "halted"
    key: ClassVar[str] = "halted"

    def words(self) -> str:
        return f"nothing new is started: {self.reason}"


Hold = (
    WaitsForTasks
    | WaitsForLock
    | WaitsForCpus
    | WaitsForMemory
    | TooLarge
    | WaitsForResource
    | WaitsForSlot
    | AgentBusy
    | AgentPaused
    | AgentDrains
    | TakenOver
    | NobodyCan
    | BacksOff
    | WaitsForDecision
    | Reserved
    | YieldsTo
    | Halted
)

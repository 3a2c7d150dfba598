"""The doors to the world: what the engine needs of a clock, a log, a launcher and a meter."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from callboard.core.cases import Case
from callboard.core.events import Event
from callboard.core.facts import Fact
from callboard.core.joining import Joining
from callboard.core.resources import Capacity
from callboard.core.state import State
from callboard.core.task import AttemptKey, Process, TaskSpec, Usage


class Clock(Protocol):
    """`wall` in seconds since the epoch, `mono` in seconds that never go back."""

    def wall(self) -> float: ...

    def mono(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Before:
    """A task that another one needs or comes after: how it stands, and the attempt that says what it left behind."""

    name: str
    action: str
    state: str
    key: AttemptKey


@dataclass(frozen=True, slots=True)
class Order:
    """What the launcher is to start. `config` holds the checked tables of the workspace's `callboard.toml`,
    `before` for an action the tasks before it, `by` who asked for the run."""

    key: AttemptKey
    epoch: int
    spec: TaskSpec
    workspace: str
    config: Mapping[str, Any]
    before: tuple[Before, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class LeftRunning:
    """An attempt that the log says was starting (`process` is None) or running when the last engine ended.

    `told` counts what the log has of it: 'findings', 'metrics', 'kept', 'asked'; so much of it is not told again.
    """

    key: AttemptKey
    process: Process | None
    spec: TaskSpec
    told: Mapping[str, int] = field(default_factory=dict)


class Launcher(Protocol):
    """Runs attempts. Everything that happens comes back as facts, in order for one attempt, through `deliver`.

    `deliver` must be called on the loop that called `open`. No call blocks.
    """

    async def open(self, deliver: Callable[[Fact], None]) -> None: ...

    def launch(self, orders: Sequence[Order]) -> None: ...

    def stop(self, key: AttemptKey, reason: str) -> None:
        """Ends the whole tree: SIGTERM, after a grace SIGKILL; an `Ended` with STOPPED follows within ten seconds."""

    def answer(self, key: AttemptKey, question: str, choice: str, by: str) -> None: ...

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        """Finds out about each: alive (`Began` with adopted), over (`Ended` from its exit record), or LOST."""

    async def close(self) -> None:
        """Lets go of what runs without ending it."""


class Resolver(Protocol):
    """Knows what agents offer: makes tasks of the jobs that an attempt wants to add to its run."""

    def resolve(
        self,
        workspace: str,
        config: Mapping[str, Any],
        jobs: Sequence[Mapping[str, Any]],
        done: Callable[[Sequence[Joining] | str], None],
    ) -> None:
        """Calls `done` on the loop with the tasks, or with a sentence that says why they cannot be. Does not block.

        `config` are the tables of the run; what they say of a job is laid over what is asked for, as in a pipeline.
        """


class Log(Protocol):
    """The append-only log with the read tables beside it."""

    def load(self) -> Iterable[tuple[int, Event]]:
        """The events of all runs that have not ended, and those that concern no run, with their sequence numbers, in order."""

    def open_cases(self) -> Iterable[Case]:
        """Cases that are not closed and whose events `load` does not give, as these events made them, in order of their opening."""

    def last_case(self) -> int:
        """The highest number that a case of such events ever had, 0 for none."""

    def last_run(self) -> int:
        """The highest number that a run ever had, 0 for none."""

    def append(self, events: Sequence[Event], state: State, *, durable: bool) -> int:
        """Writes the events, and the rows of everything that `state` marks as changed, in one transaction.

        `durable` waits for the disk. Returns the sequence number of the last event. Raises `RecordFull` when there is
        no room, with nothing written.
        """


class Meter(Protocol):
    """How much room there is now for tasks, what the attempts that run use now, and what the host does."""

    def capacity(self, running: Mapping[AttemptKey, Process]) -> Capacity: ...

    def usage(self, running: Mapping[AttemptKey, Process]) -> Mapping[AttemptKey, Usage]: ...

    def now(self, key: AttemptKey) -> tuple[float, int] | None:
        """MiB resident and the number of processes of an attempt at the last look, None when it was not seen."""

    def host(self) -> Mapping[str, Any]: ...

"""A clock, a meter, a log and a launcher whose every move a test decides; faults included."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callboard.core.cases import Case
from callboard.core.events import AlertMarked, AlertRaised, AlertResolved, Event, RunSubmitted, ScheduleFired
from callboard.core.facts import Began, Ended, Fact, How
from callboard.core.joining import Joining
from callboard.core.resources import Capacity
from callboard.core.state import State
from callboard.core.task import AttemptKey, Process, Retry, TaskKey, TaskSpec, Usage, Verdict
from callboard.errors import RecordFull, RecordHeld
from callboard.ports import LeftRunning, Order


class FakeClock:
    """Stands still until a test moves it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now

    def mono(self) -> float:
        return self.now


class FakeMeter:
    """Says what a test says."""

    def __init__(self, capacity: Capacity) -> None:
        self.now = capacity

    def capacity(self, running: Mapping[AttemptKey, Process]) -> Capacity:
        return self.now

    def usage(self, running: Mapping[AttemptKey, Process]) -> Mapping[AttemptKey, Usage]:
        return {}

    def now(self, key: AttemptKey) -> tuple[float, int] | None:
        return None

    def host(self) -> Mapping[str, Any]:
        return {}


Jobs = tuple[Mapping[str, Any], ...]


class FakeResolver:
    """Knows actions that are named AGENT.do, and answers when a test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Jobs, Callable[[Sequence[Joining] | str], None]]] = []

    def resolve(
        self,
        workspace: str,
        config: Mapping[str, Any],
        jobs: Sequence[Mapping[str, Any]],
        done: Callable[[Sequence[Joining] | str], None],
    ) -> None:
        self.waiting.append((tuple(jobs), done))

    def answer(self) -> None:
        """Answers all that waits."""
        waiting, self.waiting = self.waiting, []
        for jobs, done in waiting:
            done(self._made(jobs))

    def _made(self, jobs: Jobs) -> Sequence[Joining] | str:
        made = []
        for job in jobs:
            agent, _, action = job["action"].partition(".")
            if action != "do":
                return f"there is no action '{job['action']}'"
            spec = TaskSpec(job["name"], agent, job["action"], "p", retry=Retry(attempts=2))
            made.append(Joining(spec, tuple(job.get("needs_jobs", ())), tuple(job.get("after", ()))))
        return made


class Crash(Exception):
    """The engine's process dies here."""


class FakeLog:
    """Keeps events in a list, and gives back what a log has to. `fault` is '', 'full', 'held', or a crash 'before' or 'after'
    writing."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fault = ""
        self.tries = 0
        self._ended: set[int] = set()

    def load(self) -> Iterable[tuple[int, Event]]:
        newest = {e.schedule: n for n, e in enumerate(self.events, 1) if isinstance(e, ScheduleFired)}
        standing: dict[str, bool] = {}
        for event in self.events:
            if isinstance(event, AlertRaised | AlertResolved):
                standing[event.key] = isinstance(event, AlertRaised)
        for seq, event in enumerate(list(self.events), 1):
            if isinstance(event, AlertRaised | AlertResolved | AlertMarked):
                if standing[event.key]:
                    yield seq, event
            elif isinstance(event, ScheduleFired):
                if newest[event.schedule] == seq:
                    yield seq, event
            elif getattr(event, "run", None) not in self._ended:
                yield seq, event

    def open_cases(self) -> Iterable[Case]:
        return ()

    def last_case(self) -> int:
        return 0

    def last_run(self) -> int:
        return max((event.run for event in self.events if isinstance(event, RunSubmitted)), default=0)

    def append(self, events: Sequence[Event], state: State, *, durable: bool) -> int:
        self.tries += 1
        if self.fault == "full":
            raise RecordFull("the disk of the data folder is full")
        if self.fault == "held":
            raise RecordHeld("another program holds the database")
        if self.fault == "before":
            raise Crash
        self.events += events
        for run in state.changed_runs:
            (self._ended.discard if run.unfinished else self._ended.add)(run.id)
        if self.fault == "after":
            raise Crash
        return len(self.events)


@dataclass
class FakeAttempt:
    """What a launched attempt does: `process` is set once it began; `stop_by` once it was told to end."""

    order: Order
    process: Process | None = None
    stop_by: float | None = None


@dataclass
class FakeLauncher:
    """Processes that live as long as a test says, also while no engine listens. `wrong` says what an engine must never do."""

    clock: FakeClock
    alive: dict[AttemptKey, FakeAttempt] = field(default_factory=dict)
    exits: dict[AttemptKey, Ended] = field(default_factory=dict)
    ran: list[AttemptKey] = field(default_factory=list)
    told: list[Fact] = field(default_factory=list)
    stops: list[tuple[AttemptKey, str]] = field(default_factory=list)
    answers: list[tuple[AttemptKey, str, str]] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    deliver: Callable[[Fact], None] = lambda fact: None
    stop_takes: Callable[[], float] = lambda: 0.0

    async def open(self, deliver: Callable[[Fact], None]) -> None:
        self.deliver = deliver

    def launch(self, orders: Sequence[Order]) -> None:
        for order in orders:
            if any(key.of == order.key.of for key in self.alive):
                self.wrong.append(f"{order.key} is launched while another attempt of its task is alive")
            self.orders.append(order)
            self.alive[order.key] = FakeAttempt(order)

    def stop(self, key: AttemptKey, reason: str) -> None:
        self.stops.append((key, reason))
        attempt = self.alive.get(key)
        if attempt is not None and attempt.stop_by is None:
            attempt.stop_by = self.clock.now + self.stop_takes()

    def answer(self, key: AttemptKey, question: str, choice: str, by: str) -> None:
        self.answers.append((key, question, choice))

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        for item in left:
            attempt = self.alive.get(item.key)
            if attempt is not None:
                attempt.process = attempt.process or self._process(item.key)
                self._tell(Began(item.key, self.clock.now, attempt.process, adopted=True))
            elif item.key in self.exits:
                self._tell(self.exits[item.key])
            else:
                ran = item.key in self.ran
                self._tell(Ended(item.key, self.clock.now, How.LOST, "no trace of it", never_ran=not ran))

    async def close(self) -> None:
        self.deliver = lambda fact: None

    def begin(self, key: AttemptKey) -> None:
        """The attempt's process starts its work."""
        attempt = self.alive[key]
        if attempt.process is None:
            attempt.process = self._process(key)
            self._tell(Began(key, self.clock.now, attempt.process))

    def end(
        self, key: AttemptKey, how: How, *, code: int | None = None, verdict: Verdict | None = None, jobs: Jobs = ()
    ) -> None:
        """The attempt is over; its exit record stays."""
        attempt = self.alive.pop(key)
        fact = Ended(
            key, self.clock.now, how, str(how), code, verdict, never_ran=attempt.process is None,
            usage=Usage(1.5, 100.0, 1.0, 2.0, 3.0), jobs=jobs,
        )  # fmt: skip
        self.exits[key] = fact
        self._tell(fact)

    def vanish(self, key: AttemptKey) -> None:
        """The attempt is gone without an exit record, as after a reboot; nobody is told."""
        del self.alive[key]

    def tick(self) -> None:
        """Ends what was told to end by now."""
        for key, attempt in list(self.alive.items()):
            if attempt.stop_by is not None and attempt.stop_by <= self.clock.now:
                self.end(key, How.STOPPED)

    def _process(self, key: AttemptKey) -> Process:
        self.ran.append(key)
        return Process(1000 + len(self.ran), len(self.ran), "boot")

    def _tell(self, fact: Fact) -> None:
        self.told.append(fact)
        self.deliver(fact)

    def runs_of(self, task: TaskKey) -> int:
        """How often the work of a task really began."""
        return sum(1 for key in self.ran if key.of == task)

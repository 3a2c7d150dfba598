"""The one loop: it takes what comes in, folds it, decides, writes that down, and only then acts.

Order within a step: fold (may refuse) → decide → append events and decisions in one transaction (durable) → launch,
stop, answer. Everything that waits in the inbox is taken in one step, so one transaction serves many events. While
the log cannot be written nothing has an effect: no launch, no stop, no acknowledgement.
"""

import asyncio
import math
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from callboard.core.admit import Policy
from callboard.core.alert_rules import follow
from callboard.core.case_commands import cases_due
from callboard.core.commands import Command, Submit, grant
from callboard.core.decide import decide
from callboard.core.events import (
    ArtifactKept,
    AttemptBegan,
    EngineStarted,
    Event,
    FindingsFound,
    MetricsTaken,
    RunSubmitted,
    SectionShown,
)
from callboard.core.facts import Began, Ended, Fact, Progressed
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.retry import after_end
from callboard.core.roadmap_commands import ends
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import AttemptKey, Process
from callboard.core.telling import count_told, told_as
from callboard.core.yielding import Surroundings
from callboard.errors import CallboardError, NotFound, RecordFull, RecordHeld, Refused
from callboard.gauge import Live
from callboard.joins import Joins, Wanted
from callboard.outbox import Outbox
from callboard.ports import Clock, Launcher, LeftRunning, Log, Meter, Resolver

T = TypeVar("T")

RETRY_FULL_S = 1.0
RETRY_HELD_S = 0.25
REFUSE_HELD_AFTER_S = 5.0
MEASURE_S = 1.0
LIGHT = (AttemptBegan, FindingsFound, MetricsTaken, ArtifactKept, SectionShown)


@dataclass(slots=True)
class Wish:
    """A command and where its answer goes; the answer is the number of the run for a submission, else 0."""

    command: Command
    answer: asyncio.Future[int]


@dataclass(slots=True)
class Resolved:
    """What an attempt that ended wants to add, as tasks, or why that cannot be."""

    key: AttemptKey
    wanted: Wanted


@dataclass(slots=True)
class Published:
    """What a step changed, for watchers: they read the state only while they are being called."""

    events: Sequence[tuple[int, Event]]
    tasks: Iterable[Task]


Watcher = Callable[[Published], None]


def restored(state: State, log: Log) -> Iterator[Event]:
    """Brings a new state to where the log is, while it gives the events that it folds for that."""
    for case in log.open_cases():
        state.cases.restore(case)
    state.cases.last = max(state.cases.last, log.last_case())
    for _, event in log.load():
        fold(state, event)
        yield event


class Engine:
    """Owns the state. `run` is its loop; `ask` and `deliver` may be called from its own loop, `ask_from` from any thread."""

    def __init__(
        self,
        *,
        clock: Clock,
        log: Log,
        launcher: Launcher,
        meter: Meter,
        dice: Callable[[], float],
        version: str,
        resolver: Resolver | None = None,
        policy: Policy = Policy(),
        keep_ended: int = 50,
    ) -> None:
        self.state = State()
        self.live = Live()
        self.capacity: Capacity = Capacity(0.0, 0.0)
        self.surroundings: Surroundings | None = None
        self.watchers: list[Watcher] = []
        self.measured: list[Callable[[], None]] = []
        self._clock = clock
        self._log = log
        self._launcher = launcher
        self._meter = meter
        self._dice = dice
        self._version = version
        self.policy = policy
        self._keep_ended = keep_ended
        self._ended_runs: deque[int] = deque()
        self._inbox: deque[Wish | Fact | Resolved] = deque()
        self._joins = Joins(resolver, self._tell)
        self._outbox = Outbox(launcher)
        self._something = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._wake = math.inf
        self._next_measure = 0.0
        self._unwritten: list[Event] = []
        self._is_stuck = False
        self._halted_before = ""
        self._held_since = math.inf
        self._next_try = 0.0
        self._closing = False
        self.ready = threading.Event()

    # -- the doors ---------------------------------------------------------------------------------------------

    async def ask(self, command: Command) -> int:
        """Carries out a command and returns once it is durable, with the run's number for a submission.

        Raises `Refused` and `NotFound`.
        """
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._inbox.append(Wish(command, answer))
        self._something.set()
        return await answer

    def ask_from(self, command: Command, timeout: float = 30.0) -> int:
        """`ask` for other threads; raises `CallboardError` after `timeout` seconds."""
        if self.loop is None or self._closing:
            raise CallboardError("the engine is not running; start it with `callboard up`")
        future = asyncio.run_coroutine_threadsafe(self.ask(command), self.loop)
        try:
            return future.result(timeout)
        except TimeoutError as error:
            future.cancel()
            raise CallboardError(f"the engine did not answer within {timeout:.0f} s; see `callboard doctor`") from error

    def inspect(self, function: Callable[[State], T], timeout: float = 30.0) -> T:
        """What the function makes of the state, worked out between two steps; from any thread, also the engine's own.

        Raises `CallboardError` when the engine does not run or does not answer in `timeout` seconds.
        """
        if self.loop is None or self._closing or threading.get_ident() == self._thread:
            return function(self.state)
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(function(self.state))
            except BaseException as error:
                answer.set_exception(error)

        self.loop.call_soon_threadsafe(work)
        try:
            return answer.result(timeout)
        except TimeoutError as error:
            raise CallboardError(f"the engine did not answer within {timeout:.0f} s; see `callboard doctor`") from error

    def now(self) -> float:
        """The engine's time."""
        return self._clock.wall()

    def host(self) -> Mapping[str, Any]:
        """What the host does, as the meter says."""
        return self._meter.host()

    def deliver(self, fact: Fact) -> None:
        """Takes a fact from the launcher."""
        self._inbox.append(fact)
        self._something.set()

    def close(self) -> None:
        """Ends the loop after the step under way; attempts run on and are adopted by the next engine."""
        self._closing = True
        self._something.set()

    # -- the loop ----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Takes over the log, adopts what still runs, then works until `close`."""
        self.loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        await self.take_over()
        self.ready.set()
        try:
            while not self._closing:
                await self._wait()
                self.step()
        finally:
            await self._launcher.close()
            wishes = [item.answer for item in self._inbox if isinstance(item, Wish)]
            for answer in (*wishes, *self._outbox.open_answers()):
                if not answer.done():
                    answer.set_exception(CallboardError("the engine was closed before it could answer"))

    async def take_over(self) -> None:
        """Reads the log, adopts what still runs and takes the first step; `run` begins with it."""
        told: dict[AttemptKey, Counter[str]] = defaultdict(Counter)
        for event in restored(self.state, self._log):
            count_told(event, told)
        self.state.last_run = max(self.state.last_run, self._log.last_run())
        self._settle()
        left = [LeftRunning(t.attempt_key, t.process, t.spec, told[t.attempt_key]) for t in self.state.live.values()]
        await self._launcher.open(self.deliver)
        started = EngineStarted(self._clock.wall(), self.state.epoch + 1, self._version)
        fold(self.state, started)
        self._record([started])
        self._measure()
        if left:
            await self._launcher.adopt(left)
        self.step()

    async def _wait(self) -> None:
        if self._inbox and not self._unwritten:
            await asyncio.sleep(0)
        elif not self._closing:
            due = min(self._wake, self._next_measure)
            timeout = None if math.isinf(due) else max(0.0, due - self._clock.wall())
            if timeout is None or timeout > 0:
                try:
                    async with asyncio.timeout(timeout):
                        await self._something.wait()
                except TimeoutError:
                    pass
        self._something.clear()

    def step(self) -> None:
        """Takes all that waits, decides, writes, acts."""
        now = self._clock.wall()
        if now >= self._next_measure:
            self._measure()
        if self._unwritten and (now < self._next_try or not self._write_again()):
            self._refuse_while_full()
            return
        events: list[Event] = []
        while self._inbox:
            item = self._inbox.popleft()
            if isinstance(item, Wish):
                self._grant(item, now, events)
            elif isinstance(item, Resolved):
                self._resolved(item.key, item.wanted, now, events)
            else:
                self._note(item, now, events)
        decision = decide(self.state, now, self.capacity, self.policy, self.surroundings)
        self._wake = decision.wake
        self._outbox.plan(self.state, events, decision)
        events += decision.events
        events += ends(self.state, now)
        events += cases_due(self.state, now)
        events += follow(self.state, events, now)
        if events:
            self._record(events)
            return
        if self.state.stirred:
            self._publish([], list(self.state.stirred))
            self.state.stirred.clear()
        self._outbox.act(self.state)

    def _grant(self, wish: Wish, now: float, events: list[Event]) -> None:
        if wish.answer.done():
            return
        try:
            granted = grant(self.state, wish.command, now)
            for event in granted:
                fold(self.state, event)
        except CallboardError as error:
            wish.answer.set_exception(error)
            return
        events += granted
        number = 0
        if isinstance(wish.command, Submit):
            number = (
                next((e.run for e in granted if isinstance(e, RunSubmitted)), 0) or self.state.keys[wish.command.key]
            )
        self._outbox.owe(wish.answer, number, granted)
        for key in self._joins.given_up(self.state):
            self._resolved(key, (), now, events)

    def _note(self, fact: Fact, now: float, events: list[Event]) -> None:
        """Turns a fact into an event; facts about attempts that are over or of older owners are dropped."""
        key = fact.key
        task = self.state.live.get(key.of)
        if task is None or task.attempt != key.attempt:
            return
        if isinstance(fact, Progressed):
            self.live.note(fact)
            self.state.stirred[task] = None
            return
        if isinstance(fact, Ended):
            if not self._joins.keep(task, fact):
                self._end(task, fact, events)
            return
        event = told_as(fact)
        if event is None or not self._fold(event, events):
            return
        if isinstance(fact, Began) and fact.adopted and task.stopping:
            self._outbox.stop(key, task.stopping)

    def _fold(self, event: Event, events: list[Event]) -> bool:
        try:
            fold(self.state, event)
        except Refused:
            return False
        events.append(event)
        return True

    def _end(self, task: Task, fact: Ended, events: list[Event]) -> None:
        self._fold(after_end(task, fact, self._dice()), events)
        self.live.forget(fact.key)

    def _tell(self, key: AttemptKey, wanted: Wanted) -> None:
        self._inbox.append(Resolved(key, wanted))
        self._something.set()

    def _resolved(self, key: AttemptKey, wanted: Wanted, now: float, events: list[Event]) -> None:
        """The added tasks and the end of the attempt that added them go into the log together, or neither does."""
        settled = self._joins.settle(self.state, key, wanted, now)
        if settled is None:
            return
        task, fact, added = settled
        if added is not None:
            self._fold(added, events)
        self._end(task, fact, events)

    # -- the log -----------------------------------------------------------------------------------------------

    def _record(self, events: list[Event]) -> None:
        """Writes the events; what depends on them happens now, or once the log takes them."""
        durable = any(not isinstance(event, LIGHT) for event in events)
        try:
            last = self._log.append(events, self.state, durable=durable)
        except RecordFull as error:
            self._unwritten += events
            self._cannot_write(error)
            self._publish([], list(self.state.changed_tasks))
            return
        self._is_stuck, self._held_since = False, math.inf
        first = last - len(events) + 1
        self._publish(list(enumerate(events, first)), [*self.state.changed_tasks, *self.state.stirred])
        self._settle()
        self._outbox.act(self.state)

    def _cannot_write(self, error: RecordFull) -> None:
        """Says why, and comes again soon: sooner when another program holds the database, as that passes."""
        now = self._clock.wall()
        if not self._is_stuck:
            self._is_stuck, self._halted_before = True, self.state.halted
        self.state.halted = str(error)
        self._wake = now + RETRY_FULL_S
        if isinstance(error, RecordHeld):
            self._held_since = min(self._held_since, now)
            self._next_try = self._wake = now + RETRY_HELD_S

    def _write_again(self) -> bool:
        events, self._unwritten = self._unwritten, []
        self.state.halted = self._halted_before
        self._record(events)
        return not self._unwritten

    def _refuse_while_full(self) -> None:
        """Submissions are refused, unless it may be over in a moment; facts wait."""
        if self._clock.wall() - REFUSE_HELD_AFTER_S < self._held_since < math.inf:
            self._something.clear()
            return
        kept: deque[Wish | Fact | Resolved] = deque()
        while self._inbox:
            item = self._inbox.popleft()
            if isinstance(item, Wish) and isinstance(item.command, Submit):
                if not item.answer.done():
                    item.answer.set_exception(RecordFull(self.state.halted))
            else:
                kept.append(item)
        self._inbox = kept
        self._something.clear()

    def _settle(self) -> None:
        """Forgets what was changed, and of the ended runs the oldest."""
        state = self.state
        for run in state.changed_runs:
            if not run.unfinished:
                self._ended_runs.append(run.id)
        state.changed_tasks.clear()
        state.changed_runs.clear()
        state.changed_agents.clear()
        state.stirred.clear()
        state.cases.settle()
        while len(self._ended_runs) > self._keep_ended:
            state.forget([self._ended_runs.popleft()])

    def _publish(self, events: Sequence[tuple[int, Event]], tasks: Sequence[Task]) -> None:
        if self.watchers:
            published = Published(events, tasks)
            for watcher in self.watchers:
                watcher(published)

    # -- the machine -------------------------------------------------------------------------------------------

    def _running(self) -> dict[AttemptKey, Process]:
        return {task.attempt_key: task.process for task in self.state.live.values() if task.process is not None}

    def _measure(self) -> None:
        """Looks at the machine: once a second."""
        now = self._clock.wall()
        self._next_measure = now + MEASURE_S
        running = self._running()
        self.capacity = self._meter.capacity(running)
        self.live.measure(self._meter, running)
        for listener in self.measured:
            listener()

    async def revive(self, run: int, events: Iterable[Event]) -> None:
        """Brings an ended run back into memory from its events, so that it can be tried again."""
        if run in self.state.runs:
            return
        for event in events:
            fold(self.state, event)
        if run not in self.state.runs:
            raise NotFound(f"there is no run {run}")
        self._settle()

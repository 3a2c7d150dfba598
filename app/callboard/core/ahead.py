"""The state run ahead in virtual time: the same decisions as the engine's, over work that a script plays."""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from callboard.core.admit import Policy
from callboard.core.decide import decide
from callboard.core.events import AttemptBegan, AttemptDecided, AttemptEnded, RunSubmitted
from callboard.core.facts import Ended, How
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.retry import after_end
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import Process, TaskKey, TaskState, Verdict

IMAGINED = Process(pid=0, ticks=0, boot="")
INHERENT = "waits for "


@dataclass(frozen=True, slots=True)
class Course:
    """How an attempt goes on: it ends after `seconds` more, in this way; `dice` spreads the wait before a next try."""

    seconds: float
    how: How = How.EXITED
    verdict: Verdict | None = None
    dice: float = 0.5


Script = Callable[[Task, float], Course]


class Ahead:
    """A state and its future. Owns the state; `script(task, passed)` says how an attempt that has run for `passed` seconds goes on.

    Nothing is written and nobody is asked: where a person would have to decide, the task is taken to have failed, and
    `persons` counts that. Memory pressure and a halt are taken to pass. `begun` has when each task first started since.
    `waits` are seconds by cause of what started, if `told`; `busy_s` are the core-seconds that were booked, `peak_mb` is the
    most memory at once.
    """

    def __init__(
        self,
        state: State,
        capacity: Capacity,
        script: Script,
        *,
        now: float = 0.0,
        policy: Policy = Policy(),
        told: bool = False,
    ) -> None:
        self.state = state
        self.now = now
        self.persons = 0
        self.begun: dict[TaskKey, float] = {}
        self.waits: dict[str, float] = {}
        self.busy_s = 0.0
        self.peak_mb = 0.0
        self.policy = replace(policy, told=told)
        self.capacity = replace(capacity, pressed=False)
        self._script = script
        self._ends: list[tuple[float, int, Task, Course]] = []
        self._hidden: list[tuple[float, int, Task]] = []
        self._nth = 0
        state.halted = ""
        for task in list(state.live.values()):
            if task.state is TaskState.STARTING:
                self._begin(task)
            else:
                self._plan(task, max(0.0, now - (task.started if task.started is not None else now)))

    def submit(self, event: RunSubmitted) -> None:
        """A run comes in, now."""
        fold(self.state, event)

    def hide(self, task: Task, until: float) -> None:
        """The task has one more thing to wait for, until that time."""
        self.state.withdraw(task)
        task.ready_at = None
        task.unmet += 1
        heapq.heappush(self._hidden, (until, task.index, task))

    def start(self, task: Task) -> None:
        """The task starts now whether there is room or not."""
        fold(self.state, AttemptDecided(self.now, *task.key, task.attempt + 1, self.state.epoch, "runs already"))
        self._begin(task)

    def play(self, until: float = math.inf) -> None:
        """Goes on until that time, or until nothing happens any more."""
        state = self.state
        while True:
            _settle(state)
            decision = decide(state, self.now, self.capacity, self.policy)
            for event in decision.starts:
                task = state.runs[event.run].tasks[event.task]
                for cause, seconds in event.holds:
                    if not cause.startswith(INHERENT):
                        self.waits[cause] = self.waits.get(cause, 0.0) + seconds
                self._begin(task)
            if state.pool.memory_mb > self.peak_mb:
                self.peak_mb = state.pool.memory_mb
            at = self._next(decision.wake)
            if at > until or at == math.inf:
                if until < math.inf:
                    self.now = max(self.now, until)
                return
            self.now = max(self.now, at)
            self._turn()

    def _next(self, wake: float) -> float:
        at = self._ends[0][0] if self._ends else math.inf
        if self._hidden:
            at = min(at, self._hidden[0][0])
        if self.state.backoffs:
            at = min(at, self.state.backoffs[0][0])
        if self.state.yields.active and self.state.ready.length:
            at = min(at, wake)
        return at

    def _turn(self) -> None:
        """What is due by now happens."""
        now = self.now
        while self._hidden and self._hidden[0][0] <= now:
            task = heapq.heappop(self._hidden)[2]
            task.unmet -= 1
            if not task.unmet and task.state is TaskState.WAITING:
                self.state.make_ready(task, now)
        while self._ends and self._ends[0][0] <= now:
            _, _, task, course = heapq.heappop(self._ends)
            self._end(task, course)

    def _begin(self, task: Task) -> None:
        fold(self.state, AttemptBegan(self.now, *task.attempt_key, IMAGINED))
        self.begun.setdefault(task.key, self.now)
        self._plan(task, 0.0)

    def _plan(self, task: Task, passed: float) -> None:
        course = self._script(task, passed)
        self.busy_s += course.seconds * task.spec.needs.cpus
        self._nth += 1
        heapq.heappush(self._ends, (self.now + course.seconds, self._nth, task, course))

    def _end(self, task: Task, course: Course) -> None:
        if course.how is How.EXITED and course.verdict is None:
            fold(self.state, AttemptEnded(self.now, *task.attempt_key, How.EXITED, TaskState.SUCCEEDED, ""))
            return
        ended = after_end(task, Ended(task.attempt_key, self.now, course.how, verdict=course.verdict), course.dice)
        if ended.outcome is TaskState.NEEDS_DECISION:
            self.persons += 1
            ended = replace(ended, outcome=TaskState.FAILED)
        fold(self.state, ended)

    def stuck(self, run: int) -> Mapping[int, str]:
        """Why the tasks of a run that have not ended never will, by place; empty when all have."""
        found: dict[int, str] = {}
        for task in self.state.runs[run].tasks:
            if not task.final:
                hold = self.state.hold_of(task, self.now)
                found[task.index] = f"{task.spec.name}: {hold.words() if hold else 'does not start'}"
        return found


def _settle(state: State) -> None:
    state.changed_tasks.clear()
    state.changed_runs.clear()
    state.changed_agents.clear()
    state.stirred.clear()

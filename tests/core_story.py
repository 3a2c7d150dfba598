"""Short words for telling a state what happens, in tests of the core."""

from collections.abc import Sequence
from typing import Any

from callboard.core.admit import Policy
from callboard.core.decide import Decision, decide
from callboard.core.events import AgentsFound, AttemptBegan, AttemptDecided, AttemptEnded, RunSubmitted
from callboard.core.facts import Ended, How
from callboard.core.fold import fold
from callboard.core.invariants import of_state
from callboard.core.resources import Capacity, Lock, Needs
from callboard.core.retry import after_end
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import AttemptKey, Priority, Process, TaskKey, TaskSpec, TaskState

ROOM = Capacity(4.0, 4096.0, 4.0, 4096.0)
PROCESS = Process(100, 1, "boot")


def needs(*locks: str, cpus: float = 1.0, mb: float = 64.0, **extra: float) -> Needs:
    """Needs; a lock 'shared:NAME' is shared."""
    held = tuple(Lock(lock.removeprefix("shared:"), lock.startswith("shared:")) for lock in locks)
    return Needs(cpus, mb, held, tuple(extra.items()))


def spec(name: str, *depends: int, **fields: Any) -> TaskSpec:
    """A task that takes one core unless `needs` says otherwise."""
    return TaskSpec(name=name, depends=depends, **{"needs": needs(), **fields})


class Story:
    """A state, a clock and a machine; after each decision the invariants must hold."""

    def __init__(self, room: Capacity = ROOM, now: float = 1000.0, policy: Policy = Policy()) -> None:
        self.state = State()
        self.state.epoch = 1
        self.room = room
        self.now = now
        self.policy = policy

    def submit(self, *specs: TaskSpec, priority: Priority = Priority.MEDIUM, key: str = "") -> Run:
        number = self.state.last_run + 1
        fold(self.state, RunSubmitted(self.now, number, "p", "/w", "ann", "by hand", priority, specs, key=key))
        return self.state.runs[number]

    def agents(self, *names: str) -> None:
        fold(self.state, AgentsFound(self.now, names))

    def decide(self, after: float = 0.0) -> Decision:
        self.now += after
        decision = decide(self.state, self.now, self.room, self.policy)
        assert of_state(self.state, self.now) == []
        return decision

    def starts(self, after: float = 0.0) -> list[str]:
        """The names of what starts now, in the order of deciding."""
        return [self.task(e.run, e.task).spec.name for e in self.decide(after).starts]

    def task(self, run: int, place: int) -> Task:
        return self.state.task(TaskKey(run, place))

    def take(self, task: Task) -> None:
        """Starts it without asking for room."""
        key = task.key
        fold(self.state, AttemptDecided(self.now, key.run, key.task, task.attempt + 1, 1, "told"))

    def begin(self, task: Task) -> None:
        fold(self.state, AttemptBegan(self.now, task.run.id, task.index, task.attempt, PROCESS))

    def end(self, task: Task, outcome: TaskState = TaskState.SUCCEEDED, **fields: Any) -> None:
        """Its attempt ends with this outcome."""
        event = AttemptEnded(self.now, task.run.id, task.index, task.attempt, How.EXITED, outcome, "", **fields)
        fold(self.state, event)

    def ends(self, task: Task, how: How, dice: float = 0.5, **fields: Any) -> AttemptEnded:
        """The launcher says how its attempt ended; what the core makes of it is folded."""
        key = AttemptKey(task.run.id, task.index, task.attempt)
        event = after_end(task, Ended(key, self.now, how, **fields), dice)
        fold(self.state, event)
        return event

    def run_all(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self.take(task)
            self.begin(task)

    def words(self, task: Task) -> str:
        """Why it is held, in words; '' when it is not."""
        hold = self.state.hold_of(task, self.now)
        return hold.words() if hold else ""

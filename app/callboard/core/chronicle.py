"""A second reading of the log, from the events alone, that notices broken promises. It shares nothing with `fold`."""

from dataclasses import dataclass, field, replace

from callboard.core.events import (
    AttemptBegan,
    AttemptDecided,
    AttemptEnded,
    AttemptStopping,
    CancelAsked,
    DecisionMade,
    EngineStarted,
    Event,
    RetryAsked,
    RunSubmitted,
    TaskFinished,
    TaskReleased,
    TasksAdded,
    TaskTaken,
)
from callboard.core.facts import How
from callboard.core.task import GOOD, TaskKey, TaskSpec, TaskState

NOTICED_S = 1.0
UNDER_WAY = frozenset({TaskState.STARTING, TaskState.RUNNING})


@dataclass(slots=True)
class _Told:
    """What the log told of a task. `ran` once a process of its own work was seen, `word` since a person asked for more."""

    spec: TaskSpec
    state: TaskState = TaskState.WAITING
    attempt: int = 0
    began: bool = False
    ran: bool = False
    word: bool = False
    stop_by: float = 0.0


@dataclass(slots=True)
class Chronicle:
    """Reads events in order; `wrong` says what broke a promise. A cancelled attempt is to end within `quiet_s`;
    time during which a full disk kept the engine from acting counts too, as the log does not show it.
    """

    quiet_s: float
    wrong: list[str] = field(default_factory=list)
    epoch: int = 0
    _tasks: dict[TaskKey, _Told] = field(default_factory=dict)
    _places: dict[int, int] = field(default_factory=dict)
    _locks: dict[str, dict[TaskKey, bool]] = field(default_factory=dict)
    _stopping: dict[TaskKey, None] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Takes the next event."""
        self._check_quiet(event)
        match event:
            case EngineStarted():
                if event.epoch <= self.epoch:
                    self.wrong.append(f"epoch {event.epoch} follows epoch {self.epoch}")
                self.epoch = event.epoch
                for key in self._stopping:
                    self._tasks[key].stop_by = event.at + self.quiet_s
            case RunSubmitted() | TasksAdded():
                first = self._places.get(event.run, 0)
                self._places[event.run] = first + len(event.specs)
                for place, spec in enumerate(event.specs, first):
                    born = TaskState.WAITING if spec.stands_for is None else TaskState.UNCHANGED
                    self._tasks[TaskKey(event.run, place)] = _Told(spec, born)
                if isinstance(event, TasksAdded):
                    self._added(event, range(first, first + len(event.specs)))
            case AttemptDecided():
                self._decided(event)
            case AttemptBegan():
                task = self._under_way(event)
                if task:
                    task.state = TaskState.RUNNING
                    task.began = True
            case AttemptStopping():
                self._under_way(event)
            case AttemptEnded():
                self._ended(event)
            case CancelAsked():
                self._cancelled(event)
            case RetryAsked():
                for place in range(self._places.get(event.run, 0)):
                    self._tasks[TaskKey(event.run, place)].word = True
            case DecisionMade() if event.choice == "retry":
                self._tasks[TaskKey(event.run, event.task)].word = True
            case TaskTaken() | TaskFinished() | TaskReleased():
                self._by_hand(event)
            case _:
                pass

    def _added(self, event: TasksAdded, places: range) -> None:
        """What needs the task that added others needs these too; they come from an attempt that is under way, or undo one."""
        adder = self._tasks.get(TaskKey(event.run, event.task))
        if adder is not None and adder.state not in UNDER_WAY and not all(spec.undoes for spec in event.specs):
            self.wrong.append(f"{event.run}.{event.task} adds tasks while it is {adder.state}")
        for place in event.waiting:
            task = self._tasks[TaskKey(event.run, place)]
            if event.task in task.spec.depends:
                task.spec = replace(task.spec, depends=(*task.spec.depends, *places))

    def _decided(self, event: AttemptDecided) -> None:
        key = TaskKey(event.run, event.task)
        task = self._tasks[key]
        name = f"{key}#{event.attempt}"
        if task.state in UNDER_WAY:
            self.wrong.append(f"{name} starts while attempt {task.attempt} is under way")
        if event.attempt != task.attempt + 1:
            self.wrong.append(f"{name} follows attempt {task.attempt}")
        if event.epoch != self.epoch:
            self.wrong.append(f"{name} was decided by epoch {event.epoch} in epoch {self.epoch}")
        for place in task.spec.depends:
            parent = self._tasks[TaskKey(event.run, place)]
            if parent.state not in GOOD:
                self.wrong.append(f"{name} starts although {event.run}.{place} is {parent.state}")
        if task.ran and not task.spec.idempotent and not task.word:
            self.wrong.append(f"{name} runs work again that is not idempotent, and nobody asked for it")
        for lock in task.spec.needs.locks:
            holders = self._locks.setdefault(lock.name, {})
            others = {other: shared for other, shared in holders.items() if other != key}
            if others and not (lock.shared and all(others.values())):
                self.wrong.append(f"{name} takes lock '{lock.name}', held by {', '.join(map(str, others))}")
            holders[key] = lock.shared
        task.state, task.attempt, task.began = TaskState.STARTING, event.attempt, False

    def _ended(self, event: AttemptEnded) -> None:
        task = self._under_way(event)
        if task is None:
            return
        key = TaskKey(event.run, event.task)
        if task.began and event.how is not How.NOT_STARTED:
            task.ran, task.word = True, False
        task.state = event.outcome
        task.stop_by = 0.0
        self._stopping.pop(key, None)
        for lock in task.spec.needs.locks:
            self._locks[lock.name].pop(key, None)

    def _cancelled(self, event: CancelAsked) -> None:
        places = range(self._places.get(event.run, 0)) if event.task < 0 else (event.task,)
        for place in places:
            key = TaskKey(event.run, place)
            task = self._tasks[key]
            if task.state in UNDER_WAY and not task.stop_by:
                task.stop_by = event.at + self.quiet_s
                self._stopping[key] = None

    def _by_hand(self, event: TaskTaken | TaskFinished | TaskReleased) -> None:
        """What a person has is not under way, but for an attempt that is being ended; what is done by hand is good."""
        task = self._tasks[TaskKey(event.run, event.task)]
        if task.state not in UNDER_WAY:
            good = isinstance(event, TaskFinished) and event.done
            task.state = TaskState.SUCCEEDED if good else TaskState.WAITING
        elif isinstance(event, TaskFinished):
            self.wrong.append(f"{event.run}.{event.task} is finished by hand while attempt {task.attempt} is under way")

    def _check_quiet(self, event: Event) -> None:
        if isinstance(event, EngineStarted):
            return
        for key in list(self._stopping):
            task = self._tasks[key]
            if event.at > task.stop_by + NOTICED_S:
                self.wrong.append(f"{key} was still under way {event.at - task.stop_by:.0f} s after it had to be over")
                del self._stopping[key]

    def _under_way(self, event: AttemptBegan | AttemptEnded | AttemptStopping) -> _Told | None:
        task = self._tasks[TaskKey(event.run, event.task)]
        if task.state in UNDER_WAY and task.attempt == event.attempt:
            return task
        said = type(event).__name__
        self.wrong.append(f"{event.run}.{event.task}#{event.attempt} is not under way, but {said} tells of it")
        return None

"""The eight promises of the core, as checks: each returns what is broken, one sentence a violation.

Those that take a `State` look at one moment, after a decision. Those that take events need the log alone and do not use
`fold`: they are a second opinion. Nothing here is used for deciding.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from callboard.core.case_invariants import CaseChronicle, cases_kept
from callboard.core.chronicle import Chronicle
from callboard.core.events import Event, RunSubmitted
from callboard.core.fold import fold
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import GOOD, TaskKey, TaskState
from callboard.core.truth import CLOSE, is_true, parents_of, taken_by
from callboard.errors import CallboardError

QUIET_S = 10.0


def dependencies_kept(state: State) -> list[str]:
    """1: what starts or runs has only parents that came to a good end."""
    return [
        f"{task.key} {task.state} although {task.run.tasks[parent].key} is {task.run.tasks[parent].state}"
        for task in _live(state)
        for parent in task.spec.depends
        if task.run.tasks[parent].state not in GOOD
    ]


def capacity_kept(state: State, started: Collection[TaskKey]) -> list[str]:
    """2, right after these started: of what they take, all live attempts together take no more than there is.

    A lone attempt may take more cores than are free, as cores can be shared in time.
    """
    capacity, live = state.pool.capacity, _live(state)
    taken = taken_by(live)
    wrong: list[str] = []
    if not started:
        return wrong
    asked = {name for key in started for name, amount in state.task(key).spec.needs.extra if amount > 0}
    if taken.cpus > capacity.cpus + CLOSE and len(live) > 1:
        wrong.append(f"{taken.cpus:g} cpus are taken of {capacity.cpus:g}")
    if taken.memory_mb > capacity.memory_mb + CLOSE:
        wrong.append(f"{taken.memory_mb:g} MiB are taken of {capacity.memory_mb:g}")
    if len(live) > capacity.slots:
        wrong.append(f"{len(live)} attempts run, {capacity.slots} are allowed")
    for name, amount in taken.extra:
        if name in asked and amount > capacity.extra.get(name, amount) + CLOSE:
            wrong.append(f"{amount:g} of '{name}' are taken of {capacity.extra[name]:g}")
    return wrong


def locks_kept(state: State) -> list[str]:
    """2, at any moment: no exclusive lock is held twice, nor a shared one beside an exclusive one."""
    holders: dict[str, dict[Task, bool]] = {}
    for task in _live(state):
        for lock in task.spec.needs.locks:
            shares = holders.setdefault(lock.name, {})
            shares[task] = lock.shared and shares.get(task, True)
    return [
        f"lock '{name}' is held by {' and '.join(str(task.key) for task in shares)}"
        for name, shares in holders.items()
        if len(shares) > 1 and not all(shares.values())
    ]


def holds_true(state: State, now: float) -> list[str]:
    """3: each task that neither runs nor has ended has one hold, and by the tasks' own states and needs it is true.

    Of a task whose agent and room are there, only what halts the engine or keeps room for another is true.
    """
    wrong: list[str] = []
    live = _live(state)
    taken = taken_by(live)
    for task in _tasks(state):
        hold = state.hold_of(task, now)
        if task.live or task.final:
            if hold is not None:
                wrong.append(f"{task.key} is {task.state} and is said to be held: {hold.words()}")
        elif hold is None:
            wrong.append(f"{task.key} is {task.state} and nothing says why")
        elif not is_true(hold, task, state, now, live, taken):
            wrong.append(f"{task.key} is {task.state}, and this is not true: {hold.words()}")
    return wrong


def nothing_forgotten(state: State) -> list[str]:
    """4: every waiting task stands where the next decision, the end of a parent or a due time finds it."""
    queued = set(state.ready.waiting())
    due = {(key, attempt) for _, key, attempt in state.backoffs}
    watched = {(key, passing) for _, key, passing in state.deadlines}
    wrong: list[str] = []
    for task in _tasks(state):
        open_parents = sum(1 for parent in parents_of(task) if not parent.final)
        if not task.final and task.unmet != open_parents:
            wrong.append(f"{task.key} counts {task.unmet} open parents and has {open_parents}")
        waits = task.state is TaskState.WAITING and not open_parents
        if waits and task not in queued and (task.key, task.attempt) not in due:
            wrong.append(f"{task.key} waits, and nothing will ever look at it")
        if (task in state.movable.get(task.spec.agent, {})) != (
            task.state is TaskState.WAITING and bool(task.spec.candidates)
        ):
            wrong.append(f"{task.key} is {task.state}, and is not looked at when its agent can work no more")
        if task.dirty and (task.final or not task.spec.undo):
            wrong.append(f"{task.key} is {task.state}, and what it did is not taken back")
        if task in queued and not waits:
            wrong.append(f"{task.key} is {task.state} and stands in the queue")
        if task.state is TaskState.STARTING and not task.stopping and (task.attempt_key, "starting") not in watched:
            wrong.append(f"{task.key} is starting, and nothing notices if it never does")
        limited = task.state is TaskState.RUNNING and task.spec.limits.time_s and not task.stopping
        if limited and (task.attempt_key, "running") not in watched:
            wrong.append(f"{task.key} runs, and nothing notices when its time is over")
    return wrong


def one_live_attempt(state: State) -> list[str]:
    """5: the live attempts are those of the tasks that start or run, and each agent's are among them."""
    live = {task.key: task for task in _live(state)}
    wrong = [f"{key} is live in one place only" for key in live.keys() ^ state.live.keys()]
    working = {task.key for tasks in state.working.values() for task in tasks}
    wrong += [
        f"{key} works for an agent in one place only" for key in working ^ {k for k, t in live.items() if t.spec.agent}
    ]
    return wrong


def promises_of_log(events: Iterable[Event]) -> list[str]:
    """1, 2 (locks), 5, 6 and 8 over a whole log, from the events alone, and those about cases; `events` hold all of each run
    that they name."""
    chronicle, of_cases = Chronicle(QUIET_S), CaseChronicle()
    for event in events:
        chronicle.add(event)
        of_cases.add(event)
    return [*chronicle.wrong, *of_cases.wrong]


def nothing_lost(events: Iterable[Event], acknowledged: Iterable[int]) -> list[str]:
    """6: every run whose number was given to somebody is in the log."""
    there = {event.run for event in events if isinstance(event, RunSubmitted)}
    return [f"run {run} was acknowledged and is not in the log" for run in acknowledged if run not in there]


def log_equals_state(state: State, events: Iterable[Event]) -> list[str]:
    """7: the log folded from the start gives this state, in all that the log decides; of its runs, those that it still has."""
    again = State(state.ready.ageing_s)
    wrong: list[str] = []
    for event in events:
        try:
            fold(again, event)
        except CallboardError as error:
            return [f"the log holds a {type(event).__name__} that does not fold: {error}"]
    for number, run in state.runs.items():
        other = again.runs.get(number)
        if other is None or run.facts() != other.facts() or len(run.tasks) != len(other.tasks):
            wrong.append(f"run {number} is {run.facts()}, by the log {other.facts() if other else 'not there'}")
            continue
        for task, twin in zip(run.tasks, other.tasks, strict=True):
            if task.facts() != twin.facts():
                wrong.append(f"{task.key} is {task.facts()}, by the log {twin.facts()}")
            if task.retry_at != twin.retry_at or task.put_back != twin.put_back or task.late != twin.late:
                wrong.append(f"{task.key} is to be tried at another time than the log says")
    wrong += [
        f"{what} is {have}, by the log {want}"
        for what, have, want in (
            ("the epoch", state.epoch, again.epoch),
            ("the set of live attempts", set(state.live), set(again.live) & _of_runs(state, again.live)),
            ("the last firing of each schedule", state.fired, again.fired),
            ("what is set for the agents", _set_for(state), _set_for(again)),
            ("the number of queued tasks", _queued(state), _queued(again)),
            ("what drained agents have left", _left(state), _left(again)),
            ("what is known of cases", _cases(state), _cases(again)),
            ("what holds for the platform", state.yields.facts(), again.yields.facts()),
        )
        if have != want
    ]
    return wrong


def cancelled_is_quiet(state: State, cancelled: Mapping[int, float], now: float) -> list[str]:
    """8: no attempt of a run is live QUIET_S after it was cancelled (`cancelled`: when, or when the engine came back).

    But for those that take back what others did.
    """
    return [
        f"{task.key} is {task.state} {now - cancelled[task.run.id]:.0f} s after run {task.run.id} was cancelled"
        for task in _live(state)
        if task.run.id in cancelled and not task.spec.undoes and now - cancelled[task.run.id] > QUIET_S
    ]


def of_state(state: State, now: float) -> list[str]:
    """All that must be true of a state after every step."""
    return [
        *dependencies_kept(state),
        *locks_kept(state),
        *holds_true(state, now),
        *nothing_forgotten(state),
        *one_live_attempt(state),
        *cases_kept(state.cases),
    ]


def _tasks(state: State) -> Iterator[Task]:
    for run in state.runs.values():
        yield from run.tasks


def _live(state: State) -> list[Task]:
    return [task for task in _tasks(state) if task.state in (TaskState.STARTING, TaskState.RUNNING)]


def _of_runs(state: State, keys: Iterable[TaskKey]) -> set[TaskKey]:
    return {key for key in keys if key.run in state.runs}


def _set_for(state: State) -> dict[str, tuple[object, ...]]:
    return {
        name: (a.present, a.paused_by, a.pause_reason, a.limit, a.drained_by, a.drain_reason, a.drain_until)
        for name, a in state.agents.items()
    }


def _cases(state: State) -> dict[str, object]:
    return state.cases.facts()


def _queued(state: State) -> dict[str, int]:
    return {agent: count for agent, count in state.queued.items() if count}


def _left(state: State) -> dict[str, int]:
    return {agent: state.left_of(agent) for agent in state.ready.cuts}

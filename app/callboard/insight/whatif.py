"""What would be if something were different: the same futures twice, side by side."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from callboard.core.admit import Policy
from callboard.core.ahead import Ahead, Course
from callboard.core.copied import copied
from callboard.core.resources import Capacity, Needs
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.core.task import GOOD, NO_OPTIONS, Priority, TaskState
from callboard.insight.calibration import raw
from callboard.insight.futures import GOLDEN, NORMAL, Draws, common_of, commons
from callboard.learn.distributions import Model

ORDERS = ("longest path", "shortest first", "as listed")
MOST_LONGEST = 5
NOTHING = Needs(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different; what is None or empty stays as it is. `reused` is by job the share of tries for which an earlier pass
    would stand."""

    cpus: float | None = None
    memory_mb: float | None = None
    concurrency: Mapping[str, int] = field(default_factory=lambda: NO_OPTIONS)
    without: tuple[str, ...] = ()
    priority: Mapping[str, str] = field(default_factory=lambda: NO_OPTIONS)
    order: str = ""
    cache: bool = False
    machines: int = 1
    reused: Mapping[str, float] = field(default_factory=lambda: NO_OPTIONS)

    def room(self, capacity: Capacity) -> Capacity:
        """The machine with the changes."""
        cpus = (self.cpus if self.cpus is not None else capacity.cpus) * self.machines
        memory = (self.memory_mb if self.memory_mb is not None else capacity.memory_mb) * self.machines
        most = max(self.memory_mb or 0.0, capacity.total_memory_mb)
        return replace(
            capacity,
            cpus=cpus,
            memory_mb=memory,
            total_cpus=max(cpus, capacity.total_cpus),
            total_memory_mb=max(memory, most),
        )

    def put(self, state: State, run: Run) -> None:
        """The state with the changes, as far as the run has not begun."""
        for agent, limit in self.concurrency.items():
            state.agent(agent).limit = limit
        waiting = [task for task in run.tasks if task.state is TaskState.WAITING]
        moved = False
        for task in waiting:
            if task.spec.name in self.without:
                ready = bool(task.ticket)
                state.withdraw(task)
                task.spec = replace(task.spec, needs=NOTHING, estimate=0.0)
                if ready:
                    state.ready.push(task, task.ready_at or run.submitted)
            if task.spec.name in self.priority:
                task.remaining += 1e7 * (2 - Priority[self.priority[task.spec.name].upper()])
                moved = True
            if self.order == "shortest first":
                task.remaining = -task.spec.estimate
            elif self.order == "as listed":
                task.remaining = -float(task.index)
        if moved or self.order in ORDERS[1:]:
            for task in waiting:
                if task.ticket:
                    state.withdraw(task)
                    state.ready.push(task, task.ready_at or run.submitted)


@dataclass(slots=True)
class Side:
    """Sums over the futures of one side."""

    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    ok: int = 0
    waits: dict[str, float] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)
    stuck: str = ""

    def row(self, sigma: float) -> dict[str, Any] | None:
        """The outcome as surfaces have it; None when nothing came to an end."""
        count = len(self.seconds)
        if not count:
            return None
        found = raw(self.seconds, sigma)
        p50, p80, p95 = (round(pow(2.718281828459045, found.logs[at]), 1) for at in (9, 15, 18))
        waits = sorted(self.waits.items(), key=lambda pair: -pair[1])[:8]
        longest = sorted(self.longest.items(), key=lambda pair: -pair[1])[:MOST_LONGEST]
        return {
            "end": {"p50": p50, "p80": p80, "p95": p95},
            "busy": round(sum(self.busy) / count, 4),
            "peak_mb": round(max(self.peaks)),
            "chance_ok": round(self.ok / count, 3),
            "waits": [
                {"cause": cause, "seconds": round(seconds / count, 1)}
                for cause, seconds in waits
                if seconds > 0.05 * count
            ],
            "longest": [name for name, _ in longest],
        }


class _Changed:
    """The luck of a future with what is left out and what stands for earlier passes taking no time."""

    def __init__(self, draws: Draws, changes: Changes, seed: int) -> None:
        self._draws = draws
        self._without = set(changes.without)
        self._reused = changes.reused if changes.cache else {}
        self._seed = seed

    def __call__(self, task: Task, passed: float) -> Course:
        name = task.spec.name
        if name in self._without:
            return Course(0.0)
        share = self._reused.get(name, 0.0)
        if share and not passed and random.Random(f"{self._seed} stands {name}").random() < share:  # noqa: S311
            return Course(0.0)
        return self._draws(task, passed)


def side_by_side(
    state: State,
    models: Mapping[str, Model],
    capacity: Capacity,
    number: int,
    now: float,
    changes: Changes,
    *,
    more: Callable[[int], bool],
    policy: Policy = Policy(),
    seed: int = 0,
) -> tuple[Side, Side]:
    """The run as it is and with the changes, each pair of futures with the same luck. The state is left alone."""
    sides = (Side(), Side())
    run = state.runs[number]
    own = common_of(models[run.workspace], run, now)
    nth = 0
    while more(nth):
        z = NORMAL.inv_cdf(min(0.999, max(0.001, (0.5 + GOLDEN * nth) % 1.0)))
        common = commons(models, run, own, z, now)
        for side, change in zip(sides, (Changes(), changes), strict=True):
            twin = copied(state)
            change.put(twin, twin.runs[number])
            room = change.room(capacity)
            luck = _Changed(Draws(models, common, random.Random(), seed=seed + nth), change, seed + nth)  # noqa: S311
            ahead = Ahead(twin, room, luck, now=now, policy=policy, told=True)
            ahead.play()
            if not _count(side, ahead, number, now, room):
                return sides
        nth += 1
    return sides


def _count(side: Side, ahead: Ahead, number: int, now: float, room: Capacity) -> bool:
    run = ahead.state.runs[number]
    if run.unfinished:
        side.stuck = next(iter(ahead.stuck(number).values()))
        return False
    seconds = max(0.001, (run.ended if run.ended is not None else now) - now)
    side.seconds.append(seconds)
    side.busy.append(min(1.0, ahead.busy_s / (seconds * max(0.1, room.cpus))))
    side.peaks.append(ahead.peak_mb)
    side.ok += all(task.state in GOOD for task in run.tasks)
    for cause, waited in ahead.waits.items():
        side.waits[cause] = side.waits.get(cause, 0.0) + waited
    for task in path(run.tasks):
        if task.started is not None and task.ended is not None:
            side.longest[task.spec.name] = side.longest.get(task.spec.name, 0.0) + task.ended - task.started
    return True


def path(tasks: Sequence[Task]) -> list[Task]:
    """The tasks that the end of the run waited for, from the last one back: each with the parent that ended last."""
    ended = [task for task in tasks if task.ended is not None and task.attempt]
    if not ended:
        return []
    found = [max(ended, key=lambda task: task.ended or 0.0)]
    while True:
        spec = found[-1].spec
        above = [tasks[place] for place in (*spec.depends, *spec.after) if tasks[place].ended is not None]
        if not above:
            return found
        found.append(max(above, key=lambda task: task.ended or 0.0))

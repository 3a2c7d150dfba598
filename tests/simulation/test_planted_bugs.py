"""Each promise is broken on purpose once, to show that its check notices."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from callboard.core.decide import Decision
from callboard.core.events import AttemptBegan, Event, PrioritySet, TasksAdded
from callboard.core.facts import Ended, How
from callboard.core.holds import Hold, WaitsForCpus
from callboard.core.joining import Joining
from callboard.core.pool import Pool
from callboard.core.queue import ReadyQueue
from callboard.core.resources import Needs
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import AttemptKey, TaskState
from callboard.engine import Engine
from callboard.errors import CallboardError
from callboard.outbox import Outbox
from callboard.ports import LeftRunning
from fakes import FakeLauncher, FakeLog
from simulated import Broken, World

SEEDS = 80


class PoolThatForgetsLocks(Pool):
    def blocks(self, needs: Needs) -> Hold | None:
        return super().blocks(Needs(needs.cpus, needs.memory_mb, (), needs.extra))


class PoolThatForgetsMemory(Pool):
    def blocks(self, needs: Needs) -> Hold | None:
        return super().blocks(Needs(needs.cpus, 0.0, needs.locks, needs.extra))


class StateWithoutDependencies(State):
    def make_ready(self, task: Task, now: float) -> None:
        super().make_ready(task, now)
        for place in task.below:
            child = task.run.tasks[place]
            if child.state is TaskState.WAITING and child.unmet == 1 and not child.ticket:
                child.unmet = 0
                super().make_ready(child, now)


class StateThatLies(State):
    def hold_of(self, task: Task, now: float) -> Hold | None:
        hold = super().hold_of(task, now)
        return WaitsForCpus(1.0, 0.0, 4.0) if hold is not None else None


class StateThatSparesNobody(State):
    """Heavy tasks start whatever the platform does."""

    def yield_hold(self, task: Task, now: float) -> Hold | None:
        return None


class StateThatIsSilent(State):
    def hold_of(self, task: Task, now: float) -> Hold | None:
        return None


class StateThatNeverTriesAgain(State):
    def release_backoffs(self, now: float) -> None:
        self.backoffs.clear()


class QueueThatLosesTasks(ReadyQueue):
    def push(self, task: Task, now: float) -> None:
        super().push(task, now)
        if task.index == 3:
            self.remove(task)


class StateThatLosesTasks(State):
    def __init__(self) -> None:
        super().__init__()
        self.ready = QueueThatLosesTasks()


class StateThatForgetsWhatRuns(State):
    def release_backoffs(self, now: float) -> None:
        super().release_backoffs(now)
        for key, task in list(self.live.items()):
            if task.attempt > 1:
                del self.live[key]


def engine_with(state: Callable[[], State] = State, pool: Callable[[], Pool] = Pool) -> Callable[..., Engine]:
    def make(**parts: Any) -> Engine:
        engine = Engine(**parts)
        engine.state = state()
        engine.state.pool = pool()
        return engine

    return make


class EngineThatActsFirst(Engine):
    """Launches and acknowledges before anything is written."""

    def _record(self, events: list[Event]) -> None:
        self._outbox.act(self.state)
        super()._record(events)


class OutboxThatStopsNothing(Outbox):
    def plan(self, state: State, events: Sequence[Event], decision: Decision) -> None:
        super().plan(state, events, decision)
        self._stops.clear()


class OutboxThatLaunchesTwice(Outbox):
    def act(self, state: State) -> None:
        starts = list(self._starts)
        super().act(state)
        self._starts = starts
        super().act(state)


def engine_with_outbox(kind: type[Outbox]) -> Callable[..., Engine]:
    def make(**parts: Any) -> Engine:
        engine = Engine(**parts)
        engine._outbox = kind(parts["launcher"])
        return engine

    return make


class StateThatUndoesNothing(State):
    def __init__(self) -> None:
        super().__init__()
        self.to_undo = NothingKept()


class NothingKept(dict[Task, None]):
    def __setitem__(self, key: Task, value: None) -> None:
        return


class EngineThatAddsTwice(Engine):
    """Puts what an attempt adds into the log, and its end only later."""

    def _resolved(self, key: AttemptKey, wanted: Sequence[Joining] | str, now: float, events: list[Event]) -> None:
        before = list(events)
        super()._resolved(key, wanted, now, events)
        if any(isinstance(event, TasksAdded) for event in events[len(before) :]):
            events[len(before) :] = [event for event in events[len(before) :] if isinstance(event, TasksAdded)]


class LogThatForgets(FakeLog):
    """Loses what matters little, as it thinks."""

    def append(self, events: Sequence[Event], state: State, *, durable: bool) -> int:
        return super().append(
            [e for e in events if not isinstance(e, (AttemptBegan, PrioritySet))], state, durable=durable
        )


class LauncherThatGuesses(FakeLauncher):
    """Says of everything that it finds no trace of that it never ran."""

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        for item in left:
            self.alive.pop(item.key, None)
            self.deliver(Ended(item.key, self.clock.now, How.LOST, "guessed", never_ran=True))


PLANTED: Mapping[str, tuple[dict[str, Any], str]] = {
    "1 a dependency ignored": ({"engine": engine_with(StateWithoutDependencies)}, "starts although"),
    "2 a lock forgotten": ({"engine": engine_with(pool=PoolThatForgetsLocks)}, "takes lock"),
    "2 memory forgotten": ({"engine": engine_with(pool=PoolThatForgetsMemory)}, "MiB are taken of"),
    "3 a hold that is not true": ({"engine": engine_with(StateThatLies)}, "this is not true"),
    "10 a heavy task that does not yield": ({"engine": engine_with(StateThatSparesNobody)}, "is heavy and starts while"),
    "3 no hold": ({"engine": engine_with(StateThatIsSilent)}, "nothing says why"),
    "4 a retry that never comes": ({"engine": engine_with(StateThatNeverTriesAgain)}, "nothing will ever look at it"),
    "4 a task lost by the queue": ({"engine": engine_with(StateThatLosesTasks)}, "nothing will ever look at it"),
    "5 a live attempt forgotten": ({"engine": engine_with(StateThatForgetsWhatRuns)}, "is live in one place only"),
    "5 an attempt launched twice": (
        {"engine": engine_with_outbox(OutboxThatLaunchesTwice)}, "while another attempt of its task is alive"
    ),
    "6 acknowledged before it is written": ({"engine": EngineThatActsFirst}, "acknowledged and is not in the log"),
    "6 run again without a word": ({"launcher": LauncherThatGuesses}, "that is not idempotent"),
    "7 an event lost": ({"log": LogThatForgets}, "by the log"),
    "9 a bad end that is not undone": ({"engine": engine_with(StateThatUndoesNothing)}, "is not taken back"),
    "9 added without the end of the attempt": ({"engine": EngineThatAddsTwice}, "by the log"),
    "8 a cancelled run goes on": ({"engine": engine_with_outbox(OutboxThatStopsNothing)}, "was cancelled"),
}  # fmt: skip


async def _broken(seed: int, parts: Mapping[str, Any]) -> str:
    world = World(seed, **parts)
    try:
        await world.play(80)
    except Broken as broken:
        return str(broken).split("\nafter:")[0]
    except (CallboardError, KeyError) as error:
        return f"fell over: {error!r}"
    finally:
        for task, _ in world.asked:
            task.cancel()
    return ""


@pytest.mark.parametrize("bug", PLANTED)
def test_the_simulation_finds(bug: str) -> None:
    parts, words = PLANTED[bug]
    seen: list[str] = []
    for seed in range(SEEDS):
        seen.append(asyncio.run(_broken(seed, parts)))
        if words in seen[-1]:
            return
    pytest.fail(f"no promise was seen to break with '{words}'; seen: {set(seen)}")

"""Each promise is broken on purpose once, to show that its check notices."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from callboard.core.decide import Decision
from callboard.core.events import AttemptBegan, Event, PrioritySet
from callboard.core.facts import Ended, How
from callboard.core.holds import Hold, WaitsForCpus
from callboard.core.pool import Pool
from callboard.core.queue import ReadyQueue
from callboard.core.resources import Needs
from callboard.core.run import Task
from callboard.core.state import State
from callboard.core.task import TaskState
from callboard.engine import Engine
from callboard.errors import CallboardError
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
        self._act()
        super()._record(events)


class EngineThatStopsNothing(Engine):
    def _plan_effects(self, events: Sequence[Event], decision: Decision) -> None:
        super()._plan_effects(events, decision)
        self._due_stops.clear()


class EngineThatLaunchesTwice(Engine):
    def _act(self) -> None:
        starts = list(self._due_starts)
        super()._act()
        if starts:
            self._launcher.launch([self._order(event) for event in starts])


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
    "3 no hold": ({"engine": engine_with(StateThatIsSilent)}, "nothing says why"),
    "4 a retry that never comes": ({"engine": engine_with(StateThatNeverTriesAgain)}, "nothing will ever look at it"),
    "4 a task lost by the queue": ({"engine": engine_with(StateThatLosesTasks)}, "nothing will ever look at it"),
    "5 a live attempt forgotten": ({"engine": engine_with(StateThatForgetsWhatRuns)}, "is live in one place only"),
    "5 an attempt launched twice": ({"engine": EngineThatLaunchesTwice}, "while another attempt of its task is alive"),
    "6 acknowledged before it is written": ({"engine": EngineThatActsFirst}, "acknowledged and is not in the log"),
    "6 run again without a word": ({"launcher": LauncherThatGuesses}, "that is not idempotent"),
    "7 an event lost": ({"log": LogThatForgets}, "by the log"),
    "8 a cancelled run goes on": ({"engine": EngineThatStopsNothing}, "was cancelled"),
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

"""Progress makes no event, and is told to whoever watches all the same, without waiting for the next look at the machine."""

import asyncio

from callboard.bench.instant import NOBODY, FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.commands import Submit
from callboard.core.facts import Began, Progressed
from callboard.core.resources import Capacity
from callboard.core.task import AttemptKey, TaskSpec
from callboard.engine import Engine, Published
from callboard.record.log import MemoryLog


class Quiet(InstantLauncher):
    """Starts nothing by itself."""

    def launch(self, orders: object) -> None:
        """The test says what happens."""


async def test_a_note_reaches_the_watchers_in_the_step_that_took_it() -> None:
    clock = SystemClock()
    room = Capacity(cpus=1, memory_mb=1000)
    engine = Engine(
        clock=clock, log=MemoryLog(), launcher=Quiet(clock), meter=FixedMeter(room), dice=lambda: 0.5, version="0"
    )
    await engine.take_over()
    work = asyncio.create_task(engine.ask(Submit("r", "/", (TaskSpec("a"),), "me")))
    await asyncio.sleep(0)
    engine.step()
    await work
    key = AttemptKey(1, 0, 1)
    engine.deliver(Began(key, clock.wall(), NOBODY))
    engine.step()
    told: list[Published] = []
    engine.watchers.append(told.append)
    engine.deliver(Progressed(key, clock.wall(), 0.5, "half"))
    engine.step()
    assert [task.spec.name for published in told for task in published.tasks] == ["a"]
    assert not engine.state.stirred

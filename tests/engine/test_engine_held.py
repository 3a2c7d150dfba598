"""Another program holds the database: the engine's loop goes on, nobody is refused for a moment of it, and all is written after."""

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.commands import PauseAgent, Submit
from callboard.core.resources import Capacity
from callboard.engine import Engine
from callboard.errors import RecordFull
from callboard.record.check import differences
from callboard.record.database import NAME, open_database
from callboard.record.log import SqliteLog
from core_story import spec
from fakes import FakeClock, FakeLauncher, FakeLog, FakeMeter

ROOM = Capacity(4.0, 4096.0, 4.0, 4096.0)


async def test_the_loop_goes_on_and_the_wish_is_granted_when_the_database_is_free_again(tmp_path: Path) -> None:
    clock, database = SystemClock(), open_database(tmp_path)
    engine = Engine(
        clock=clock, log=SqliteLog(database), launcher=InstantLauncher(clock), meter=FixedMeter(ROOM), dice=lambda: 0.5,
        version="1",
    )  # fmt: skip
    work = asyncio.create_task(engine.run())
    while not engine.ready.is_set():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asked = asyncio.create_task(engine.ask(Submit("p", "/w", (spec("a"), spec("b", 0)), "ann")))
    longest, end = 0.0, time.monotonic() + 1.0
    while time.monotonic() < end:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - before)
    assert longest < 5.0, "it used to be 20 s"
    assert not asked.done()
    assert "another program holds the database" in engine.state.halted
    assert other.execute("SELECT count(*) FROM run").fetchone() == (0,)
    other.execute("ROLLBACK")
    other.close()
    assert await asyncio.wait_for(asked, 30) == 1
    async with asyncio.timeout(30):
        while engine.state.runs[1].unfinished:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    engine.close()
    await work
    assert differences(database) == []
    database.close()


async def test_one_that_is_held_for_long_is_said_and_submissions_are_refused_until_it_is_free() -> None:
    clock, log = FakeClock(), FakeLog()
    engine = Engine(
        clock=clock, log=log, launcher=FakeLauncher(clock), meter=FakeMeter(ROOM), dice=lambda: 0.5, version="1"
    )
    await engine.take_over()
    engine.state.agent("quality")
    log.fault = "held"
    pausing = asyncio.ensure_future(engine.ask(PauseAgent("quality", "ann")))
    submitting = asyncio.ensure_future(engine.ask(Submit("p", "/w", (spec("a"),), "ann")))
    for _ in range(3):
        await asyncio.sleep(0)
        engine.step()
        clock.now += 1.0
    assert "another program holds the database" in engine.state.halted
    tries = log.tries
    engine.step()
    engine.step()
    assert log.tries == tries + 1, "it does not try again for every step"
    clock.now += 6.0
    engine.step()
    late = asyncio.ensure_future(engine.ask(Submit("q", "/w", (spec("a"),), "ann")))
    await asyncio.sleep(0)
    engine.step()
    await asyncio.sleep(0)
    assert "another program holds the database" in engine.state.halted
    with pytest.raises(RecordFull, match="another program holds the database"):
        await late
    log.fault = ""
    clock.now += 1.0
    engine.step()
    await asyncio.sleep(0)
    assert engine.state.halted == ""
    assert (await pausing, await submitting) == (0, 1)

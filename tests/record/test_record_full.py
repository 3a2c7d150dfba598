"""The disk fills up: no new work, nothing lost, and work goes on by itself once there is room."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.commands import Cancel, Submit
from callboard.core.events import AttemptBegan, EngineStarted
from callboard.core.resources import Capacity
from callboard.core.run import RunState
from callboard.core.task import AttemptKey, Process
from callboard.engine import Engine
from callboard.errors import CallboardError, RecordFull
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from core_story import spec
from fakes import Crash, FakeClock, FakeLauncher, FakeLog, FakeMeter

ROOM = Capacity(4.0, 4096.0, 4.0, 4096.0)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB."""
    place = tmp_path / "tiny"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode(errors='replace').strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def submit(name: str) -> Submit:
    return Submit(name, "/w", (spec("a"), spec("b", 0)), "ann")


def fill_up(disk: Path) -> Path:
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    return ballast


async def until(condition) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.02)


async def test_a_full_disk_halts_and_loses_nothing(tiny: Path) -> None:
    database = open_database(tiny)
    clock = SystemClock()
    engine = Engine(
        clock=clock, log=SqliteLog(database), launcher=InstantLauncher(clock), meter=FixedMeter(ROOM), dice=lambda: 0.5,
        version="1",
    )  # fmt: skip
    work = asyncio.create_task(engine.run())
    acknowledged = [await engine.ask(submit("before"))]
    await until(lambda: engine.state.runs[1].state is RunState.SUCCEEDED)
    ballast = fill_up(tiny)
    refused = 0
    for number in range(400):
        try:
            acknowledged.append(await asyncio.wait_for(engine.ask(submit(f"while it fills {number}")), 0.5))
        except RecordFull:
            refused += 1
        except TimeoutError:
            pass
        if engine.state.halted and refused >= 2:
            break
    assert "the disk of the data folder is full" in engine.state.halted
    assert refused >= 2
    held = [run for run in engine.state.runs.values() if run.unfinished]
    reader = open_reader(tiny)
    assert len(reader.runs()) >= 1  # what is there can be read
    ballast.unlink()
    await until(lambda: not engine.state.halted)
    acknowledged.append(await engine.ask(submit("after")))
    await until(lambda: all(not run.unfinished for run in engine.state.runs.values()))
    assert all(run.state is RunState.SUCCEEDED for run in held)
    engine.close()
    await work
    assert differences(database) == []
    told = {run["id"] for run in reader.runs(limit=1000)}
    assert set(acknowledged) <= told
    reader.database.close()
    database.close()


def open_reader(folder: Path) -> History:
    from callboard.record.database import NAME, connect

    return History(connect(folder / NAME))


def on_fakes(log: FakeLog) -> tuple[Engine, FakeLauncher]:
    clock = FakeClock()
    launcher = FakeLauncher(clock)
    made = Engine(clock=clock, log=log, launcher=launcher, meter=FakeMeter(ROOM), dice=lambda: 0.5, version="1")
    return made, launcher


async def test_while_the_disk_is_full_the_engine_waits_instead_of_spinning() -> None:
    log = FakeLog()
    engine, launcher = on_fakes(log)
    work = asyncio.create_task(engine.run())
    await engine.ask(submit("a"))
    await until(lambda: launcher.alive)
    log.fault = "full"
    key = next(iter(launcher.alive))
    launcher.begin(key)
    await until(lambda: engine.state.halted)
    wish = asyncio.create_task(engine.ask(Cancel(1, None, "ann")))
    tries = log.tries
    await asyncio.sleep(0.3)
    assert log.tries - tries <= 3
    log.fault = ""
    engine._clock.now += 2.0  # type: ignore[attr-defined]
    launcher.end(key, "exited", code=0)  # type: ignore[arg-type]
    assert await asyncio.wait_for(wish, 10.0) == 0
    engine.close()
    await work


async def test_whoever_waits_for_an_answer_is_told_when_the_engine_closes() -> None:
    log = FakeLog()
    engine, _ = on_fakes(log)
    work = asyncio.create_task(engine.run())
    await until(lambda: engine.ready.is_set())
    log.fault = "full"
    first = asyncio.create_task(engine.ask(submit("granted and not written")))
    await until(lambda: engine.state.halted)
    second = asyncio.create_task(engine.ask(Cancel(1, None, "ann")))
    await asyncio.sleep(0.05)
    engine.close()
    await work
    for wish in (first, second):
        with pytest.raises(CallboardError, match="closed before it could answer"):
            await asyncio.wait_for(wish, 5.0)


async def test_orders_carry_the_epoch_that_the_log_tells_of() -> None:
    log = FakeLog()
    for epoch in (1, 2, 3):
        engine, launcher = on_fakes(log)
        await engine.take_over()
        assert (
            [event.epoch for event in log.events if isinstance(event, EngineStarted)][-1] == engine.state.epoch == epoch
        )
        asked = asyncio.create_task(engine.ask(submit("a")))
        await asyncio.sleep(0)
        engine.step()
        await asked
        assert {order.epoch for order in launcher.orders} == {epoch}


async def test_a_cancelled_attempt_that_is_found_alive_is_told_to_end_again() -> None:
    """The engine died between writing the wish down and acting on it."""
    log = FakeLog()
    engine, launcher = on_fakes(log)
    await engine.take_over()
    asked = asyncio.create_task(engine.ask(submit("a")))
    await asyncio.sleep(0)
    engine.step()
    await asked
    key = AttemptKey(1, 0, 1)
    launcher.begin(key)
    engine.step()
    wish = asyncio.create_task(engine.ask(Cancel(1, None, "ann", "enough")))
    await asyncio.sleep(0)
    log.fault = "after"
    with pytest.raises(Crash):
        engine.step()
    wish.cancel()
    log.fault = ""
    assert launcher.stops == []
    again = Engine(
        clock=FakeClock(1010.0), log=log, launcher=launcher, meter=FakeMeter(ROOM), dice=lambda: 0.5, version="1"
    )
    await again.take_over()
    assert launcher.stops == [(key, "cancelled by ann: enough")]
    assert [event.adopted for event in log.events if isinstance(event, AttemptBegan)] == [False, True]
    assert isinstance(again.state.runs[1].tasks[0].process, Process)

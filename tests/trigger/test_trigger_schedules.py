"""Schedules with a fake engine: every due time is dealt with once, and said."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from callboard.config.model import ScheduleTable
from callboard.core.commands import PassOver
from callboard.errors import Refused
from callboard.trigger.schedules import Due, Schedules


class Engine:
    """Notes what schedules want, as the log would. `refuses` is why a submission is not taken; `gate` holds it up."""

    def __init__(self) -> None:
        self.fired: dict[str, float] = {}
        self.due: list[Due] = []
        self.passed: list[PassOver] = []
        self.running = 0
        self.refuses = ""
        self.gate = asyncio.Event()
        self.gate.set()

    async def submit(self, due: Due) -> None:
        self.due.append(due)
        await self.gate.wait()
        if self.refuses:
            raise Refused(self.refuses)
        self.fired[due.schedule] = due.due

    async def pass_over(self, command: PassOver) -> int:
        self.passed.append(command)
        self.fired[command.schedule] = command.due
        return 0


@pytest.fixture
async def engine() -> Engine:
    return Engine()


@pytest.fixture
async def schedules(engine: Engine, tmp_path: Path) -> AsyncIterator[Schedules]:
    made = Schedules(
        tmp_path,
        fired=lambda: engine.fired,
        submit=engine.submit,
        pass_over=engine.pass_over,
        busy=lambda name: engine.running,
    )
    yield made
    made.close()


def every(seconds: float, **more: str) -> dict[str, ScheduleTable]:
    return {"s": ScheduleTable("s", "nightly", every_s=seconds, **more)}  # type: ignore[arg-type]


async def until(condition) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        await asyncio.sleep(0.02)


async def test_a_schedule_that_is_new_misses_nothing(engine: Engine, schedules: Schedules, tmp_path: Path) -> None:
    await schedules.start(every(3600.0))
    assert [(p.schedule, p.missed, p.note) for p in engine.passed] == [(f"{tmp_path}:s", 0, "seen for the first time")]
    assert engine.due == []
    await schedules.start(every(3600.0))
    assert len(engine.passed) == 1


async def test_due_times_that_were_missed_are_one_run_and_said(
    engine: Engine, schedules: Schedules, tmp_path: Path
) -> None:
    last = time.time() - 3600.0 * 5 - 60.0
    engine.fired[f"{tmp_path}:s"] = last
    await schedules.start(every(3600.0))
    assert [(d.pipeline, d.missed, d.trigger) for d in engine.due] == [("nightly", 4, "schedule s")]
    assert engine.due[0].due == pytest.approx(last + 5 * 3600.0, abs=1.0)
    await schedules.start(every(3600.0))
    assert len(engine.due) == 1


async def test_after_a_long_time_away_the_newest_due_time_is_served_and_all_others_are_said(
    engine: Engine, schedules: Schedules, tmp_path: Path
) -> None:
    last = time.time() - 30_000.5
    engine.fired[f"{tmp_path}:s"] = last
    await schedules.start(every(1.0) | {"far": ScheduleTable("far", "p", every_s=9e9)})
    schedules.close()
    first = engine.due[0]
    assert time.time() - first.due < 30.0
    assert first.missed == pytest.approx(30_000, abs=30)


async def test_a_stall_loses_no_due_time_and_serves_none_twice(
    engine: Engine, schedules: Schedules, tmp_path: Path
) -> None:
    engine.fired[f"{tmp_path}:s"] = time.time()
    await schedules.start(every(1.0))
    time.sleep(3.3)  # noqa: ASYNC251  # the whole loop stands still
    await until(lambda: len(engine.due) >= 2)
    served = [round(d.due) for d in engine.due]
    assert served == sorted(set(served))
    whole = engine.due[-1].due - engine.due[0].due
    assert sum(1 + d.missed for d in engine.due[1:]) == pytest.approx(whole, abs=0.01)
    assert engine.due[0].missed >= 2


async def test_while_a_due_time_is_being_served_the_next_look_does_not_serve_it_again(
    engine: Engine, schedules: Schedules, tmp_path: Path
) -> None:
    engine.fired[f"{tmp_path}:s"] = time.time() - 10.0
    engine.gate.clear()
    starting = asyncio.create_task(schedules.start({}))
    await starting
    first = asyncio.create_task(schedules.start(every(1.0)))
    await until(lambda: engine.due)
    again = asyncio.create_task(schedules.start(every(1.0)))
    await asyncio.sleep(0.1)
    engine.gate.set()
    await first
    await again
    served = [d.due for d in engine.due]
    assert served == sorted(set(served))
    assert all(
        later.missed == 0 or later.due - later.missed > first_.due
        for first_, later in zip(engine.due, engine.due[1:], strict=False)
    )


async def test_what_a_run_still_does_is_not_started_again(engine: Engine, schedules: Schedules, tmp_path: Path) -> None:
    engine.fired[f"{tmp_path}:s"] = time.time() - 100.0
    engine.running = 7
    await schedules.start(every(60.0))
    assert engine.due == []
    assert [(p.missed, p.note) for p in engine.passed] == [(0, "run 7 of this schedule still goes on")]


async def test_quiet_hours_are_said(engine: Engine, schedules: Schedules, tmp_path: Path) -> None:
    here = datetime.now(ZoneInfo("UTC"))
    quiet = f"{here - timedelta(hours=1):%H:%M}-{here + timedelta(hours=1):%H:%M}"
    engine.fired[f"{tmp_path}:s"] = time.time() - 100.0
    await schedules.start(every(60.0, quiet=quiet))
    assert (engine.due, [p.note for p in engine.passed]) == ([], [f"quiet hours {quiet}"])


async def test_a_refusal_is_said_and_not_tried_for_ever(engine: Engine, schedules: Schedules, tmp_path: Path) -> None:
    engine.fired[f"{tmp_path}:s"] = time.time() - 100.0
    engine.refuses = "this workspace is not trusted"
    await schedules.start(every(60.0))
    await schedules.start(every(60.0))
    assert [(p.missed, p.note) for p in engine.passed] == [(0, "this workspace is not trusted")]


async def test_the_timer_serves_due_times_as_they_come(engine: Engine, schedules: Schedules, tmp_path: Path) -> None:
    engine.fired[f"{tmp_path}:s"] = time.time()
    await schedules.start(every(1.0))
    await until(lambda: len(engine.due) >= 2)
    assert [d.missed for d in engine.due[:2]] == [0, 0]
    schedules.close()
    count = len(engine.due)
    await asyncio.sleep(1.2)
    assert len(engine.due) == count


async def test_files_and_commits_set_off_runs(engine: Engine, schedules: Schedules, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("a" * 40)
    (tmp_path / "a.py").write_text("1")
    await schedules.start(
        {"f": ScheduleTable("f", "lint", files=("*.py",)), "c": ScheduleTable("c", "all", on=("commit",))}
    )
    (tmp_path / "a.py").write_text("22")
    (tmp_path / "b.py").write_text("1")
    (tmp_path / ".git" / "HEAD").write_text("b" * 40)
    await until(lambda: len(engine.due) >= 2)
    await asyncio.sleep(0.2)
    assert sorted((d.pipeline, d.trigger) for d in engine.due) == [
        ("all", "commit bbbbbbbbbb"),
        ("lint", "file a.py and 1 more changed"),
    ]

"""The first range of a run is there at once; what a run was long for is said anew as soon as one has ended."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from callboard.agents.crew import Catalogue
from callboard.bench.insight import WORKSPACE, past
from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.events import AttemptBegan, AttemptDecided, AttemptEnded, RunSubmitted
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskState
from callboard.desk import Desk
from callboard.engine import Engine
from callboard.insight.coarse import MOST_TASKS, outline
from callboard.insight.futures import forecast
from callboard.learn.distributions import model
from callboard.learn.durations import learned
from callboard.learn.tries import tries
from callboard.live import LiveFeed
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from callboard.record.replica import Replica
from core_story import spec

ROOM = Capacity(8.0, 16_000.0, 8.0, 16_000.0)
RUNS = 5


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk over some past runs of 40 tasks and one that has just come in; its engine stands still."""
    past(tmp_path, 40, RUNS)
    database = open_database(tmp_path)
    clock = SystemClock()
    engine = Engine(
        clock=clock, log=SqliteLog(database), launcher=InstantLauncher(clock), meter=FixedMeter(ROOM), dice=lambda: 0.5,
        version="1",
    )  # fmt: skip
    engine.state = Replica(database).follow()
    history = History(database)
    yield Desk(
        engine=engine, feed=LiveFeed(engine, dict, history.last_of_agents), history=history, data=tmp_path,
        workspace=Path(WORKSPACE), version="1", catalogue=Catalogue((), ()),
    )  # fmt: skip
    database.close()


def test_the_first_range_is_there_before_any_future_and_of_their_size(desk: Desk, tmp_path: Path) -> None:
    wanted: list[int] = []
    desk.forecast_wanted = wanted.append
    row = desk.run_forecast(RUNS + 1)
    assert (wanted, row["refined"], row["samples"]) == ([RUNS + 1], False, 0)
    assert row["at"] < row["end"]["p50"] < row["end"]["p80"] < row["end"]["p95"]
    assert "first look" in row["why"]

    database = open_database(tmp_path)
    state = Replica(database).follow()
    left = outline(state, RUNS + 1, row["at"], learned(database, WORKSPACE))
    known = {WORKSPACE: model(tries(database, WORKSPACE))}
    ends = forecast(state, known, ROOM, RUNS + 1, row["at"], more=lambda n: n < 9).ends
    database.close()
    assert left is not None
    assert math.exp(left.range(ROOM).middle) == pytest.approx(sorted(ends)[4] - row["at"], rel=0.4)


def test_too_much_work_is_left_to_the_futures() -> None:
    state = State()
    specs = tuple(spec(f"t{place}") for place in range(MOST_TASKS + 1))
    fold(state, RunSubmitted(0.0, 1, "p", "/w", "", "", Priority.MEDIUM, specs))
    assert outline(state, 1, 0.0, {}) is None
    assert outline(state, 2, 0.0, {}) is None


def test_what_the_last_run_was_long_for_is_new_when_a_run_ended_and_never_about_a_look_into_a_case(
    desk: Desk, tmp_path: Path
) -> None:
    database = open_database(tmp_path)
    log, state = SqliteLog(database), Replica(database).follow()
    newest = desk.bottlenecks()["until"]

    def ended(number: int, trigger: str) -> None:
        events = [
            RunSubmitted(newest - 1.0, number, "p", WORKSPACE, "", trigger, Priority.LOW, (spec("look"),)),
            AttemptDecided(newest - 1.0, number, 0, 1, 1, ""),
            AttemptBegan(newest - 1.0, number, 0, 1, Process(1, 1, "")),
            AttemptEnded(newest + number / 100, number, 0, 1, How.EXITED, TaskState.SUCCEEDED, ""),
        ]
        for event in events:
            fold(state, event)
        log.append(events, state, durable=False)

    assert desk.bottlenecks()["path"]["run"] == RUNS
    ended(RUNS + 2, "case C3: reproduce and on")
    assert desk.bottlenecks()["path"]["run"] == RUNS
    ended(RUNS + 3, "by hand")
    assert desk.bottlenecks()["path"]["run"] == RUNS + 3
    database.close()

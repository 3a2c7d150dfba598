"""The log, the state and the read tables say the same, over random histories on a real file."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from callboard.core.events import Event
from callboard.core.invariants import log_equals_state
from callboard.core.state import State
from callboard.record.check import broken_promises, differences
from callboard.record.database import open_database
from callboard.record.log import SqliteLog
from fakes import Crash, FakeLog
from simulated import World


class DoubleLog(FakeLog):
    """The faults of the fake and the file of the real one; `load` reads the file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.database = open_database(folder)
        self.real = SqliteLog(self.database)

    def load(self):  # type: ignore[no-untyped-def]
        return self.real.load()

    def open_cases(self):  # type: ignore[no-untyped-def]
        return self.real.open_cases()

    def last_case(self) -> int:
        return self.real.last_case()

    def last_run(self) -> int:
        return self.real.last_run()

    def append(self, events: Sequence[Event], state: State, *, durable: bool) -> int:
        fault, self.fault = self.fault, "" if self.fault == "after" else self.fault
        super().append(events, state, durable=durable)
        seq = self.real.append(events, state, durable=durable)
        if fault == "after":
            raise Crash
        return seq


async def _history(folder: Path, seed: int, steps: int = 60) -> World:
    world = World(seed, log=lambda: DoubleLog(folder))
    await world.play(steps)
    await world.calm()
    return world


@pytest.mark.parametrize("seed", range(12))
def test_log_state_and_tables_are_equal_after_a_random_history(tmp_path: Path, seed: int) -> None:
    world = asyncio.run(_history(tmp_path, seed))
    log = world.log
    assert isinstance(log, DoubleLog)
    assert differences(log.database) == []
    assert [event for _, event in log.real.load_all()] == log.events
    assert log_equals_state(world.engine.state, log.events) == []
    log.database.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a history with a bit of everything."""
    folder = tmp_path_factory.mktemp("told")
    world = asyncio.run(_history(folder, 3, 150))
    assert isinstance(world.log, DoubleLog)
    world.log.database.close()
    return folder


FORGED = {
    "UPDATE run SET unfinished = unfinished + 1 WHERE id = 1": "run 1 is ",
    "UPDATE run SET counts = '{}' WHERE id = 1": "run 1 is ",
    "DELETE FROM run WHERE id = 1": "run 1 is in the log and not in the table",
    "UPDATE task SET state = 'lost' WHERE run = 1 AND place = 0": "task 1.0 is ",
    "UPDATE task SET held = '{\"cpus\": 9.0}' WHERE run = 1 AND place = 0": "task 1.0 is ",
    "UPDATE attempt SET how = 'lost', outcome = 'x' WHERE run = 1": "attempt 1.",
    "DELETE FROM attempt WHERE run = 1": "is in the log and not in the table",
    "INSERT INTO metric (run, task, attempt, at, name, value, unit) VALUES (1, 0, 77, 1.0, 'm', 1.0, '')":
        "metric 1.0.77 is in the table and not in the log",
    "INSERT INTO schedule (name, due, run, missed, note) VALUES ('forged', 1.0, 0, 0, '')":
        "schedule forged is in the table and not in the log",
    "UPDATE agent SET [limit] = 99": "agent alpha is ",
    "INSERT INTO event (at, kind, run, task, body) SELECT at, kind, run, task, body FROM event WHERE kind = 'RunSubmitted' LIMIT 1":
        "the log does not fold at event",
    "INSERT INTO event (at, kind, body) VALUES (1.0, 'Invented', '{}')": "which this version does not know",
    "INSERT INTO event (at, kind, body) VALUES (1.0, 'EngineStarted', '{')": "the log does not fold at event",
}  # fmt: skip


@pytest.mark.parametrize("sql", FORGED)
def test_what_was_changed_behind_the_logs_back_is_found(told: Path, sql: str) -> None:
    database = open_database(told)
    try:
        assert differences(database) == []
        database.execute_sql("BEGIN")
        database.execute_sql(sql)
        found = differences(database)
        database.execute_sql("ROLLBACK")
    finally:
        database.close()
    assert any(FORGED[sql] in words for words in found), found


def test_the_promises_of_a_log_are_checked_too(told: Path) -> None:
    database = open_database(told)
    try:
        assert [words for words in broken_promises(database) if "had to be over" not in words] == []
        database.execute_sql("BEGIN")
        database.execute_sql(
            "INSERT INTO event (at, kind, run, task, body) SELECT at, kind, run, task, body FROM event"
            " WHERE kind = 'AttemptDecided' ORDER BY seq LIMIT 1"
        )
        found = broken_promises(database)
        database.execute_sql("ROLLBACK")
    finally:
        database.close()
    assert any("follows attempt" in words for words in found)

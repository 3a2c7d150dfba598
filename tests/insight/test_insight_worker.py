"""The process that tries futures: answers from the record, ends when idle, and its death is no trouble."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callboard.bench.insight import ROOM, WORKSPACE, past
from callboard.core.forecast_events import ForecastKept
from callboard.core.state import State
from callboard.errors import CallboardError
from callboard.insight.judging import judged_runs
from callboard.insight.seer import Seer
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog

ASKED: dict[str, Any] = {"what": "forecast", "run": 6, "cpu_s": 0.3, "capacity": ROOM}
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    past(folder, 12, 5)
    return folder


@pytest.fixture
def seer(data: Path) -> Iterator[Seer]:
    made = Seer(data, idle_s=0.3)
    yield made
    made.close()


def test_a_range_gets_better_with_more_futures_and_a_death_is_no_trouble(seer: Seer) -> None:
    heard: list[dict[str, Any]] = []
    last = seer.ask(ASKED, heard.append)
    assert heard[-1]["refined"] is True
    assert all(not answer["refined"] and answer["samples"] < last["samples"] for answer in heard[:-1])
    assert last["samples"] > 2
    p50, p80, p95 = last["end"]
    assert time.time() < p50 < p80 < p95
    assert len(last["tasks"]) == 12
    assert last["few"] == 0
    os.kill(seer.pid, signal.SIGKILL)
    assert seer.ask(ASKED)["end"]
    until = time.monotonic() + PATIENCE_S
    while seer.pid and time.monotonic() < until:
        time.sleep(0.05)
    assert seer.pid == 0
    assert seer.ask({**ASKED, "run": 77})["gone"] is True
    with pytest.raises(CallboardError):
        seer.ask({**ASKED, "what": "whatif", "run": 77, "changes": {}})
    told = seer.ask({**ASKED, "what": "whatif", "changes": {"cpus": 1.0, "machines": 1}})
    assert told["other"]["end"]["p50"] > told["base"]["end"]["p50"]


def test_a_kept_forecast_is_judged_when_its_run_has_ended(tmp_path: Path) -> None:
    past(tmp_path, 3, 2)
    database = open_database(tmp_path)
    at, ended = database.execute_sql("SELECT submitted, ended FROM run WHERE id = 1").fetchone()
    kept = ForecastKept(
        at, 1, WORKSPACE, "bench", ended - 1.0, ended + 1.0, ended + 2.0, (1.0,) * 19, 9, {"0": (1.0,) * 5}
    )
    log = SqliteLog(database)
    log.append([kept, ForecastKept(at, 3, WORKSPACE, "bench", at, at, at, (1.0,) * 19, 9)], State(), durable=False)
    log.append([ForecastKept(at, 1, WORKSPACE, "bench", at, at, at, (1.0,) * 19, 9)], State(), durable=False)
    found = judged_runs(History(database), WORKSPACE)
    assert [one.held for one in found] == [(False, True, True)]
    assert not [event for _, event in log.load() if isinstance(event, ForecastKept)]
    database.close()

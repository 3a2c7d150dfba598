"""The past of the host, thinned."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from callboard.record.host_history import host_history, host_users


@pytest.fixture
def rows() -> Callable[[str, Sequence[Any]], list[Any]]:
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE sample (at, run INT, task INT, cpus REAL, memory_mb REAL, more)")
    database.execute("CREATE TABLE task (run INT, place INT, name, agent, state, spec)")
    spec = json.dumps({"needs": {"cpus": 1.0, "memory_mb": 64.0}})
    database.execute("INSERT INTO task VALUES (1, 0, 'work.slow', 'infra', 'running', ?)", (spec,))
    for second in range(0, 100, 2):
        more = json.dumps({"disk_read_mb_s": second / 10, "pressure": {"cpu": 1.0, "memory": 0.0, "io": 0.0}})
        host = more if second < 50 else json.dumps({"pressure": None})
        database.execute("INSERT INTO sample VALUES (?, 0, 0, ?, 1000, ?)", (1000 + second, second, host))
        if second >= 50:
            database.execute("INSERT INTO sample VALUES (?, 1, 0, 0.5, ?, NULL)", (1000 + second, second))
    return lambda sql, values: database.execute(sql, values).fetchall()


def test_pieces_are_means_and_keep_the_most(rows: Any) -> None:
    points = host_history(rows, 1000, 1100, 10)
    assert len(points) == 10
    assert points[0]["cpu_percent"] == pytest.approx(4.0)
    assert points[0]["cpu_most"] == 8
    assert points[0]["disk_read_mb_s"] == pytest.approx(0.4)
    assert points[0]["pressure"] == {"cpu": 1.0, "memory": 0.0, "io": 0.0}
    assert points[0]["crew_cpus"] == 0.0
    assert points[9]["pressure"] is None
    assert points[9]["crew_cpus"] == 0.5


def test_times_without_a_sample_have_no_point(rows: Any) -> None:
    assert host_history(rows, 2000, 2100, 10) == []


def test_who_used_it_then(rows: Any) -> None:
    (user,) = host_users(rows, 1000, 1100)
    assert (user["id"], user["name"], user["cpus"], user["peak_mb"]) == ("1.0", "work.slow", 0.5, 98.0)
    assert user["cpu_s"] == pytest.approx(24.0)
    assert user["needs"] == {"cpus": 1.0, "memory_mb": 64.0}
    assert host_users(rows, 1000, 1040) == []

"""Processes over time: restarts, leaks, what is missing, trees, ports."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from callboard.api import CallboardError, Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard.work.memory import Memory, memory_folder
from callboard_monitor import MonitorAnalytics
from callboard_monitor.processes import growth
from callboard_monitor.settings import watched
from callboard_monitor.words import HOUR

LISTENS = """
import os, socket, subprocess, sys, time
server = socket.create_server(("127.0.0.1", 0))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
if os.fork() == 0:
    os._exit(0)
print(server.getsockname()[1], flush=True)
time.sleep(60)
"""


@contextmanager
def service(mark: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with a child, a child that ended and was not collected, and a port."""
    with subprocess.Popen([sys.executable, "-c", LISTENS, mark], stdout=subprocess.PIPE, text=True, cwd="/") as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield process, port
        finally:
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()


def measure(tmp_path: Path, **table: Any) -> Outcome:
    root = tmp_path / "work"
    root.mkdir(exist_ok=True)
    config = {"agents": {"monitor": {"processes": {"shop": table}}}}
    return run_action(MonitorAnalytics(), "processes", root, {"seconds": 0.5}, config=config, data=tmp_path / "data")


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def test_a_tree_is_known_by_its_port_with_children_zombies_and_restarts(tmp_path: Path) -> None:
    with service("one") as (first, port):
        outcome = measure(tmp_path, port=port)
    table, trees = outcome.sections()["processes"]
    (row,) = table["rows"]
    assert row[:3] == ["shop", "watched", 3]
    assert row[6] == str(port)
    assert outcome.metrics()["monitor.process.shop.count"] == 3
    assert [line[1].startswith("· ") for line in trees["rows"]] == [False, True, True]
    assert trees["rows"][0][2] == str(first.pid)
    assert outcome.rules() == {"process-zombies"}
    assert verdict(outcome) is Verdict.PASS


def test_a_restart_is_seen_and_many_are_high(tmp_path: Path) -> None:
    marks = ["callboard-mark-17"]
    for number in range(4):
        with service(marks[0]):
            outcome = measure(tmp_path, command=marks)
        rules = outcome.rules() - {"process-zombies"}
        assert rules == [set(), {"process-restarted"}, {"process-restarted"}, {"process-keeps-restarting"}][number]
    assert verdict(outcome) is Verdict.FAIL
    assert "was restarted 3 times within a day" in next(
        f.message for f in outcome.findings if f.rule == "process-keeps-restarting"
    )


def test_a_pid_file_points_to_it_and_a_stale_one_is_missing(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    pid_file = tmp_path / "work" / "shop.pid"
    with service("two") as (process, _):
        pid_file.write_text(f"{process.pid}\n")
        assert verdict(measure(tmp_path, pid_file="shop.pid")) is Verdict.PASS
        over = measure(tmp_path, pid_file="shop.pid", most_memory_mb=1)
        assert "process-memory-high" in over.rules()
    for text in (str(process.pid), "none", "-1", "9" * 60):
        pid_file.write_text(text)
        gone = measure(tmp_path, pid_file="shop.pid")
        assert {f.rule: f.severity for f in gone.findings} == {"process-missing": Severity.HIGH}
        assert verdict(gone) is Verdict.FAIL


def test_a_leak_is_a_trend_that_is_sure_and_large() -> None:
    grows = [(60.0 * step, 100 + 0.5 * step + step % 3) for step in range(120)]
    trend = growth(grows, 0.0, 10.0)
    assert trend is not None
    assert HOUR * trend.per_second == pytest.approx(30, rel=0.05)
    assert growth(grows, 60.0 * 110, 10.0) is None, "the process is younger than that"
    assert growth([(at, 100 + at % 7) for at, _ in grows], 0.0, 10.0) is None
    assert growth([(at, 1_000 + 0.01 * at / 60) for at, _ in grows], 0.0, 10.0) is None


def test_the_trend_of_an_earlier_process_says_nothing_of_the_next(tmp_path: Path) -> None:
    with service("three") as (process, port):
        measure(tmp_path, port=port)
        memory = Memory(memory_folder(tmp_path / "data", tmp_path / "work", "monitor"))
        now, size = time.time(), measure(tmp_path, port=port).metrics()["monitor.process.shop.memory"]
        past = [[now - 300 * (48 - step), max(1.0, size - (48 - step) * size / 60)] for step in range(48)]
        memory.put("history-processes", {"series": {"process.shop.memory": past}})
        began = psutil.Process(process.pid).create_time()
        assert began > now - 60
        young = measure(tmp_path, port=port)
    assert "process-leaks" not in young.rules(), "what an earlier process held says nothing of this one"


def test_what_is_watched_must_be_told_in_one_way() -> None:
    for table, words in (
        ({}, "needs one of pid_file, port and command"),
        ({"port": 1, "pid_file": "x"}, "needs one of"),
        ({"pid_file": "/run/x.pid"}, "a path in the workspace"),
        ({"pid_file": "../x.pid"}, "a path in the workspace"),
        ({"port": 70_000}, "from 0 to 65535"),
        ({"command": [1]}, "must be a list of texts"),
        ({"prt": 80}, "has 'prt'"),
    ):
        with pytest.raises(CallboardError) as caught:
            watched({"processes": {"shop": table}})
        assert words in str(caught.value)

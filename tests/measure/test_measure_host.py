"""The meter on this very machine."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from callboard.core.task import AttemptKey, Process
from callboard.measure.host import HostMeter
from callboard.measure.process import boot_id, start_of
from callboard.measure.trees import Trees

KEY = AttemptKey(1, 1, 1)
WORK = "x = bytearray(b'a' * (60 << 20))\nimport time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"


@pytest.fixture
def tree() -> Iterator[Process]:
    """A shell in a session of its own whose child takes 60 MiB and 0.3 CPU seconds, then stays."""
    script = f'{sys.executable} -c "$1"; true'
    child = subprocess.Popen(
        ["sh", "-c", script, "sh", WORK + "print('done', flush=True)\ntime.sleep(60)"],
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    ticks = start_of(child.pid)
    assert ticks is not None
    assert child.stdout is not None
    yield Process(child.pid, ticks, boot_id())
    os.killpg(child.pid, 9)
    child.wait()
    child.stdout.close()


def test_use_of_a_tree(tree: Process) -> None:
    trees = Trees()
    trees.look({KEY: tree})
    until = time.monotonic() + 20
    use = trees.look({KEY: tree}).uses[KEY]
    while use.cpu_s < 0.3 and time.monotonic() < until:
        time.sleep(0.05)
        use = trees.look({KEY: tree}).uses[KEY]
    assert use.cpu_s >= 0.3
    assert use.rss_mb > 60
    assert use.peak_mb >= use.rss_mb
    assert use.processes == 1
    assert trees.look({KEY: tree}).ours_s >= 0.3


def test_another_process_of_the_same_number_is_not_measured(tree: Process) -> None:
    other = Process(tree.pid, tree.ticks + 1, tree.boot)
    assert Trees().look({KEY: other}).uses[KEY].processes == 0


def test_capacity_is_within_the_machine(tmp_path: Path) -> None:
    meter = HostMeter(tmp_path, slots=3)
    capacity = meter.capacity({})
    assert 1.0 <= capacity.cpus <= (os.cpu_count() or 1)
    assert 0 < capacity.memory_mb < capacity.total_memory_mb
    assert capacity.slots == 3


async def test_host_agrees_with_psutil(tmp_path: Path) -> None:
    meter = HostMeter(tmp_path)
    await asyncio.sleep(0.5)
    host = meter.host()
    assert host["cpus"] == psutil.cpu_count() == len(host["cores"])
    assert 0 <= host["cpu_percent"] <= 100
    assert abs(host["memory_used_mb"] + host["memory_available_mb"] - host["memory_total_mb"]) < 200
    assert host["disk_total_gb"] > host["disk_free_gb"] > 0
    assert {"disk_read_mb_s", "disk_write_mb_s", "net_rx_mb_s", "net_tx_mb_s", "swap_used_mb", "load"} <= set(host)
    assert abs(host["boot"] - psutil.boot_time()) < 5


async def test_usage_of_what_runs(tmp_path: Path, tree: Process) -> None:
    meter = HostMeter(tmp_path)
    assert set(meter.usage({KEY: tree})) == {KEY}
    assert meter.now(KEY) is not None
    assert meter.now(AttemptKey(9, 9, 9)) is None
    assert meter.usage({}) == {}

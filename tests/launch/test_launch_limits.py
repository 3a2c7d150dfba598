"""A limit ends the whole tree, and the attempt says so with figures."""

import sys
from pathlib import Path

import pytest

from callboard.core.facts import How, Measured
from callboard.core.resources import Needs
from callboard.core.task import Limits, TaskSpec, Verdict
from callboard.launch.kernel import Kernel
from callboard.launch.orders import memory_limit_mb
from callboard.launch.outlog import HEAD, MOST_KEPT, TAIL, OutputLog
from launch_stage import Stage, act, command, pids_with


def read_from(path: Path, offset: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(offset)
        return file.read()


GROW = "x=[]\nwhile True: x.append(bytearray(b'a'*(10<<20)))"


async def test_time_limit(stage: Stage) -> None:
    end = await stage.run(command("sh", "-c", "sleep 61.5 & sleep 61.5", limits=Limits(time_s=0.3)))
    assert (end.how, end.reason) == (How.TIME, "ran longer than its limit of 0.3 s")
    assert pids_with("61.5") == []


async def test_memory_all_at_once(stage: Stage) -> None:
    end = await stage.run(command(sys.executable, "-c", "x = b'a' * (20 << 30)"))
    assert (end.how, end.reason) == (How.MEMORY, "got no more memory (MemoryError); its limit is 2.0 GiB")
    end = await stage.run(act("hogs", limits=Limits(memory_mb=400)))
    assert (end.how, end.reason) == (How.MEMORY, "got no more memory; its limit is 400 MiB")


async def test_memory_that_grows_in_a_grandchild(stage: Stage) -> None:
    end = await stage.run(command("sh", "-c", f'{sys.executable} -c "{GROW}"; true', limits=Limits(memory_mb=300)))
    assert end.how is How.MEMORY
    assert end.reason.startswith("used ")
    assert end.reason.endswith("its limit is 300 MiB")
    assert end.usage.peak_mb > 300


async def test_process_limit(stage: Stage) -> None:
    script = "i=0; while [ $i -lt 40 ]; do sleep 62.5 & i=$((i+1)); done; wait"
    end = await stage.run(command("sh", "-c", script, limits=Limits(processes=10)))
    assert (end.how, end.reason) == (How.PROCESSES, "had 41 processes, its limit is 10")
    assert pids_with("62.5") == []


async def test_flood_of_output_within_the_limit_is_kept_whole(stage: Stage) -> None:
    key = stage.launch(command("sh", "-c", "head -c 100000000 /dev/zero; printf end"))
    assert (await stage.ended(key)).how is How.EXITED
    path = stage.spool(key) / "output.log"
    assert path.stat().st_size == 100_000_003
    assert read_from(path, 100_000_000) == b"end"


async def test_flood_of_output_over_the_limit(stage: Stage) -> None:
    end = await stage.run(command("sh", "-c", "yes", limits=Limits(output_mb=20)))
    assert end.how is How.OUTPUT
    assert end.reason.endswith("its limit is 20 MiB")


@pytest.mark.skipif(sys.platform != "linux", reason="holes are punched on Linux only")
def test_head_and_tail_of_a_long_log_are_kept(tmp_path: Path) -> None:
    log = OutputLog(str(tmp_path / "log"), Kernel())
    with open(tmp_path / "log", "ab") as writer:
        writer.write(b"first\n")
        writer.truncate(MOST_KEPT + TAIL)
        writer.write(b"last\n")
        writer.flush()
        log.trim()
    assert log.tail(5) == b"last\n"
    with open(tmp_path / "log", "rb") as reader:
        assert reader.read(6) == b"first\n"
        reader.seek(HEAD)
        assert reader.read(40).startswith(b"\n[callboard: ")
    log.close()


async def test_flood_of_messages_is_bounded_and_the_result_found(stage: Stage) -> None:
    key = stage.launch(act("floods"))
    end = await stage.ended(key)
    assert (end.how, end.verdict, end.reason) == (How.EXITED, Verdict.PASS, "flooded")
    metrics = [metric for fact in stage.of(key, Measured) if isinstance(fact, Measured) for metric in fact.metrics]
    assert len(metrics) == 20_000


def test_memory_limit_is_worked_out_from_the_needs() -> None:
    assert memory_limit_mb(TaskSpec("t")) == 2048
    assert memory_limit_mb(TaskSpec("t", needs=Needs(memory_mb=1000))) == 4000
    assert memory_limit_mb(TaskSpec("t", limits=Limits(memory_mb=100))) == 100

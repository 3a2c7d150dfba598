"""The engine alone: what a task costs when the work itself costs nothing."""

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from callboard.bench.figures import Figure, figure_of, repeated
from callboard.bench.graphs import chain, fan_out, layered
from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.commands import Submit
from callboard.core.resources import Capacity
from callboard.core.task import TaskSpec
from callboard.engine import Engine, Published
from callboard.ports import Log
from callboard.record.database import open_database
from callboard.record.log import MemoryLog, SqliteLog

HUGE = 100_000


def engine(runs: int) -> list[Figure]:
    """CPU milliseconds a task with the real log on disk, for three shapes of graph."""
    shapes = (("1,000 fan-out", fan_out(1000)), ("200 chain", chain(200)), ("1,000 layered", layered(1000)))
    return [
        repeated(f"{name}: CPU a task", "ms", "≤ 0.5", runs, lambda specs=specs: _on_disk(specs))  # type: ignore[misc]
        for name, specs in shapes
    ]


def _on_disk(specs: Sequence[TaskSpec]) -> float:
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as folder:
        database = open_database(Path(folder))
        seconds = asyncio.run(_through(specs, SqliteLog(database)))
        database.close()
    return seconds / len(specs) * 1000


async def _through(specs: Sequence[TaskSpec], log: Log) -> float:
    """CPU seconds from the submission to the end of the run."""
    clock = SystemClock()
    room = Capacity(cpus=4, memory_mb=8000, total_cpus=4, total_memory_mb=8000)
    made = Engine(
        clock=clock, log=log, launcher=InstantLauncher(clock), meter=FixedMeter(room), dice=lambda: 0.5, version="bench"
    )
    over = asyncio.Event()

    def look(published: Published) -> None:
        if not made.state.live and all(not run.unfinished for run in made.state.runs.values()):
            over.set()

    work = asyncio.create_task(made.run())
    started = time.process_time()
    await made.ask(Submit("bench", "/", tuple(specs), "bench"))
    made.watchers.append(look)
    if all(not run.unfinished for run in made.state.runs.values()):
        over.set()
    await over.wait()
    seconds = time.process_time() - started
    made.close()
    await work
    return seconds


def big(runs: int) -> list[Figure]:
    """A run of 100,000 tasks, log in memory, in its own process: seconds, MiB, and an event's cost against a small run's."""
    seconds, peaks, ratios = [], [], []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-m", "callboard.bench.engine"], capture_output=True, text=True, check=True, timeout=600
        )
        answer = json.loads(done.stdout)
        seconds.append(answer["seconds"])
        peaks.append(answer["peak_mb"])
        ratios.append(answer["ratio"])
    return [
        figure_of("100,000 tasks: CPU", "s", "≤ 10", seconds),
        figure_of("100,000 tasks: memory at the peak", "MiB", "≤ 400", peaks),
        figure_of("cost of an event, 100,000 against 1,000 tasks", "ratio", "≈ 1", ratios),
    ]


def _big_once() -> None:
    small = min(asyncio.run(_through(layered(1000), MemoryLog())) / 1000 for _ in range(3))
    seconds = asyncio.run(_through(layered(HUGE), MemoryLog()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "ratio": seconds / HUGE / small}))


if __name__ == "__main__":
    _big_once()

"""Real processes: what an attempt costs all in, and how soon one follows the other."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from callboard.bench.figures import Figure, cpu_seconds, figure_of
from callboard.bench.graphs import chain, spec
from callboard.bench.instant import FixedMeter
from callboard.clock import SystemClock
from callboard.core.commands import Submit
from callboard.core.events import AttemptBegan, AttemptDecided, AttemptEnded
from callboard.core.resources import Capacity
from callboard.core.task import TaskSpec
from callboard.engine import Engine, Published
from callboard.launch.local import LocalLauncher
from callboard.learn.durations import percentile
from callboard.record.database import open_database
from callboard.record.log import SqliteLog

COUNT = 500


@dataclass(slots=True)
class Times:
    """When each attempt was decided, began and ended, by task."""

    decided: dict[int, float] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    cpu_s: float = 0.0


def processes(runs: int) -> list[Figure]:
    """500 tasks that run `true`, two at a time: CPU milliseconds a task, fork server and wrappers included."""
    specs = [spec(f"t{i}", argv=("true",)) for i in range(COUNT)]
    values = [asyncio.run(_through(specs, 2)).cpu_s / COUNT * 1000 for _ in range(runs)]
    return [figure_of("500 × true: CPU a task, all in", "ms", "≤ 2.5", values)]


def follow(runs: int) -> list[Figure]:
    """A chain of 100 real processes: milliseconds from the end of the parent to the start of the child."""
    p50s, p95s = [], []
    for _ in range(runs):
        times = asyncio.run(_through([_true(s) for s in chain(100)], 2))
        gaps = [(times.began[i] - times.ended[i - 1]) * 1000 for i in range(1, 100)]
        p50s.append(percentile(gaps, 0.5))
        p95s.append(percentile(gaps, 0.95))
    return [
        figure_of("parent ended → child started, p50", "ms", "≤ 5", p50s),
        figure_of("parent ended → child started, p95", "ms", "≤ 20", p95s),
    ]


def action(runs: int) -> list[Figure]:
    """An agent's action that does nothing, in a warm fork server: milliseconds from decided to running, and CPU."""
    count = 50
    specs = [
        TaskSpec(
            name=f"t{i}",
            agent="nothing",
            action="nothing.nothing",
            plugin="callboard.bench.nothing",
            depends=(i - 1,) if i else (),
            estimate=0.01,
        )
        for i in range(count)
    ]
    waits, costs = [], []
    for _ in range(runs):
        times = asyncio.run(_through(specs, 2))
        waits.append(percentile([(times.began[i] - times.decided[i]) * 1000 for i in range(5, count)], 0.5))
        costs.append(times.cpu_s / count * 1000)
    return [
        figure_of("no-op action: decided → running, p50", "ms", "≤ 15", waits),
        figure_of("no-op action: CPU, all in", "ms", "≤ 10", costs),
    ]


def _children() -> list[int]:
    """The fork server; it counts what it reaped as its own."""
    return [child.pid for child in psutil.Process().children()]


def _true(chained: TaskSpec) -> TaskSpec:
    return spec(chained.name, chained.depends, ("true",))


async def _through(specs: Sequence[TaskSpec], slots: int) -> Times:
    times = Times()
    with tempfile.TemporaryDirectory(prefix="callboard-bench-") as folder:
        clock = SystemClock()
        database = open_database(Path(folder))
        launcher = LocalLauncher(Path(folder), wall=clock.wall)
        room = Capacity(cpus=slots, memory_mb=8000, total_cpus=slots, total_memory_mb=8000, slots=slots)
        made = Engine(
            clock=clock,
            log=SqliteLog(database),
            launcher=launcher,
            meter=FixedMeter(room),
            dice=lambda: 0.5,
            version="bench",
        )
        over = asyncio.Event()

        def look(published: Published) -> None:
            for _, event in published.events:
                if isinstance(event, AttemptDecided):
                    times.decided[event.task] = event.at
                elif isinstance(event, AttemptBegan):
                    times.began[event.task] = event.at
                elif isinstance(event, AttemptEnded):
                    times.ended[event.task] = event.at
            if made.state.runs and all(not run.unfinished for run in made.state.runs.values()):
                over.set()

        made.watchers.append(look)
        work = asyncio.create_task(made.run())
        before = cpu_seconds(_children())
        await made.ask(Submit("bench", folder, tuple(specs), "bench"))
        async with asyncio.timeout(300):
            await over.wait()
        await asyncio.sleep(0.3)
        times.cpu_s = cpu_seconds(_children()) - before
        made.close()
        await work
        database.close()
    return times

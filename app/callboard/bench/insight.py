"""The forecast of a run of 1,000 tasks: how soon there is a range, what the refined one costs, and what the engine feels of it."""

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from callboard.bench.figures import Figure, figure_of
from callboard.bench.past import put
from callboard.core.events import AttemptBegan, AttemptDecided, AttemptEnded, EngineStarted, Event, RunSubmitted
from callboard.core.facts import How
from callboard.core.resources import Capacity, Lock, Needs
from callboard.core.state import State
from callboard.core.task import Priority, Process, TaskSpec, TaskState, Usage
from callboard.insight.coarse import outline
from callboard.insight.seer import Seer
from callboard.learn.durations import learned
from callboard.record.database import open_database
from callboard.record.log import SqliteLog
from callboard.record.replica import Replica

TASKS = 1_000
RUNS = 6
WORKSPACE = "/bench"
ROOM: dict[str, Any] = {"cpus": 8.0, "memory_mb": 16_000.0, "total_cpus": 8.0, "total_memory_mb": 16_000.0}
TICK_S = 0.005
Row = dict[str, Any]


def insight(runs: int) -> list[Figure]:
    """The figures, each from `runs` tries; the processes are started anew for each."""
    cold: list[float] = []
    warm: list[float] = []
    refined: list[float] = []
    futures: list[float] = []
    lags: list[float] = []
    looks: list[float] = []
    with tempfile.TemporaryDirectory(prefix="callboard-insight-") as folder:
        past(Path(folder), TASKS, RUNS)
        for _ in range(runs):
            looks.append(_look(Path(folder)))
            seer = Seer(Path(folder))
            try:
                cold.append(_ask(seer)[3])
                still = asyncio.run(_lag(0.5))
                answers: list[tuple[float, float, int, float]] = []
                thread = threading.Thread(target=lambda seer=seer, answers=answers: answers.append(_ask(seer)))
                thread.start()
                asked = asyncio.run(_lag(1.5))
                thread.join()
                first, cpu, count, _ = answers[0]
                warm.append(first)
                refined.append(cpu)
                futures.append(float(count))
                lags.append(asked / max(still, 1e-6))
            finally:
                seer.close()
    named = f"a run of {TASKS:,} tasks"
    return [
        figure_of(f"{named}: CPU until the first range", "ms", "≤ 500", looks),
        figure_of("CPU until the first of futures, process new", "ms", "", cold),
        figure_of("CPU until the first of futures", "ms", "", warm),
        figure_of("CPU of the refined range", "s", "≤ 5", refined),
        figure_of("futures behind it", "", "", futures),
        figure_of("lag of a loop beside it, over that of one alone", "times", "≤ 3", lags),
    ]


def _look(folder: Path) -> float:
    """Milliseconds of CPU until the coarse range is there, what it takes to know how long jobs usually take among them."""
    database = open_database(folder)
    try:
        state = Replica(database).follow()
        began = time.process_time()
        left = outline(state, RUNS + 1, time.time(), learned(database, WORKSPACE))
        assert left is not None  # noqa: S101
        left.range(Capacity(**ROOM))
        return (time.process_time() - began) * 1_000
    finally:
        database.close()


def _ask(seer: Seer) -> tuple[float, float, int, float]:
    """Milliseconds of CPU until the first range, seconds of it in all, how many futures were tried, and milliseconds of CPU of the
    process until that first range, its start among them."""
    heard: list[Row] = []
    last = seer.ask({"what": "forecast", "run": RUNS + 1, "cpu_s": 4.5, "capacity": ROOM}, heard.append)
    return heard[0]["cpu_s"] * 1_000, last["cpu_s"], last["samples"], heard[0]["process_s"] * 1_000


async def _lag(seconds: float) -> float:
    """By how many seconds ticks of a loop are late at the 95th percentile."""
    late: list[float] = []
    until = time.monotonic() + seconds
    while (begun := time.monotonic()) < until:
        await asyncio.sleep(TICK_S)
        late.append(time.monotonic() - begun - TICK_S)
    late.sort()
    return late[int(0.95 * len(late))]


def past(folder: Path, tasks: int, runs: int, *, seed: int = 1, jobs: Sequence[TaskSpec] = ()) -> None:
    """A data folder with so many ended runs of as many tasks, and one more that has just come in."""
    dice = random.Random(seed)  # noqa: S311
    specs = tuple(jobs) or _specs(dice, tasks)
    database = open_database(folder)
    log, state = SqliteLog(database), State()
    start = time.time() - (runs + 1) * 3_600.0
    try:
        put(log, state, [EngineStarted(start, 1, "bench")])
        for number in range(1, runs + 2):
            at = start + number * 3_600.0 if number <= runs else time.time()
            slow = dice.gauss(0.0, 0.1)
            put(log, state, [RunSubmitted(at, number, "bench", WORKSPACE, "", "", Priority.MEDIUM, specs)])
            if number > runs:
                break
            events: list[Event] = []
            for place, spec in enumerate(specs):
                seconds = spec.estimate * dice.lognormvariate(slow, 0.3)
                begun = at + place * 0.1
                events += [
                    AttemptDecided(begun, number, place, 1, 1, "", (("cpus", 0.5),) if place % 3 == 0 else ()),
                    AttemptBegan(begun, number, place, 1, Process(1, 1, "")),
                    AttemptEnded(
                        begun + seconds,
                        number,
                        place,
                        1,
                        How.EXITED,
                        TaskState.SUCCEEDED,
                        "",
                        usage=Usage(seconds, 100.0),
                    ),
                ]
            put(log, state, events)
    finally:
        database.close()


def _specs(dice: random.Random, tasks: int) -> tuple[TaskSpec, ...]:
    specs = []
    for place in range(tasks):
        above = (
            tuple(sorted({dice.randrange(max(0, place - 60), place) for _ in range(dice.randrange(3))}))
            if place > 20
            else ()
        )
        locks = (Lock("db"),) if place % 50 == 0 else ()
        needs = Needs(dice.choice([0.5, 1.0, 1.0, 2.0]), dice.choice([100.0, 500.0, 1_000.0]), locks)
        agent = f"agent{place % 7}"
        specs.append(
            TaskSpec(
                f"{agent}.job{place}",
                agent,
                f"{agent}.work",
                depends=above,
                needs=needs,
                estimate=dice.lognormvariate(2, 1),
            )
        )
    return tuple(specs)

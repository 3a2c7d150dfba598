"""An engine that takes over says to the launcher what the log already has of each attempt."""

import asyncio
from collections.abc import Sequence

from callboard.bench.instant import FixedMeter, InstantLauncher
from callboard.clock import SystemClock
from callboard.core.events import (
    ArtifactKept,
    AttemptBegan,
    AttemptDecided,
    EngineStarted,
    FindingsFound,
    MetricsTaken,
    QuestionAsked,
    RunSubmitted,
    SectionShown,
)
from callboard.core.resources import Capacity
from callboard.core.task import Priority, Process, TaskSpec
from callboard.engine import Engine
from callboard.ports import LeftRunning
from callboard.record.log import MemoryLog


class Listener(InstantLauncher):
    """Remembers what it was asked to adopt, and leaves it alone."""

    left: Sequence[LeftRunning] = ()

    async def adopt(self, left: Sequence[LeftRunning]) -> None:
        self.left = left


async def test_what_the_log_has_is_told_to_the_launcher() -> None:
    found = {"severity": "low", "rule": "r", "path": "", "line": 0, "message": "m"}
    log = MemoryLog(
        [
            EngineStarted(1.0, 1, "0"),
            RunSubmitted(1.0, 1, "r", "/", "me", "by hand", Priority.MEDIUM, (TaskSpec("a"),)),
            AttemptDecided(1.0, 1, 0, 1, 1, "first"),
            AttemptBegan(1.0, 1, 0, 1, Process(7, 7, "boot")),
            FindingsFound(1.0, 1, 0, 1, (found, found)),
            FindingsFound(1.0, 1, 0, 1, (found,)),
            MetricsTaken(1.0, 1, 0, 1, (("m", 1.0, ""),)),
            ArtifactKept(1.0, 1, 0, 1, "a", "artifacts/a", 1),
            QuestionAsked(1.0, 1, 0, 1, "q", "?", ("y", "n")),
            SectionShown(1.0, 1, 0, 1, 4, "s", ()),
        ]
    )
    clock = SystemClock()
    launcher = Listener(clock)
    room = Capacity(cpus=1, memory_mb=1000)
    engine = Engine(clock=clock, log=log, launcher=launcher, meter=FixedMeter(room), dice=lambda: 0.5, version="0")
    work = asyncio.create_task(engine.run())
    while not engine.ready.is_set():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    engine.close()
    await work
    assert [dict(item.told) for item in launcher.left] == [
        {"findings": 3, "metrics": 1, "kept": 1, "asked": 1, "shown": 4}
    ]

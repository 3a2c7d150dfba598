"""A launcher with real processes, and what it told."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from callboard.core.facts import Began, Ended, Fact
from callboard.core.task import AttemptKey, Limits, TaskSpec
from callboard.launch.local import LocalLauncher
from callboard.measure.process import all_pids, read_small, start_of
from callboard.ports import Order

AGENTS = Path(__file__).parent / "launch" / "agents"


class Stage:
    """Launches, and waits for facts."""

    def __init__(self, data: Path, workspace: Path, launcher: LocalLauncher) -> None:
        self.data = data
        self.workspace = workspace
        self.launcher = launcher
        self.facts: list[Fact] = []
        self.news = asyncio.Event()
        self.tasks = 0

    def deliver(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.news.set()

    def launch(self, spec: TaskSpec) -> AttemptKey:
        self.tasks += 1
        key = AttemptKey(1, self.tasks, 1)
        self.launcher.launch([Order(key, 1, spec, str(self.workspace), {})])
        return key

    def of(self, key: AttemptKey, kind: type[Fact]) -> list[Fact]:
        return [fact for fact in self.facts if fact.key == key and isinstance(fact, kind)]

    async def until(self, key: AttemptKey, kind: type[Fact]) -> Fact:
        async with asyncio.timeout(20):
            while not self.of(key, kind):
                self.news.clear()
                await self.news.wait()
        return self.of(key, kind)[-1]

    async def began(self, key: AttemptKey) -> Began:
        fact = await self.until(key, Began)
        assert isinstance(fact, Began)
        return fact

    async def ended(self, key: AttemptKey) -> Ended:
        fact = await self.until(key, Ended)
        assert isinstance(fact, Ended)
        return fact

    async def run(self, spec: TaskSpec) -> Ended:
        return await self.ended(self.launch(spec))

    def spool(self, key: AttemptKey) -> Path:
        return self.data / "attempts" / str(key.run) / str(key.task) / str(key.attempt)

    def log(self, key: AttemptKey) -> str:
        return (self.spool(key) / "output.log").read_text("utf-8", "replace")


def command(*argv: str, limits: Limits = Limits(), folder: str = "") -> TaskSpec:
    return TaskSpec("command", argv=argv, limits=limits, folder=folder)


def act(name: str, limits: Limits = Limits(), plugin: str = "launch_trials", **options: object) -> TaskSpec:
    return TaskSpec(f"trials.{name}", "trials", name, plugin, limits=limits, options=options)


def pids_with(marker: str) -> list[int]:
    """The processes that have the marker among their arguments."""
    own = os.getpid()
    return [p for p in all_pids() if p != own and marker.encode() in read_small(f"/proc/{p}/cmdline")]


async def soon(condition: Callable[[], bool]) -> None:
    """Waits until it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - files and processes of others set no event
            await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    return start_of(pid) is None

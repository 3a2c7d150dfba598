"""The real engine with real attempts of a made plugin, on a data folder of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from callboard.agents.catalogue import scan
from callboard.bench.instant import FixedMeter
from callboard.clock import SystemClock
from callboard.config import default_config
from callboard.config.jobs import proposed, spec_of
from callboard.core.commands import Submit
from callboard.core.resources import Capacity
from callboard.core.run import Run
from callboard.core.task import TaskSpec
from callboard.engine import Engine
from callboard.launch.local import LocalLauncher
from callboard.ports import Resolver
from callboard.record.check import broken_promises, differences
from callboard.record.database import open_database
from callboard.record.history import History
from callboard.record.log import SqliteLog
from callboard.resolving import CatalogueResolver
from callboard.work.jobs import Job
from plugin_maker import make_plugin

ROOM = Capacity(cpus=4.0, memory_mb=8000.0, total_cpus=4.0, total_memory_mb=8000.0)
SOURCE = """
from dataclasses import dataclass
from callboard.api import Agent, Job, action, failed, hookimpl, option, passed

@dataclass(frozen=True)
class Part:
    part: int = option(0, help="which part")

@dataclass(frozen=True)
class Target:
    to: str = option("dev", help="where")
    slow: bool = option(False, help="whether")

@dataclass(frozen=True)
class Back:
    to: str = option("dev", help="where")

@dataclass(frozen=True)
class Wanted:
    parts: int = option(3, help="how many")
    action: str = option("fan.part", help="which action")

class Fan(Agent):
    name = "fan"
    title = "Fan"

    @action("Plan", options=Wanted)
    def plan(self, ctx, options):
        ctx.add_tasks([
            Job(f"part {n}", options.action, f"{options.parts} parts were found", {"part": n}) for n in range(options.parts)
        ])
        return passed("planned")

    @action("Part", options=Part)
    def part(self, ctx, options):
        (ctx.scratch / "out.txt").write_text(f"part {options.part}")
        ctx.artifact(ctx.scratch / "out.txt", "out.txt")
        return passed(f"did {options.part}", outputs={"part": options.part, "after": sorted(ctx.upstream)})

    @action("Merge")
    def merge(self, ctx, options):
        parts = {name: up for name, up in ctx.upstream.items() if name.startswith("part")}
        texts = [up.artifacts["out.txt"].read_text() for up in parts.values()]
        return passed(f"{sum(up.outputs['part'] for up in parts.values())}: {', '.join(texts)}; plan {ctx.upstream['plan'].state}")

    @action("Deploy", options=Target, undo="undeploy")
    def deploy(self, ctx, options):
        return failed("it does not answer")

    @action("Undeploy", options=Back)
    def undeploy(self, ctx, options):
        before = ctx.upstream["deploy"]
        return passed(f"took back {options.to}: {before.state}, {before.summary}")

@hookimpl
def callboard_agents():
    return [Fan()]
"""


class House:
    """A data folder, a workspace and the plugin; engines come and go."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        self.plugins = make_plugin(folder / "site", "fan", SOURCE)
        self.data.mkdir(mode=0o700)
        self.database = open_database(self.data)
        self.resolver: Resolver = CatalogueResolver(self.data, lambda: ROOM, paths=[self.plugins])

    def spec(self, name: str, action: str, /, **options: Any) -> TaskSpec:
        job = Job(name, action, "told", options)
        catalogue = scan(self.data, paths=[self.plugins])
        return spec_of(proposed(job), default_config(self.workspace), catalogue, 4.0, 8000.0)

    @asynccontextmanager
    async def engine(self, resolver: Resolver | None = None) -> AsyncIterator[Engine]:
        made = Engine(
            clock=SystemClock(),
            log=SqliteLog(self.database),
            launcher=LocalLauncher(self.data, paths=[self.plugins]),
            meter=FixedMeter(ROOM),
            dice=lambda: 0.5,
            version="1",
            resolver=resolver or self.resolver,
        )
        work = asyncio.create_task(made.run())
        while not made.ready.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        yield made
        made.close()
        await work

    def submission(self, *specs: TaskSpec, config: Mapping[str, Any] | None = None) -> Submit:
        return Submit("p", str(self.workspace), specs, "ann", config=config or {})

    def kept(self, run: int) -> Run:
        """The run as the tables have it, which agree with the log."""
        assert broken_promises(self.database) == []
        assert differences(self.database) == []
        found = History(self.database).run(run)
        assert found is not None
        return found


async def over(engine: Engine, run: int) -> None:
    async with asyncio.timeout(30):
        while engine.state.runs[run].unfinished:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def told(run: Run) -> dict[str, tuple[str, str]]:
    return {task.spec.name: (task.state.value, task.outcome_reason) for task in run.tasks}


def events(house: House, run: int) -> list[dict[str, Any]]:
    return History(house.database).events(run=run)

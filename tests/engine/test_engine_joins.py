"""Real attempts that add tasks to their run, that see what came before them, and that are taken back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callboard.agents.catalogue import scan
from callboard.bench.instant import FixedMeter
from callboard.clock import SystemClock
from callboard.config import default_config
from callboard.config.jobs import proposed, spec_of
from callboard.core.commands import Submit
from callboard.core.joining import Joining
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


class ResolverThatDies:
    """Is asked, and never answers, as when the engine is killed in that moment."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def resolve(
        self,
        workspace: str,
        config: Mapping[str, Any],
        jobs: Sequence[Mapping[str, Any]],
        done: Callable[[Sequence[Joining] | str], None],
    ) -> None:
        self.asked.set()


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


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def plan(house: House, **options: Any) -> tuple[TaskSpec, TaskSpec]:
    return house.spec("plan", "fan.plan", **options), replace(house.spec("merge", "fan.merge"), depends=(0,))


async def test_what_an_attempt_adds_joins_the_run_and_those_behind_it_see_what_it_made(house: House) -> None:
    async with house.engine() as engine:
        run = await engine.ask(house.submission(*plan(house)))
        await over(engine, run)
    kept = house.kept(run)
    assert told(kept) == {
        "plan": ("succeeded", "planned"),
        "merge": ("succeeded", "3: part 0, part 1, part 2; plan succeeded"),
        "part 0": ("succeeded", "did 0"),
        "part 1": ("succeeded", "did 1"),
        "part 2": ("succeeded", "did 2"),
    }
    assert kept.tasks[2].spec.because == "3 parts were found"
    assert History(house.database).runs()[0]["total"] == 5
    assert any(
        "1.0#1 added 3 tasks: part 0, part 1, part 2. 1 that wait" in row["sentence"] for row in events(house, run)
    )


def events(house: House, run: int) -> list[dict[str, Any]]:
    return History(house.database).events(run=run)


async def test_many_tasks_are_added_in_one_call(house: House) -> None:
    async with house.engine() as engine:
        run = await engine.ask(house.submission(plan(house, parts=1200)[0]))
        async with asyncio.timeout(60):
            while len(engine.state.runs[run].tasks) < 1201:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert engine.state.runs[run].tasks[1200].spec.options == {"part": 1199}


async def test_an_engine_that_ends_before_it_knows_what_is_added_loses_and_doubles_nothing(house: House) -> None:
    dying = ResolverThatDies()
    async with house.engine(dying) as engine:
        run = await engine.ask(house.submission(*plan(house)))
        await dying.asked.wait()
        assert len(engine.state.runs[run].tasks) == 2
    async with house.engine() as engine:
        await over(engine, run)
    assert sorted(told(house.kept(run))) == ["merge", "part 0", "part 1", "part 2", "plan"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"action": "fan.nothing"}, "there is no action 'fan.nothing'"),
        ({"action": "nobody.here"}, "names the action 'nobody.here', which nobody offers"),
        ({"action": "fan.merge"}, "has no option 'part'"),
        ({"parts": 2001}, "an attempt may add 2,000 tasks"),
    ],
)
async def test_what_cannot_be_added_fails_the_attempt_with_the_reason(
    house: House, options: dict[str, Any], words: str
) -> None:
    async with house.engine() as engine:
        run = await engine.ask(house.submission(*plan(house, **options)))
        await over(engine, run)
    kept = house.kept(run)
    assert len(kept.tasks) == 2
    assert kept.tasks[0].state.value == "failed"
    assert kept.tasks[0].outcome_reason.startswith("the tasks that it wanted to add cannot be added: ")
    assert words in kept.tasks[0].outcome_reason
    assert kept.tasks[1].state.value == "skipped"


async def test_what_the_team_wrote_down_is_laid_over_what_is_added(house: House) -> None:
    jobs = {"part 0": {"enabled": False}, "part 1": {"attempts": 3, "options": {"part": 7}}}
    async with house.engine() as engine:
        run = await engine.ask(house.submission(plan(house, parts=2)[0], config={"jobs": jobs}))
        await over(engine, run)
    kept = house.kept(run)
    assert told(kept) == {"plan": ("succeeded", "planned"), "part 1": ("succeeded", "did 7")}
    assert kept.tasks[1].spec.retry.attempts == 3


async def test_a_deployment_that_fails_is_taken_back(house: House) -> None:
    async with house.engine() as engine:
        run = await engine.ask(house.submission(house.spec("deploy", "fan.deploy", to="test", slow=True)))
        await over(engine, run)
    kept = house.kept(run)
    assert told(kept) == {
        "deploy": ("failed", "it does not answer"),
        "undo of deploy": ("succeeded", "took back test: failed, it does not answer"),
    }
    assert kept.state.value == "failed"
    sentences = [row["sentence"] for row in events(house, run)]
    assert "Undo: undo of deploy was added, as deploy failed: it does not answer." in sentences

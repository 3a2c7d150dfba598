"""Real attempts that add tasks to their run, that see what came before them, and that are taken back."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from callboard.core.joining import Joining
from callboard.core.task import TaskSpec
from callboard.record.history import History
from engine_stage import House, events, over, told


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

"""A task moves to another agent, by the engine and by a person: with real agents, the log and the tables."""

from dataclasses import replace
from pathlib import Path

import pytest

from callboard.core.commands import MoveTask, NameAgents, PauseAgent
from callboard.core.task import Candidate
from callboard.errors import Refused
from engine_stage import House, events, over, told
from plugin_maker import GOOD, make_plugin

TWIN = (Candidate("plug_one", "one", "one.hello", "greeting"), Candidate("plug_two", "two", "two.hello", "greeting"))


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    for name in ("one", "two"):
        make_plugin(made.plugins, name, GOOD.replace("{name}", name))
    return made


async def test_the_work_of_a_paused_agent_is_done_by_another_that_offers_the_same(house: House) -> None:
    spec = replace(house.spec("hello", "one.hello"), candidates=TWIN)
    async with house.engine() as engine:
        await engine.ask(NameAgents(("one", "two", "fan")))
        await engine.ask(PauseAgent("one", "ann", "flaky"))
        run = await engine.ask(house.submission(spec, replace(spec, name="wanted", wants="greeting")))
        await over(engine, run)
    kept = house.kept(run)
    assert told(kept) == {"hello": ("succeeded", "hello"), "wanted": ("succeeded", "hello")}
    assert [(task.spec.agent, task.spec.action) for task in kept.tasks] == [("two", "two.hello")] * 2
    assert "Moved from one to two: one was paused by ann: flaky; two offers the same 'greeting'." in [
        row["sentence"] for row in events(house, run)
    ]


async def test_a_person_moves_a_task_that_waits(house: House) -> None:
    spec = replace(house.spec("hello", "one.hello"), candidates=TWIN)
    async with house.engine() as engine:
        await engine.ask(NameAgents(("one", "two", "fan")))
        run = await engine.ask(house.submission(house.spec("plan", "fan.plan", parts=0), replace(spec, after=(0,))))
        await engine.ask(MoveTask(run, 1, "two", "ann"))
        with pytest.raises(
            Refused, match=r"agent 'fan' offers no action for what two\.hello does; of the others, one does"
        ):
            await engine.ask(MoveTask(run, 1, "fan", "ann"))
        await over(engine, run)
        with pytest.raises(Refused, match="is succeeded; only what waits can be moved"):
            await engine.ask(MoveTask(run, 1, "one", "ann"))
    kept = house.kept(run)
    assert (kept.tasks[1].spec.agent, kept.tasks[1].state.value) == ("two", "succeeded")

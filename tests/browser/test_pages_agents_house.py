"""Agents' pages over the real program: what is done there, the engine does."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from house import House
from plugin_maker import environment_with, make_plugin

RUN = re.compile(r"/runs/\d+")
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PLUGIN = '''
import json
import time
from dataclasses import asdict, dataclass
from typing import Literal

from callboard.api import Agent, Needs, action, hookimpl, option, passed

SMALL = Needs(cpus=0.05, memory_mb=32)

@dataclass(frozen=True)
class Greeting:
    count: int = option(2, help="How often", minimum=1, maximum=10)
    tone: Literal["warm", "cool"] = option("warm", help="How it sounds")
    loud: bool = option(False, help="In capitals")
    names: list[str] = option([], help="Who is greeted")
    marks: dict[str, int] = option({}, help="What each gets")
    api_token: str = option("", help="For the doorman")
    folder: str = option("", help="Where")

def offering(name_, title_, twin):
    class One(Agent):
        name = name_
        title = title_
        summary = "Greets people"

        @action("Greet", needs=SMALL, options=Greeting, provides=("greeting",))
        def greet(self, ctx, options):
            """Says hello to everybody."""
            told = {**asdict(options), "api_token": len(options.api_token)}
            return passed(f"{name_} greets " + json.dumps(told, sort_keys=True))

        @action("Wait", needs=SMALL)
        def wait(self, ctx, options):
            """Waits for two minutes."""
            time.sleep(120)
            return passed("waited")

        if not twin:
            @action("Ponder", needs=SMALL, undo="forget", asks="whether to go on")
            def ponder(self, ctx, options):
                """Thinks alone."""
                return passed("thought")

            @action("Forget", needs=SMALL)
            def forget(self, ctx, options):
                """Forgets what was thought."""
                return passed("forgotten")
    return One()

@hookimpl
def callboard_agents():
    return [offering("left", "Lefty", False), offering("right", "Righty", True)]
'''
CONFIG = """\
[workspace]
detect = false

[jobs."left.wait"]
[jobs."left.greet"]
[jobs."left.ponder"]

[jobs."say.hello"]
command = ["python3", "-c", "print('hello')"]
agent = "right"
needs = ["left.greet"]

[pipelines.short]
jobs = ["left.greet", "say.*"]
"""


class Twins(House):
    """With a plugin of two agents that offer the same."""

    def __init__(self, home: Path) -> None:
        self.python = str(environment_with(home / "venv", make_plugin(home / "plugins", "twins", PLUGIN)))
        super().__init__(home, CONFIG, {"shop/tea.py": "TEA = 1\n"})


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    made = Twins(tmp_path_factory.mktemp("twins"))
    yield made
    made.close()


@pytest.fixture
def crowd(twins: Twins) -> Iterator[int]:
    """A run in which `left` works on one task and two wait for its limit."""
    twins.post("/agents/left/concurrency", {"limit": 1})
    first = twins.run("left.wait")
    twins.until(lambda: twins.task(first, "left.wait")["state"] == "running")
    run = twins.run("left.greet", "left.ponder")
    twins.until(lambda: (twins.task(run, "left.greet")["hold"] or {}).get("kind") == "agent busy")
    yield run
    for number in (first, run):
        twins.api.post(f"/runs/{number}/cancel", json={"reason": "the test is over"})
    twins.until(lambda: twins.get(f"/runs/{first}")["run"]["ended"])
    twins.post("/agents/left/concurrency", {"limit": 0})


async def test_an_action_is_done_with_the_options_of_its_form(twins: Twins, visit: Callable[..., Any]) -> None:
    visitor = await visit(twins)
    page = await visitor.go("/agents/left")
    await page.locator('[data-action="left.greet"] [data-main]').press("Enter")
    dialog = page.get_by_role("dialog")
    count = dialog.get_by_label("count", exact=True)
    assert await count.get_attribute("placeholder") == "2"
    await count.fill("50")
    await dialog.get_by_label("tone", exact=True).select_option(label="cool")
    await dialog.get_by_label("loud", exact=True).press("Space")
    await dialog.get_by_label("names", exact=True).fill("Ann\nBob, the elder")
    await dialog.get_by_role("button", name="Add one").press("Enter")
    await dialog.get_by_label("Name 1", exact=True).fill("Ann")
    await dialog.get_by_label("Value of Ann").fill("3")
    await dialog.get_by_label("api token", exact=True).fill("hunter2")
    runs = len(twins.get("/runs"))
    await page.locator("[data-do]").click()
    assert "its maximum is 10" in await dialog.locator('[data-field="count"] [role="alert"]').inner_text()
    assert await count.get_attribute("aria-invalid") == "true"
    assert len(twins.get("/runs")) == runs
    await count.fill("9")
    await count.press("ArrowUp")
    said = await dialog.locator("code").last.inner_text()
    assert "hunter2" not in await dialog.inner_text()
    assert said.startswith("callboard do left.greet -o count=10 -o tone=cool -o loud=true")
    await dialog.get_by_label("folder", exact=True).fill("nowhere")
    await page.keyboard.press("Control+Enter")
    await dialog.get_by_text("the workspace has no folder 'nowhere'").wait_for()
    await dialog.get_by_label("folder", exact=True).fill("shop")
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url("**/runs/*")
    run = int(page.url.rpartition("/")[2].partition("?")[0])
    task = next(iter(twins.ended(run)["tasks"].values()))
    assert task["reason"] == (
        'left greets {"api_token": 7, "count": 10, "folder": "shop", "loud": true, "marks": {"Ann": 3}, '
        '"names": ["Ann", "Bob, the elder"], "tone": "cool"}'
    )
    assert all("status of 422" in fault for fault in visitor.faults)


async def test_a_loaded_agent_says_by_what_and_is_relieved(twins: Twins, crowd: int, visit: Callable[..., Any]) -> None:
    page = await (await visit(twins)).go("/agents/left")
    load = page.locator("#load")
    await load.get_by_text("concurrency 1 → 2 would start 1 now").wait_for()
    assert "for its limit of 1 at once" in await load.inner_text()
    row = twins.get("/agents/left")["load"]
    assert (row["queue"], row["running"], row["limit"], row["act"]) == (2, 1, 1, {"kind": "concurrency", "limit": 2})
    await load.locator("[data-relieve]").click()
    twins.until(lambda: twins.task(crowd, "left.greet")["state"] == "succeeded")
    assert twins.get("/agents/left")["concurrency"] == 2


async def test_a_task_is_dragged_to_another_agent(twins: Twins, crowd: int, visit: Callable[..., Any]) -> None:
    page = await (await visit(twins)).go("/agents")
    greet = twins.task(crowd, "left.greet")["id"]
    ponder = twins.task(crowd, "left.ponder")["id"]

    async def lift(task: str) -> None:
        grip = page.locator(f'[data-grip="{task}"]')
        await grip.scroll_into_view_if_needed()
        box = await grip.bounding_box()
        await page.mouse.move(box["x"] + 8, box["y"] + 8)
        await page.mouse.down()
        await page.mouse.move(box["x"] + 40, box["y"] + 30, steps=3)

    async def drop() -> None:
        box = await page.locator('.mover [data-drop="right"]').bounding_box()
        await page.mouse.move(box["x"] + 20, box["y"] + 12, steps=3)
        await page.mouse.up()

    await lift(ponder)
    assert (
        "cannot: offers no action for what left.ponder does"
        in await page.locator('.mover [data-drop="right"]').inner_text()
    )
    await drop()
    await page.get_by_text("agent 'right' offers no action for what left.ponder does").wait_for()
    assert twins.task(crowd, "left.ponder")["agent"] == "left"
    await lift(greet)
    assert "can" in await page.locator('.mover [data-drop="right"] .mover-why').inner_text()
    await drop()
    done = twins.until(lambda: (t := twins.task(crowd, "left.greet"))["state"] == "succeeded" and t)
    assert (done["agent"], done["action"]) == ("right", "right.greet")
    sentences = " ".join(event["sentence"] for event in twins.get(f"/tasks/{greet}")["events"])
    assert "moved from left to right" in sentences.lower()
    assert twins.task(crowd, "left.ponder")["state"] == "waiting"


async def test_a_task_is_moved_by_keyboard(twins: Twins, crowd: int, visit: Callable[..., Any]) -> None:
    page = await (await visit(twins, 390, 800)).go("/agents/left")
    greet = twins.task(crowd, "left.greet")["id"]
    grip = page.locator(f'[data-grip="{greet}"]')
    await grip.focus()
    await page.keyboard.press("Space")
    said = page.locator("[data-mover-said]")
    await page.wait_for_function("document.activeElement?.dataset.drop === 'right'")
    assert "left.greet is picked up. 1 agent can take it" in await said.inner_text()
    await page.keyboard.press("Escape")
    assert "left.greet stays where it is" in await said.inner_text()
    assert await grip.evaluate("(grip) => grip === document.activeElement")
    await page.keyboard.press("Space")
    await page.wait_for_function("document.activeElement?.dataset.drop === 'right'")
    await page.keyboard.press("ArrowDown")
    assert await page.evaluate("document.activeElement.dataset.drop") != "right"
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    twins.until(lambda: twins.task(crowd, "left.greet")["agent"] == "right")
    await page.wait_for_function("document.querySelector('[data-mover-said]').innerText.includes('is with Righty now')")


async def test_an_agent_is_paused_with_a_reason_and_bounded(twins: Twins, visit: Callable[..., Any]) -> None:
    page = await (await visit(twins)).go("/agents/right")
    await page.keyboard.press("p")
    await page.get_by_label("Why?").fill("the phone is down")
    await page.locator("[data-yes]").click()
    paused = twins.until(lambda: twins.get("/agents/right")["paused"])
    assert paused["reason"] == "the phone is down"
    await page.locator(".agent-said").get_by_text("the phone is down").wait_for()
    await page.get_by_role("button", name="Resume").click()
    twins.until(lambda: twins.get("/agents/right")["paused"] is None)
    await page.get_by_role("button", name="One more").click()
    twins.until(lambda: twins.get("/agents/right")["concurrency"] == 1)
    await page.get_by_role("button", name="One less", disabled=False).wait_for()
    assert await page.locator(".stepper output").inner_text() == "1"
    await page.keyboard.press("-")
    twins.until(lambda: twins.get("/agents/right")["concurrency"] == 0)


async def test_an_agent_is_drained_stopped_and_restarted(twins: Twins, visit: Callable[..., Any]) -> None:
    run = twins.post("/actions/right.wait/run", {})["run"]
    twins.until(lambda: twins.task(run, "right.wait")["state"] == "running")
    page = await (await visit(twins)).go("/agents/right")

    async def tell(way: str, why: str) -> None:
        await page.get_by_role("button", name=f"{way}…", exact=True).click()
        await page.get_by_label("Why?").fill(why)
        await page.keyboard.press("Control+Enter")
        await page.locator(f'[data-history] [data-what="{way.lower()}"]').wait_for()

    await tell("Drain", "a new phone comes")
    assert twins.get("/agents/right")["draining"]["left"] == 1
    await page.get_by_text("1 task left, then it stands paused").wait_for()
    await page.get_by_role("button", name="Resume").click()
    twins.until(lambda: twins.get("/agents/right")["draining"] is None)
    await tell("Stop", "now")
    twins.until(lambda: twins.task(run, "right.wait")["state"] == "waiting")
    assert twins.get("/agents/right")["paused"]["reason"] == "stopped, now"
    await tell("Restart", "it is here")
    twins.until(lambda: twins.task(run, "right.wait")["state"] == "running")
    assert [row["what"] for row in twins.get("/agents/right/history")][:4] == ["restart", "stop", "resume", "drain"]
    twins.post(f"/runs/{run}/cancel", {"reason": "the test is over"})


async def test_all_actions_are_looked_through(twins: Twins, visit: Callable[..., Any]) -> None:
    page = await (await visit(twins)).go("/agents")
    await page.keyboard.press("/")
    await page.keyboard.type("thinks alone")
    await page.locator(".action").nth(1).wait_for(state="detached")
    assert await page.locator(".action").get_attribute("data-action") == "left.ponder"
    await page.locator(".action").get_by_role("button", name="More about left.ponder").click()
    more = await page.locator(".action-more").inner_text()
    assert "undone by left.forget" in more
    assert "may ask: whether to go on" in more
    await page.goto(f"{twins.base}/agents/left?do=left.ponder")
    await page.get_by_role("dialog", name="Ponder").wait_for()


async def test_the_plan_is_chosen_started_once_and_runs_as_it_was_shown(
    twins: Twins, visit: Callable[..., Any]
) -> None:
    page = await (await visit(twins)).go("/runs/new?skip=left.wait&option=left.greet.count:3")
    before = await page.locator(".before").inner_text()
    assert "left.ponder: if it fails, left.forget takes back what it did" in before
    assert "left.ponder: while it runs: whether to go on" in before
    assert "left.wait: by hand" in before
    box = page.get_by_label("Call left.greet")
    await box.press("Space")
    await page.locator('[data-job="say.hello"]').get_by_text("not without left.greet").wait_for()
    assert await page.locator('[data-stage="other"] .choice-head input').evaluate("(box) => box.indeterminate")
    await page.get_by_label("Call say.hello").press("Space")  # brings along what it needs
    assert await box.is_checked()
    await page.get_by_label("Call left.ponder").press("Space")
    await page.locator('[data-job="left.greet"]').get_by_role("button", name="Options of left.greet").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("tone", exact=True).select_option(label="cool")
    await page.locator("[data-keep]").click()
    await dialog.wait_for(state="hidden")
    await page.locator('select[name="priority"]').select_option("high")
    await page.locator('[aria-busy="false"].plan').wait_for()
    assert "option=left.greet.tone%3Acool" in page.url
    assert "option=left.greet.count%3A3" in page.url
    runs = len(twins.get("/runs"))
    start = page.locator("[data-start]")
    assert await start.inner_text() == "Start 2 jobs"
    await start.dblclick()
    await page.wait_for_url(RUN, wait_until="commit")
    assert len(twins.get("/runs")) == runs + 1
    run = twins.ended(twins.get("/runs")[0]["id"])
    assert sorted(run["tasks"]) == ["left.greet", "say.hello"]
    assert (run["run"]["trigger"], run["run"]["priority"]) == ("by hand, as planned", "high")
    assert '"count": 3' in run["tasks"]["left.greet"]["reason"]
    assert '"tone": "cool"' in run["tasks"]["left.greet"]["reason"]


async def test_what_changed_since_the_plan_was_shown_is_said(twins: Twins, visit: Callable[..., Any]) -> None:
    page = await (await visit(twins)).go("/runs/new?pipeline=short")
    assert await page.locator("[data-job]").count() == 2
    toml = twins.workspace / "callboard.toml"
    text = toml.read_text()
    toml.write_text(text.replace("print('hello')", "print('goodbye')"))
    twins.call("run", "--only", "left.forget", "--trust")  # whoever changed the file trusts it
    await page.keyboard.press("Control+Enter")
    await page.wait_for_url(RUN, wait_until="commit")
    toml.write_text(text)
    run = twins.ended(twins.get("/runs")[0]["id"])
    assert run["run"]["trigger"] == "by hand, not as planned: 1 changed (say.hello)"


async def test_the_terminal_and_the_page_have_the_same_plan(twins: Twins) -> None:
    told = twins.get("/plan?only=left.ponder&skip=left.wait")
    words = twins.call("plan", "--only", "left.ponder", "--skip", "left.wait").stdout
    assert "if it fails, left.forget takes back what it did" in words
    assert "may ask a person: whether to go on" in words
    assert "left out, others were asked for: left.wait, left.greet, say.hello" in words
    assert told["undo"] == [{"job": "left.ponder", "by": "left.forget"}]
    assert told["asks"] == [{"job": "left.ponder", "when": "while it runs", "what": "whether to go on"}]
    assert {row["name"]: row["kind"] for row in told["left"]} == {
        "left.greet": "only", "say.hello": "only", "left.wait": "only",
    }  # fmt: skip

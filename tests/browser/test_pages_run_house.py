"""A run's page over the real program: what its controls do is looked up in the engine."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from house import CONFIG

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHARDED = """
[jobs."tests.all"]
action = "quality.tests"
options = { shards = 2 }
"""
LOCKED = """
[jobs."work.locked"]
command = ["python3", "slow.py"]
agent = "infra"
locks = ["db:dev"]
"""
TEST = "def test_one():\n    assert 1 + 1 == 2\n\n\ndef test_two():\n    assert 2 + 2 == 4\n"
BARS = """() => Object.fromEntries([...document.querySelectorAll('[data-bar]')].map((row) => {
  const bar = row.querySelector('.gantt-bar:not(.waited):not(.planned):not(.range)');
  return [row.dataset.bar, bar && [parseFloat(bar.style.left), parseFloat(bar.style.width)]];
}))"""


@pytest.fixture(scope="module")
def works(new_house: Callable[..., Any]) -> Any:
    files = {
        "tests/test_one.py": TEST,
        "tests/test_two.py": TEST.replace("test_", "test_other_"),
        "requirements.txt": "",
    }
    return new_house(CONFIG + SHARDED + LOCKED, files)


@pytest.fixture(scope="module")
def failed(works: Any) -> int:
    run = works.run("check.quick", "check.broken", "check.later")
    works.ended(run)
    return int(run)


async def test_tasks_that_an_agent_adds_appear_in_graph_gantt_and_list_while_it_runs(
    works: Any, visit: Callable[..., Any]
) -> None:
    run = works.run("tests.all")
    visitor = await visit(works)
    page = await visitor.go(f"/runs/{run}?tab=graph")
    await page.locator("[data-node]").wait_for()
    await page.locator("[data-node]").nth(3).wait_for(timeout=120_000)
    added = {task["id"]: task["name"] for task in works.get(f"/runs/{run}")["tasks"][1:]}
    assert len(added) == 3, added
    for name in added:
        await page.locator(f'[data-node="{name}"]').wait_for()
    await page.keyboard.press("2")
    for name in added:
        await page.locator(f'[data-bar="{name}"]').wait_for()
    await page.keyboard.press("3")
    for name, words in added.items():
        assert words in await page.locator(f'[data-task="{name}"]').inner_text()
    gather = next(name for name, words in added.items() if "gather" in words)
    await page.locator(f'[data-task="{gather}"] [data-state="succeeded"]').wait_for(timeout=60_000)
    assert await page.locator(".tab-count").first.inner_text() == "4"
    assert (visitor.faults, visitor.foreign) == ([], [])


async def test_a_task_is_chosen_by_keys_and_cancelled_after_a_question(works: Any, visit: Callable[..., Any]) -> None:
    run = works.run("check.quick", "work.slow")
    visitor = await visit(works)
    page = await visitor.go(f"/runs/{run}?tab=tasks")
    slow = works.task(run, "work.slow")["id"]
    await page.locator(f'[data-task="{slow}"] [data-state="running"]').wait_for()
    await page.keyboard.press("j")
    while await page.evaluate("document.activeElement.dataset.task") != slow:
        await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.get_by_role("button", name="Cancel 1", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    works.until(lambda: works.task(run, "work.slow")["state"] == "cancelled")
    await page.locator(f'[data-task="{slow}"] [data-state="cancelled"]').wait_for()
    assert (visitor.faults, visitor.foreign) == ([], [])


async def test_a_run_is_run_again_from_its_failure_whole_affected_or_with_other_options(
    works: Any, failed: int, visit: Callable[..., Any]
) -> None:
    page = await (await visit(works)).go(f"/runs/{failed}")

    async def choose(what: str) -> None:
        await page.get_by_role("button", name="Run again").click()
        await page.get_by_role("menuitem", name=what).click()

    await choose("From the failure")
    works.until(lambda: works.task(failed, "check.broken")["attempt"] == 2)
    assert works.task(failed, "check.quick")["attempt"] == 1
    works.ended(failed)

    await choose("The whole run")
    await page.wait_for_url(lambda url: not url.rstrip("/").endswith(f"/runs/{failed}"))
    whole = works.ended(int(page.url.rpartition("/")[2]))
    assert whole["run"]["id"] != failed
    assert set(whole["tasks"]) == {"check.quick", "check.broken", "check.later"}

    page = await (await visit(works)).go(f"/runs/{failed}")
    await page.keyboard.press("Shift+F")
    await page.wait_for_url(lambda url: not url.rstrip("/").endswith(f"/runs/{failed}"))
    assert set(works.ended(int(page.url.rpartition("/")[2]))["tasks"]) == set(whole["tasks"])

    page = await (await visit(works)).go(f"/runs/{failed}")
    await choose("With other options")
    await page.wait_for_url(lambda url: f"/runs/new?from={failed}" in url and "only=check.broken" in url)


async def test_a_running_run_is_cancelled_from_its_page_after_a_question(works: Any, visit: Callable[..., Any]) -> None:
    run = works.run("work.locked")
    page = await (await visit(works)).go(f"/runs/{run}")
    works.until(lambda: works.task(run, "work.locked")["state"] == "running")
    await page.keyboard.press("Shift+C")
    dialog = page.get_by_role("dialog", name=f"Cancel run {run}?")
    await dialog.get_by_role("button", name="Let it go on").click()
    await dialog.wait_for(state="detached")
    assert works.get(f"/runs/{run}")["run"]["state"] == "running"
    await page.goto(f"{works.base}/runs/{run}?tab=gantt&view=locks")
    await page.locator('[data-lane="db:dev#0"] .lane-bar', has_text="work.locked").wait_for()
    await page.get_by_role("button", name="Cancel run").click()
    await dialog.get_by_role("button", name="Cancel the run").click()
    works.until(lambda: works.get(f"/runs/{run}")["run"]["state"] == "cancelled")


async def test_several_tasks_are_tried_again_at_once_from_the_page_and_from_the_terminal(
    works: Any, failed: int, visit: Callable[..., Any]
) -> None:
    before = works.task(failed, "check.broken")["attempt"]
    page = await (await visit(works)).go(f"/runs/{failed}?tab=tasks")
    await page.get_by_role("checkbox", name="Select all that are shown").click()
    await page.get_by_role("button", name="Retry 1", exact=True).click()
    works.until(lambda: works.task(failed, "check.broken")["attempt"] == before + 1)
    works.ended(failed)
    assert works.task(failed, "check.quick")["attempt"] == 1

    names = [f"{failed}.check.broken", f"{failed}.check.later"]
    told = works.call("retry", *names)
    assert told.returncode == 0, told.stderr
    works.until(lambda: works.task(failed, "check.broken")["attempt"] == before + 2)
    works.ended(failed)
    refused = works.call("retry", f"{failed}.check.broken", f"{failed}.check.quick")
    assert (refused.returncode, "check.quick" in refused.stderr) == (2, True)
    works.until(lambda: works.task(failed, "check.broken")["attempt"] == before + 3)
    works.ended(failed)
    again = json.loads(works.call("again", str(failed), "--json").stdout)
    assert set(works.ended(again["run"])["tasks"]) == {"check.quick", "check.broken", "check.later"}


async def test_the_list_is_narrowed_and_put_in_order_by_its_address(
    works: Any, failed: int, visit: Callable[..., Any]
) -> None:
    visitor = await visit(works)
    page = await visitor.go(f"/runs/{failed}?tab=tasks&state=skipped")
    shown = "[...document.querySelectorAll('[data-task]')].map((row) => row.querySelector('.name').textContent)"
    assert await page.evaluate(shown) == ["check.later"]
    await page.get_by_role("button", name="skipped").click()
    await page.get_by_label("Agent").select_option("quality")
    await page.get_by_role("button", name="Task", exact=True).click()
    assert await page.evaluate(shown) == ["check.broken", "check.quick"]
    await page.get_by_role("button", name="Task", exact=True).click()
    assert await page.evaluate(shown) == ["check.quick", "check.broken"]
    await page.wait_for_url("**?tab=tasks&agent=quality&sort=-name")
    await page.reload()
    await page.wait_for_selector('[data-link="live"]')
    assert await page.evaluate(shown) == ["check.quick", "check.broken"]
    await page.keyboard.press("/")
    await page.keyboard.type("broken")
    await page.wait_for_function("document.querySelectorAll('[data-task]').length === 1")
    assert (visitor.faults, visitor.foreign) == ([], [])


async def test_bars_lanes_and_table_equal_the_records(works: Any, failed: int, visit: Callable[..., Any]) -> None:
    page = await (await visit(works)).go(f"/runs/{failed}?tab=gantt")
    tasks = [task for task in works.get(f"/runs/{failed}")["tasks"] if task["started"] is not None]
    first = min(task["started"] for task in tasks)
    bars = await page.evaluate(BARS)
    longest = max(tasks, key=lambda task: task["ended"] - task["started"])
    scale = bars[longest["id"]][1] / (longest["ended"] - longest["started"])
    for task in tasks:
        left, width = bars[task["id"]]
        assert left == pytest.approx((task["started"] - first) * scale, abs=0.2)
        assert width == pytest.approx((task["ended"] - task["started"]) * scale, abs=0.2)
    await page.get_by_role("button", name="Agents' lanes").click()
    await page.locator("[data-lane]").first.wait_for()
    lanes = await page.evaluate("[...document.querySelectorAll('[data-lane]')].map((lane) => lane.dataset.lane)")
    assert {lane.partition("#")[0] for lane in lanes} == {task["agent"] for task in tasks}
    await page.get_by_role("button", name="As a table").click()
    for task in tasks:
        await page.locator(f'.gantt-table [data-task="{task["id"]}"]', has_text=task["name"]).wait_for()
    await page.wait_for_url("**view=table")


async def test_runs_are_narrowed_by_the_address_and_paged_by_keys(
    works: Any, failed: int, visit: Callable[..., Any]
) -> None:
    visitor = await visit(works)
    page = await visitor.go("/runs?state=cancelled")
    told = {run["id"] for run in works.get("/runs?state=cancelled")}
    shown = "[...document.querySelectorAll('[data-run]')].map((row) => Number(row.dataset.run))"
    assert set(await page.evaluate(shown)) == told
    assert failed not in told
    await page.get_by_role("button", name="cancelled").click()
    await page.locator(f'[data-run="{failed}"]').wait_for()
    await page.get_by_label("Filter runs").fill("nobody of this name")
    await page.get_by_text("No run matches").wait_for()
    await page.get_by_role("button", name="Show all runs").click()
    await page.locator(f'[data-run="{failed}"]').wait_for()
    taken = {run["id"] for run in works.get("/runs") if run["ended"] and run["started"]}
    bars = await page.evaluate("[...document.querySelectorAll('[data-took]')].map((bar) => Number(bar.dataset.took))")
    assert set(bars) == taken
    assert works.get("/runs?branch=main&text=default")
    assert works.get("/runs?branch=nowhere") == []
    assert (visitor.faults, visitor.foreign) == ([], [])

"""The board and the inbox over the real program: what a control does is asked of the engine."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONFIG = """\
[workspace]
detect = false

[jobs.first]
command = ["python3", "slow.py"]
agent = "infra"
locks = ["db"]
cpus = 0.05

[jobs.second]
command = ["python3", "slow.py"]
agent = "quality"
locks = ["db"]
cpus = 0.05

[jobs.pay]
command = ["python3", "slow.py"]
agent = "infra"
cpus = 0.05
"""


@pytest.fixture(scope="module")
def board_house(new_house: Callable[..., Any]) -> Any:
    """Three slow jobs; two of them want the same lock."""
    return new_house(CONFIG)


async def test_a_run_is_started_watched_and_cancelled_from_the_board(
    board_house: Any, visit: Callable[..., Any]
) -> None:
    visitor = await visit(board_house)
    page = await visitor.go("/")
    await page.get_by_role("button", name="Start now").click()
    run = board_house.until(lambda: board_house.get("/runs"))[0]["id"]
    hold = page.locator("[data-hold=lock] a.hold")
    await hold.wait_for()
    culprit = str(await hold.get_attribute("href"))
    held = next(task for task in board_house.get(f"/runs/{run}")["tasks"] if (task["hold"] or {}).get("kind") == "lock")
    assert culprit == f"/tasks/{held['hold']['culprit']}"
    card = page.locator("[data-agent=infra]")
    await card.locator("[data-state=running]").wait_for()
    done = board_house.call("pause", "security", "--reason", "holidays")
    assert done.returncode == 0, done.stderr
    await page.locator("[data-agent=security] [data-state=paused]").wait_for()
    assert "holidays" in await page.locator("[data-agent=security]").inner_text()
    board_house.call("resume", "security")
    await hold.click()
    await page.wait_for_url(f"**{culprit}*")
    await visitor.go("/")
    await page.locator(f"[data-run='{run}']").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Cancel the run").click()
    assert board_house.ended(run)["run"]["state"] == "cancelled"
    await page.locator(f"[data-run='{run}'] [data-state=cancelled]").wait_for()
    await page.get_by_role("button", name="Rescan").click()
    await page.locator(".toast.good", has_text="Looked for agents anew").wait_for()
    assert visitor.faults == []


async def test_what_is_decided_by_key_goes_from_every_tab_and_counts(
    board_house: Any, visit: Callable[..., Any]
) -> None:
    task = _lost(board_house)
    inbox = await (await visit(board_house)).go("/inbox")
    board = await (await visit(board_house)).go("/")
    await board.locator(f"[data-question='{task}']").wait_for()
    await inbox.locator(".inbox-pane [data-item]").wait_for()
    await inbox.locator(".inbox-pane pre", has_text="step").wait_for()
    other = await (await visit(board_house)).go("/inbox")
    await other.locator(".inbox-pane [data-item]").wait_for()
    await inbox.keyboard.press("j")
    await inbox.keyboard.press("2")
    await inbox.locator("dialog[open] .danger.solid:focus").wait_for()
    await inbox.keyboard.press("Enter")
    await inbox.get_by_text("Nothing waits for you").wait_for()
    assert board_house.get(f"/tasks/{task}")["task"]["state"] == "failed"
    await board.locator(f"[data-question='{task}']").wait_for(state="detached")
    await other.locator("[data-gone]").wait_for()
    assert "Somebody else dealt with it" in await other.locator("[data-gone]").inner_text()


async def test_news_stays_over_reloads_until_it_is_marked_as_seen(board_house: Any, visit: Callable[..., Any]) -> None:
    board_house.post("/catchup/seen", {})
    run = board_house.run("pay")
    board_house.until(lambda: board_house.task(run, "pay")["state"] == "running")
    board_house.post(f"/runs/{run}/cancel", {"reason": ""})
    board_house.ended(run)
    mark = board_house.get("/me")["looked"]
    page = await (await visit(board_house)).go("/")
    news = page.locator("[data-news]")
    assert "1 run cancelled" in await news.inner_text()
    await page.reload()
    await news.wait_for()
    assert board_house.get("/me")["looked"] == mark
    await news.get_by_role("button", name="Mark as seen").click()
    await news.wait_for(state="detached")
    assert board_house.get("/me")["looked"] > mark
    assert board_house.get("/catchup")["groups"] == []


async def test_panels_are_put_away_and_moved_for_the_person(board_house: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(board_house)).go("/")
    await page.get_by_role("button", name="Arrange").click()
    await page.get_by_role("checkbox", name="This machine").uncheck()
    await page.get_by_role("button", name="Newest runs up").click()
    board_house.until(lambda: board_house.get("/me")["settings"]["panels"]["hidden"] == ["host"])
    order = board_house.until(lambda: board_house.get("/me")["settings"]["panels"]["order"])
    assert order.index("runs") < order.index("platform")
    await page.reload()
    await page.wait_for_selector("[data-agent]")
    assert await page.locator("#h-host").count() == 0
    await page.get_by_role("button", name="Arrange").click()
    await page.get_by_role("button", name="As they were").click()
    await page.locator("#h-host").wait_for()
    board_house.until(lambda: board_house.get("/me")["settings"]["panels"] == {"order": [], "hidden": []})


def _lost(house: Any) -> str:
    """A task that may not run twice, whose process and engine died."""
    run = house.run("pay")
    house.until(lambda: house.task(run, "pay")["state"] == "running")
    task = str(house.task(run, "pay")["id"])
    pid = house.get(f"/tasks/{task}")["attempts"][-1]["pid"]
    house.process.kill()
    house.process.wait(10)
    os.kill(pid, signal.SIGKILL)
    house.api.close()
    house.log.close()
    house.start()
    house.until(lambda: house.get("/inbox"))
    return task

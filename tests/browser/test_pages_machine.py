"""The page of the machine over the real program."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_stretch_of_time_is_chosen_and_says_who_ran(house: Any, visit: Callable[..., Any]) -> None:
    run = house.run("work.slow")
    house.until(lambda: house.task(run, "work.slow")["memory_now_mb"] and house.get("/machine")["history"][2:])
    task = house.task(run, "work.slow")["id"]
    house.until(lambda: task in [user["id"] for user in house.get(f"/machine?since={time.time() - 900}")["users"]])
    page = await (await visit(house)).go("/machine")
    row = page.locator(f'tr[data-task="{task}"]')
    await row.get_by_role("button", name="process").click()
    tree = page.get_by_role("list", name="processes of work.slow")
    assert "slow.py" in await tree.inner_text()
    pid = next(line["pid"] for t in house.get("/machine")["tasks"] if t["id"] == task for line in t["process_tree"])
    assert str(pid) in await tree.inner_text()

    plot = page.get_by_role("slider", name="CPU over time")
    await plot.evaluate("e => e.scrollIntoView({block: 'center'})")
    box = await plot.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 40)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"], box["y"] + 60, steps=4)
    assert await page.locator(".chart-hair").count() == await page.locator(".chart").count()
    await page.mouse.up()
    await page.wait_for_function("location.search.includes('from=')")
    await page.get_by_role("heading", name="Who used it then").wait_for()
    await row.wait_for()
    await page.reload()
    await page.get_by_role("heading", name="Who used it then").wait_for()
    await row.wait_for()
    await page.keyboard.press("2")
    await page.wait_for_function("location.search === '?window=1h'")
    await page.get_by_role("heading", name="Who uses it now").wait_for()

    await plot.focus()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("Enter")
    await page.wait_for_function("location.search.includes('from=')")
    await page.get_by_role("button", name="Back to now").click()
    await page.wait_for_function("location.search === ''")
    house.post(f"/runs/{run}/cancel", {"reason": "seen"})
    await row.wait_for(state="detached")


async def test_the_terminal_says_the_same(house: Any) -> None:
    run = house.run("work.slow")
    task = house.until(lambda: next((t for t in house.get("/machine")["tasks"] if t["process_tree"]), None))
    shown = json.loads(house.call("machine", "--json", "--last", "1h").stdout)
    assert task["id"] in [row["id"] for row in shown["tasks"]]
    assert shown["since"] == pytest.approx(time.time() - 3600, abs=60)
    assert "slow.py" in house.call("machine").stdout
    assert house.call("machine", "--last", "soon").returncode == 2
    house.post(f"/runs/{run}/cancel", {"reason": "seen"})

"""What agents show on their pages: every kind of block, live, with buttons that start runs, and nothing of it as markup."""

from collections.abc import Callable
from typing import Any

import pytest

from shower import LONG

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
OVERVIEW = '[data-section="overview"]'


async def column(page: Any, number: int) -> list[str]:
    cells = page.locator(f"{OVERVIEW} .sheet tbody td:nth-child({number})")
    return [text.strip() for text in await cells.all_inner_texts()]


async def test_every_kind_of_block_is_seen_and_a_button_starts_a_run(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage)
    page = await visitor.go("/agents/monitor")
    section = page.locator(OVERVIEW)
    assert await section.locator("h2").inner_text() == "How the service is"
    assert (await section.locator("header .more").inner_text()).startswith("as of ")

    figures = [" ".join(text.split()) for text in await section.locator(".figure").all_inner_texts()]
    assert figures[1:3] == ["answered 99.25 % good of 1,204 requests", "slowest 1 834.5 ms bad /api/orders"]
    shapes = [
        await section.locator(f'.figure [data-state="{s}"] path').last.get_attribute("d")
        for s in ("good", "bad", "unsure", "quiet")
    ]
    assert len(set(shapes)) == 4

    assert await column(page, 1) == ["/api/orders", "/healthz", "/api/pay", "<img src=x onerror=window.pwned=1>"]
    assert (await column(page, 4))[:2] == [f"{LONG}:211", "app.py:3"]
    p95 = section.locator("button.sort", has_text="p95")
    await p95.click()
    assert await column(page, 3) == ["1 834.5", "10.25", "2", "–"]
    assert await section.locator("th:nth-child(3)").get_attribute("aria-sort") == "descending"
    await p95.click()
    assert await column(page, 3) == ["2", "10.25", "1 834.5", "–"]
    await p95.click()
    assert (await column(page, 3))[0] == "1 834.5"
    assert await section.locator(".sheet-foot").inner_text() == "7 more rows were left out by the agent."

    bars = [await bar.get_attribute("style") for bar in await section.locator(".named-bar i").all()]
    assert (bars[0], bars[3]) == ("width: 100%;", "width: 0%;")
    assert "Two checks are paused" in await section.locator(".said.toned").inner_text()

    trend = section.locator('[data-metric="monitor.latency"]')
    assert (await trend.locator(".trend-last").inner_text()).split() == ["121", "ms"]
    newest = trend.locator(".trend-point.last")
    assert await newest.get_attribute("href") == "/runs/901"
    assert "121 ms in run 901" in str(await newest.get_attribute("title"))
    assert "Measured once" in await section.locator('[data-metric="monitor.errors"]').inner_text()
    assert "Run monitor.profile to see which" in await page.locator('[data-section="profile"]').inner_text()

    await section.get_by_role("button", name="Look again").click()
    await page.wait_for_function(
        "document.querySelector('[data-section=overview] .figure-value').innerText.trim() === '2'"
    )
    run = int(str(await page.locator(".toast a").get_attribute("href")).rsplit("/", 1)[1])
    assert stage.get(f"/runs/{run}")["run"]["id"] == run
    assert await section.get_by_role("button", name="Look again").count() == 1

    await page.set_viewport_size({"width": 390, "height": 844})
    await section.get_by_label("sort by").select_option(label="p95")
    assert await column(page, 3) == ["1 834.5", "10.25", "2", "–"]
    assert await visitor.overflow() <= 0

    runs = len(stage.get("/runs"))
    await section.get_by_role("button", name="Forget all").click()
    asked = page.get_by_role("dialog", name="Forget all?")
    assert "monitor.forget" in await asked.inner_text()
    assert "older_than" in await asked.inner_text()
    await page.keyboard.press("Escape")
    await asked.wait_for(state="detached")
    assert len(stage.get("/runs")) == runs
    assert (visitor.faults, visitor.foreign, await page.evaluate("window.pwned")) == ([], [], None)

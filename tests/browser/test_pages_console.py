"""The console: everything that is printed, narrowed, followed, paused, and from a line to its place in the log."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
LINES = ".console .log-line"


async def texts(page: Any) -> list[str]:
    return [text.strip() for text in await page.locator(f"{LINES} .log-text").all_inner_texts()]


async def test_lines_are_narrowed_by_agent_task_level_and_words(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/console")
    await page.get_by_label("Agent").select_option("api")
    await page.get_by_label("Task").select_option("904.1")
    coloured = await page.evaluate(
        "[...document.querySelectorAll('.console .log-text > span')].map((s) => [s.textContent, s.className])"
    )
    assert coloured == [
        ["red begins", "a-fg-red"],
        ["red goes on", "a-fg-red"],
        ["bold and red", "a-bold a-fg-red"],
        ["plain again", ""],
    ]
    await page.get_by_label("Agent").select_option("quality")
    await page.get_by_label("Task").select_option("904.0")
    await page.get_by_label("Level").select_option("warning")
    assert await texts(page) == ["WARNING: test 10 is slow", "E   AssertionError: test 20"]
    await page.get_by_label("Level").select_option("error")
    assert await texts(page) == ["E   AssertionError: test 20"]
    await page.get_by_label("Level").select_option("")
    await page.get_by_label("Only lines with").fill("TEST 7 ")
    assert await texts(page) == ["test 7 passes"]
    await page.reload()
    await page.locator(LINES).first.wait_for()
    assert await texts(page) == ["test 7 passes"], "the choice is in the address"


async def test_a_line_leads_to_its_place_in_the_log(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/console?task=904.0&q=test+23")
    await page.locator(f"{LINES} a").click()
    await page.wait_for_url("**/tasks/904.0?attempt=1#L23")
    assert "test 23 passes" in await page.locator(".log-line.at").inner_text()


async def test_twenty_thousand_lines_stay_and_the_rest_is_said_to_be_gone(
    lively: Any, visit: Callable[..., Any]
) -> None:
    page = await (await visit(lively)).go("/console")
    await page.locator(".console-note", has_text="older lines dropped").wait_for(timeout=60_000)
    assert await page.locator(LINES).count() < 120
    await page.get_by_role("button", name="pause").click()
    await page.locator(".log-foot", has_text="waiting").wait_for()
    before = await texts(page)
    await page.wait_for_timeout(600)
    assert await texts(page) == before
    kept = await page.evaluate("document.querySelector('.log-room').offsetHeight / 18")
    assert 20_000 <= kept <= 21_000
    await page.get_by_role("button", name="follow").click()
    await page.evaluate("document.querySelector('.log').scrollTop = 0")
    await page.wait_for_function(f"document.querySelector('{LINES}')?.textContent !== {before[0]!r}")
    assert await page.locator(LINES).count() < 120
    await page.get_by_role("button", name="go on").click()
    await page.get_by_role("button", name="follow").click()
    await page.locator(f"{LINES} .log-text", has_text="drop ").first.wait_for()
    await page.get_by_label("Only lines with").fill("not bold")
    await (
        page.locator(f"{LINES} .log-text", has_text="ümläut <b>not bold</b>").nth(10).wait_for()
    )  # no flood carries others away

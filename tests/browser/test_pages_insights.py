"""The pages of insights over the real program: what a hand does there is found in the engine."""

from collections.abc import Callable
from typing import Any

import pytest

from house import House

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAYLOAD = "<img src=x onerror=window.pwned=1>{{ window.pwned=1 }}"
CONFIG = """\
[workspace]
detect = false

[jobs."check.quick"]
command = ["python3", "-c", "print('quick')"]
agent = "quality"

[jobs."check.broken"]
command = ["python3", "-c", "print('Error: two'); raise SystemExit(3)"]
agent = "quality"

[jobs."work.one"]
command = ["python3", "-c", "print(1)"]
agent = "infra"

[jobs."work.two"]
command = ["python3", "-c", "print(2)"]
agent = "infra"

[rules.look]
when = ["resume"]
do = "resume"
because = "the team said so"
"""


@pytest.fixture(scope="module")
def shop(new_house: Callable[..., House]) -> House:
    """A run has ended badly; agent infra is paused, and a run waits for it."""
    house = new_house(CONFIG)
    house.ended(house.run("check.quick", "check.broken"))
    house.post("/agents/infra/pause", {"reason": PAYLOAD})
    house.run("work.one", "work.two")
    house.until(lambda: advice(house, "resume"))
    return house


def advice(house: House, kind: str) -> Any:
    return next((row for row in house.get("/insights")["next"] if row["kind"] == kind), None)


def said(house: House, id: str) -> Any:
    return next((row for row in house.get("/insights")["taken"] if row["id"] == id), None)


async def test_advice_is_explained_overruled_snoozed_and_taken_by_keyboard(
    shop: House, visit: Callable[..., Any]
) -> None:
    visitor = await visit(shop)
    page = await visitor.go("/insights")
    resume = advice(shop, "resume")
    row = page.locator(f'[data-advice="{resume["id"]}"]')
    await row.wait_for()
    others = [each for each in shop.get("/insights")["next"] if each["id"] != resume["id"]]
    await page.keyboard.press("j")
    first = await page.evaluate("document.activeElement.dataset.advice")
    await page.keyboard.press("y")
    shown = await page.locator(f'[data-advice="{first}"] [data-factor]').count()
    factors = next(each["factors"] for each in shop.get("/insights")["next"] if each["id"] == first)
    assert shown == len(factors)
    other = page.locator(f'[data-advice="{others[0]["id"]}"]')
    await other.focus()
    await page.keyboard.press("o")
    await page.locator("[data-yes]").click()
    await page.get_by_text("A few words are needed").wait_for()
    await page.locator('[name="reason"]').fill("it is known")
    await page.keyboard.press("Control+Enter")
    word = shop.until(lambda: said(shop, others[0]["id"]))
    assert (word["state"], word["reason"]) == ("overruled", "it is known")
    await page.locator(f'[data-taken="{others[0]["id"]}"] [data-reopen]').click()
    shop.until(lambda: any(each["id"] == others[0]["id"] for each in shop.get("/insights")["next"]))
    await other.wait_for()
    await other.get_by_role("button", name="Overrule or snooze").click()
    await page.locator('[data-act="snooze-week"]').click()
    word = shop.until(lambda: said(shop, others[0]["id"]))
    assert word["state"] == "snoozed"
    assert word["until"] > word["at"] + 6 * 86_400
    await row.locator("[data-take]").click()
    await page.get_by_role("dialog").get_by_role("button", name=resume["act"]["title"]).click()
    shop.until(lambda: shop.get("/agents/infra")["state"] != "paused")
    assert said(shop, resume["id"])["state"] == "taken"
    await page.locator(f'[data-taken="{resume["id"]}"]').wait_for()
    assert await page.evaluate("window.pwned") is None
    assert visitor.faults == []


async def test_the_board_takes_the_first_and_a_new_failure_is_seen_at_once(
    shop: House, visit: Callable[..., Any]
) -> None:
    visitor = await visit(shop, 390, 844)
    page = await visitor.go("/")
    shop.post("/agents/quality/pause", {"reason": "again"})
    shop.run("check.quick")
    resume = shop.until(lambda: advice(shop, "resume"))
    row = page.locator(f'[data-next] [data-advice="{resume["id"]}"]')
    await row.wait_for()
    await row.locator("[data-take]").click()
    await page.get_by_role("dialog").get_by_role("button", name=resume["act"]["title"]).click()
    shop.until(lambda: shop.get("/agents/quality")["state"] != "paused")
    assert await visitor.overflow() <= 0
    assert visitor.faults == []


async def test_rules_waiting_and_what_was_learned(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop)
    page = await visitor.go("/insights?tab=rules")
    rule = page.locator('[data-rule="look"]')
    assert "dry run only" in await rule.inner_text()
    async with page.expect_response("**/insights/rules/look/dry-run") as told:
        await rule.locator("[data-dry]").click()
    assert (await (await told.value).json())["rule"]["dry"]["would"] >= 1
    await page.keyboard.press("2")
    async with page.expect_response("**/insights/bottlenecks?since=*") as told:
        await page.locator('[data-span="1d"]').click()
    cost = await (await told.value).json()
    await page.locator('.waiting[aria-busy="false"]').wait_for()
    for cause in cost["causes"][:1]:
        await page.locator("[data-cause]", has_text=cause["words"].split(" waited")[0]).first.wait_for()
    assert "span=1d" in page.url
    await page.keyboard.press("3")
    await page.locator("[data-kind]").first.wait_for()
    kinds = {row["kind"] for row in shop.get("/insights/calibration")["kinds"]}
    assert kinds == set(await page.evaluate("[...document.querySelectorAll('[data-kind]')].map((e) => e.dataset.kind)"))
    assert visitor.faults == []


async def test_what_if_is_simulated_and_its_address_shows_the_same(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop)
    page = await visitor.go("/insights/whatif")
    await page.locator("[data-outcome]").wait_for()
    async with page.expect_response("**/insights/whatif") as told:
        await page.locator('[data-job="check.quick"] input').uncheck()
    asked = (await told.value).request.post_data_json
    assert asked["changes"] == {"without": ["check.quick"]}
    words = (await (await told.value).json())["difference"]["words"]
    await page.locator("[data-difference]").get_by_text(words, exact=True).wait_for()
    await page.locator('[name="cpus"]').fill("4")
    await page.wait_for_url("**cpus=4**")
    again = await visitor.go(page.url.removeprefix(shop.base))
    assert await again.locator('[name="cpus"]').input_value() == "4"
    assert not await again.locator('[data-job="check.quick"] input').is_checked()
    await again.locator("[data-takes]").wait_for()
    assert visitor.faults == []


async def test_the_week_is_chosen_and_saved(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop)
    page = await visitor.go("/insights/report")
    week = shop.get("/insights/report")
    assert (await page.locator(".week-lines li").all_inner_texts()) == week["lines"]
    async with page.expect_download() as file:
        await page.locator("[data-file]").click()
    assert (await file.value).suggested_filename.endswith(f"{week['week']}.html")
    await page.keyboard.press("[")
    await page.wait_for_url("**week=*")
    before = page.url.partition("week=")[2]
    assert before < week["week"]
    await page.get_by_text("Nothing happened in this week").wait_for()
    assert visitor.faults == []


async def test_a_run_foretells_its_end_or_says_why_not(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop)
    shop.post("/agents/infra/pause", {"reason": "for the forecast"})
    run = shop.run("work.one")
    page = await visitor.go(f"/runs/{run}")
    told = shop.until(lambda: shop.get(f"/runs/{run}/forecast"))
    line = page.locator("[data-forecast]")
    await line.wait_for()
    text = await line.inner_text()
    assert ("ends" in text and "P50 to P80" in text) if told["end"] else told["why"] in text
    assert visitor.faults == []

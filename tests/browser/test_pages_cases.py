"""The pages of cases over the real program: a run makes the cases, and what a hand does to them is found in the engine."""

from collections.abc import Callable
from typing import Any

import pytest

from house import House

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAYLOAD = "<img src=x onerror=window.pwned=1>{{ window.pwned=1 }}"
CONFIG = f"""\
[workspace]
detect = false

[cases]
automatic = false

[jobs."check.broken"]
command = ["python3", "-c", "print('Error: {PAYLOAD}'); raise SystemExit(3)"]
agent = "quality"

[jobs."check.other"]
command = ["python3", "-c", "print('another thing is wrong'); raise SystemExit(2)"]
agent = "security"

[jobs."check.third"]
command = ["python3", "-c", "raise SystemExit(1)"]
agent = "api"
"""


@pytest.fixture(scope="module")
def shop(new_house: Callable[..., House]) -> House:
    shop = new_house(CONFIG)
    shop.ended(shop.run("check.broken", "check.other", "check.third"))
    shop.until(lambda: shop.get("/cases?state=open")["open"] == 3)
    return shop


def case(shop: House, number: int) -> Any:
    return shop.get(f"/cases/{number}")["case"]


def of_check(shop: House, check: str) -> int:
    return next(row["id"] for row in shop.get("/cases")["cases"] if check in row["checks"])


async def test_the_list_is_narrowed_given_away_and_joined_by_keyboard(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop, 1440, 900)
    page = await visitor.go("/cases?severity=low")
    await page.get_by_text("No case fits").wait_for()
    await page.locator(".case-tools").get_by_role("button", name="clear").click()
    await page.locator("[data-case]").nth(2).wait_for()
    assert page.url.endswith("/cases")
    third = of_check(shop, "check.third")
    await page.locator(f'[data-case="{third}"]').focus()
    await page.keyboard.press("k")
    await page.locator(f'[data-case="{third}"] [data-main]').focus()
    await page.keyboard.press("a")
    await page.keyboard.type("bob")
    await page.locator('[data-who="@bob"]').wait_for()
    await page.keyboard.press("Enter")
    given = shop.until(lambda: case(shop, third)["assignee"])
    assert (given["kind"], given["name"]) == ("person", "bob")
    await page.locator(f'[data-column="assigned"] [data-case="{third}"]').wait_for()
    await page.keyboard.press("v")
    await page.locator(".case-row").nth(2).wait_for()
    await page.locator('select[aria-label="Given to"]').select_option("@bob")
    await page.locator(".case-row").nth(1).wait_for(state="detached")
    assert "view=list" in page.url
    assert "assignee=%40bob" in page.url
    await page.locator(".case-tools").get_by_role("button", name="clear").click()
    await page.locator(".case-row").nth(2).wait_for()
    for check in ("check.broken", "check.other"):
        await page.locator(f'[data-case="{of_check(shop, check)}"] [data-main]').focus()
        await page.keyboard.press("x")
    await page.get_by_text("2 cases selected").wait_for()
    await page.keyboard.press("m")
    stays = of_check(shop, "check.broken")
    await page.locator(f'input[name="into"][value="{stays}"]').check()
    await page.locator('[name="reason"]').fill("one old script is behind both")
    await page.locator("[data-yes]").click()
    shop.until(lambda: case(shop, stays)["symptoms"] == 2)
    joined = shop.get("/cases?state=closed")["cases"]
    assert [row["into"] for row in joined] == [stays]
    await page.keyboard.press("/")
    await page.keyboard.type(f"C{joined[0]['id']}")
    await page.locator(f'.case-row[data-state="closed"][data-case="{joined[0]["id"]}"]').wait_for()
    assert await page.evaluate("window.pwned") is None
    assert visitor.faults == []


async def test_a_case_is_split_accepted_reopened_and_closed(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop, 1280, 900)
    number = next(row["id"] for row in shop.get("/cases?state=open")["cases"] if row["symptoms"] == 2)
    page = await visitor.go(f"/cases/{number}")
    assert await page.locator("[data-factor]").count() == 5
    assert await page.locator('[data-act="investigate"]').count() == 1  # the guided tour points at it
    await page.locator("[data-symptom]").last.locator("[data-main]").focus()
    await page.keyboard.press("x")
    await page.keyboard.press("s")
    await page.locator("[data-yes]").click()
    shop.until(lambda: case(shop, number)["symptoms"] == 1)
    assert shop.get("/cases?state=open")["open"] == 3
    await page.locator("[data-symptom]").nth(1).wait_for(state="detached")
    await page.keyboard.press("c")
    await page.keyboard.type("I saw it on Tuesday as well.")
    await page.keyboard.press("Control+Enter")
    await page.locator('[data-step="comment"]').wait_for()
    assert shop.get(f"/cases/{number}")["timeline"][-1]["words"].endswith("I saw it on Tuesday as well.")
    await page.locator("h1").click()
    await page.keyboard.press("e")
    await page.locator("[data-yes]").click()
    await page.get_by_text("A few words are needed").wait_for()
    await page.locator('[name="reason"]').fill("until the script is gone")
    await page.locator("[data-yes]").click()
    shop.until(lambda: case(shop, number)["state"] == "accepted")
    assert case(shop, number)["accepted_why"] == "until the script is gone"
    await page.locator('.case-head [data-state="accepted"]').wait_for()
    await page.keyboard.press("o")
    await page.locator('[name="reason"]').fill("it hurts again")
    await page.locator("[data-yes]").click()
    shop.until(lambda: case(shop, number)["state"] == "new")
    await page.locator('.case-head [data-state="new"]').wait_for()
    await page.get_by_role("button", name="mark as looked at").click()
    shop.until(lambda: case(shop, number)["state"] == "triaged")
    await page.get_by_role("button", name="Investigate").click()
    await page.locator('[data-act="bisect"]').click()
    await page.locator(".toast").last.wait_for()
    async with page.expect_download() as taken:
        await page.get_by_role("link", name="Download").click()
    assert (await taken.value).suggested_filename == f"callboard-C{number}.zip"
    shop.post(f"/cases/{number}/assign", {"to": "@carol"})
    await page.get_by_text("@carol").first.wait_for()
    await page.keyboard.press("a")
    await page.keyboard.type("qualityas")
    await page.locator('[data-who="quality"][aria-selected="true"]').wait_for()
    await page.keyboard.press("Enter")
    await page.locator(".case-form .trouble").get_by_text("Refused").wait_for()
    assert case(shop, number)["assignee"]["name"] == "carol"
    await page.locator('[name="instead"]').check()
    await page.locator("[data-yes]").click()
    shop.until(lambda: case(shop, number)["assignee"]["name"] == "quality")
    await page.locator(".head").get_by_role("button", name="More").click()
    await page.locator('[data-act="close"]').click()
    await page.locator('[name="reason"]').fill("I deleted the script")
    await page.locator("[data-yes]").click()
    closed = shop.until(lambda: (row := case(shop, number))["state"] == "closed" and row)
    assert closed["resolution"]["kind"] == "by hand"
    assert await page.evaluate("window.pwned") is None


async def test_an_incident_pauses_freezes_and_is_ended(shop: House, visit: Callable[..., Any]) -> None:
    number = of_check(shop, "check.third")
    visitor = await visit(shop, 390, 844)
    page = await visitor.go(f"/cases/{number}")
    await page.locator(".head").get_by_role("button", name="More").click()
    await page.locator('[data-act="incident"]').click()
    assert "api is paused" in await page.locator(".incident-will").inner_text()
    await page.locator('[name="reason"]').fill("it wrote where it must not")
    await page.locator("[data-yes]").click()
    begun = shop.until(lambda: [row for row in shop.get("/incidents")["incidents"] if row["state"] == "on"])[0]
    assert (begun["case"], begun["agents"]) == (number, ["api"])
    assert shop.get("/agents/api")["state"] == "paused"
    banner = page.locator(f'.incident[data-incident="{begun["id"]}"]')
    await banner.get_by_role("button", name="End the incident…").click()
    await page.locator("[data-end]").click()
    await page.locator(".incident-past", has_text="was ended by").wait_for()
    assert shop.get("/incidents")["incidents"][0]["ended"]
    assert shop.get("/agents/api")["state"] != "paused"
    assert await visitor.overflow() <= 0
    assert visitor.faults == []


async def test_cases_are_found_from_the_board_a_run_a_task_and_the_search(
    shop: House, visit: Callable[..., Any]
) -> None:
    number = of_check(shop, "check.third")
    visitor = await visit(shop, 1440, 900)
    page = await visitor.go("/")
    await page.locator(f'.case-panel [data-case="{number}"]').wait_for()
    run = shop.get("/runs")[0]["id"]
    await visitor.go(f"/runs/{run}")
    await page.locator(f'.facts .case-link[href="/cases/{number}"]').wait_for()
    task = shop.task(run, "check.third")["id"]
    await visitor.go(f"/tasks/{task}")
    await page.locator(f'.facts .case-link[href="/cases/{number}"]').wait_for()
    await page.keyboard.press("Control+k")
    await page.keyboard.type(f"C{number}")
    await page.locator('.palette-item[aria-selected="true"]', has_text=f"C{number}").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/cases/{number}")
    assert visitor.faults == []

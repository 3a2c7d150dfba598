"""The roadmap's pages over the real program: what a hand does there is found in the engine and in the files."""

from collections.abc import Callable
from typing import Any

import pytest

from house import House

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAYLOAD = "<img src=x onerror=window.pwned=1>{{ window.pwned=1 }}"
CONFIG = """\
[workspace]
detect = false

[roadmap]
write = true

[changes.add-login]
layer = "critical"

[changes.rotate-keys]
layer = "high"
after = ["add-login"]

[milestones.beta]
due = "2020-02-02"
changes = ["add-login"]

[[routes]]
words = ["linter"]
action = "quality.lint"
because = "we lint by machine"
"""
TASKS = "## 1. Backend\n\n- [ ] 1.1 Ask legal about the wording\n- [x] 1.2 Move the table\n- [ ] 1.3 Run the linter over the code\n"
FOLDER = "openspec/changes"
FILES = {
    f"{FOLDER}/add-login/proposal.md": "# Add login\n\n## Why\n\nPasswords are on paper.\n",
    f"{FOLDER}/add-login/tasks.md": TASKS,
    f"{FOLDER}/rotate-keys/tasks.md": "- [ ] 1.1 Rotate\n",
    f"{FOLDER}/odd/proposal.md": f"# {PAYLOAD}\n\n## Why\n\n{PAYLOAD}\n",
    f"{FOLDER}/odd/tasks.md": f"## {PAYLOAD}\n\n- [ ] {PAYLOAD}\n",
    f"{FOLDER}/huge/tasks.md": "".join(f"- [ ] {n}.1 Step {n} of many\n" for n in range(1, 1601)),
}


@pytest.fixture(scope="module")
def shop(new_house: Callable[..., House]) -> House:
    return new_house(CONFIG, FILES)


def change(shop: House, name: str) -> Any:
    return next(row for row in shop.get("/roadmap")["changes"] if row["id"] == name)


def task(shop: House, name: str, number: str) -> Any:
    tasks = [each for section in shop.get(f"/roadmap/{name}")["sections"] for each in section["tasks"]]
    return next(each for each in tasks if each["number"] == number)


async def test_layers_fold_filter_and_take_a_change(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop)
    page = await visitor.go("/roadmap?q=keys")
    assert await page.locator("[data-change]").count() == 1
    await page.locator('[data-change="rotate-keys"] .road-block').get_by_text("add-login").wait_for()
    assert await page.locator('[data-milestone="beta"] .state').inner_text() == "late"
    await page.keyboard.press("/")
    await page.keyboard.press("Control+a")
    await page.keyboard.type("login")
    await page.keyboard.press("Escape")
    await page.locator('[data-change="add-login"]').wait_for()
    assert page.url.endswith("q=login")
    await page.locator(".road-tools").get_by_role("button", name="clear").click()
    high = page.locator('[data-layer="high"] .road-fold')
    await high.press("Enter")
    shop.until(lambda: shop.get("/me")["settings"]["roadmap"]["closed"] == ["high"])
    await page.reload()
    await page.locator('[data-layer="high"] .road-fold[aria-expanded="false"]').wait_for()
    assert not await page.locator('[data-change="rotate-keys"]').is_visible()
    grip = await page.locator('[data-grip="add-login"]').bounding_box()
    await page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    await page.mouse.down()
    await page.mouse.move(grip["x"] + 60, grip["y"] + 20, steps=3)
    aim = await page.locator('[data-layer="low"] .road-head').bounding_box()
    await page.mouse.move(aim["x"] + 90, aim["y"] + 14, steps=3)
    await page.mouse.up()
    shop.until(lambda: change(shop, "add-login")["layer"] == "low")
    row = page.locator('[data-layer="low"] [data-change="add-login"]')
    await row.wait_for()
    await row.locator("[data-grip]").press("Space")
    await page.keyboard.press("ArrowUp")
    assert await page.evaluate("document.activeElement.dataset.place") == "critical"
    await page.keyboard.press("Enter")
    shop.until(lambda: change(shop, "add-login")["layer"] == "critical")
    assert await page.evaluate("window.pwned") is None
    assert visitor.faults == []


async def test_tasks_are_given_done_and_taken_back_by_keyboard(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop, 1280, 800)
    page = await visitor.go("/roadmap/add-login")
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await page.keyboard.type("bob")
    await page.locator('[data-who="@bob"]').wait_for()
    await page.keyboard.press("Enter")
    given = shop.until(lambda: task(shop, "add-login", "1.1")["assignment"])
    assert (given["to"], given["kind"], given["state"]) == ("bob", "person", "waits")
    await page.locator('[data-ref="add-login#1.1"] [data-how="assigned"]').wait_for()
    row = page.locator('[data-ref="add-login#1.1"]')
    await row.focus()
    await page.keyboard.press("w")
    await page.locator("[data-yes]").click()
    shop.until(lambda: task(shop, "add-login", "1.1")["assignment"] is None)
    await row.focus()
    await page.keyboard.press("d")
    await page.locator("[data-yes]").click()
    await page.get_by_text("A few words are needed").wait_for()
    await page.locator('[name="note"]').fill("legal said yes")
    await page.keyboard.press("Control+Enter")
    file = shop.workspace / FOLDER / "add-login/tasks.md"
    shop.until(lambda: file.read_text() == TASKS.replace("[ ] 1.1", "[x] 1.1"))
    await row.get_by_text("legal said yes").wait_for()
    assert visitor.faults == []


async def test_an_agents_task_is_given_by_drag_and_the_engine_has_its_run(
    shop: House, visit: Callable[..., Any]
) -> None:
    offer = task(shop, "add-login", "1.3")["suggested"]
    assert (offer["to"], offer["action"]) == ("quality", "quality.lint")
    page = await (await visit(shop)).go("/roadmap/add-login")
    await page.locator('[data-ref="add-login#1.3"]').get_by_text(offer["why"]).wait_for()
    grip = await page.locator('[data-grip="add-login#1.3"]').bounding_box()
    await page.mouse.move(grip["x"] + 8, grip["y"] + 8)
    await page.mouse.down()
    await page.mouse.move(grip["x"] + 200, grip["y"] + 20, steps=3)
    aim = await page.locator('[data-strip="quality"]').bounding_box()
    await page.mouse.move(aim["x"] + 60, aim["y"] + 14, steps=3)
    await page.mouse.up()
    given = shop.until(lambda: (a := task(shop, "add-login", "1.3")["assignment"]) and a["run"] is not None and a)
    assert (given["to"], given["action"]) == ("quality", offer["action"])
    assert any(given["action"] == each["action"] for each in shop.get(f"/runs/{given['run']}")["tasks"])
    await page.locator('[data-ref="add-login#1.3"]').get_by_text(f"run {given['run']}").wait_for()


async def test_sixteen_hundred_tasks_stay_light_and_odd_ones_are_text(shop: House, visit: Callable[..., Any]) -> None:
    visitor = await visit(shop, 390, 844)
    page = await visitor.go("/roadmap/huge")
    assert await page.locator(".rtask").count() < 80
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await page.get_by_text("Step 1600 of many").wait_for()
    await visitor.go("/roadmap/odd")
    assert PAYLOAD in await page.locator("#main").inner_text()
    assert await page.evaluate("window.pwned") is None
    assert await visitor.overflow() <= 0
    assert visitor.faults == []

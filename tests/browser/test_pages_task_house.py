"""A task's page over the real program: from red to the failing line, source and diff beside it, attempts, and a person's hand."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
TOKEN = "gh" + "p_" + "a1B2" * 9
CONFIG = """\
[workspace]
detect = false

[jobs."check.shop"]
command = ["python3", "check.py"]
agent = "quality"

[jobs."quality.lint"]
action = "quality.lint"

[jobs."work.slow"]
command = ["python3", "slow.py"]
agent = "infra"
"""
CHECK = """\
import pathlib
import shop

past = pathlib.Path("var/past")
past.parent.mkdir(exist_ok=True)
past.write_text(past.read_text() + "x" if past.exists() else "x")
for n in range(400):
    print("step", n, "is fine and this line goes on " + "for long " * 30 if n == 7 else "")
print("this is try", len(past.read_text()))
print("\\x1b[31mAssertionError\\x1b[0m: 41 != 42" if shop.total() != 42 else "all is well")
for n in range(60):
    print("after", n)
print("FAILED check" if shop.total() != 42 else "ok")
raise SystemExit(shop.total() != 42)
"""
SHOP = f"import os\n\nKEY = '{TOKEN}'\n\n\ndef total():\n    return 42\n"


@pytest.fixture(scope="module")
def shop(new_house: Callable[..., Any]) -> Any:
    """A house in which the check passed once, and fails since a commit and a change that is not committed."""
    house = new_house(CONFIG, {"check.py": CHECK, "shop.py": SHOP, ".gitignore": "var/\n__pycache__/\n"})
    assert house.ended(house.run("check.shop"))["tasks"]["check.shop"]["state"] == "succeeded"
    (house.workspace / "shop.py").write_text(SHOP.replace("42", "41"))
    house.commit("One less")
    (house.workspace / "fresh.py").write_text("new = 1\n")
    house.failed = house.run("check.shop", "quality.lint")
    house.ended(house.failed)
    return house


async def test_from_red_to_the_failing_line_with_findings_and_diff_beside_it(
    shop: Any, visit: Callable[..., Any]
) -> None:
    page = await (await visit(shop)).go(f"/runs/{shop.failed}?tab=tasks")
    await page.locator("#main a", has_text="check.shop").first.click()
    await page.locator(".log-line.at", has_text="AssertionError: 41 != 42").wait_for()
    first = int(str(await page.locator(".log-line.at").get_attribute("data-line")))
    beside = page.locator("aside .differ")
    assert await beside.locator("[data-file]").count() == 2
    assert "+1 −1" in await beside.locator('[data-file="shop.py"]').inner_text()
    assert "return 41" in await beside.locator(".d-add", has_text="return").inner_text()
    told = shop.call("status", f"{shop.failed}.check.shop", "--diff").stdout
    assert "+    return 41" in told
    assert "fresh.py" in told

    # -- from failing line to failing line, by key
    await page.keyboard.press("e")
    await page.locator(".log-line.at", has_text="FAILED check").wait_for()
    last = int(str(await page.locator(".log-line.at").get_attribute("data-line")))
    assert page.url.endswith(f"#L{last}")
    await page.keyboard.press("Shift+E")
    await page.locator(f'.log-line.at[data-line="{first}"]').wait_for()
    lines = shop.call("logs", f"{shop.failed}.check.shop", "--level", "failure").stdout.split("\n")
    assert [line.split(":")[0] for line in lines if line] == [str(first), str(last)]

    # -- all of the diff, in its own tab, by key
    await page.keyboard.press("3")
    await page.locator("#panel .differ").wait_for()
    assert page.url.split("#")[0].endswith("?tab=changes")
    assert await page.locator("#panel .d-del", has_text="return 42").count() == 1


async def test_search_filter_range_wrap_and_copies_are_links_and_keys(shop: Any, visit: Callable[..., Any]) -> None:
    task = shop.task(shop.failed, "check.shop")["id"]
    visitor = await visit(shop)
    page = await visitor.go(f"/tasks/{task}?q=after%201")
    await page.locator(".log-told", has_text="11 matches").wait_for()
    await page.keyboard.press("n")
    await page.locator(".log-line.at", has_text="after 1").wait_for()
    await page.keyboard.press("Shift+N")
    await page.locator(".log-told", has_text="11 of 11").wait_for()
    await page.keyboard.press("m")
    await page.locator(".log-foot", has_text="11 of").wait_for()
    await page.reload()
    await page.locator(".log-foot", has_text="11 of").wait_for()
    assert {"q=after+1", "only=1"} <= set(page.url.split("#")[0].partition("?")[2].split("&"))
    await page.keyboard.press("m")
    await page.locator(".log-foot", has_text="463 lines").wait_for()

    page = await visitor.go(f"/tasks/{task}#L3-L6")
    await page.locator('.log-line.at[data-line="6"]').wait_for()
    assert await page.locator(".log-line.at").count() == 4
    await page.locator('[data-line="8"] .log-number').click()
    await page.locator('[data-line="10"] .log-number').click(modifiers=["Shift"])
    assert page.url.endswith("#L8-L10")
    before = await page.locator('[data-line="8"]').evaluate("(line) => line.offsetHeight")
    await page.keyboard.press("w")
    await page.wait_for_function("document.querySelector('.log').classList.contains('wrap')")
    assert await page.locator('[data-line="8"]').evaluate("(line) => line.offsetHeight") > before
    assert "wrap=1" in page.url
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="download", exact=True).first.click()
    kept = (await (await coming.value).path()).read_text()
    assert kept.startswith("step 0")
    assert kept.rstrip().endswith("FAILED check")


async def test_a_finding_shows_its_lines_and_never_a_secret(shop: Any, visit: Callable[..., Any]) -> None:
    task = shop.task(shop.failed, "quality.lint")["id"]
    page = await (await visit(shop)).go(f"/tasks/{task}?tab=findings")
    opener = page.locator("#panel [data-source-open]").first
    await opener.focus()
    await page.keyboard.press("Enter")
    await page.locator("#panel .source-line.here", has_text="import os").wait_for()
    words = await page.locator("#panel .source").inner_text()
    assert "as in commit" not in words or "shop.py" in words
    assert "KEY = '••••••'" in words
    assert TOKEN not in await page.content()
    assert await opener.get_attribute("aria-expanded") == "true"
    told = shop.call("findings", str(shop.failed), "--source").stdout
    assert "> 1 | import os" in told
    assert TOKEN not in told


async def test_a_person_cancels_retries_compares_and_takes_over(shop: Any, visit: Callable[..., Any]) -> None:
    task = shop.task(shop.failed, "check.shop")["id"]
    page = await (await visit(shop)).go(f"/tasks/{task}")
    await page.keyboard.press("r")
    await page.locator("dialog[open]", has_text="not marked as idempotent").wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="attempt 2").wait_for()
    await asyncio.to_thread(shop.until, lambda: shop.get(f"/tasks/{task}")["task"]["ended"])
    assert [a["attempt"] for a in shop.get(f"/tasks/{task}")["attempts"]] == [1, 2]
    await page.get_by_label("Compare with the log of").select_option("1")
    await page.locator(".apart .d-add", has_text="this is try 3").wait_for()
    assert await page.locator(".apart .d-del", has_text="this is try 2").count() == 1
    assert "against=1" in page.url
    await page.get_by_role("button", name="back to the log").click()
    await page.get_by_role("tab", name="Attempts").click()
    rows = page.locator("#panel .attempt")
    assert await rows.count() == 2
    assert "exit code 1" in " ".join((await rows.first.inner_text()).split())

    # -- a person takes it over; another one, who had the dialog open too, is told
    me = shop.get("/me")["name"]
    other = await (await visit(shop)).go(f"/tasks/{task}")
    await other.keyboard.press("h")
    await page.keyboard.press("h")
    await page.get_by_label("Why, for the others").fill("by hand")
    await page.keyboard.press("Enter")
    await page.locator(".trouble", has_text="by hand").first.wait_for()
    assert shop.get(f"/tasks/{task}")["task"]["taken"] == {
        "by": me, "reason": "by hand", "since": shop.get(f"/tasks/{task}")["task"]["taken"]["since"],
    }  # fmt: skip
    await other.locator(".trouble", has_text="by hand").first.wait_for()
    assert await other.locator("dialog[open]").count() == 0
    await page.keyboard.press("h")
    await page.get_by_label("How you did it").fill("counted again")
    await page.keyboard.press("Enter")
    await page.locator('.head [data-state="succeeded"]').wait_for()
    found = shop.get(f"/tasks/{task}")["task"]
    assert (found["state"], found["by_hand"]["note"]) == ("succeeded", "counted again")

    run = shop.run("work.slow")
    slow = shop.task(run, "work.slow")["id"]
    page = await (await visit(shop)).go(f"/tasks/{slow}")
    await page.locator(".log-line", has_text="step 1").first.wait_for()
    await page.keyboard.press("x")
    await page.get_by_label("Why, for the others").fill("enough")
    await page.keyboard.press("Enter")
    await page.locator('.head [data-state="cancelled"]').wait_for()
    assert "enough" in shop.get(f"/tasks/{slow}")["task"]["reason"]
    await page.keyboard.press("h")
    await page.get_by_role("button", name="Take over", exact=True).click()
    await page.get_by_role("button", name="Give back…").click()
    await page.get_by_role("button", name="Give back", exact=True).click()
    await page.get_by_role("button", name="Take over…").wait_for()
    assert shop.get(f"/tasks/{slow}")["task"]["taken"] is None
    answer = await asyncio.to_thread(shop.api.post, f"/tasks/{slow}/finish", json={"outcome": "done", "note": "x"})
    assert answer.status_code == 409


async def test_the_console_is_worked_by_keys(shop: Any, visit: Callable[..., Any]) -> None:
    run = shop.run("work.slow")
    slow = shop.task(run, "work.slow")["id"]
    page = await (await visit(shop)).go(f"/console?task={slow}&wrap=1")
    lines = page.locator(".console .log-line")
    await lines.first.wait_for()
    await page.keyboard.press("p")
    await page.locator(".log-foot", has_text="waiting").wait_for()
    held = await lines.count()
    assert shop.get(f"/tasks/{slow}")["task"]["state"] == "running"
    assert await lines.count() == held
    await page.keyboard.press("c")
    await page.locator(".console .empty-title", has_text="Cleared").wait_for()
    await page.keyboard.press("p")
    await lines.first.wait_for()
    await page.keyboard.press("w")
    await page.wait_for_function("!location.search.includes('wrap')")
    await page.keyboard.press("Shift+F")
    await page.wait_for_function("!location.search.includes('task')")
    shop.post(f"/tasks/{slow}/cancel", {"reason": "the test is over"})

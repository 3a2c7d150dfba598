"""The frame over the real program: palette, keys, settings, what is kept of a person."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifted += entry.value; })
    .observe({type: "layout-shift", buffered: true});
}"""
ROOT = "({...document.documentElement.dataset})"
CHOSEN = {"theme": "dark", "density": "compact", "motion": "less"}


@pytest.fixture
def me(house: Any) -> Any:
    """What the server keeps of the person; as it was afterwards."""
    yield lambda: house.get("/me")["settings"]
    first = {"theme": "auto", "density": "comfortable", "clock": "relative", "motion": "auto"}
    house.api.put(
        "/me", json={"settings": {**first, "panels": {"order": [], "hidden": []}, "notify": {"sound": False}}}
    )


async def test_the_palette_changes_the_engine_without_a_mouse(house: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(house)
    page = await visitor.go("/")
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search and do")
    await page.keyboard.type("pause quality")
    chosen = page.locator('.palette [role="option"][aria-selected="true"]')
    await page.locator(".palette-title", has_text="Pause QualityAssurance").wait_for()
    assert await field.get_attribute("aria-activedescendant") == await chosen.get_attribute("id")
    assert await chosen.inner_text() == "Pause QualityAssurance"
    await page.keyboard.press("Enter")
    await page.locator(".toast", has_text="QualityAssurance is paused.").wait_for()
    assert house.get("/agents/quality")["state"] == "paused"
    await page.keyboard.press("Control+k")
    await page.keyboard.type("resume quality")
    await page.locator(".palette-title", has_text="Resume QualityAssurance").wait_for()
    await page.keyboard.press("Enter")
    house.until(lambda: house.get("/agents/quality")["state"] != "paused")
    assert visitor.faults == []


async def test_the_palette_starts_a_run_and_goes_to_a_task_by_its_number(house: Any, visit: Callable[..., Any]) -> None:
    run = house.run("check.quick")
    house.ended(run)
    page = await (await visit(house)).go("/runs")
    await page.get_by_role("button", name="Search and do").click()
    await page.keyboard.type(f"{run}.0")
    await page.locator(".palette-note", has_text=f"{run}.0").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/tasks/{run}.0")
    await page.wait_for_selector('[data-link="live"]')
    await page.keyboard.press("Control+k")
    await page.keyboard.type("start a run of default")
    await page.locator(".palette-title", has_text="Start a run of default").wait_for()
    newest = house.get("/runs?limit=1")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/runs/*")
    begun = house.until(lambda: house.get("/runs?limit=1")[0]["id"] > newest[0]["id"] and house.get("/runs?limit=1")[0])
    assert page.url.endswith(f"/runs/{begun['id']}")
    house.post(f"/runs/{begun['id']}/cancel", {"reason": "seen"})


async def test_settings_are_shown_at_once_and_kept_for_the_person(
    house: Any, me: Callable[[], Any], visit: Callable[..., Any]
) -> None:
    visitor = await visit(house)
    page = await visitor.go("/settings")
    for choice in ("dark", "compact", "less", "absolute"):
        await page.locator(".segmented label", has_text=choice).click()
    await page.get_by_role("switch").nth(1).check()
    await page.get_by_label("Newest findings", exact=True).uncheck()
    await page.get_by_role("button", name="This machine up").click()
    assert await page.evaluate(ROOT) == CHOSEN
    house.until(lambda: me()["panels"]["order"])
    assert [me()[name] for name in ("theme", "density", "motion", "clock")] == ["dark", "compact", "less", "absolute"]
    assert (me()["notify"]["sound"], me()["panels"]["hidden"]) == (True, ["findings"])
    assert me()["panels"]["order"].index("host") < me()["panels"]["order"].index("roadmap")
    other = await visit(house, own=True)
    page = await other.go("/")
    assert await page.evaluate(ROOT) == CHOSEN
    assert await page.get_by_role("heading", name="Newest findings").count() == 0
    about = house.get("/about")
    page = await other.go("/settings")
    assert about["data"] in await page.locator("dl.pairs").inner_text()
    assert (visitor.faults, other.faults) == ([], [])


async def test_a_setting_by_palette_and_by_terminal_is_the_same_one(
    house: Any, me: Callable[[], Any], visit: Callable[..., Any]
) -> None:
    page = await (await visit(house)).go("/runs")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("density compact")
    await page.keyboard.press("Enter")
    house.until(lambda: me()["density"] == "compact")
    assert house.call("settings", "density").stdout == "compact\n"
    assert house.call("settings", "theme", "light").returncode == 0
    assert me()["theme"] == "light"
    refused = house.call("settings", "theme", "blue")
    assert (refused.returncode, "one of auto, light, dark" in refused.stderr) == (2, True)


async def test_the_keys_lead_everywhere_and_say_so(house: Any, visit: Callable[..., Any]) -> None:
    first, second = (house.run("check.quick") for _ in range(2))
    house.ended(second)
    page = await (await visit(house)).go("/agents")
    await page.keyboard.press("?")
    said = await page.get_by_role("dialog", name="Keys").inner_text()
    assert all(word in said for word in ("Go to", "Runs", "Settings", "Everywhere", "Search and do"))
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.wait_for_url("**/runs")
    await page.wait_for_selector('[data-link="live"]')
    await page.keyboard.press("/")
    await page.keyboard.type("gr")
    assert await page.locator("[data-search]").input_value() == "gr"
    await page.keyboard.press("Escape")
    await page.locator("[data-search]").fill("")
    await page.locator("[data-search]").blur()
    assert page.url.endswith("/runs")
    assert first < second


@pytest.mark.long
async def test_nothing_moves_when_the_page_comes(house: Any, visit: Callable[..., Any]) -> None:
    for width, height in ((1440, 900), (390, 844)):
        visitor = await visit(house, width, height, own=True)
        await visitor.context.add_init_script(f"({SHIFTS})()")
        for path in ("/runs", "/agents", "/settings"):
            page = await visitor.go(path)
            await page.wait_for_timeout(300)
            assert await page.evaluate("window.shifted") < 0.01, (path, width)
            assert await visitor.overflow() <= 0


async def test_every_page_is_reached_on_a_phone(house: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(house, 390, 844)).go("/")
    await page.get_by_role("button", name="More").click()
    names = await page.get_by_role("dialog", name="All pages").get_by_role("link").all_inner_texts()
    assert {"Board", "Runs", "Patches", "Console", "Agents", "Machine", "Settings", "Start a run"} <= {
        name.split("\n")[0].rstrip("0123456789+") for name in names
    }
    await page.get_by_role("dialog", name="All pages").get_by_role("link", name="Machine").click()
    await page.wait_for_url("**/machine")


async def test_the_style_guide_is_for_development_alone(house: Any) -> None:
    answer = house.api.get(f"{house.base}/styleguide", headers={"Accept": "text/html"})
    assert answer.status_code == 404


async def test_a_hostile_search_finds_nothing_and_hurts_nothing(house: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(house)).go("/")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("<img src=x onerror=window.pwned=1>{{7*7}}%_'")
    await page.locator(".palette-none", has_text="Nothing fits").wait_for()
    assert await page.evaluate("window.pwned") is None
    for words in ("%", "'; DROP TABLE task; --", "\\", "\x00", "a" * 400):
        assert house.api.get("/search", params={"q": words}).status_code == 200
    assert house.call("search", "no such thing").returncode == 1
    assert house.get("/search?q=quality")["hits"][0]["kind"] == "agent"


async def test_a_page_whose_session_is_over_says_what_to_do_and_then_goes_on(
    house: Any, visit: Callable[..., Any]
) -> None:
    visitor = await visit(house, own=True)
    page = await visitor.go("/runs")
    await page.evaluate("window.mark = 1")
    cookies = await visitor.context.cookies()
    await visitor.context.clear_cookies()
    await page.evaluate("window.socket.io.engine.close()")
    await page.locator(".banner", has_text="Your session is over: run callboard token").wait_for()
    await visitor.context.add_cookies(cookies)
    await page.wait_for_selector('[data-link="live"]', timeout=90_000)  # it tries again ever more rarely
    assert await page.locator(".banner.stale").count() == 0
    assert await page.evaluate("window.mark") == 1


async def test_a_tab_that_slept_is_read_anew_without_a_word(house: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(house, own=True)
    page = await visitor.go("/runs")
    await page.evaluate("""() => {
      window.alarms = 0;
      new MutationObserver(() => (window.alarms += document.querySelectorAll(".banner.stale").length))
        .observe(document.body, {childList: true, subtree: true});
    }""")
    devices = await visitor.context.new_cdp_session(page)
    await devices.send("Page.setWebLifecycleState", {"state": "frozen"})
    run = house.run("check.quick")
    house.ended(run)
    await page.wait_for_timeout(3000)
    await devices.send("Page.setWebLifecycleState", {"state": "active"})
    await page.locator(f'tr[data-run="{run}"] [data-state="succeeded"]').wait_for()
    await page.wait_for_timeout(500)
    assert await page.evaluate("window.alarms") == 0

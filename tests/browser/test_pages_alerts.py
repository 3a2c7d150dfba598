"""Alerts over the real program: a job breaks, somebody sees to it, it is cured; and what the page does, the engine says."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from fake_alerts import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LOOK = "import os, sys; sys.exit(3 if os.path.exists('{0}') else 0)"
CONFIG = f"""\
[workspace]
detect = false

[jobs."check.lint"]
command = ["python3", "-c", "{LOOK.format("lint.bad")}"]
agent = "quality"

[jobs."check.other"]
command = ["python3", "-c", "{LOOK.format("other.bad")}"]
agent = "security"
"""


@pytest.fixture(scope="module")
def alarmed(new_house: Callable[..., Any]) -> Any:
    """A house in which two jobs break when a test wants it."""
    return new_house(CONFIG)


def breaks(house: Any, *names: str) -> None:
    """From now on exactly these jobs break; and they are tried."""
    for name in ("lint", "other"):
        bad = house.workspace / f"{name}.bad"
        bad.touch() if name in names else bad.unlink(missing_ok=True)
    house.ended(house.run())


def standing(house: Any) -> dict[str, Any]:
    """Alerts that stand, by the job that they are about."""
    return {row["key"].rpartition(":")[2]: row for row in house.get("/alerts?state=standing")}


async def slid(page: Page) -> list[str]:
    titles: list[str] = await page.locator(".slide-title").all_inner_texts()
    return titles


async def test_a_job_breaks_slides_in_is_acknowledged_in_my_name_and_resolves_with_its_cure(
    alarmed: Any, visit: Callable[..., Any]
) -> None:
    me = alarmed.get("/me")["name"]
    page = await (await visit(alarmed)).go("/machine")
    assert await slid(page) == []
    breaks(alarmed, "lint")
    slide = page.locator(".slide", has_text="check.lint failed")
    await expect(slide).to_be_visible()
    assert (await slide.get_by_role("link", name="Open").get_attribute("href") or "").startswith("/tasks/")
    await expect(page.locator("nav .nav-count").last).to_have_text("1")
    late = await (await visit(alarmed)).go("/agents")
    assert await slid(late) == [], "what was before a page was opened does not slide in"
    await slide.get_by_role("button", name="Acknowledge").click()
    await expect(slide).to_have_count(0)
    row = alarmed.until(lambda: standing(alarmed)["check.lint"])
    assert (row["state"], row["by"], row["times"]) == ("acknowledged", me, 1)
    breaks(alarmed, "lint")
    await page.goto(f"{alarmed.base}/alerts")
    await expect(page.locator(f'[data-alert="{row["id"]}"]')).to_contain_text(
        "seen in 2 runs" if not row["by"] else f"by {me}"
    )
    assert await slid(page) == [], "the same cause is told once"
    breaks(alarmed)
    await expect(page.locator(f'[data-alert="{row["id"]}"]')).to_have_count(0)
    done = alarmed.get(f"/alerts/{row['id']}")
    assert (done["state"], done["times"]) == ("resolved", 2)
    assert done["why"].startswith("check.lint passed in run ")
    assert [step["kind"] for step in done["history"]] == ["AlertRaised", "AlertMarked", "AlertRaised", "AlertResolved"]


async def test_every_control_of_the_page_shows_in_the_engine(alarmed: Any, visit: Callable[..., Any]) -> None:
    me = alarmed.get("/me")["name"]
    breaks(alarmed, "lint", "other")
    lint, other = (standing(alarmed)[f"check.{name}"]["id"] for name in ("lint", "other"))
    page = await (await visit(alarmed)).go("/alerts")
    row = page.locator(f'[data-alert="{lint}"]')
    await row.get_by_role("button", name="Snooze…").click()
    await page.locator('[data-snooze="2h"]').click()
    await expect(row).to_contain_text(f"by {me} until ")
    known = alarmed.get(f"/alerts/{lint}")
    assert known["state"] == "snoozed"
    assert known["until"] == pytest.approx(time.time() + 7200, abs=60)
    await row.get_by_role("button", name="Reopen").click()
    await expect(row.locator('[data-state="open"]')).to_have_count(1)
    assert alarmed.get(f"/alerts/{lint}")["state"] == "open"
    await row.get_by_role("button", name="Snooze…").click()
    await page.get_by_label("Until when").fill("2001-01-01T09:00")
    await page.locator('[data-snooze="until"]').click()
    await expect(page.locator(".dialog .trouble")).to_contain_text("That time is over")
    await page.keyboard.press("Escape")

    alarmed.post(f"/alerts/{lint}/snooze", {"until": time.time() + 1.5})
    await expect(row.locator('[data-state="snoozed"]')).to_have_count(1)
    await expect(page.locator(".slide", has_text="check.lint failed")).to_be_visible()
    assert alarmed.get(f"/alerts/{lint}")["by"] == "Callboard"

    await page.keyboard.press("Alt+x")
    await expect(page.locator(".slide")).to_have_count(0)
    await row.get_by_role("button", name="History").click()
    await expect(page.locator(".alert-history")).to_contain_text(f"{me}'s snooze is over")
    assert page.url.endswith(f"#{lint}")
    await page.keyboard.press("j")
    await page.keyboard.press("a")
    await expect(page.locator('[data-alert] [data-state="acknowledged"]')).to_have_count(1)
    await page.keyboard.press("Shift+A")
    await expect(page.locator('[data-alert] [data-state="acknowledged"]')).to_have_count(2)
    assert {row["state"] for row in standing(alarmed).values()} == {"acknowledged"}

    await page.goto(f"{alarmed.base}/alerts?state=acknowledged&agent=security")
    await expect(page.locator("[data-alert]")).to_have_count(1)
    assert await page.locator("[data-alert]").get_attribute("data-alert") == other
    await page.get_by_role("group", name="State").get_by_role("button", name="acknowledged").click()
    assert page.url.endswith("/alerts?agent=security")


async def test_who_does_not_want_to_be_told_is_not(alarmed: Any, visit: Callable[..., Any]) -> None:
    breaks(alarmed)
    page = await (await visit(alarmed)).go("/alerts")
    await expect(page.locator(".empty-title")).to_have_text("All is quiet")
    await page.locator('[data-tell="high"]').uncheck()
    alarmed.until(lambda: alarmed.get("/me")["settings"]["notify"]["levels"]["high"] is False)
    breaks(alarmed, "other")
    await expect(page.locator("[data-alert]")).to_have_count(1)
    assert await slid(page) == []
    await page.locator('[data-tell="high"]').check()
    alarmed.until(lambda: alarmed.get("/me")["settings"]["notify"]["levels"]["high"])
    breaks(alarmed)
    breaks(alarmed, "other", "lint")
    await expect(page.locator(".slide")).to_have_count(2)
    await page.locator('[data-tell="critical"]').focus()
    moved = await page.evaluate(
        "() => { const f = document.activeElement.getBoundingClientRect(), b = document.querySelector('.slides')"
        ".getBoundingClientRect(); return f.right < b.left || f.left > b.right || f.bottom < b.top || f.top > b.bottom }"
    )
    assert moved, "what has the focus is never covered"


@pytest.mark.long
async def test_the_terminal_and_a_new_start_know_the_same(alarmed: Any) -> None:
    breaks(alarmed, "lint", "other")
    lint, other = (standing(alarmed)[f"check.{name}"]["id"] for name in ("lint", "other"))
    said = alarmed.call("alerts").stdout
    assert "check.lint failed" in said
    assert "high" in said
    done = alarmed.call("alerts", "ack", lint[:6], "--reason", "I look")
    assert (done.returncode, "acknowledged by " in done.stdout) == (0, True)
    assert alarmed.call("alerts", "snooze", other, "--until", "2h", "--json").returncode == 0
    wrong = alarmed.call("alerts", "snooze", other, "--until", "yesterday")
    assert (wrong.returncode, "no time to snooze until" in wrong.stderr) == (2, True)
    assert "there is no alert 'zzz'" in alarmed.call("alerts", "show", "zzz").stderr
    alarmed.process.terminate()
    alarmed.process.wait(20)
    alarmed.log.close()
    alarmed.api.close()
    assert "snoozed by" in alarmed.call("alerts").stdout, "the record knows without a server"
    alarmed.start()
    assert {row["state"] for row in standing(alarmed).values()} == {"acknowledged", "snoozed"}
    assert "I look" in alarmed.call("alerts", "show", lint).stdout
    breaks(alarmed)
    assert standing(alarmed) == {}


async def test_hostile_words_are_words(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage, 390, 844)
    page = await visitor.go("/alerts#a1")
    await expect(page.locator('[data-alert="a1"]')).to_contain_text(HOSTILE)
    await expect(page.locator(".alert-history")).to_contain_text(HOSTILE)
    assert await page.title() == "Alerts – Callboard"
    assert (await visitor.overflow(), visitor.faults, visitor.foreign) == (0, [], [])

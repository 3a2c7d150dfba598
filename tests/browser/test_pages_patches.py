"""A patch on its page: what it would do is read there, and a click decides; hostile lines stay text."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_patch_is_read_and_accepted_and_undone_on_its_page(
    new_stage: Callable[..., Any], visit: Callable[..., Any]
) -> None:
    stage = new_stage("--empty")
    visitor = await visit(stage)
    page = await visitor.go("/patches")
    assert await page.locator("tr[data-patch]").count() == 3
    assert (
        "conflicts with patch 13 in shop/cart.py lines 10-13" in await page.locator('tr[data-patch="14"]').inner_text()
    )
    await page.get_by_role("link", name="14 · safe-fixes").click()
    await page.wait_for_selector('[data-link="live"]')
    assert await page.locator("[data-file]").evaluate_all("(all) => all.map((f) => f.dataset.file)") == [
        "shop/cart.py",
        "shop/new.py",
    ]
    assert await page.locator(".d-add .diff-text").first.inner_text() == (
        "    for item in items: found += item  # <img src=x onerror=\"document.title='pwned'\">"
    )
    numbers = await page.locator('[data-file="shop/cart.py"] .diff-line').evaluate_all(
        "(all) => all.map((l) => [...l.querySelectorAll('.diff-number')].map((n) => n.textContent).join('/'))"
    )
    assert numbers == ["/", "10/10", "11/", "/11", "12/12", "13/13"]
    assert "You have changes in the same files" in await page.locator(".patch-check").first.inner_text()
    await page.get_by_role("button", name="Accept").click()
    await page.get_by_role("link", name="run 7", exact=True).wait_for()
    assert stage.get("/patches/14")["state"] == "accepted"
    await page.get_by_role("button", name="Undo").click()
    await page.get_by_role("button", name="Accept").wait_for()
    await page.get_by_role("button", name="Reject…").click()
    await page.get_by_label("Why it is rejected").fill("no")
    await page.get_by_role("button", name="Reject patch 14").click()
    await page.get_by_text("Rejected by").wait_for()
    assert stage.get("/patches/14")["decided"]["reason"] == "no"
    assert (visitor.faults, await page.title()) == ([], "Patch 14 – Callboard")


async def test_one_that_does_not_apply_says_why_and_cannot_be_accepted(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/patches/12")
    assert await page.get_by_role("button", name="Accept").is_disabled()
    assert "the lines around 10" in await page.locator(".patch-troubles").inner_text()

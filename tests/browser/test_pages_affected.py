"""The page that starts a run can leave out what is unchanged, and says so of each job."""

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_only_what_is_affected_is_planned_and_asked_for(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage)
    page = await visitor.go("/runs/new")
    assert "unchanged since run 5" not in await page.locator("#main").inner_text()
    await page.locator('input[name="affected"]').check()
    await page.get_by_text("unchanged since run 5: the same 143 files, options and tools").first.wait_for()
    sent: list[dict[str, Any]] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "POST" else None)
    await page.get_by_role("button", name="Start").click()
    await page.wait_for_url(re.compile(r"/runs/\d+$"))
    assert [body["affected"] for body in sent if "affected" in body] == [True]
    page = await visitor.go("/runs/new?affected=true")
    assert await page.locator('input[name="affected"]').is_checked()
    assert await visitor.overflow() <= 0
    assert visitor.faults == []

"""The pages over the real program."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_real_engine_answers(house: Any, visit: Callable[..., Any]) -> None:
    run = house.run("check.broken", "check.later")
    done = house.ended(run)
    assert done["tasks"]["check.broken"]["state"] == "failed"
    page = await (await visit(house)).go(f"/runs/{run}?tab=tasks")
    row = page.locator("tr", has_text="check.later").first
    assert "skipped" in (await row.inner_text())

"""The platform's crew on its page and on the board, over the real program: what it tells moves, what a person does counts."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from house import House

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONFIG = """\
[workspace]
detect = false

[coordination]
quiet = true
resume_after = "1s"
heavy_jobs = ["check.heavy"]

[jobs."check.heavy"]
command = ["python3", "-c", "print('heavy')"]
agent = "quality"
"""
FLOW = "0b5e2f1c-77aa-4c39-9d21-5f0c4b6a1e11"
TASKS = [
    ["draft", "Write the draft", "Lead Writer"],
    ["edit", "Edit it", "Copy Editor"],
    ["facts", "Check <b>facts</b>", "Fact Checker"],
]


class Crew:
    """An observer of crew 'journal' that tells by REST."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.told = 0

    def tell(self, *facts: dict[str, Any]) -> None:
        rows = []
        for fact in facts:
            self.told += 1
            rows.append({"n": self.told, "at": time.time(), **fact})
        self.house.post(
            "/crew/events",
            {"version": 1, "crew": "journal", "observer": "0badcafe", "sent": time.time(), "facts": rows},
        )

    def task(self, what: str, number: int, **more: Any) -> dict[str, Any]:
        key, name, role = TASKS[number]
        return {"what": what, "workflow": FLOW, "task": key, "name": name, "role": role, **more}


@pytest.fixture(scope="module")
def house(new_house: Callable[..., House]) -> House:
    return new_house(CONFIG)


async def test_what_a_crew_tells_is_shown_task_by_task(house: House, visit: Callable[..., Any]) -> None:
    crew = Crew(house)
    visitor = await visit(house)
    page = await visitor.go("/crew")
    text = await page.locator("#main").inner_text()
    assert "No crew is watched yet" in text
    assert 'callboard_crew_observer.watch("journal")' in text
    assert "callboard crew token" in text

    crew.tell(
        {"what": "crew", "title": "The journal", "roles": [role for _, _, role in TASKS]},
        {"what": "workflow-started", "workflow": FLOW, "process": "sequential", "total": 3, "tasks": TASKS},
        crew.task("task-started", 0),
    )
    card = page.locator("[data-crew-agent='Lead Writer']")
    await card.and_(page.locator("[data-state='working']")).wait_for()
    assert "Write the draft" in await card.inner_text()
    assert "0 of 3 tasks done" in await page.locator(f"[data-flow='{FLOW}']").inner_text()

    await page.locator("[data-flow] .flow-fold").focus()
    crew.tell(crew.task("task-ended", 0, ok=True, input=1240, output=380), crew.task("task-started", 1))
    await page.locator("[data-crew-agent='Copy Editor'][data-state='working']").wait_for()
    await page.locator("[data-flow-task='Write the draft'][data-state='succeeded']").wait_for()
    assert "1 240, 380" in await page.locator("[data-flow-task='Write the draft']").inner_text()
    assert await card.get_attribute("data-state") == "idle"
    assert "flow-fold" in str(await page.evaluate("document.activeElement.className"))  # the focus stays through it all

    crew.tell({"what": "source", "state": "stale", "words": "the log was not written to for 10 m"})
    stale = page.locator("[data-source='observer'][data-state='stale']")
    await stale.wait_for()
    assert "the log was not written to for 10 m" in await stale.inner_text()

    crew.tell(
        crew.task("task-ended", 1, ok=True),
        crew.task("task-started", 2),
        crew.task("task-ended", 2, ok=False, error="TimeoutError"),
        {"what": "workflow-ended", "workflow": FLOW, "ok": False, "error": "TimeoutError"},
    )
    row = page.locator(f"[data-past='{FLOW}'][data-state='failed']")
    await row.wait_for()
    await row.locator("button").focus()
    await page.keyboard.press("Enter")
    tasks = page.locator(".past-open")
    await tasks.wait_for()
    assert "Check <b>facts</b>" in await tasks.inner_text()
    assert "TimeoutError" in await tasks.inner_text()
    assert house.get("/crew")["crews"][0]["workflows"][0]["state"] == "failed"
    assert visitor.faults == []


async def test_what_we_do_for_its_sake_is_shown_and_done_by_keys(house: House, visit: Callable[..., Any]) -> None:
    crew = Crew(house)
    crew.told = 1_000
    crew.tell({"what": "workflow-started", "workflow": "second", "process": "sequential", "total": 3, "tasks": TASKS})
    house.until(lambda: house.get("/coordination")["rules"][0]["active"])
    run = house.run("check.heavy")
    house.until(lambda: house.get("/coordination")["holding"] == 1)
    task = house.task(run, "check.heavy")
    assert task["hold"]["kind"] == "yields"

    visitor = await visit(house)
    page = await visitor.go("/")
    line = page.locator("[data-coordination]")
    assert "1 heavy task holds" in await line.inner_text()
    assert "journal" in await line.inner_text()
    await page.keyboard.press("g")
    await page.keyboard.press("w")
    await page.wait_for_url("**/crew")
    await page.wait_for_selector('[data-link="live"]')
    rule = page.locator("[data-rule='quiet'][data-active='yes']")
    assert "active" in await rule.inner_text()
    assert await page.locator("[data-holding] a").first.get_attribute("href") == f"/tasks/{task['id']}"

    await page.keyboard.press("d")
    await page.keyboard.type("the release of 1.9")
    await page.keyboard.press("Enter")
    await page.locator("[data-drain='set']").wait_for()
    drain = house.get("/coordination")["drain"]
    assert (drain["wanted"], drain["reason"]) == (True, "the release of 1.9")
    assert "the release of 1.9" in await page.locator("#drain").inner_text()
    await page.keyboard.press("d")
    await page.locator("[data-drain='clear']").wait_for()
    assert house.get("/coordination")["drain"]["wanted"] is False

    await page.keyboard.press("Shift+H")
    await page.locator("dialog[open] [data-yes]").wait_for()
    await page.keyboard.press("Enter")
    refused = page.locator("dialog[open] [role='alert']")
    await refused.wait_for()
    assert len(await refused.inner_text()) > 10
    assert house.get("/coordination")["handoffs"] == []
    await page.keyboard.press("Escape")

    crew.tell({"what": "workflow-ended", "workflow": "second", "ok": True})
    house.ended(run)
    await page.locator("[data-holding]").wait_for(state="detached")
    assert [fault for fault in visitor.faults if "409" not in fault] == []  # the refusal is a line in the console

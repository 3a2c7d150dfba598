"""The deep parts: the log to the line, the graph of 500 tasks, three clicks from red to the line, the keyboard."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
LINES = 1_000_000
COLOURS = [
    ["red begins", "a-fg-red"],
    ["red goes on", "a-fg-red"],
    ["bold and red", "a-bold a-fg-red"],
    ["plain again", ""],
]
BARS = """() => Object.fromEntries([...document.querySelectorAll('[data-bar]')].map((row) => {
  const bar = row.querySelector('.gantt-bar:not(.waited):not(.planned)');
  return [row.dataset.bar, bar && [parseFloat(bar.style.left), parseFloat(bar.style.width)]];
}))"""


@pytest.mark.long
async def test_a_log_of_a_million_lines_opens_at_its_end_and_is_searched_and_sifted(
    stage: Any, visit: Callable[..., Any]
) -> None:
    page = await (await visit(stage)).go("/tasks/901.0")
    await page.locator(".log-line", has_text=f"step {LINES} ok").wait_for(timeout=5_000)
    await page.locator(".log-foot", has_text="1 000 000 lines").wait_for(timeout=60_000)
    await page.locator(f'[data-line="{LINES}"]').wait_for()
    assert await page.locator(".log-line").count() < 120
    await page.evaluate("document.querySelector('.log').scrollTop = 0")
    await page.locator('[data-line="1"]', has_text="step 1 ok").wait_for()
    assert await page.locator(".log-line").count() < 120
    await page.keyboard.press("/")
    await page.keyboard.type("step 54321")
    await page.keyboard.press("Enter")
    await page.locator('.log-line.at[data-line="54321"]').wait_for(timeout=60_000)
    assert page.url.endswith("#L54321")


async def test_search_filter_and_level_find_the_line(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/903.0")
    await page.locator(".log-foot", has_text="20 000 lines").wait_for()
    await page.get_by_label("Search the log").fill("step 6543 ")
    await page.get_by_role("button", name="only matches").click()
    await page.locator(".log-foot", has_text="1 of 20 000 lines").wait_for()
    await page.get_by_label("Search the log").fill("")
    await page.get_by_label("Level").select_option("error")
    bold = page.locator('[data-line="10000"] .a-bold.a-fg-red', has_text="AssertionError: 41.97 != 41.98 <b>bold</b>")
    await bold.wait_for()


async def test_a_link_to_a_line_opens_there(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/903.0#L7654")
    line = page.locator(".log-line.at")
    await line.wait_for()
    assert await line.get_attribute("data-line") == "7654"
    assert "step 7654 ok" in await line.inner_text()
    await line.scroll_into_view_if_needed()


async def test_three_clicks_from_a_red_run_to_the_failing_line(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/")
    await page.locator('[data-run="903"] a').first.click()
    await page.locator('#main a[href^="/tasks/903.0"]').first.click()
    await page.locator(".log-line.at").wait_for()
    assert "AssertionError: 41.97 != 41.98" in await page.locator(".log-line.at").inner_text()
    assert await page.locator(".finding").count() >= 1


async def test_a_colour_goes_on_over_line_breaks(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/904.1")
    assert await coloured(page, "[data-line]") == COLOURS


async def coloured(page: Any, lines: str) -> list[list[str]]:
    """Text and colour classes of the lines, from a log or the console."""
    await page.locator(lines).nth(3).wait_for()
    found: list[list[str]] = await page.evaluate(
        "(lines) => [...document.querySelectorAll(`${lines} .log-text > span`)].map((s) => [s.textContent, s.className])",
        lines,
    )
    return found


async def test_what_an_attempt_prints_arrives(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/902.0")
    await page.locator(".log-line", has_text="deploying").wait_for()
    assert await page.locator('[data-line="1"]').count() == 1


async def test_an_artefact_is_offered_for_download(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/tasks/901.0")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="report.txt").click()
    assert (await (await coming.value).path()).read_text() == "plain\n"


async def test_the_graph_of_500_tasks_opens_in_groups_and_focuses_on_what_hangs_together(
    stage: Any, visit: Callable[..., Any]
) -> None:
    visitor = await visit(stage)
    page = await visitor.go("/runs/900?tab=graph")
    tasks = {task["id"]: task for task in stage.get("/runs/900")["tasks"]}
    stages = {task["stage"] for task in tasks.values()}
    assert (
        set(await page.evaluate("[...document.querySelectorAll('[data-open]')].map((n) => n.dataset.open)")) == stages
    )
    assert await page.locator("[data-node]").count() == len(stages)
    held = sum(1 for task in tasks.values() if task["stage"] == tasks["900.27"]["stage"])

    # -- a search finds a task in a closed group, opens that, and shows what hangs together over all groups
    await page.keyboard.press("f")
    await page.keyboard.type("job.27")
    await page.keyboard.press("Enter")
    await page.locator('.node.chosen[data-node="900.27"]').wait_for()
    assert await page.locator("[data-node]").count() == len(stages) + held
    assert "job.27" in await page.locator(".graph-card").inner_text()
    near = set(await page.evaluate("[...document.querySelectorAll('.node.near')].map((n) => n.dataset.node)"))
    far = closure(tasks, "900.27")
    assert {name for name in near if not name.startswith("g:")} == {
        name for name in far if tasks[name]["stage"] == tasks["900.27"]["stage"]
    }
    assert {name for name in near if name.startswith("g:")} == {f"g:{tasks[name]['stage']}" for name in far}
    assert f"open={tasks['900.27']['stage']}" in page.url

    # -- arrows walk to the group around it, Enter closes that
    await page.keyboard.press("Escape")
    assert await page.locator(".node.near").count() == 0
    await page.locator(".node.group.open [data-open]").first.dispatch_event(
        "pointerdown", {"button": 0, "pointerId": 1}
    )
    await page.locator(".node.group.open [data-open]").first.dispatch_event("pointerup", {"button": 0, "pointerId": 1})
    await page.wait_for_function(f"document.querySelectorAll('[data-node]').length === {len(stages)}")

    # -- each task by itself
    await page.get_by_role("button", name="Each task").click()
    await page.wait_for_function("document.querySelectorAll('[data-node]').length === 500")
    await page.wait_for_url("**by=task**")
    assert (visitor.faults, visitor.foreign) == ([], [])


async def test_a_list_of_500_tasks_draws_what_is_in_the_window_alone(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage)
    page = await visitor.go("/runs/900?tab=tasks&sort=task")
    await page.locator('[data-task="900.0"]').wait_for()
    assert await page.locator("[data-task]").count() < 120
    await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    await page.locator('[data-task="900.499"]').wait_for()
    assert await page.locator("[data-task]").count() < 120
    await page.locator('[data-task="900.499"] .hold').wait_for()
    await page.get_by_label("Filter tasks").fill("job.49")
    await page.wait_for_function("document.querySelectorAll('[data-task]').length === 11")
    assert (visitor.faults, visitor.foreign) == ([], [])


def closure(tasks: dict[str, Any], start: str) -> set[str]:
    behind: dict[str, list[str]] = {}
    for task in tasks.values():
        for name in task["depends"]:
            behind.setdefault(name, []).append(task["id"])
    found = set()
    for step in (lambda name: tasks[name]["depends"], lambda name: behind.get(name, [])):
        queue, seen = [start], {start}
        while queue:
            fresh = [name for name in step(queue.pop()) if name not in seen]
            seen.update(fresh)
            queue.extend(fresh)
        found |= seen
    return found


async def test_tabs_are_in_the_address(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/5?tab=gantt")
    assert await page.locator("[data-bar]").count() == 21
    await page.get_by_role("tab", name="Findings").click()
    assert page.url.endswith("?tab=findings")
    await page.go_back()
    await page.locator("[data-bar]").first.wait_for()
    await page.get_by_role("tab", name="Gantt").press("ArrowRight")
    assert await page.get_by_role("tab", name="Tasks").get_attribute("aria-selected") == "true"


async def test_bars_equal_the_records(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/5?tab=gantt")
    tasks = [task for task in stage.get("/runs/5")["tasks"] if task["started"] is not None]
    widths = await page.evaluate(BARS)
    first = min(task["started"] for task in tasks)
    scale = widths[tasks[0]["id"]][1] / (tasks[0]["ended"] - tasks[0]["started"])
    for task in tasks:
        left, width = widths[task["id"]]
        assert left == pytest.approx((task["started"] - first) * scale, abs=0.1)
        assert width == pytest.approx((task["ended"] - task["started"]) * scale, abs=0.1)


async def test_a_bar_that_is_planned_says_how_late_it_may_become(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/904?tab=gantt")
    row = page.locator('[data-bar="904.0"]')
    await row.locator(".gantt-bar.range").wait_for()
    planned, late = [
        await row.locator(kind).evaluate("(bar) => [parseFloat(bar.style.left), parseFloat(bar.style.width)]")
        for kind in (".gantt-bar.planned", ".gantt-bar.range")
    ]
    assert late[0] == pytest.approx(sum(planned), abs=0.1), "the range begins where the bar ends"
    assert late[1] > 0
    assert "at the latest likely" in str(await row.get_attribute("title"))


async def test_findings_are_grouped_and_filtered(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/5?tab=findings")
    rows = stage.get("/runs/5/findings")
    assert await page.locator(".finding").count() == len(rows)
    assert await page.locator("#panel section").count() == len({row["path"] for row in rows})
    worst = [row for row in rows if row["severity"] == "critical"]
    await page.get_by_role("button", name="critical").click()
    assert await page.locator(".finding").count() == len(worst)


async def test_the_keyboard_leads_everywhere(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "To the content"
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.wait_for_url("**/runs")
    await page.wait_for_selector('[data-link="live"]')
    await page.keyboard.press("/")
    await page.keyboard.type("nightly")
    assert await page.locator("tbody tr").count() == 1
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.tagName") == "BODY"

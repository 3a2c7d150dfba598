"""Findings: one cause once and first, accepting one for a while, giving a task to another, getting a tool, a trend's points."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
BROKEN = "backend/pyproject.toml cannot be read: Expected '=' after a key"


async def test_one_cause_is_said_first_and_the_tasks_behind_it_lead_there(
    stage: Any, visit: Callable[..., Any]
) -> None:
    visitor = await visit(stage)
    page = await visitor.go("/runs/905?tab=tasks")
    cause = page.locator(".causes li")
    assert " ".join((await cause.inner_text()).split()).endswith(
        f"{BROKEN}: behind 2 tasks (quality.lint, refactor.fixes)"
    )
    assert await page.locator('[data-task="905.2"] .cause-link').count() == 0
    await page.locator('[data-task="905.1"] .cause-link').click()
    shared = page.locator(".finding", has_text=BROKEN).filter(has_text="unparsable")
    await shared.wait_for()
    assert (await shared.count(), page.url.partition("?")[2][:14]) == (1, "tab=findings#f")
    assert await shared.locator(".finding-tasks").inner_text() == "quality, refactor, security · 905.0, 905.1, 905.2"
    assert await shared.locator(".quiet").all_inner_texts() == ["ruff 1.0", "bandit 1.0"]
    assert await page.locator('[id="tab-findings"] .tab-count').inner_text() == "4"

    told = stage.get("/runs/905/findings")
    seen = {**next(row for row in told if len(row["ids"]) > 1), "id": "f99999", "task": "905.3", "agent": "monitor"}
    sent = {**{k: v for k, v in seen.items() if k not in ("ids", "tasks", "agents")}, "severity": "critical"}
    merged = await page.evaluate(
        """async ([known, sent]) => {
          const { Findings } = await import("callboard/findings.js");
          const found = new Findings(known);
          found.merge([sent]);
          found.merge([sent]);
          const row = found.list().find((f) => f.ids.length > 1);
          return [found.byId.size, row.id, row.severity, row.tasks, row.agents.at(-1), row.ids.length];
        }""",
        [told, sent],
    )
    assert merged == [4, "f99999", "critical", ["905.0", "905.1", "905.2", "905.3"], "monitor", 4]

    page = await visitor.go("/tasks/905.0")
    note = page.locator(".cause-note")
    assert "Also behind 1 other task" in await note.inner_text()
    await note.locator("a").click()
    await page.wait_for_url("**/runs/905?tab=findings#f*")
    await shared.wait_for()
    assert (visitor.faults, visitor.foreign) == ([], [])


async def test_a_finding_is_accepted_for_a_while_and_what_is_wrong_is_said_where_it_was_asked(
    stage: Any, visit: Callable[..., Any]
) -> None:
    visitor = await visit(stage, 390, 844)
    page = await visitor.go("/runs/905?tab=findings")
    await page.get_by_role("button", name="new only").click()
    row = page.locator(".finding")
    assert await row.count() == 1
    opener = row.get_by_role("button", name="accept…")
    await opener.click()
    dialog = page.get_by_role("dialog", name="Live with this finding")
    await page.keyboard.press("Escape")
    await dialog.wait_for(state="detached")
    await opener.click()
    day = str(datetime.date.today() + datetime.timedelta(90))
    assert await dialog.get_by_label("Until").input_value() == day
    assert await dialog.get_by_role("button", name="Accept").is_disabled()
    await page.keyboard.type("# wrong")
    await dialog.get_by_role("button", name="Accept").click()
    await dialog.get_by_role("alert").wait_for()
    assert "callboard.toml, line 3" in await dialog.get_by_role("alert").inner_text()
    assert await visitor.overflow() <= 0
    await dialog.get_by_label("Why").fill("goes with the rewrite")
    await dialog.get_by_label("Who answers").fill("ann")
    await page.keyboard.press("Enter")
    await dialog.wait_for(state="detached")
    accepted = page.locator(".finding.accepted")
    assert (
        await accepted.locator(".finding-accepted").inner_text() == f"accepted until {day}: goes with the rewrite (ann)"
    )
    assert await accepted.get_by_role("button", name="accept…").count() == 0
    await page.get_by_role("button", name="hide accepted").click()
    await accepted.wait_for(state="detached")
    await page.get_by_role("button", name="new only").click()
    await page.locator(".finding").first.wait_for()
    assert await page.locator(".finding").count() == 3


async def test_a_waiting_task_is_given_to_another_agent_and_a_refusal_is_said(
    stage: Any, visit: Callable[..., Any]
) -> None:
    page = await (await visit(stage)).go("/tasks/905.3")
    chosen, move = page.locator("#move-form select"), page.get_by_role("button", name="Move", exact=True)
    await page.keyboard.press("v")
    assert await move.is_disabled()
    stage.post("/agents/api/pause", {"reason": "x"})
    await chosen.select_option("api")
    await move.click()
    await page.locator(".toast", has_text="agent 'api' is paused").wait_for()
    stage.post("/agents/api/resume", {})
    await page.get_by_role("button", name="Move…").click()
    await chosen.select_option("config")
    await move.click()
    await page.locator(".facts a", has_text="config").wait_for()
    assert stage.get("/tasks/905.3")["task"]["agent"] == "config"
    page = await (await visit(stage)).go("/tasks/905.0")
    assert await page.get_by_role("button", name="Move…").count() == 0


async def test_a_missing_tool_says_the_command_and_a_trend_is_walked_by_keyboard(
    stage: Any, visit: Callable[..., Any]
) -> None:
    visitor = await visit(stage)
    page = await visitor.go("/agents/monitor")
    assert await page.locator(".command code").all_inner_texts() == ["callboard tools install jscpd"]
    trend = page.locator('[data-metric="monitor.latency"]')
    await trend.locator(".trend-point.last").focus()
    await page.keyboard.press("Home")
    first = trend.locator(".trend-point").first
    assert await first.evaluate("(point) => point === document.activeElement && point.tabIndex === 0")
    assert await trend.locator('.trend-point[tabindex="0"]').count() == 1
    await trend.locator("summary").click()
    values = trend.locator(".trend-scroll tr")
    await values.first.wait_for()
    told = stage.get("/metrics/monitor.latency")["points"]
    assert await values.count() == len(told) > await trend.locator(".trend-point").count()
    assert await values.first.locator("a").get_attribute("href") == await trend.locator(".last").get_attribute("href")
    places = await page.evaluate(
        """async () => {
          const { spread } = await import("callboard/trends.js");
          return [[0, 10, 40], [0, 1, 2, 3, 1000], [5], [0, 0, 0]].map((times) => [spread(times).at, spread(times).timed]);
        }"""
    )
    assert places == [[[0, 0.25, 1], True], [[0, 0.25, 0.5, 0.75, 1], False], [[1], False], [[0, 0.5, 1], False]]
    assert visitor.faults == []

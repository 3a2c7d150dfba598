"""Every page: complete, quiet, from this host alone, fit for a phone, and deaf to payloads."""

import importlib.resources
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# Tabs and sizes that look like their siblings are left to `pytest -m long`.
LONG = frozenset({
    "/runs/5?tab=tasks", "/runs/900?tab=graph&open=test", "/runs/900?tab=gantt", "/runs/5?tab=gantt&view=agents",
    "/tasks/5.9?tab=decisions", "/tasks/5.9?tab=attempts", "/tasks/5.9?tab=resources", "/tasks/902.1", "/patches/12",
    "/roadmap?tab=order", "/roadmap?tab=checks", "/roadmap/add-login?tab=requirements", "/insights?tab=rules", "/insights/report",
    "/cases?view=list", "/cases/3",
})  # fmt: skip
PAGES = [
    "/",
    "/runs",
    "/runs/new",
    "/runs/5",
    "/runs/5?tab=gantt",
    "/runs/5?tab=tasks",
    "/runs/5?tab=findings",
    "/runs/900?tab=graph&open=test",
    "/runs/900?tab=gantt",
    "/runs/5?tab=gantt&view=agents",
    "/runs/900?tab=tasks",
    "/runs/5/compare",
    "/tasks/5.9",
    "/tasks/5.9?tab=findings",
    "/tasks/5.9?tab=decisions",
    "/tasks/5.9?tab=attempts",
    "/tasks/5.9?tab=resources",
    "/tasks/902.1",
    "/tasks/903.0",
    "/patches",
    "/alerts",
    "/cases",
    "/cases?view=list",
    "/cases/1",
    "/cases/3",
    "/inbox",
    "/patches/14",
    "/patches/12",
    "/console",
    "/agents",
    "/agents/monitor",
    "/crew",
    "/insights",
    "/insights?tab=waiting",
    "/insights?tab=learned",
    "/insights?tab=rules",
    "/insights/whatif?cpus=4&without=api.fuzz",
    "/insights/report",
    "/roadmap",
    "/roadmap?tab=order",
    "/roadmap?tab=checks",
    "/roadmap/big-migration",
    "/roadmap/add-login?tab=requirements",
    "/machine",
]
MARKED = [pytest.param(path, marks=pytest.mark.long) if path in LONG else path for path in PAGES]
OURS = ["/settings", "/styleguide"]  # nothing from outside is shown there
AXE = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
VIOLATIONS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
}"""
NAMELESS = """() => [...document.querySelectorAll('.cb a, .cb button, .cb input, .cb select')].filter((e) => {
  const label = e.closest('label');
  return !(e.getAttribute('aria-label') || e.textContent.trim() || e.title || (label && label.textContent.trim()));
}).map((e) => e.outerHTML.slice(0, 120))"""


SHIFTS = """
window.shifted = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted.push(
    [entry.value, ...entry.sources.slice(0, 2).map((s) => (s.node?.outerHTML ?? s.node?.textContent ?? "gone").slice(0, 90))]);
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize("path", [*MARKED, *OURS])
async def test_a_page_is_complete_quiet_and_from_here(path: str, stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage)
    await visitor.page.add_init_script(SHIFTS)
    page = await visitor.go(path)
    assert await page.locator("#main h1").count() == 1
    assert await page.evaluate(NAMELESS) == []
    assert await page.locator("#app *").count() < 6000
    await page.evaluate(AXE)
    assert await page.evaluate(VIOLATIONS) == []
    shifts = await page.evaluate("window.shifted")
    assert sum(shift[0] for shift in shifts) < 0.02, shifts
    for width, height in ((1440, 900), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours do not fade over meanwhile
            await page.wait_for_timeout(60)
            assert await visitor.overflow() <= 0
            await kept(page, f"{path}-{width}-{scheme}")
    assert await page.evaluate(VIOLATIONS) == []  # once wide and light, once narrow and dark
    assert visitor.faults == []
    assert visitor.foreign == []


async def kept(page: Any, name: str) -> None:
    """A picture to look at, when the tests are told where to keep such."""
    folder = os.environ.get("CALLBOARD_PICTURES")
    if folder:
        await page.screenshot(path=Path(folder) / f"{re.sub('[^a-z0-9]+', '_', name.strip('/')) or 'board'}.png")


@pytest.mark.parametrize("path", MARKED)
async def test_outside_text_is_shown_as_text(path: str, hostile: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(hostile, 390, 844)
    page = await visitor.go(path)
    await page.wait_for_timeout(100)
    assert await page.evaluate("window.pwned") is None
    assert await page.locator('img[src="x"], .cb script').count() == 0
    assert (
        await page.evaluate(
            "[...document.querySelectorAll('a[href]')].filter((a) => a.protocol === 'javascript:').length"
        )
        == 0
    )
    assert "<img src=x onerror=" in await page.locator("#main").inner_text()
    assert "{{ window.pwned=1 }}" in await page.locator("#main").inner_text()
    assert await visitor.overflow() <= 0
    assert visitor.faults == []


async def test_the_first_paint_has_the_rows_and_nothing_moves(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage)
    await visitor.page.add_init_script(
        "window.shift = 0; new PerformanceObserver((l) => l.getEntries().forEach((e) => window.shift += e.value))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page = visitor.page
    await page.goto(f"{stage.base}/")
    await page.wait_for_selector("#main")
    assert await page.locator("[data-agent]").count() == 7
    await page.wait_for_selector('[data-link="live"]')
    await page.wait_for_timeout(500)
    assert await page.evaluate("window.shift") < 0.02


async def test_a_first_start_teaches(empty: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(empty)
    page = await visitor.go("/")
    assert "No run yet" in await page.locator("#main").inner_text()
    assert await page.locator("[data-agent]").count() == 7
    await visitor.go("/runs")
    assert "callboard run" in await page.locator("#main").inner_text()
    assert visitor.faults == []


async def test_what_is_not_there_is_said(stage: Any, visit: Callable[..., Any]) -> None:
    visitor = await visit(stage)
    for path in ("/runs/777", "/runs/seven", "/tasks/5.900", "/tasks/none", "/agents/nobody"):
        answer = await visitor.page.goto(f"{stage.base}{path}")
        assert answer is not None
        assert answer.status == 404
        await visitor.page.wait_for_selector("#main")
        assert "no " in (await visitor.page.locator("#main").inner_text()).lower()


async def test_dark_light_and_the_choice_is_kept(stage: Any, visit: Callable[..., Any]) -> None:
    light = "getComputedStyle(document.body).backgroundColor"
    visitor = await visit(stage, color_scheme="dark")
    page = await visitor.go("/")
    dark = await page.evaluate(light)
    assert dark == "rgb(19, 17, 16)"
    await page.get_by_role("button", name="Theme: auto. Change it").click()
    assert await page.evaluate(light) == "rgb(246, 242, 236)"
    await page.reload()
    await page.wait_for_selector("#main")
    assert await page.evaluate(light) == "rgb(246, 242, 236)"
    await page.get_by_role("button", name="Theme: light. Change it").click()
    await page.get_by_role("button", name="Theme: dark. Change it").click()
    assert await page.evaluate(light) == dark


async def test_the_crew_stands_in_its_order(stage: Any, visit: Callable[..., Any]) -> None:
    crew = ["InfraDeploy", "CodeRefactor", "APITestAgent", "QualityAssurance"]
    crew += ["ConfigManage", "MonitorAnalytics", "SecurityCompliance"]
    page = await (await visit(stage)).go("/")
    assert await page.locator("[data-agent] .card-head a").all_inner_texts() == crew


@pytest.mark.parametrize(
    ("path", "button", "offered"),
    [
        ("/runs/5", "Retry what failed", True),
        ("/runs/3", "Retry what failed", False),
        ("/tasks/903.0", "Retry", True),
        ("/tasks/1.0", "Retry", False),
        ("/tasks/904.0", "Retry", False),
    ],
)
async def test_only_what_can_act_is_offered(
    path: str, button: str, offered: bool, stage: Any, visit: Callable[..., Any]
) -> None:
    page = await (await visit(stage)).go(path)
    assert await page.get_by_role("button", name=button, exact=True).count() == int(offered)


async def test_states_have_word_and_shape(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage)).go("/runs/5?tab=tasks")
    shapes = await page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#main [data-state]')]"
        ".map((e) => [e.dataset.state, e.querySelector('path').getAttribute('d')]))"
    )
    assert {"failed", "timed out", "succeeded", "skipped"} <= set(shapes)
    assert len(set(shapes.values())) == len(shapes)


async def test_motion_is_left_out_for_those_who_want_none(stage: Any, visit: Callable[..., Any]) -> None:
    page = await (await visit(stage, reduced_motion="reduce")).go("/")
    assert (
        await page.evaluate("getComputedStyle(document.querySelector('.bar i, .segments i')).transitionDuration")
        == "0s"
    )

"""How soon the page of a large run opens and how fluent it stays: a real server, a run of 500 and one of 10,000 tasks, Chromium."""

import asyncio
import shutil
from typing import Any

from callboard.bench.figures import Figure, figure_of
from callboard.bench.pages import FLAGS, PATIENCE_S
from callboard.bench.served import served
from callboard.errors import CallboardError
from callboard.guard.running import RunningServer

CHANGES = 100.0
LIFE = 100
WATCHED_S = 6.0
OPENED = "document.querySelector('#panel [data-node], #panel [data-task], #panel [data-bar], #panel [data-group]')"
MEASURE = """(seconds) => new Promise((done) => {
  const tasks = [];
  const seen = new PerformanceObserver((list) => list.getEntries().forEach((entry) => tasks.push(entry.duration)));
  seen.observe({entryTypes: ["longtask"]});
  const begin = performance.now();
  let frames = 0;
  const step = () => {
    frames++;
    if (performance.now() - begin < seconds * 1000) requestAnimationFrame(step);
    else { seen.disconnect(); done({fps: frames / ((performance.now() - begin) / 1000), longest: Math.max(0, ...tasks)}); }
  };
  requestAnimationFrame(step);
})"""
FETCH = """async (path) => {
  const begin = performance.now();
  await (await fetch(path)).text();
  return (performance.now() - begin) / 1000;
}"""
SCROLL = """async () => {
  for (let n = 0; n < 40; n++) { scrollBy(0, 700); await new Promise(requestAnimationFrame); }
  scrollTo(0, 0);
}"""
TYPE = """() => new Promise((done) => {
  const field = document.querySelector('#panel input[type=search]');
  const begin = performance.now();
  field.value = "part7:";
  field.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
})"""


def runs(times: int) -> list[Figure]:
    """Opening and watching runs of 500 and 10,000 tasks with 100 changes a second; needs Chromium and the test extra."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise CallboardError("this bench looks at pages: install Chromium, such as Debian's package chromium")
    figures: list[Figure] = []
    for count, goal in ((500, "≤ 1.5"), (10_000, "≤ 3"), (100_000, "")):
        found = [_once(count, chromium) for _ in range(times if count < 100_000 else 1)]

        def figure(
            words: str, key: str, unit: str, goal: str, found: list[dict[str, float]] = found, count: int = count
        ) -> None:
            figures.append(figure_of(f"run of {count:,} tasks: {words}", unit, goal, [one[key] for one in found]))

        figure("the page opens", "opens", "s", goal)
        for tab in ("graph", "gantt", "tasks"):
            figure(f"{tab}, live", f"{tab} fps", "fps", "≥ 30" if count < 100_000 else "")
            figure(f"{tab}, longest task", f"{tab} longest", "ms", "≤ 200" if count < 100_000 else "")
        figure("a search is shown", "search", "ms", "")
        figure("outline", "outline", "s", "")
        figure("picture in groups", "picture", "s", "≤ 0.5" if count == 10_000 else "")
    return figures


def _once(count: int, chromium: str) -> dict[str, float]:
    with served(CHANGES, count, LIFE, 1, 1) as stage:
        return asyncio.run(_looked(stage.server, chromium))


async def _looked(server: RunningServer, chromium: str) -> dict[str, float]:
    from playwright.async_api import async_playwright

    found: dict[str, float] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(server.link)  # what every page needs is fetched once
        await page.wait_for_selector("#main")
        found["opens"] = await _opened(page, f"{server.address}/runs/1")
        await page.wait_for_selector('[data-link="live"]', timeout=PATIENCE_S * 1000)
        for name, key in (("outline", "outline"), ("graph?by=stage", "picture")):
            found[key] = await page.evaluate(
                FETCH,
                f"/api/v1/runs/1/{name}",
            )
        for tab in ("graph", "gantt", "tasks"):
            await _opened(page, f"{server.address}/runs/1?tab={tab}")
            await page.wait_for_selector('[data-link="live"]', timeout=PATIENCE_S * 1000)
            await page.wait_for_timeout(1000)
            watched = asyncio.create_task(page.evaluate(MEASURE, WATCHED_S))
            if tab != "graph":
                await page.evaluate(SCROLL)
            seen: Any = await watched
            found |= {f"{tab} fps": seen["fps"], f"{tab} longest": seen["longest"]}
        found["search"] = await page.evaluate(TYPE)
        await browser.close()
    return found


async def _opened(page: Any, link: str) -> float:
    """Seconds from asking for the page until its rows are drawn."""
    await page.goto(link, wait_until="commit")
    await page.wait_for_function(OPENED, timeout=PATIENCE_S * 1000)
    return float(await page.evaluate("performance.now()")) / 1000

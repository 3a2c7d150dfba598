"""Pages that are left open over a busy day of eight hours, in minutes: what the server and each page have grown by.

Sixty runs of forty tasks, one after the other, are what a team starts in such a day; each task is told of ten times. What is
measured before, after the first ten runs, holds all that a page loads once.
"""

import asyncio
import shutil
from typing import Any

import psutil

from callboard.bench.figures import Figure, figure_of
from callboard.bench.pages import FLAGS
from callboard.bench.served import served
from callboard.errors import CallboardError
from callboard.guard.running import RunningServer

RUNS, TASKS, LIFE, CHANGES = 60, 40, 10, 250
WARM = 10
PATHS = ("/", "/runs", "/runs/1?tab=gantt", "/console", "/agents", "/machine")
PATIENCE_S = 900.0
MEBI = 1 << 20


def soak(runs: int) -> list[Figure]:
    """Growth in MiB, and nodes of the page that grew most. Measured once: it takes minutes. Needs Chromium and playwright."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    try:
        import playwright.async_api  # noqa: F401
    except ImportError:
        chromium = None
    if chromium is None:
        raise CallboardError("this bench needs Chromium, and playwright: pip install 'callboard[test]'")
    with served(CHANGES, TASKS, LIFE, RUNS) as stage:
        return asyncio.run(_measure(stage.server, stage.process, chromium))


async def _measure(server: RunningServer, process: psutil.Process, chromium: str) -> list[Figure]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        context = await browser.new_context()
        first = await context.new_page()
        await first.goto(server.link)
        pages = {}
        for path in PATHS:
            page = await context.new_page()
            await page.goto(server.address + path)
            pages[path] = (page, await context.new_cdp_session(page))
        await _until(context, server, WARM)
        before = {path: await _weigh(cdp) for path, (_, cdp) in pages.items()}
        own = process.memory_info().rss / MEBI
        await _until(context, server, RUNS)
        after = {path: await _weigh(cdp) for path, (_, cdp) in pages.items()}
        grown = process.memory_info().rss / MEBI - own
        await browser.close()
    found = [figure_of("server after 8 h: growth", "MiB", "≤ 20", [grown])]
    for path in PATHS:
        name = path.partition("?")[0]
        found.append(figure_of(f"page {name} after 8 h: growth", "MiB", "≤ 50", [after[path][0] - before[path][0]]))
    nodes = max(after[path][1] - before[path][1] for path in PATHS)
    return [*found, figure_of("nodes of the page that grew most", "", "", [nodes])]


async def _weigh(cdp: Any) -> tuple[float, float]:
    """MiB of the heap after a collection, and nodes."""
    await cdp.send("HeapProfiler.collectGarbage")
    used = (await cdp.send("Runtime.getHeapUsage"))["usedSize"] / MEBI
    return used, float((await cdp.send("Memory.getDOMCounters"))["nodes"])


async def _until(context: Any, server: RunningServer, number: int) -> None:
    """Until this run has ended."""
    for _ in range(int(PATIENCE_S)):
        rows = await (await context.request.get(f"{server.address}/api/v1/runs?limit=5")).json()
        if any(row["id"] >= number and (row["ended"] or row["id"] > number) for row in rows):
            return
        await asyncio.sleep(1)
    raise CallboardError(f"run {number} of the bench did not end within {PATIENCE_S:g} s")

"""A log of a million lines on a task's page, and the console under a flood: a real server, a real file, Chromium."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from callboard.bench.figures import Figure, figure_of
from callboard.bench.pages import FLAGS, PATIENCE_S
from callboard.bench.runs import MEASURE
from callboard.bench.served import served
from callboard.errors import CallboardError
from callboard.guard.running import RunningServer

LINES = 1_000_000
FLOOD_TASKS = 8
FLOOD_LINES = 250  # by each of them, ten times a second
WATCHED_S = 6.0
MEBI = 1 << 20
SEEN = "(words) => [...document.querySelectorAll('.log-line')].some((line) => line.textContent.includes(words))"
SEARCH = """(words) => new Promise((done) => {
  const field = document.querySelector("[data-search]");
  const begin = performance.now();
  field.value = words;
  field.dispatchEvent(new Event("input"));
  field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
  const look = () => {
    const line = document.querySelector(".log-line.at");
    if (line && line.textContent.includes(words)) done((performance.now() - begin) / 1000);
    else requestAnimationFrame(look);
  };
  look();
})"""


def logs(runs: int) -> list[Figure]:
    """Opening, searching and holding a log of a million lines, and frames of the console; needs Chromium and the test extra."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        raise CallboardError("this bench looks at pages: install Chromium, such as Debian's package chromium")
    found = [_once(chromium) for _ in range(runs)]

    def figure(words: str, key: str, unit: str, goal: str) -> Figure:
        return figure_of(words, unit, goal, [one[key] for one in found])

    return [
        figure(f"log of {LINES:,} lines: opens at its end", "opens", "s", "≤ 1"),
        figure("every line has its number", "numbered", "s", ""),
        figure("a search to the line that fits", "search", "s", "≤ 2"),
        figure("only errors", "errors", "s", "≤ 2"),
        figure("to its beginning", "top", "s", ""),
        figure("server: grown by it", "server", "MiB", "≤ 50"),
        figure("page: memory", "page", "MiB", "≤ 50"),
        figure("console under a flood", "fps", "fps", "≥ 50"),
        figure("console: longest task", "longest", "ms", "≤ 200"),
        figure("console: memory of the page", "console", "MiB", "≤ 80"),
    ]


def write_log(path: Path, lines: int) -> None:
    """A log with colours, warnings and errors in it; the last line says which it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for n in range(1, lines + 1):
            if n % 997 == 0:
                file.write(f"\x1b[31mERROR\x1b[0m step {n} failed\n")
            elif n % 211 == 0:
                file.write(f"\x1b[33mwarning: step {n} uses a deprecated call\x1b[0m\n")
            else:
                file.write(f"2027-01-01 00:{n // 60 % 60:02d}:{n % 60:02d} worker-{n % 7} step {n} took {n % 13} ms\n")


def _once(chromium: str) -> dict[str, float]:
    with served(5, FLOOD_TASKS + 1) as stage:
        write_log(_log(stage.data, 0), LINES)
        return asyncio.run(_looked(stage.server, stage.data, stage.process, chromium))


def _log(data: Path, task: int) -> Path:
    return data / "attempts" / "1" / str(task) / "1" / "output.log"


async def _looked(server: RunningServer, data: Path, process: psutil.Process, chromium: str) -> dict[str, float]:
    from playwright.async_api import async_playwright

    found: dict[str, float] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        await page.goto(server.link)  # what every page needs is fetched once
        await page.wait_for_selector("#main")
        await page.goto(f"{server.address}/tasks/1.1")
        await page.wait_for_selector("#main")
        before = process.memory_info().rss
        patience = PATIENCE_S * 1000
        await page.goto(f"{server.address}/tasks/1.0", wait_until="commit")
        await page.wait_for_function(SEEN, arg=f"step {LINES} ", timeout=patience)
        found["opens"] = await _since(page)
        await page.locator(f'[data-line="{LINES}"]').wait_for(timeout=patience)
        found["numbered"] = await _since(page)
        found["search"] = await page.evaluate(SEARCH, f"step {LINES // 2 + 7} ")
        begun = time.monotonic()
        await page.get_by_label("Search the log").fill("")
        await page.get_by_label("Level").select_option("error")
        await page.locator(
            ".log-foot", has_text=f"{LINES // 997:,}".replace(",", " ") + " of 1 000 000 lines"
        ).wait_for(timeout=patience)
        await page.locator(".log-line.l-error").first.wait_for(timeout=patience)
        found["errors"] = time.monotonic() - begun
        await page.get_by_label("Level").select_option("")
        begun = time.monotonic()
        await page.evaluate("document.querySelector('.log').scrollTop = 0")
        await page.locator('[data-line="1"]').wait_for(timeout=patience)
        found["top"] = time.monotonic() - begun
        found["server"] = (process.memory_info().rss - before) / MEBI
        found["page"] = await _weight(page)
        with _flood(data):
            await page.goto(f"{server.address}/console")
            await page.wait_for_selector('[data-link="live"]', timeout=patience)
            await page.wait_for_timeout(6000)
            seen: Any = await page.evaluate(MEASURE, WATCHED_S)
            found |= {"fps": seen["fps"], "longest": seen["longest"], "console": await _weight(page)}
        await browser.close()
    return found


async def _since(page: Any) -> float:
    return float(await page.evaluate("performance.now()")) / 1000


async def _weight(page: Any) -> float:
    """MiB of the page's objects, once what is not needed is gone."""
    cdp = await page.context.new_cdp_session(page)
    await cdp.send("HeapProfiler.collectGarbage")
    used = (await cdp.send("Runtime.getHeapUsage"))["usedSize"]
    await cdp.detach()
    return float(used) / MEBI


@contextmanager
def _flood(data: Path) -> Iterator[None]:
    """Attempts that print far more than a page can show."""
    over = threading.Event()

    def pour() -> None:
        number = 0
        files = []
        for task in range(1, FLOOD_TASKS + 1):
            path = _log(data, task)
            path.parent.mkdir(parents=True, exist_ok=True)
            files.append(path.open("a", encoding="utf-8", buffering=1 << 20))
        while not over.wait(0.1):
            for file in files:
                file.write(
                    "".join(f"flood {number + n} passes \x1b[32mok\x1b[0m in {n} ms\n" for n in range(FLOOD_LINES))
                )
                file.flush()
            number += FLOOD_LINES
        for file in files:
            file.close()

    pouring = threading.Thread(target=pour, name="flood")
    pouring.start()
    try:
        yield
    finally:
        over.set()
        pouring.join()

"""What open pages cost the server, and how soon a change is in the page: a real server, real pages, one of them in Chromium.

The other pages are loaded and connected as a browser does it, by bare WebSockets; what they need for themselves is not counted.
"""

import asyncio
import re
import shutil
import time
import uuid
from typing import Any

import psutil

from callboard.bench.figures import Figure, figure_of
from callboard.bench.served import served
from callboard.errors import CallboardError
from callboard.guard.running import RunningServer
from callboard.learn.durations import percentile

PAGES = 50
CHANGES = 200.0
TASKS = 20
SECONDS = 10.0
PATIENCE_S = 60.0
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage"
)
WATCH = """() => {
  window.delays = [];
  const seen = new Set();
  const look = () => {
    for (const [all, at] of document.body.innerText.matchAll(/tick (\\d+\\.\\d+)/g)) {
      if (!seen.has(at)) { seen.add(at); window.delays.push(Date.now() - Number(at) * 1000); }
    }
  };
  look(); window.delays = [];
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def pages(runs: int) -> list[Figure]:
    """CPU of the server with 50 pages open and 200 changes a second, and the delay from the change to the page.

    Raises `CallboardError` when the test extra, which brings the clients, is not installed.
    """
    try:
        import httpx  # noqa: F401
        import websockets  # noqa: F401
    except ImportError as error:
        raise CallboardError("this bench needs the clients of the test extra: pip install 'callboard[test]'") from error
    found = [_once() for _ in range(runs)]
    figures = [
        figure_of(f"{PAGES} pages, {CHANGES:g} changes/s: CPU of one core", "%", "≤ 15", [one["cpu"] for one in found]),
        figure_of("server with 50 pages: memory", "MiB", "", [one["memory"] for one in found]),
    ]
    delays = [one["p95"] for one in found if "p95" in one]
    if delays:
        figures.append(figure_of("change → DOM, p50", "ms", "≤ 80", [one["p50"] for one in found]))
        figures.append(figure_of("change → DOM, p95", "ms", "≤ 150", delays))
    return figures


def _once() -> dict[str, float]:
    with served(CHANGES, TASKS) as stage:
        return asyncio.run(_measure(stage.server, stage.process))


async def _measure(server: RunningServer, process: psutil.Process) -> dict[str, float]:
    import httpx

    session = await _session(server)
    port = server.address.rpartition(":")[2]
    cookies = {f"callboard_{port}": session}
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    async with httpx.AsyncClient(base_url=server.address, cookies=cookies, timeout=PATIENCE_S) as browser:
        wires = [await _open(server, browser, session) for _ in range(PAGES - 1 if chromium else PAGES)]
        ears = [asyncio.create_task(_hear(wire)) for wire in wires]
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        if chromium:
            delays, cpu = await _in_chromium(server, chromium, process)
        else:
            await asyncio.sleep(SECONDS)
            delays, cpu = [], (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began) * 100
        found = {"cpu": cpu, "memory": process.memory_info().rss / (1 << 20)}
        if delays:
            found |= {"p50": percentile(delays, 0.5), "p95": percentile(delays, 0.95)}
        for wire in wires:
            await wire.close()
        await asyncio.gather(*ears, return_exceptions=True)
    return found


async def _session(server: RunningServer) -> str:
    import httpx

    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        answer = await client.get(server.link, follow_redirects=False)
        return next(iter(answer.cookies.values()))


async def _open(server: RunningServer, browser: Any, session: str) -> Any:
    """Loads the board, joins its socket and watches."""
    from websockets.asyncio.client import connect

    page = await browser.get("/")
    found = re.search(r'"client_id": ?"([0-9a-f-]+)"', page.text.replace("'", '"'))
    if found is None:
        raise CallboardError(f"the page has no client: {page.status_code}")
    host = server.address.removeprefix("http://")
    query = f"client_id={found[1]}&tab_id={uuid.uuid4()}&document_id={uuid.uuid4()}&next_message_id=0&implicit_handshake=true"
    cookie = {"Cookie": f"callboard_{host.rpartition(':')[2]}={session}", "Origin": server.address}
    wire = await connect(
        f"ws://{host}/_nicegui_ws/socket.io/?EIO=4&transport=websocket&{query}",
        additional_headers=cookie, max_size=None, compression=None,
    )  # fmt: skip
    await wire.recv()
    await wire.send("40")
    while not str(await wire.recv()).startswith("40"):
        continue
    await wire.send('42["watch",{"rooms":["board"]}]')
    return wire


async def _hear(wire: Any) -> None:
    async for text in wire:
        if text == "2":
            await wire.send("3")


async def _in_chromium(server: RunningServer, chromium: str, process: psutil.Process) -> tuple[list[float], float]:
    """Milliseconds from each change until it is in the text of the page, and the server's CPU meanwhile."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS.split())
        page = await browser.new_page()
        await page.goto(server.link)
        await page.wait_for_timeout(2000)
        await page.evaluate(WATCH)
        before, began = sum(process.cpu_times()[:2]), time.monotonic()
        await page.wait_for_timeout(SECONDS * 1000)
        cpu = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began) * 100
        delays: list[float] = await page.evaluate("() => window.delays")
        await browser.close()
    return delays, cpu

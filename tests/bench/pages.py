"""What open pages cost the server: `python tests/bench/pages.py --pages 50 --changes 200 --seconds 10` prints JSON.

Each page is loaded and connected as a browser does it, by a bare WebSocket; what they need for themselves is not
counted. The delay is from the moment when the desk says that a row changed until the message arrives at a page.
"""

import argparse
import asyncio
import json
import platform
import re
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import psutil
from websockets.asyncio.client import ClientConnection, connect

sys.path.insert(0, str(Path(__file__).parents[1]))

from live_server import LiveServer, live_server


async def open_page(
    server: LiveServer, browser: httpx.AsyncClient, session: str, path: str, room: str
) -> ClientConnection:
    """Loads a page, joins its socket and watches a room."""
    page = await browser.get(path)
    page.raise_for_status()
    found = re.search(r'"client_id": ?"([0-9a-f-]+)"', page.text.replace("'", '"'))
    assert found, page.text[:500]
    query = f"client_id={found[1]}&tab_id={uuid.uuid4()}&document_id={uuid.uuid4()}&next_message_id=0&implicit_handshake=true"
    url = f"ws://{server.host}/_nicegui_ws/socket.io/?EIO=4&transport=websocket&{query}"
    cookie = {"Cookie": f"callboard_{server.port}={session}", "Origin": server.url}
    wire = await connect(url, additional_headers=cookie, max_size=None, compression=None)
    await wire.recv()
    await wire.send("40")
    while not str(await wire.recv()).startswith("40"):
        continue
    await wire.send(f'42["watch",{{"rooms":["{room}"]}}]')
    return wire


async def hear(wire: ClientConnection, delays: list[float] | None, counts: dict[str, int]) -> None:
    """Answers pings; with `delays` takes the messages apart."""
    async for text in wire:
        if text == "2":
            await wire.send("3")
        elif isinstance(text, str) and text.startswith('42["live"'):
            counts["messages"] += 1
            counts["bytes"] += len(text)
            if delays is not None:
                now = time.time()
                rows = json.loads(text[2:])[1].get("tasks") or ()
                delays.extend(now - row["stamp"] for row in rows if "stamp" in row)


async def measure(server: LiveServer, pages: int, seconds: float, path: str, room: str) -> dict[str, float]:
    """The figures with so many pages open."""
    session = server.session()
    delays: list[float] = []
    counts = {"messages": 0, "bytes": 0}
    process = psutil.Process(server.process.pid)
    async with httpx.AsyncClient(base_url=server.url, cookies={f"callboard_{server.port}": session}) as browser:
        wires = [await open_page(server, browser, session, path, room) for _ in range(pages)]
        ears = [
            asyncio.create_task(hear(wire, delays if number == 0 else None, counts))
            for number, wire in enumerate(wires)
        ]
        await asyncio.sleep(2)
        delays.clear()
        counts.update(messages=0, bytes=0)
        before, start = sum(process.cpu_times()[:2]), time.monotonic()
        await asyncio.sleep(seconds)
        used, lasted = sum(process.cpu_times()[:2]) - before, time.monotonic() - start
        figures = {
            "cpu": 100 * used / lasted,
            "delay_p50": 1000 * statistics.median(delays),
            "delay_p95": 1000 * statistics.quantiles(delays, n=20)[18],
            "changes": len(delays) / lasted,
            "messages": counts["messages"] / pages / lasted,
            "kilobytes": counts["bytes"] / pages / lasted / 1000,
            "memory": process.memory_info().rss / 2**20,
        }
        for wire in wires:
            await wire.close()
        await asyncio.gather(*ears, return_exceptions=True)
    return figures


UNITS = {
    "cpu": "% of a core",
    "delay_p50": "ms",
    "delay_p95": "ms",
    "changes": "rows/s at a page",
    "messages": "messages/s to a page",
    "kilobytes": "kB/s to a page",
    "memory": "MiB",
}


def bench(
    pages: int = 50, changes: float = 200.0, seconds: float = 10.0, times: int = 3, path: str = "/", room: str = "board"
) -> dict[str, Any]:
    """As `callboard bench` prints it: each figure with its median, smallest and largest of `times` measurements."""
    found: list[dict[str, float]] = []
    for _ in range(times):
        with (
            tempfile.TemporaryDirectory() as folder,
            live_server(Path(folder), "--calm", "--changes", str(changes)) as server,
        ):
            found.append(asyncio.run(measure(server, pages, seconds, path, room)))
    figures = [
        {
            "figure": name,
            "value": round(statistics.median(one[name] for one in found), 2),
            "unit": unit,
            "min": round(min(one[name] for one in found), 2),
            "max": round(max(one[name] for one in found), 2),
            "runs": len(found),
        }
        for name, unit in UNITS.items()
    ]
    machine = f"{psutil.cpu_count()} cpus, {platform.platform()}, Python {platform.python_version()}"
    return {"name": "pages", "figures": figures, "machine": machine}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--pages", type=int, default=50)
    words.add_argument("--changes", type=float, default=200.0)
    words.add_argument("--seconds", type=float, default=10.0)
    words.add_argument("--times", type=int, default=3)
    words.add_argument("--path", default="/")
    words.add_argument("--room", default="board")
    print(json.dumps(bench(**vars(words.parse_args())), indent=1))


if __name__ == "__main__":
    main()

"""A burst of page loads: a few at once, all in the end, and none held up by a slow reader."""

import asyncio
from typing import Any

from callboard.show.turnstile import AT_ONCE, Turnstile


class Pages:
    """Builds pages as slowly as it is told, and notes how many it builds at once."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.reading = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        if scope["path"] == "/broken":
            raise ValueError("this page is broken")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/slow":
            await self.reading.wait()
        await send({"type": "http.response.body", "body": b""})


async def load(turnstile: Turnstile, path: str) -> int:
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await turnstile({"type": "http", "path": path, "method": "GET", "headers": []}, None, send)  # type: ignore[arg-type]
    return statuses[0]


async def test_a_burst_is_served_a_few_at_a_time() -> None:
    pages = Pages()
    turnstile = Turnstile(pages)
    assert await asyncio.gather(*(load(turnstile, "/") for _ in range(60))) == [200] * 60
    assert pages.most == AT_ONCE


async def test_a_slow_reader_or_a_broken_page_takes_nobodys_turn() -> None:
    pages = Pages()
    turnstile = Turnstile(pages)
    slow = [asyncio.create_task(load(turnstile, "/slow")) for _ in range(3 * AT_ONCE)]
    broken = await asyncio.gather(*(load(turnstile, "/broken") for _ in range(3 * AT_ONCE)), return_exceptions=True)
    assert {type(outcome) for outcome in broken} == {ValueError}
    assert await asyncio.wait_for(load(turnstile, "/"), 5) == 200
    assert not any(task.done() for task in slow)
    pages.reading.set()
    assert await asyncio.gather(*slow) == [200] * len(slow)


async def test_assets_and_sockets_do_not_queue() -> None:
    pages = Pages()
    turnstile = Turnstile(pages)
    await asyncio.gather(*(load(turnstile, "/_nicegui/3.18.0/static/nicegui.js") for _ in range(20)))
    assert pages.most == 20

"""Channels on /settings: a break is told, a test is sent, one that was given up is tried again. The tour of the sample."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from callboard.settings import SAMPLE_MARK
from house import CONFIG

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CHANNEL = '\n[notify.chat]\nurl = "json://127.0.0.1:{port}/hook"\n'
LATER_MS = 60_000


class Hook(http.server.BaseHTTPRequestHandler):
    """Keeps the titles of what is posted; answers with the server's `answer`."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.heard.append(body["title"])  # type: ignore[attr-defined]
        self.send_response(self.server.answer)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def hook() -> Iterator[Any]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.heard, server.answer = [], 200  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def house(new_house: Callable[..., Any], hook: Any) -> Any:
    made = new_house(CONFIG + CHANNEL.format(port=hook.server_address[1]))
    (made.workspace / ".git" / SAMPLE_MARK).write_text("a sample\n")
    return made


async def test_a_break_a_test_and_another_try(house: Any, visit: Callable[..., Any], hook: Any) -> None:
    page = await (await visit(house)).go("/settings")
    house.ended(house.run("check.broken"))
    await page.locator("[data-notice]", has_text="check.broken").wait_for(timeout=LATER_MS)
    assert hook.heard == ["[high] check.broken failed"]
    hook.answer = 500
    await page.get_by_role("button", name="Send a test").click()
    failed = page.locator('[data-notice][data-state="failed"]')
    await failed.wait_for(timeout=LATER_MS)
    assert await page.locator('[data-channel="chat"]').get_attribute("data-state") == "failing"
    hook.answer = 200
    await failed.get_by_role("button", name="Try again").click()
    await page.locator('[data-channel="chat"][data-state="ready"]').wait_for(timeout=LATER_MS)
    kept = house.get("/notices")["notices"]
    assert {(one["title"], one["state"]) for one in kept} == {
        ("check.broken failed", "sent"),
        ("Test of channel chat", "sent"),
    }


async def test_the_tour_knows_what_was_done_leads_on_and_stays_away_when_it_is_ended(
    house: Any, visit: Callable[..., Any]
) -> None:
    if not house.get("/runs"):
        house.ended(house.run("check.quick"))
    page = await (await visit(house)).go("/")
    tour = page.locator(".tour")
    await page.locator('.tour[data-step="start"][data-done="yes"], .tour[data-step="line"]').wait_for(timeout=LATER_MS)
    await tour.get_by_role("button", name="Next").click()
    if await tour.get_attribute("data-step") == "line":
        await tour.get_by_role("button", name="Next").click()
    assert await tour.get_attribute("data-step") == "witnesses"
    await tour.get_by_role("button", name="Show me").click()
    await page.wait_for_url("**/cases**", timeout=LATER_MS)
    assert await tour.get_attribute("data-step") == "witnesses"
    await tour.get_by_role("button", name="End the tour").click()
    await tour.wait_for(state="detached", timeout=LATER_MS)
    await page.wait_for_function("async () => (await (await fetch('/api/v1/me')).json()).settings.tour.off")
    kept = house.get("/me")["settings"]["tour"]
    assert "start" in kept["done"]

"""A real browser under the guard: the pages work within their policy, and the link leaves no trace."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

from live_server import LiveServer, live_server

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium") or ""
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
PATHS = ("/", "/runs", "/runs/7", "/runs/new", "/tasks/7.3", "/agents", "/agents/quality", "/machine")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium")]


@asynccontextmanager
async def browser() -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield await chromium.new_context()
        finally:
            await chromium.close()


async def linked(page: Page) -> None:
    await page.wait_for_function("window.socket && window.socket.connected", timeout=20_000)


def entered(server: LiveServer) -> str:
    return f"{server.url}/?token={server.token}"


@pytest.mark.long
async def test_every_page_lives_within_its_policy(tmp_path: Path) -> None:
    with live_server(tmp_path, "--calm") as server:
        async with browser() as context:
            page = await context.new_page()
            faults: list[str] = []
            page.on("console", lambda said: faults.append(f"{page.url}: {said.text}") if said.type == "error" else None)
            page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
            page.on("requestfailed", lambda request: faults.append(f"{page.url}: {request.url} {request.failure}"))
            await page.goto(entered(server))
            for path in PATHS:
                reply = await page.goto(f"{server.url}{path}")
                assert reply is not None
                assert reply.status == 200, path
                await linked(page)
                await page.wait_for_timeout(300)
            assert [fault for fault in faults if "ERR_ABORTED" not in fault] == []


async def test_the_link_leaves_no_trace(tmp_path: Path) -> None:
    with live_server(tmp_path, "--calm") as server:
        async with browser() as context:
            page = await context.new_page()
            await page.goto(entered(server))
            await linked(page)
            assert page.url == f"{server.url}/"
            assert await page.evaluate("document.cookie") == ""
            assert server.token not in await page.content()
            assert await page.evaluate("document.referrer") == ""
            cookies = await context.cookies()
            assert [(cookie["name"], cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [
                (f"callboard_{server.port}", True, "Strict")
            ]


async def test_a_page_of_another_origin_gets_nothing(tmp_path: Path) -> None:
    """The neighbour's page runs on another port of this machine, which cookies do not tell apart."""

    async def serve_neighbour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b"<!doctype html><title>neighbour</title>"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % len(body) + body)
        await writer.drain()
        writer.close()

    neighbour = await asyncio.start_server(serve_neighbour, "127.0.0.1", 0)
    port = neighbour.sockets[0].getsockname()[1]
    async with neighbour:
        await attack(tmp_path, f"http://127.0.0.1:{port}/")


async def attack(data: Path, neighbour: str) -> None:
    with live_server(data, "--calm") as server:
        async with browser() as context:
            page = await context.new_page()
            await page.goto(entered(server))
            await linked(page)
            await page.goto(neighbour)
            tries = await page.evaluate(
                """async (at) => {
                    const fetched = (method, path, options) => fetch(at + path, {method, credentials: 'include', ...options})
                        .then((reply) => reply.type + reply.status, () => 'refused');
                    const socket = (path) => new Promise((done) => {
                        const wire = new WebSocket(at.replace('http', 'ws') + path);
                        wire.onopen = () => done('open'); wire.onerror = () => done('refused');
                    });
                    const frame = () => new Promise((done) => {
                        const inner = document.createElement('iframe'); inner.src = at + '/';
                        inner.onload = () => done(inner.contentDocument ? 'empty' : 'foreign');
                        document.body.append(inner);
                    });
                    return {
                        read: await fetched('GET', '/api/v1/board'),
                        post: await fetched('POST', '/api/v1/runs', {body: '{}'}),
                        remove: await fetched('DELETE', '/api/v1/runs/1'),
                        blind: await fetched('POST', '/api/v1/runs', {body: '{}', mode: 'no-cors'}),
                        socket: await socket('/_nicegui_ws/socket.io/?EIO=4&transport=websocket'),
                        frame: await frame(),
                    };
                }""",
                server.url,
            )
            assert tries == {
                **dict.fromkeys(("read", "post", "remove", "blind", "socket"), "refused"),
                "frame": "foreign",
            }
        assert [row["id"] for row in server.board()["runs"]] == [7, 6, 5, 4, 3, 2, 1]


async def test_without_a_session_a_browser_is_told_what_to_do(tmp_path: Path) -> None:
    with live_server(tmp_path, "--calm") as server:
        async with browser() as context:
            page = await context.new_page()
            reply = await page.goto(f"{server.url}/runs/7")
            assert reply is not None
            assert reply.status == 401
            assert "callboard token" in await page.inner_text("body")

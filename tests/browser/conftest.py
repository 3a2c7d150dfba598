"""A real server over a fake desk, and a real Chromium that looks at it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from house import House

STAGE = Path(__file__).with_name("stage.py")
# The shell is Chromium without its windows, which costs half.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
TOKEN = "stage-token-of-the-tests-of-pages"


@pytest.fixture(scope="session", autouse=True)
def chromium_is_there() -> None:
    """Without a browser these tests are skipped, and say how to get one."""
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium; install Debian's package chromium-headless-shell")


class Stage:
    """One server process; `api` speaks to it as a program would."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data = data
        self.words = words
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = data / "server.log"
        self.api = httpx.Client(
            base_url=f"{self.base}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10.0
        )
        self.start()
        self.session = dict(httpx.get(f"{self.base}/?token={TOKEN}").cookies)

    def start(self) -> None:
        env = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST" and not k.startswith("NICEGUI_")}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, str(STAGE), "--port", str(self.port), "--data", str(self.data), *self.words],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=env,
            )
        for _ in range(300):
            if self.process.poll() is not None:
                break
            try:
                if httpx.get(f"{self.base}/healthz", timeout=1.0).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()[-3000:]}")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        self.api.close()
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def get(self, path: str) -> Any:
        answer = self.api.get(path)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.api.post(path, json=body)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="session")
def new_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stage]]:
    """Starts a server with these words; it ends with the session."""
    stages: list[Stage] = []

    def begin(*words: str) -> Stage:
        stages.append(Stage(tmp_path_factory.mktemp("stage"), *words))
        return stages[-1]

    yield begin
    for stage in stages:
        stage.close()


@pytest.fixture(scope="session")
def stage(new_stage: Callable[..., Stage]) -> Stage:
    """Calm: nothing moves unless a test moves it."""
    return new_stage()


@pytest.fixture(scope="session")
def hostile(new_stage: Callable[..., Stage]) -> Stage:
    """Every text from outside carries a payload."""
    return new_stage("--hostile", "--lines", "1000")


@pytest.fixture(scope="session")
def lively(new_stage: Callable[..., Stage]) -> Stage:
    """Everything moves, twenty steps a second, and one task floods."""
    return new_stage("--lively", "--lines", "1000")


@pytest.fixture(scope="session")
def empty(new_stage: Callable[..., Stage]) -> Stage:
    """A first start."""
    return new_stage("--empty")


@pytest.fixture(scope="session")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., House]]:
    """Starts the real program on a workspace of its own; it ends with the session."""
    houses: list[House] = []

    def begin(*given: Any) -> House:
        houses.append(House(tmp_path_factory.mktemp("house"), *given))
        return houses[-1]

    yield begin
    for house in houses:
        house.close()


@pytest.fixture(scope="session")
def house(new_house: Callable[..., House]) -> House:
    """The real program, with the jobs of `house.CONFIG`; tests start runs of their own in it."""
    return new_house()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all; each visitor has a context of its own."""
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


class Visitor:
    """A signed-in visitor who notes all that must not happen on a page."""

    def __init__(self, context: BrowserContext, page: Page, stage: Stage | House) -> None:
        self.context = context
        self.page = page
        self.stage = stage
        self.faults: list[str] = []
        self.foreign: list[str] = []
        page.on("console", lambda m: self.faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))

    def _asked(self, url: str) -> None:
        own = (self.stage.base, self.stage.base.replace("http", "ws", 1), "data:", "blob:")
        if not url.startswith(own):
            self.foreign.append(url)

    async def go(self, path: str) -> Page:
        """Opens a page and waits until it is live."""
        await self.page.goto(f"{self.stage.base}{path}")
        await self.page.wait_for_selector('[data-link="live"]', timeout=15_000)
        return self.page

    async def overflow(self) -> int:
        return int(
            await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


async def signed_in(browser: Browser, stage: Stage | House, **more: Any) -> BrowserContext:
    """A context with the stage's session."""
    context = await browser.new_context(**more)
    cookies = [{"name": name, "value": value, "url": stage.base} for name, value in stage.session.items()]
    await context.add_cookies(cookies)
    return context


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(browser: Browser) -> AsyncIterator[dict[str, BrowserContext]]:
    """By stage: a context for all who want nothing special of it, so that scripts are fetched and read once."""
    contexts: dict[str, BrowserContext] = {}
    yield contexts
    for context in contexts.values():
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, shared: dict[str, BrowserContext]) -> AsyncIterator[Callable[..., Any]]:
    """Gives a visitor of a stage, who leaves when the test ends; `own` context for one that changes more than a page."""
    left: list[Any] = []

    async def begin(
        stage: Stage | House, width: int = 1440, height: int = 900, *, own: bool = False, **more: Any
    ) -> Visitor:
        if own or more:
            context = await signed_in(browser, stage, **more)
            left.append(context)
        elif stage.base in shared:
            context = shared[stage.base]
        else:
            context = shared[stage.base] = await signed_in(browser, stage)
        page = await context.new_page()
        left.insert(0, page)
        await page.set_viewport_size({"width": width, "height": height})
        return Visitor(context, page, stage)

    yield begin
    for one in left:
        await one.close()

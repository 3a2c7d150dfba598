"""The frame around every page: head, theme before the first paint, static files under an address that names their content."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from nicegui import app, run, ui
from nicegui.dependencies import register_importmap_override

from callboard.errors import CallboardError, NotFound
from callboard.show.api.desk import Desk
from callboard.show.parts.screen import Screen

STATIC = Path(__file__).parent / "static"
YEAR = 365 * 24 * 3600
RECONNECT = 60.0
NAV = (
    ("/", "Board"), ("/runs", "Runs"), ("/patches", "Patches"), ("/console", "Console"), ("/agents", "Agents"),
    ("/machine", "Machine"),
)  # fmt: skip

THEME = (
    "<script>try{const t=localStorage.getItem('callboard.theme');"
    "if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch{}</script>"
)


class MissingScreen(Screen, component="callboard_missing.js"):
    """Says that what the address names is not there, and where to look."""


class Frame:
    """Puts a screen on a page of the framework; one per server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._workspace: dict[str, Any] | None = None
        self.static = f"/static/{fingerprint(STATIC)}"
        self._styles = sorted(
            path.name for path in (STATIC / "css").glob("*.css")
        )  # the number says what overrides what
        app.add_static_files(self.static, str(STATIC), max_cache_age=YEAR)
        register_importmap_override("callboard/", f"{self.static}/js/")

    def page(self, path: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Any]]:
        """Marks a page: never dark or light by the framework, patient with a short loss of the link."""
        return ui.page(
            path,
            title="Callboard",
            favicon=STATIC / "favicon.svg",
            dark=None,
            language="en-US",
            reconnect_timeout=RECONNECT,
        )

    async def show(
        self, screen: type[Screen], title: str, here: str, read: Callable[[], Any], more: dict[str, Any] | None = None
    ) -> None:
        """Reads the first rows off the loop, then builds the page; what is not there is said with status 404."""
        self._head()
        ui.page_title(f"{title} – Callboard")
        try:
            first = await run.io_bound(read)
        except NotFound as gone:
            ui.status_code(404)
            ui.page_title("Not there – Callboard")
            MissingScreen({"title": "Not on the board", "text": str(gone)}, await self._meta(here))
            return
        except CallboardError as fault:
            MissingScreen({"title": "This cannot be shown now", "text": str(fault)}, await self._meta(here))
            return
        screen(first, {**await self._meta(here), **(more or {})})

    async def _meta(self, here: str) -> dict[str, Any]:
        if self._workspace is None:
            board = await run.io_bound(self._desk.board)
            self._workspace = board["workspace"] if board else None
        return {"here": here, "workspace": self._workspace}

    def _head(self) -> None:
        modules = ("words", "live", "parts", "frame")
        preload = "".join(f'<link rel="modulepreload" href="{self.static}/js/{name}.js">' for name in modules)
        styles = "".join(f'<link rel="stylesheet" href="{self.static}/css/{name}">' for name in self._styles)
        ui.add_head_html(f"{THEME}{styles}{preload}")
        links = "".join(f'<a href="{path}">{name}</a>' for path, name in NAV)
        ui.add_body_html(
            '<div class="cb-shell" id="cb-shell"><div class="cb"><div class="top"><span class="brand">'
            f'<img src="{self.static}/favicon.svg" alt="" width="24" height="24"><span>Callboard</span></span>'
            f"<nav>{links}</nav></div></div></div>"
        )


def fingerprint(folder: Path) -> str:
    """Twelve hex digits that change with any byte of any file below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

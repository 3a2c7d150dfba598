"""The frame around every page: head, theme before the first paint, static files under an address that names their content."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from nicegui import app, run, ui
from nicegui.dependencies import register_importmap_override

from callboard.errors import CallboardError, NotFound
from callboard.guard.gate import Caller
from callboard.show.api.desk import Desk
from callboard.show.parts.screen import Screen
from callboard.show.shell import shell

STATIC = Path(__file__).parent / "static"
YEAR = 365 * 24 * 3600
RECONNECT = 60.0
PATIENCE = 30.0  # of a page with its first rows, on a machine that is busy with the crew's work
NAV = (
    ("/", "Board", "g b"), ("/roadmap", "Roadmap", "g o"), ("/runs", "Runs", "g r"), ("/inbox", "Inbox", "g i"),
    ("/alerts", "Alerts", "g l"), ("/cases", "Cases", "g k"), ("/insights", "Insights", "g d"),
    ("/patches", "Patches", "g p"), ("/console", "Console", "g c"), ("/agents", "Agents", "g a"),
    ("/crew", "Crew", "g w"), ("/machine", "Machine", "g m"), ("/settings", "Settings", "g s"),
)  # fmt: skip
PHONE = frozenset({"/", "/runs", "/inbox", "/alerts"})  # the pages in the bar of a phone; the others behind 'More'


class MissingScreen(Screen, component="callboard_missing.js"):
    """Says that what the address names is not there, and where to look."""


class Frame:
    """Puts a screen on a page of the framework; one per server."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._workspace: dict[str, Any] | None = None
        self._paths: set[str] = set()
        self._counters: dict[str, Callable[[], int]] = {}
        self.static = f"/static/{fingerprint(STATIC)}"
        self._styles = sorted(
            path.name for path in (STATIC / "css").glob("*.css")
        )  # the number says what overrides what
        app.add_static_files(self.static, str(STATIC), max_cache_age=YEAR)
        register_importmap_override("callboard/", f"{self.static}/js/")

    def page(self, path: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., Any]]:
        """Marks a page: never dark or light by the framework, patient with a short loss of the link."""
        self._paths.add(path)
        return ui.page(
            path,
            title="Callboard",
            favicon=STATIC / "favicon.svg",
            dark=None,
            language="en-US",
            reconnect_timeout=RECONNECT,
            response_timeout=PATIENCE,
        )

    def count(self, name: str, read: Callable[[], int]) -> None:
        """From now on the bar shows this number beside the page 'inbox' or 'alerts'; read with each page, off the loop."""
        self._counters[name] = read

    async def show(
        self, screen: type[Screen], title: str, here: str, read: Callable[[], Any], more: dict[str, Any] | None = None
    ) -> None:
        """Reads the first rows off the loop, then builds the page; what is not there is said with status 404."""
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
        by = self.by()
        person, counts = await run.io_bound(self._about, by) or self._about(by)
        nav = [
            {"path": path, "name": name, "keys": keys, "later": path not in PHONE}
            for path, name, keys in NAV
            if path in self._paths
        ]
        meta = {"here": here, "workspace": self._workspace, "person": person, "counts": counts, "nav": nav}
        self._head(person, shell(meta))
        return meta

    def by(self) -> str:
        """Who asks for the page, as the guard found it."""
        caller = ui.context.client.request.scope.get("callboard")
        return caller.name if isinstance(caller, Caller) else ""

    def _about(self, by: str) -> tuple[Mapping[str, Any], dict[str, int]]:
        if self._workspace is None:
            board = self._desk.board()
            self._workspace = board["workspace"] if board else None
        return self._desk.person(by), {name: read() for name, read in self._counters.items()}

    def _head(self, person: Mapping[str, Any], shell: str) -> None:
        modules = ("words", "live", "settings", "commands", "dialog", "parts", "palette", "bar", "frame")
        preload = "".join(f'<link rel="modulepreload" href="{self.static}/js/{name}.js">' for name in modules)
        styles = "".join(f'<link rel="stylesheet" href="{self.static}/css/{name}">' for name in self._styles)
        ui.add_head_html(f"{_chosen(person)}{styles}{preload}")
        ui.add_body_html(shell)


def _chosen(person: Mapping[str, Any]) -> str:
    """The person as data for the scripts, and what they chose as attributes of the root before the first paint."""
    settings = person["settings"]
    data = json.dumps(person, default=str).replace("<", "\\u003c")
    chosen = {name: settings[name] for name in ("theme", "density", "motion") if settings[name] != "auto"}
    words = json.dumps(chosen).replace("<", "\\u003c")
    return (
        f'<script type="application/json" id="cb-person">{data}</script>'
        f"<script>Object.assign(document.documentElement.dataset,{words})</script>"
    )


def fingerprint(folder: Path) -> str:
    """Twelve hex digits that change with any byte of any file below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]

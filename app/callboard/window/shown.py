"""The window's process: opens the page of the running server, and ends with the window, or with the server that began it."""

import os
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from callboard.guard.running import RunningServer, running_server
from callboard.window.place import SMALLEST, Place, keep_place, on_a_screen, place_of
from callboard.window.readiness import toolkit

ICON = Path(__file__).parents[1] / "show" / "static" / "favicon.svg"
LOOK_S = 1.0
LONGEST_TITLE = 200
# Links to other hosts open outside; Ctrl-Q and Ctrl-W close the window; the page's title is the window's.
PAGE = """
if (!window.callboardWindow) {
  window.callboardWindow = true;
  document.addEventListener('click', (event) => {
    const link = event.target.closest ? event.target.closest('a[href]') : null;
    if (!link || event.defaultPrevented) return;
    if (link.origin !== location.origin) { event.preventDefault(); window.pywebview.api.outside(link.href); }
    else if (link.target === '_blank' && !link.hasAttribute('download')) { event.preventDefault(); location.href = link.href; }
  }, true);
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && ['q', 'w'].includes(event.key)) window.pywebview.api.close();
  });
  const tell = () => window.pywebview.api.titled(document.title);
  new MutationObserver(tell).observe(document.head, {childList: true, subtree: true, characterData: true});
  tell();
}
"""


class Bridge:
    """What a page may ask of the window: to open a link outside, to be called by its title, to close."""

    def __init__(self) -> None:
        self._window: Any = None

    def outside(self, address: Any) -> bool:
        """Opens a web or mail address in the person's browser; nothing else."""
        if not isinstance(address, str) or urlsplit(address).scheme not in ("http", "https", "mailto"):
            return False
        return webbrowser.open(address)

    def titled(self, title: Any) -> None:
        """Gives the window the title of its page."""
        if self._window is not None and isinstance(title, str):
            self._window.set_title("".join(c for c in title if c.isprintable())[:LONGEST_TITLE] or "Callboard")

    def close(self) -> None:
        """Closes the window."""
        if self._window is not None:
            self._window.destroy()


def show_window(data: Path, server: RunningServer, *, attached: bool = False) -> None:
    """Shows the server's pages until the window is closed; must be called on the main thread.

    An attached window also ends when its standard input ends, which is when the process that began it is gone, however
    that ended. One that is not attached waits for the next server of the data folder, and goes on with it.
    """
    if os.geteuid() == 0:
        os.environ.setdefault("QTWEBENGINE_DISABLE_SANDBOX", "1")  # Chromium's sandbox refuses root
    chosen = toolkit()
    if chosen:
        os.environ["PYWEBVIEW_GUI"] = chosen  # else asking for the screens tries another one first
    import webview

    webview.settings["OPEN_EXTERNAL_LINKS_IN_BROWSER"] = True
    webview.settings["ALLOW_DOWNLOADS"] = True
    screens = [(screen.x, screen.y, screen.width, screen.height) for screen in _screens(webview)]
    place = on_a_screen(place_of(data), screens) if screens else place_of(data)
    bridge = Bridge()
    window = webview.create_window(
        "Callboard",
        server.link,
        js_api=bridge,
        width=place.width,
        height=place.height,
        x=place.x,
        y=place.y,
        maximized=place.maximized,
        min_size=SMALLEST,
        text_select=True,
        zoomable=True,
    )
    if window is None:
        raise RuntimeError("the toolkit gave no window")
    bridge._window = window
    seen = _Seen(place)
    window.events.resized += seen.resized
    window.events.moved += seen.moved
    window.events.maximized += seen.grown
    window.events.restored += seen.restored

    def loaded() -> None:
        window.evaluate_js(PAGE)

    window.events.closing += lambda: keep_place(data, seen.place)
    window.events.loaded += loaded
    watch = threading.Thread(
        target=_until_begun_by_is_gone if attached else _follow, args=(window, data, server), daemon=True
    )
    webview.start(watch.start, gui=chosen, icon=str(ICON))


class _Seen:
    """How the window lies now."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def resized(self, width: int, height: int) -> None:
        if not self.place.maximized and width >= SMALLEST[0] and height >= SMALLEST[1]:
            self.place = Place(int(width), int(height), self.place.x, self.place.y)

    def moved(self, x: int, y: int) -> None:
        if not self.place.maximized:
            self.place = Place(self.place.width, self.place.height, int(x), int(y))

    def grown(self) -> None:
        self.place = Place(self.place.width, self.place.height, self.place.x, self.place.y, True)

    def restored(self) -> None:
        self.place = Place(self.place.width, self.place.height, self.place.x, self.place.y)


def _screens(webview: Any) -> list[Any]:
    try:
        return list(webview.screens)
    except Exception:  # a toolkit that does not say
        return []


def _until_begun_by_is_gone(window: Any, data: Path, server: RunningServer) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    window.destroy()


def _follow(window: Any, data: Path, server: RunningServer) -> None:
    while True:
        time.sleep(LOOK_S)
        now = running_server(data)
        if now is not None and now.token != server.token:
            server = now
            window.load_url(now.link)

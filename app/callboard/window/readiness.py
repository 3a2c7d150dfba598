"""Whether this machine can show a window, and what it lacks."""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Literal

INSTALL = "install the extra: pip install 'callboard[native]'"
QT = ("PySide6", "PyQt6")


def why_no_window(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """One sentence with the mend, or '' when nothing speaks against a window."""
    if find_spec("webview") is None:
        return f"a window needs pywebview, which is not installed; {INSTALL}"
    if platform.startswith("linux"):
        if not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
            return (
                "there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set); start it in a desktop session, "
                "or leave out --native and use the browser"
            )
        if not any(find_spec(name) for name in (*QT, "gi")):
            return f"a window needs a toolkit, such as PySide6, and none is installed; {INSTALL}"
    return ""


def toolkit() -> Literal["qt"] | None:
    """The name that pywebview gives to the toolkit to use; None lets it choose."""
    return "qt" if any(find_spec(name) for name in QT) else None

"""`window`: opens a native window on the running server."""

import argparse
import sys

from callboard.cli import DONE, UNREACHABLE, USAGE
from callboard.commands.doors import settings_of
from callboard.guard.running import running_server
from callboard.window.readiness import why_no_window


def window(given: argparse.Namespace) -> int:
    """Returns when the window is closed; exit 2 when none can be shown here, 3 when no server runs."""
    settings = settings_of(given)
    server = running_server(settings.data)
    if server is None:
        sys.stderr.write(f"callboard: nothing runs for {settings.data}; start it with `callboard up`\n")
        return UNREACHABLE
    trouble = why_no_window()
    if trouble:
        sys.stderr.write(f"callboard: no window: {trouble}\n")
        return USAGE
    from callboard.window.shown import show_window

    show_window(settings.data, server, attached=given.attached)
    return DONE

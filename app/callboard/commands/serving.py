"""`token`: the link to the running server."""

import argparse
import sys

from callboard.cli import DONE
from callboard.commands.doors import settings_of
from callboard.errors import NotReachable
from callboard.guard.running import running_server


def token(given: argparse.Namespace) -> int:
    """Prints the link that opens the dashboard."""
    settings = settings_of(given)
    server = running_server(settings.data)
    if server is None:
        raise NotReachable(f"no server runs for {settings.data}; start one with `callboard up`")
    sys.stdout.write(server.link + "\n")
    return DONE

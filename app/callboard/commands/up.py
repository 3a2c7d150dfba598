"""`up`: the engine and the dashboard, until it is told to end."""

import argparse
import os
import signal
import sys
import threading
import webbrowser

from callboard.cli import DONE, UNREACHABLE, USAGE
from callboard.commands.doors import ensure_trust, settings_of
from callboard.guard.crew_token import CrewToken
from callboard.guard.running import announce, new_token, running_server, withdraw
from callboard.guard.trust import Trust, user_name
from callboard.window.beside import WindowBeside
from callboard.window.readiness import why_no_window

CLOSED = "callboard: the window was closed, so Callboard ends; with --keep-running it would go on\n"


def up(given: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM, or until its window is closed.

    Exit 2 when a window is asked for and none can be shown, 3 when the port or the data folder is taken.
    """
    settings = settings_of(given)
    other = running_server(settings.data)
    if other is not None:
        sys.stderr.write(f"callboard: it runs already for this data folder: {other.link}\n")
        return UNREACHABLE
    trouble = why_no_window() if given.native else ""
    if trouble:
        sys.stderr.write(f"callboard: no window: {trouble}\n")
        return USAGE
    if given.trust or (sys.stdin.isatty() and Trust(settings.data).why_not(settings.workspace)):
        ensure_trust(settings, given)
    from callboard.core.boundary import Boundary
    from callboard.errors import Refused
    from callboard.guard.door import open_door
    from callboard.wiring import House, config_or_default

    try:
        config_or_default(settings.workspace).boundary.check_bind(settings.port)
        door = open_door(settings.host, settings.port, Boundary())
    except Refused as error:
        sys.stderr.write(f"callboard: {error}\n")
        return UNREACHABLE
    token = new_token()
    with House(settings, schedules=True) as house:
        announce(settings.data, door.url, token)
        link = f"{door.url}/?token={token}"

        window = WindowBeside(settings.data)

        def closed(trouble: str) -> None:
            if trouble:
                sys.stderr.write(f"callboard: {trouble}\ncallboard: it goes on in the browser: {link}\n")
            elif given.keep_running:
                sys.stderr.write("callboard: the window was closed; Callboard goes on (`callboard window` opens one)\n")
            else:
                sys.stderr.write(CLOSED)
                os.kill(os.getpid(), signal.SIGTERM)

        def ready(url: str) -> None:
            sys.stdout.write(f"Callboard watches {settings.workspace}\n{link}\n")
            sys.stdout.flush()
            if given.native:
                window.open(closed)
            elif not given.no_open and sys.stdout.isatty():
                threading.Thread(target=webbrowser.open, args=[link], daemon=True).start()

        from callboard.show.server import serve

        try:
            serve(
                house.desk,
                token=token,
                door=door,
                sessions_file=settings.data / "run" / "sessions.json",
                crew_token=CrewToken(settings.data),
                user=user_name(),
                dev=given.dev,
                on_ready=ready,
            )
        finally:
            window.close()
            withdraw(settings.data)
    return DONE

"""The pages; `register` puts them on the application."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.pages import (
    agents,
    alerts,
    board,
    compare,
    console,
    inbox,
    machine,
    patches,
    preview,
    run,
    runs,
    task,
)


def register(desk: Desk) -> None:
    """Adds every page to the framework's application; call it once, before the server starts."""
    frame = Frame(desk)
    for module in (board, inbox, alerts, preview, runs, run, compare, task, console, agents, machine, patches):
        module.register(frame, desk)

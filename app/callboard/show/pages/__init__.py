"""The pages; `register` puts them on the application."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.pages import (
    agents,
    alerts,
    board,
    cases,
    compare,
    console,
    crew,
    inbox,
    insights,
    machine,
    patches,
    preview,
    roadmap,
    run,
    runs,
    settings,
    styleguide,
    task,
)


def register(desk: Desk, *, dev: bool = False) -> None:
    """Adds every page to the framework's application; call it once, before the server starts. With `dev` also the style guide."""
    frame = Frame(desk)
    for module in (
        board,
        roadmap,
        inbox,
        alerts,
        cases,
        insights,
        preview,
        runs,
        run,
        compare,
        task,
        console,
        agents,
        crew,
        machine,
        patches,
        settings,
    ):
        module.register(frame, desk)
    if dev:
        styleguide.register(frame, desk)

"""`/machine`: the load of the host, who causes it, and what is held."""

from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class MachineScreen(Screen, component="callboard_machine.js"):
    """Gauges with history, tasks with their processes, locks."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page."""

    @frame.page("/machine")
    async def machine() -> None:
        await frame.show(MachineScreen, "Machine", "/machine", desk.machine)

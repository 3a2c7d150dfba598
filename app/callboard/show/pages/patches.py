"""`/patches` and `/patches/{id}`: what agents would change, and a person's word about it."""

from callboard.errors import NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class PatchesScreen(Screen, component="callboard_patches.js"):
    """All patches with proof, conflicts and state."""


class PatchScreen(Screen, component="callboard_patch.js"):
    """One patch: what it changes, what accepting it would do."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds both pages. The address may narrow the list to a run: `/patches?run=12`."""

    @frame.page("/patches")
    async def patches(run: str = "") -> None:
        number = int(run) if run.isdecimal() and len(run) < 16 else None
        more = {"run": number}
        await frame.show(PatchesScreen, "Patches", "/patches", lambda: list(desk.patches(number, None)), more)

    @frame.page("/patches/{number}")
    async def patch(number: str) -> None:
        def read() -> object:
            if not (number.isdecimal() and len(number) < 16):
                raise NotFound(f"There is no patch '{number[:40]}'; patches have numbers, such as 14")
            return desk.patch(int(number))

        await frame.show(PatchScreen, f"Patch {number[:20]}", "/patches", read)

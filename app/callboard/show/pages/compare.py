"""`/runs/{id}/compare`: a run against another one."""

from starlette.requests import Request

from callboard.errors import NotFound
from callboard.show.api.desk import Desk
from callboard.show.frame import Frame
from callboard.show.parts.screen import Screen


class CompareScreen(Screen, component="callboard_compare.js"):
    """What became better, what worse; each row leads to its place."""


def register(frame: Frame, desk: Desk) -> None:
    """Adds the page. The address names the other run: `/runs/12/compare?with=11`."""

    @frame.page("/runs/{number}/compare")
    async def compare(number: str, request: Request) -> None:
        other = request.query_params.get("with", "")

        def read() -> object:
            if not (number.isdecimal() and len(number) < 16):
                raise NotFound(f"There is no run '{number[:40]}'; runs have numbers, such as 12")
            if other and not (other.isdecimal() and len(other) < 16):
                raise NotFound(f"There is no run '{other[:40]}' to compare with; runs have numbers, such as 11")
            return desk.compare(int(number), int(other) if other else None)

        await frame.show(CompareScreen, f"Run {number[:20]} compared", "/runs", read)

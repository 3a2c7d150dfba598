"""Where the window was, so that it opens there again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from callboard.guard.running import private_folder, read_private, write_private

SMALLEST = (400, 300)
LARGEST = 16_384


@dataclass(frozen=True, slots=True)
class Place:
    """Size and left upper corner in pixels; without a corner the desktop chooses one."""

    width: int = 1360
    height: int = 880
    x: int | None = None
    y: int | None = None
    maximized: bool = False


def place_of(data: Path) -> Place:
    """What was kept; the usual place when nothing was, or nonsense."""
    raw = read_private(data / "run" / "window.json")
    try:
        found = json.loads(raw or b"null")
        width, height = int(found["width"]), int(found["height"])
        x, y = (None if found[key] is None else int(found[key]) for key in ("x", "y"))
        maximized = found["maximized"] is True
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return Place()
    if not (SMALLEST[0] <= width <= LARGEST and SMALLEST[1] <= height <= LARGEST):
        return Place()
    if any(edge is not None and abs(edge) > LARGEST for edge in (x, y)):
        x = y = None
    return Place(width, height, x, y, maximized)


def keep_place(data: Path, place: Place) -> None:
    """Keeps it for the next time."""
    write_private(private_folder(data / "run") / "window.json", json.dumps(asdict(place)).encode())


def on_a_screen(place: Place, screens: list[tuple[int, int, int, int]]) -> Place:
    """The same place, without a corner that would be out of sight; a screen is x, y, width, height."""
    if place.x is None or place.y is None:
        return Place(place.width, place.height, None, None, place.maximized)
    for x, y, width, height in screens:
        if x - 50 <= place.x <= x + width - 100 and y - 50 <= place.y <= y + height - 60:
            return place
    return Place(place.width, place.height, None, None, place.maximized)

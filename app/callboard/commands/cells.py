"""How wide text is in a terminal, and how it is cut and padded there."""

import re
import unicodedata

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def width(text: str) -> int:
    """Cells that the text takes; our own colours take none, East Asian wide signs two, combining ones none."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    return sum(map(_cells, _COLOUR.sub("", text)))


def _cells(sign: str) -> int:
    if unicodedata.east_asian_width(sign) in "WF":
        return 2
    return 0 if unicodedata.category(sign) in ("Mn", "Me", "Cf") else 1


def cut(text: str, room: int) -> str:
    """Plain text in at most `room` cells; what does not fit ends with an ellipsis."""
    if width(text) <= room:
        return text
    taken, kept = 0, []
    for sign in text:
        taken += _cells(sign)
        if taken > room - 1:
            break
        kept.append(sign)
    return "".join(kept) + "…" if room > 0 else ""


def pad(text: str, room: int) -> str:
    """The text with blanks up to `room` cells."""
    return text + " " * max(0, room - width(text))


def shares(wanted: list[int], room: int, least: int = 12) -> list[int]:
    """Widths of columns that fit into `room` together if that can be: the widest give way first, none below `least`."""
    widths = list(wanted)
    while sum(widths) > room and max(widths) > least:
        widths[widths.index(max(widths))] -= 1
    return widths

"""Making a set small that still shows something: delta debugging after Zeller and Hildebrandt (2002)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def smallest(things: Sequence[Thing], shows: Callable[[list[Thing]], bool | None]) -> tuple[list[Thing], bool]:
    """A part of the things, in their order, that still shows it and from which no single one can be left out.

    `shows` is asked about parts; None means that there is no time for more, and what is known by then is returned with False.
    The whole is taken to show it.
    """
    left, parts = list(things), 2
    while len(left) >= 2:
        size = -(-len(left) // parts)
        pieces = [left[at : at + size] for at in range(0, len(left), size)]
        rests = [[one for other in pieces if other is not piece for one in other] for piece in pieces]
        found: list[Thing] | None = None
        for candidate in [*pieces, *(rests if len(pieces) > 2 else [])]:
            answer = shows(candidate)
            if answer is None:
                return left, False
            if answer:
                found = candidate
                break
        if found is not None:
            parts = 2 if len(found) <= size else max(2, len(pieces) - 1)
            left = found
        elif size == 1:
            break
        else:
            parts = min(len(left), 2 * len(pieces))
    return left, True

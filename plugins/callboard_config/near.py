"""Names that are nearly the same: most likely one of them is misspelt."""

import re
from collections.abc import Iterable

SHORTEST = 6


def nearest(name: str, others: Iterable[str]) -> str | None:
    """The one that differs by one slip of the fingers, or in its underscores alone; None for none, and for several."""
    found = sorted({other for other in others if is_near(name, other)})
    return found[0] if len(found) == 1 else None


def is_near(one: str, other: str) -> bool:
    """One letter more, less, other or swapped; numbers that differ are meant to."""
    one, other = one.upper(), other.upper()
    if one == other or min(len(one), len(other)) < SHORTEST:
        return False
    if re.sub(r"\D", "", one) != re.sub(r"\D", "", other):
        return False
    if one.replace("_", "") == other.replace("_", ""):
        return True
    if sorted(one.split("_")) == sorted(other.split("_")):
        return False
    return _one_slip(one, other) and not _plural_or_opposite(one, other)


def _one_slip(one: str, other: str) -> bool:
    if len(one) > len(other):
        one, other = other, one
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
    if len(one) == len(other):
        swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
        return one[at + 1 :] == other[at + 1 :] or swapped == other[at:]
    return len(other) - len(one) == 1 and one[at:] == other[at + 1 :]


def _plural_or_opposite(one: str, other: str) -> bool:
    """Short words of which one letter makes another word: MIN/MAX, IN/ON, A/B."""
    differing = [(a, b) for a, b in zip(one.split("_"), other.split("_"), strict=False) if a != b]
    return len(differing) == 1 and max(len(differing[0][0]), len(differing[0][1])) < 4

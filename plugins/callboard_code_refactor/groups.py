"""Pairs of equal pieces put together into groups of places that hold the same piece."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A piece of a file, first and last line included."""

    path: str
    start: int
    end: int

    def meets(self, other: "Place") -> bool:
        """Whether both are the same piece of the same file, give or take: half of the longer one is common."""
        common = min(self.end, other.end) - max(self.start, other.start) + 1
        longest = max(self.end - self.start, other.end - other.start) + 1
        return self.path == other.path and 2 * common > longest


@dataclass(frozen=True, slots=True)
class Clone:
    """Two places with the same piece; `tokens` is 0 where the tool counts lines alone."""

    first: Place
    second: Place
    lines: int
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """At least two places, in order; `lines` and `tokens` are those of the largest pair."""

    places: tuple[Place, ...]
    lines: int
    tokens: int


def grouped(clones: Sequence[Clone]) -> list[Group]:
    """The groups, the largest first; each pair is in exactly one."""
    parents = list(range(len(clones)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    seen: dict[str, list[tuple[Place, int]]] = defaultdict(list)
    for number, clone in enumerate(clones):
        for place in (clone.first, clone.second):
            for other, earlier in seen[place.path]:
                if place.meets(other):
                    parents[root(number)] = root(earlier)
                    break
            seen[place.path].append((place, number))
    members: dict[int, list[Clone]] = defaultdict(list)
    for number, clone in enumerate(clones):
        members[root(number)].append(clone)
    groups = [_group(pairs) for pairs in members.values()]
    return sorted(groups, key=lambda group: (-group.tokens, -group.lines, group.places))


def _group(pairs: Sequence[Clone]) -> Group:
    places: list[Place] = []
    for place in sorted({place for pair in pairs for place in (pair.first, pair.second)}):
        # the pieces of two pairs of one group may differ by a line or two: they are one place
        if not any(place.meets(other) for other in places):
            places.append(place)
    largest = max(pairs, key=lambda pair: (pair.tokens, pair.lines))
    if len(places) < 2:  # a piece that repeats itself, shifted by less than half of its length
        places = sorted([largest.first, largest.second])
    return Group(tuple(places), largest.lines, largest.tokens)

"""The graph of a pipeline: its order, its children, its longest remaining paths."""

from collections.abc import Sequence

from callboard.errors import CallboardError


class CycleFound(CallboardError):
    """Tasks wait for each other; `path` are their places, the first one again at the end."""

    def __init__(self, path: Sequence[int]) -> None:
        self.path = tuple(path)
        super().__init__("tasks wait for each other: " + " → ".join(map(str, self.path)))


def order(depends: Sequence[Sequence[int]]) -> list[int]:
    """The places in an order in which each comes after all that it depends on; of several, the earlier place first.

    O(tasks + dependencies). Raises `CycleFound` with the path of a cycle.
    """
    waiting = [len(set(parents)) for parents in depends]
    below = children(depends)
    found = [place for place, count in enumerate(waiting) if count == 0]
    for place in found:
        for child in below[place]:
            waiting[child] -= 1
            if waiting[child] == 0:
                found.append(child)
    if len(found) < len(depends):
        raise CycleFound(_cycle(depends, {place for place, count in enumerate(waiting) if count}))
    return found


def children(depends: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each place the places that depend on it, each once."""
    below: list[list[int]] = [[] for _ in depends]
    for place, parents in enumerate(depends):
        for parent in set(parents):
            below[parent].append(place)
    return below


def _cycle(depends: Sequence[Sequence[int]], stuck: set[int]) -> list[int]:
    """One cycle among places that all wait for another stuck place, as a path along the dependencies reversed."""
    place = min(stuck)
    trail: list[int] = []
    position: dict[int, int] = {}
    while place not in position:
        position[place] = len(trail)
        trail.append(place)
        place = min(parent for parent in depends[place] if parent in stuck)
    cycle = trail[position[place] :]
    return [*cycle, place]


def remaining_paths(depends: Sequence[Sequence[int]], durations: Sequence[float]) -> list[float]:
    """For each place the seconds of the longest path from its start to the end of the run, itself included."""
    longest = list(durations)
    for place in reversed(order(depends)):
        through = longest[place]
        for parent in depends[place]:
            if durations[parent] + through > longest[parent]:
                longest[parent] = durations[parent] + through
    return longest


def critical_path(depends: Sequence[Sequence[int]], durations: Sequence[float]) -> list[int]:
    """The places of one longest path through the whole graph, first to last; empty for an empty graph."""
    if not depends:
        return []
    longest = remaining_paths(depends, durations)
    below = children(depends)
    roots = [place for place, parents in enumerate(depends) if not parents]
    path = [max(roots, key=lambda place: longest[place])]
    while below[path[-1]]:
        path.append(max(below[path[-1]], key=lambda place: longest[place]))
    return path

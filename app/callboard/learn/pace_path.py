"""The critical path of a roadmap: the chain of changes, each waiting for the one before, with the most tasks left."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The changes in their order, the tasks that are left in them, and in words."""

    changes: tuple[str, ...]
    left: int
    words: str


def critical_path(left: Mapping[str, int], after: Mapping[str, tuple[str, ...]]) -> CriticalPath:
    """The path by how many tasks each change has left, and what each waits for directly.

    A change without open tasks takes no time; names that `left` does not know count for nothing; where changes wait for
    each other in a circle, the circle is cut.
    """
    best: dict[str, tuple[int, tuple[str, ...]]] = {}
    for name in sorted(left):
        _walk(name, left, after, best)
    most = max(best.values(), default=(0, ()), key=lambda found: (found[0], len(found[1])))
    changes = tuple(name for name in most[1] if left.get(name, 0) > 0)
    whole = sum(count for count in left.values() if count > 0)
    if not changes:
        return CriticalPath((), 0, "nothing is left to do")
    share = f"{most[0]:,} of {whole:,} open tasks"
    if len(changes) == 1:
        ordered = any(after.get(name) for name in left)
        why = (
            "no chain is longer than this one change" if ordered else "no change waits for another; this is the largest"
        )
        return CriticalPath(changes, most[0], f"{changes[0]}: {share}; {why}")
    shown = " → ".join(changes if len(changes) <= 6 else (*changes[:5], f"{len(changes) - 5} more"))
    return CriticalPath(changes, most[0], f"{shown}: {share} must be done one after the other")


def _walk(
    name: str,
    left: Mapping[str, int],
    after: Mapping[str, tuple[str, ...]],
    best: dict[str, tuple[int, tuple[str, ...]]],
) -> None:
    """Fills `best` for the name and all before it: the heaviest chain that ends there."""
    stack: list[tuple[str, bool]] = [(name, False)]
    open_ones: set[str] = set()
    while stack:
        here, leaving = stack.pop()
        if here in best:
            continue
        if leaving:
            open_ones.discard(here)
            before = [best[other] for other in after.get(here, ()) if other in best]
            heaviest = max(before, default=(0, ()), key=lambda found: (found[0], len(found[1])))
            best[here] = (heaviest[0] + max(0, left.get(here, 0)), (*heaviest[1], here))
            continue
        open_ones.add(here)
        stack.append((here, True))
        waiting = [
            other for other in after.get(here, ()) if other in left and other not in best and other not in open_ones
        ]
        stack.extend((other, False) for other in waiting)

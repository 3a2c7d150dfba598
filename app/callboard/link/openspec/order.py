"""The order between changes: what each waits for, circles, and names that lead nowhere."""

from collections.abc import Mapping

from callboard.config.fields import near
from callboard.config.roadmap import RoadmapTables
from callboard.link.openspec.model import Check, Roadmap


def after_of(
    roadmap: Roadmap, tables: RoadmapTables, kept: Mapping[str, tuple[str, ...]] | None = None
) -> dict[str, tuple[str, ...]]:
    """For each active change the active changes that must be done before it, directly.

    They come from `depends_on` in `.openspec.yaml`, `after` in `[changes.NAME]`, and `kept`: what people set on the roadmap.
    A name with the date of its archive, or of an archived change, counts as done and is left out.
    """
    active = {change.id for change in roadmap.changes}
    found = {}
    for change in roadmap.changes:
        table = tables.changes.get(change.id)
        names = (*change.depends_on, *(table.after if table else ()), *(kept or {}).get(change.id, ()))
        found[change.id] = tuple(name for name in dict.fromkeys(names) if name in active and name != change.id)
    return found


def all_before(after: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """For each change all that come before it, however far; one in a circle comes before itself."""
    found: dict[str, frozenset[str]] = {}
    for name in after:
        seen, waiting = set[str](), list(after[name])
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting.extend(after.get(other, ()))
        found[name] = frozenset(seen)
    return found


def circles(after: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The groups of changes that wait for each other, each in one round, sorted."""
    before = all_before(after)
    left = sorted(name for name, names in before.items() if name in names)
    found: list[tuple[str, ...]] = []
    while left:
        first = left[0]
        group = {name for name in left if name == first or (name in before[first] and first in before[name])}
        found.append(_round(first, group, after))
        left = [name for name in left if name not in group]
    return found


def _round(first: str, group: set[str], after: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """One way from the first back to itself."""
    paths: list[tuple[str, ...]] = [(first,)]
    seen = {first}
    while paths:
        path = paths.pop(0)
        for other in after[path[-1]]:
            if other == first:
                return path
            if other in group and other not in seen:
                seen.add(other)
                paths.append((*path, other))
    return tuple(sorted(group))


def order_checks(roadmap: Roadmap, tables: RoadmapTables, after: Mapping[str, tuple[str, ...]]) -> list[Check]:
    """Circles, names of changes that are not there, and changes that are done before what they wait for."""
    found: list[Check] = []
    for round_ in circles(after):
        shown = " → ".join([*round_[:8], *(["…"] if len(round_) > 8 else []), round_[0]])
        words = f"{shown}: they wait for each other, so none can be first"
        found.append(
            Check("cycle", "high", words, "take one of them out of after or depends_on", round_[0], others=round_[1:])
        )
    active = {change.id: change for change in roadmap.changes}
    archived = {one.id for one in roadmap.archived} | {f"{one.date}-{one.id}" for one in roadmap.archived}
    for change in roadmap.changes:
        table = tables.changes.get(change.id)
        places = [(name, f"{change.path}/.openspec.yaml", 0, "depends_on") for name in change.depends_on]
        if table:
            places += [(name, "callboard.toml", table.line, "after") for name in table.after]
        for name, path, line, key in places:
            if name in active or name in archived:
                continue
            hint = near(name, [*active, *(one.id for one in roadmap.archived)])
            words = f"{change.id} waits for '{name[:100]}', which is no change.{hint}"
            found.append(Check("depends-missing", "medium", words, f"mend {key}, or remove it", change.id, path, line))
        open_ones = [name for name in after.get(change.id, ()) if active[name].status != "complete"]
        if change.status == "complete" and open_ones:
            said = ", ".join(open_ones[:3]) + (f" and {len(open_ones) - 3} more" if len(open_ones) > 3 else "")
            words = f"{change.id} says done, although it waits for {said}, which is not"
            found.append(
                Check(
                    "done-early",
                    "medium",
                    words,
                    "look whether it is really done, or drop the order",
                    change.id,
                    change.path,
                )
            )
    return found

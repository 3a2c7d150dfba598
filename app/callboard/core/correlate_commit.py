"""The rules that join failures by the place that a commit changed and that they go through."""

from collections import defaultdict
from collections.abc import Mapping

from callboard.core.case_facts import Symptom
from callboard.core.correlate_clues import Clues, is_server_error
from callboard.core.correlate_scene import MILD, SKIPPED, TYPE_CHECKERS, UNKNOWN
from callboard.core.correlate_sets import Sets
from callboard.core.correlate_words import is_data

NEAR_LINES = 3
NAMING = ("module", "setting", "missing", "name", "table", "fixture")


def by_commit(sets: Sets) -> None:
    """Failures that are new since the last pass, touch one changed file alone, and there the same changed place."""
    buckets: dict[tuple[str, int], list[int]] = defaultdict(list)
    where: dict[int, set[tuple[str, int]]] = defaultdict(set)
    for number, symptom in enumerate(sets.all):
        spot = _touched(sets, number) if symptom.key in sets.scene.fresh else None
        if spot is not None or not _is_only_read(symptom):
            where[sets.find(number)].add(spot or ("", -1))
        if spot is not None:
            buckets[spot].append(number)
    _to_the_nearest(sets, buckets, where)
    for (path, nth), numbers in buckets.items():
        whole = [n for n in numbers if where[sets.find(n)] == {(path, nth)} and not _says_elsewhere(sets, n, path)]
        region = sets.scene.changed[path][nth]
        place = f"{path}, {region.name}" if region.name else path
        whole.sort(key=lambda number: not sets.is_news(number))
        for number in whole[1:]:
            if sets.join(whole[0], number, f"new since {place} was changed, which it goes through", bridges=True):
                sets.kind.setdefault(sets.find(number), f"commit\x1f{path}")

    _by_server_error(sets, {path: numbers[0] for (path, _), numbers in buckets.items()})


def _to_the_nearest(
    sets: Sets, buckets: dict[tuple[str, int], list[int]], where: dict[int, set[tuple[str, int]]]
) -> None:
    """A failure that goes through several changed files goes to the nearest, if others show that to be broken at one place, and
    none of the rest."""
    broken = {path: [spot for spot in buckets if spot[0] == path and buckets[spot]] for path, _ in [*buckets]}
    for number, symptom in enumerate(sets.all):
        if where.get(sets.find(number)) != {("", -1)} or symptom.key not in sets.scene.fresh:
            continue
        through = {*_through(sets, symptom)} & sets.scene.changed.keys()
        started = sets.scene.starts.get(symptom.check, ()) if symptom.kind == "task" and not symptom.path else ()
        near = sets.scene.nearest.get(symptom.path if not started else started[0] if len(started) == 1 else "", "")
        if len(through) < 2 or near not in through or [path for path in through if broken.get(path)] != [near]:
            continue
        if len(broken[near]) == 1 and _may_be_of_commit(sets, symptom, sets.clues[number]):
            buckets[broken[near][0]].append(number)
            where[sets.find(number)] = {broken[near][0]}


def _by_server_error(sets: Sets, broken: Mapping[str, int]) -> None:
    """A request that ends in a server error goes to the one broken file among the changed ones that it goes through."""
    for number, symptom in enumerate(sets.all):
        if symptom.key not in sets.scene.fresh or not is_server_error(symptom.message):
            continue
        met = [path for path in sets.scene.reaches.get(symptom.path, ()) if path in broken]
        if len(met) == 1 and sets.join(
            broken[met[0]], number, f"its request goes through {met[0]}, which was changed and is broken", bridges=True
        ):
            sets.kind.setdefault(sets.find(number), f"commit\x1f{met[0]}")


def _says_elsewhere(sets: Sets, number: int, path: str) -> bool:
    """Whether it names a cause that no change of this file can be: of the host, another file, or something that is missing and
    that neither this file is nor lost, unless it was in this file that it was missed."""
    symptom, clues = sets.all[number], sets.clues[number]
    if clues.vague is not None:
        return True
    within = path in {symptom.path, *(place for place, _ in clues.frames)}
    for kind, about in clues.strong:
        if kind in ("host", "service") or (kind == "file" and about != path):
            return True
        if kind == "setting" and is_data(path):
            continue  # the file of settings that it reads was changed
        if kind in NAMING and not within and not _is_of(sets, about, path):
            return True
    return False


def _is_of(sets: Sets, about: str, path: str) -> bool:
    """Whether what is missing is the file, a part of it, or a word that was taken out of it."""
    name = path.rpartition("/")[2]
    words = {about, *about.replace("/", ".").split(".")}
    return bool({name, name.partition(".")[0]} & words) or any(sets.scene.gone.get(word) == path for word in words)


def _touched(sets: Sets, number: int) -> tuple[str, int] | None:
    """The one changed file, and place in it, that a failure goes through; None when it is none, or not one alone."""
    symptom, clues, changed = sets.all[number], sets.clues[number], sets.scene.changed
    if not changed or not _may_be_of_commit(sets, symptom, clues):
        return None
    frames = [place for place in (*clues.frames, (symptom.path, symptom.line)) if place[0] in changed]
    paths = list(dict.fromkeys(path for path, _ in frames)) or [
        path for path in _through(sets, symptom) if path in changed
    ]
    if len(paths) != 1:
        return None
    regions = changed[paths[0]]
    if len(regions) == 1:
        return paths[0], 0
    inside = {
        nth
        for nth, region in enumerate(regions)
        for path, line in frames
        if path == paths[0] and region.start - 1 <= line <= region.end + 1
    }
    named = {nth for nth, region in enumerate(regions) if region.name in sets.scene.mentions.get(symptom.key, ())}
    for found in (inside, named):
        if len(found) == 1:
            return paths[0], found.pop()
    return None


def _through(sets: Sets, symptom: Symptom) -> list[str]:
    """The changed files that a failure goes through: those of its place, of a command without one those of what it starts."""
    if symptom.path or symptom.kind != "task":
        return list(sets.scene.reaches.get(symptom.path, ()))
    started = sets.scene.starts.get(symptom.check, ())
    return list(dict.fromkeys(path for start in started for path in sets.scene.reaches.get(start, ())))


def _is_only_read(symptom: Symptom) -> bool:
    """Whether nothing ran: a mild finding of a tool that only reads, or work that waits. Where it lies says nothing of it."""
    return (symptom.kind == "finding" and symptom.severity in MILD) or symptom.rule in (SKIPPED, UNKNOWN)


def _may_be_of_commit(sets: Sets, symptom: Symptom, clues: Clues) -> bool:
    """A failure of something that ran; of what was only read, a type error in the changed lines."""
    if symptom.kind in ("test", "task", "slow") and symptom.rule not in (SKIPPED, UNKNOWN):
        return True
    if (clues.raised and symptom.severity not in MILD) or is_server_error(symptom.message):
        return True
    return any(tool in TYPE_CHECKERS for tool, _ in symptom.witnesses) and any(
        region.start - NEAR_LINES <= symptom.line <= region.end + NEAR_LINES
        for region in sets.scene.changed.get(symptom.path, ())
    )

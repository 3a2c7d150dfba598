"""The rules that join symptoms by what they say, by the data that they read, by what they wait for, and by their kind."""

from collections import Counter, defaultdict

from callboard.core.case_facts import Symptom
from callboard.core.correlate_clues import format_of
from callboard.core.correlate_host import Token
from callboard.core.correlate_scene import MILD, SKIPPED, TYPE_CHECKERS, UNKNOWN
from callboard.core.correlate_sets import Sets

MANY_ALIKE = 20


def by_word_of_persons(sets: Sets) -> None:
    """What persons joined once is joined from then on."""
    if not sets.taught.joins:
        return
    for number in range(sets.fresh_from, len(sets.all)):
        for other in range(number):
            if sets.taught.says(sets.all[number], sets.all[other]) and sets.join(
                number, other, "a person joined such symptoms"
            ):
                sets.kind.setdefault(sets.find(number), "person")
                break


def by_what_they_say(sets: Sets) -> None:
    """The same token, the same cause."""
    holders: dict[Token, list[int]] = defaultdict(list)
    for number, clues in enumerate(sets.clues):
        for token in clues.strong:
            holders[token].append(number)
        if sets.scene.gone and sets.all[number].key in sets.scene.fresh and not _is_read(sets.all[number]):
            for word in clues.quoted & sets.scene.gone.keys():
                path = sets.scene.gone[word]
                token = ("gone", f"{word} of {path}")
                clues.said.setdefault(token, f"{word} was taken out of {path}")
                sets.extra[number].append(token)
                holders[token].append(number)
    for token, numbers in holders.items():
        standing = [number for number in numbers if number < sets.fresh_from]
        fresh = [number for number in numbers if number >= sets.fresh_from]
        if not fresh:
            continue
        words = sets.clues[numbers[0]].said[token]
        anchor = standing[0] if standing else fresh[0]
        for number in fresh:
            if number != anchor and sets.join(anchor, number, words, bridges=True):
                sets.tokens[sets.find(anchor)][token] += 1
        for news in [number for number in fresh if sets.is_news(number)][:1]:
            for number in standing:
                sets.join(news, number, words, bridges=True)


def by_unreadable_data(sets: Sets) -> None:
    """Who could not read JSON, TOML, YAML or ini stumbled over the one such file that is broken, if it is one."""
    broken: dict[str, set[str]] = defaultdict(set)
    holder: dict[str, int] = {}
    for number, clues in enumerate(sets.clues):
        for kind, path in clues.strong:
            form = format_of(path) if kind == "file" else ""
            if form:
                broken[form].add(path)
                holder.setdefault(path, number)
    for number, clues in enumerate(sets.clues):
        files = broken.get(clues.decodes) if clues.decodes else None
        if not files:
            continue
        named = _read_by(sets, number, files)
        if len(named) == 1:
            path = named[0]
            if sets.join(
                holder[path], number, f"it could not read {clues.decodes.upper()}, and {path} is broken", bridges=True
            ):
                sets.tokens[sets.find(number)]["file", path] += 1


def _read_by(sets: Sets, number: int, files: set[str]) -> list[str]:
    """Which of the broken files a reader met: those that it names, or goes through, or that lie in its part of the
    workspace; else all."""
    symptom = sets.all[number]
    places = [path for path, _ in (*sets.clues[number].frames, (symptom.path, 0)) if path]
    through = {path for place in places for path in sets.scene.reaches.get(place, ())}
    tops = {place.partition("/")[0] for place in places}
    for found in (
        [path for path in files if path in symptom.message],
        [path for path in files if path in through],
        [path for path in files if "/" in path and path.partition("/")[0] in tops],
    ):
        if found:
            return found
    return list(files)


def by_what_waits(sets: Sets) -> None:
    """What was skipped, or lacks a file, because other work failed goes to the case of that work."""
    by_check: dict[str, Counter[int]] = defaultdict(Counter)
    for number, symptom in enumerate(sets.all):
        if symptom.rule not in (SKIPPED, UNKNOWN):
            by_check[symptom.check][sets.find(number)] += 1
    for number in range(sets.fresh_from, len(sets.all)):
        symptom = sets.all[number]
        before = sets.scene.needs.get(symptom.key, "")
        lacks = any(kind == "missing" for kind, _ in sets.clues[number].strong)
        if not before or not (symptom.rule == SKIPPED or (lacks and len(sets.members(number)) == 1)):
            continue
        if by_check.get(before):
            goal = max(by_check[before], key=lambda root: (by_check[before][root], -root))
            sets.join(goal, number, f"it needs {before}, which failed")
        else:
            twin = next(
                (
                    n for n in range(len(sets.all))
                    if n != number and sets.all[n].rule == SKIPPED and sets.scene.needs.get(sets.all[n].key) == before
                ), None,
            )  # fmt: skip
            if twin is not None:
                sets.join(twin, number, f"it needs {before}, which failed")


def by_family(sets: Sets) -> None:
    """What is left of findings: mild ones of one rule and tool, and grave ones when they are many."""
    families: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    cases: dict[tuple[str, str, str], int] = {}
    for root in sets.roots():
        first = sets.all[sets.members(root)[0]]
        tool = first.witnesses[0][0] if first.witnesses else first.agent
        name = (first.check, first.rule, tool)
        if sets.case_of(root):
            if sets.known[sets.case_of(root)].cause.kind == "family":
                cases.setdefault(name, root)
        elif len(sets.members(root)) == 1 and first.kind in ("finding", "ingested"):
            families[name].append(root)
    for name, roots in families.items():
        grave = [root for root in roots if sets.all[root].severity not in MILD]
        mild = [root for root in roots if sets.all[root].severity in MILD]
        for found, least in ((mild, 2), (grave, MANY_ALIKE)):
            if len(found) >= least or (found and name in cases and found is mild):
                anchor = cases.get(name, found[0])
                for root in found:
                    if root != anchor and sets.join(anchor, root, f"another one of {name[2]} {name[1]}".strip()):
                        sets.kind.setdefault(sets.find(anchor), "family")


def _is_read(symptom: Symptom) -> bool:
    """Whether a tool only read code and finds it unlike its taste: what it names is no failure."""
    return (
        symptom.kind == "finding"
        and symptom.severity in MILD
        and not any(tool in TYPE_CHECKERS for tool, _ in symptom.witnesses)
    )

"""Which symptoms have one cause: written rules, each a plain condition with its reason in words. Nothing is guessed by likeness.

What persons taught goes first: what they keep apart is never joined. Then what symptoms say themselves (the same broken file,
missing module, setting, condition of the host, exception at the same place); then what can only be told of the whole: a file
that a reader could not read, a commit, work that waits for other work, what is derived from another finding, a family.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from callboard.core.case_facts import LEVELS, Symptom
from callboard.core.cases import Taught
from callboard.core.correlate_alike import by_committed_secrets, by_evidence, by_operation, by_same_finding
from callboard.core.correlate_commit import by_commit
from callboard.core.correlate_host import ANY_SERVICE, TAKEN, Token
from callboard.core.correlate_rules import (
    by_family,
    by_unreadable_data,
    by_what_they_say,
    by_what_waits,
    by_word_of_persons,
)
from callboard.core.correlate_scene import UNKNOWN, Group, Known, Scene
from callboard.core.correlate_sets import Sets
from callboard.core.correlate_vague import by_broken_file, by_script, by_unknown_type, by_vague_words
from callboard.core.correlate_words import cause_of, through_change, title_of

ORDER = (
    "file",
    "module",
    "setting",
    "committed",
    "gone",
    "host",
    "service",
    "fixture",
    "table",
    "missing",
    "name",
    "setup",
    "raised",
    "route",
    "operation",
)
RULES = (
    by_word_of_persons, by_what_they_say, by_same_finding, by_unreadable_data, by_broken_file, by_vague_words, by_unknown_type,
    by_commit, by_script, by_what_waits, by_operation, by_committed_secrets, by_evidence, by_family,
)  # fmt: skip


def correlate(symptoms: Sequence[Symptom], scene: Scene, known: Sequence[Known], taught: Taught) -> list[Group]:
    """The groups of these symptoms, each with the case that it belongs to, and cases that it shows to be one with that.

    Checks that know nothing join a cause that is there, and are no case of their own, unless two say the same.
    """
    sets = Sets(symptoms, scene, known, taught)
    for rule in RULES:
        rule(sets)
    return _groups(sets)


def _groups(sets: Sets) -> list[Group]:
    found = []
    for root in sets.roots():
        members = sets.members(root)
        fresh = [number for number in members if number >= sets.fresh_from]
        if not fresh:
            continue
        case = sets.case_of(root)
        if not case and not _is_worth(sets, fresh):
            continue
        found.append(_group(sets, root, sorted(members), fresh, case))
    return sorted(found, key=lambda group: (group.case == 0, LEVELS.index(group.severity)))


def _is_worth(sets: Sets, fresh: Sequence[int]) -> bool:
    """Whether it is a case: checks that know nothing are none alone, and neither is what only waits."""
    told = [number for number in fresh if sets.all[number].rule != UNKNOWN]
    return bool(told) or len({sets.all[number].check for number in fresh}) > 1


def _group(sets: Sets, root: int, members: Sequence[int], fresh: Sequence[int], case: int) -> Group:
    distinct = {sets.all[number].key: sets.all[number] for number in members}
    everything = list(distinct.values())
    token = _shared(sets, root, members)
    said = next((sets.clues[n].said[token] for n in members if token in sets.clues[n].said), "") if token else ""
    known = sets.known.get(case)
    cause = cause_of(everything, token, said, sets.kind.get(root, ""), sets.scene.changed, sets.scene.backlog)
    if token is not None and token[0] in ("raised", "setup") and cause.kind in ("file", "setup"):
        behind = _changed_behind(sets, members)
        cause = through_change(cause, said, behind, everything) if behind else cause
    if known is not None and (known.cause.kind == "person" or cause.kind == "single"):
        cause = known.cause
    severity = min((sets.all[number].severity for number in members), key=LEVELS.index)
    title = title_of(everything, cause, said)
    symptoms = tuple(
        replace(sets.all[n], why=sets.why.get(n, "") or sets.all[n].why) for n in sorted(fresh)
    )  # fmt: skip
    return Group(symptoms, cause, title, severity, case, sets.joins(root))


def _changed_behind(sets: Sets, members: Sequence[int]) -> str:
    """The one file that was changed, and through which all go that say where they failed; '' when there is none, or several."""
    found: set[str] | None = None
    for number in members:
        symptom, clues = sets.all[number], sets.clues[number]
        places = [place for place, _ in clues.frames[-1:]] or [symptom.path] * bool(symptom.path)
        if not places:
            continue
        if symptom.key not in sets.scene.fresh:
            return ""
        through = {path for place in places for path in sets.scene.reaches.get(place, ())}
        found = through if found is None else found & through
    return found.pop() if found is not None and len(found) == 1 else ""


def _shared(sets: Sets, root: int, members: Sequence[int]) -> Token | None:
    """The token that most of them say, the gravest kind of cause first where several are said as often."""
    counts: Counter[Token] = Counter()
    for number in members:
        counts.update((*sets.clues[number].strong, *sets.extra.get(number, ())))
    counts.update(sets.tokens.get(root, Counter()))
    shared = [(token, count) for token, count in counts.items() if count > 1 or len(members) == 1]
    if not shared:
        return None
    return min(shared, key=lambda one: (_rank(one[0]), one[0] in (TAKEN, ANY_SERVICE), -one[1]))[0]


def _rank(token: Token) -> int:
    return ORDER.index(token[0]) if token[0] in ORDER else len(ORDER)


def pairs(groups: Iterable[Iterable[Symptom]]) -> set[tuple[str, str]]:
    """The pairs of keys that are together, for measuring."""
    found = set()
    for group in groups:
        keys = sorted(symptom.key for symptom in group)
        found |= {(one, other) for nth, one in enumerate(keys) for other in keys[nth + 1 :]}
    return found

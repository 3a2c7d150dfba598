"""The rules that join what says less of its cause than others do: it goes to the only cause that fits, where it is the only one."""

import re
from collections import defaultdict

from callboard.core.case_facts import Symptom
from callboard.core.correlate_host import ANY_SERVICE, IN_TIME, TAKEN, Token
from callboard.core.correlate_scene import MILD, SKIPPED, TYPE_CHECKERS, UNKNOWN
from callboard.core.correlate_sets import Sets

_READS = re.compile(
    r"\bparse error\b|\bparsing (?:error|failed)|\b(?:failed|unable) to (?:parse|decode|deserialize)|\bparser error\b"
    r"|\b(?:could|can) ?not (?:be )?parsed?\b|\b[Ii]nvalid (?:JSON|YAML|TOML)\b|\bmalformed\b"
)
_RAN = re.compile(r"\b[Cc]ommand:? .{0,600}?(?:returned non-zero exit status|failed|exited with)|\bCommand failed\b")
_ANY = re.compile(r"\bAny\b|\b[Uu]nknown\b|\buntyped\b")
LEAST_NAME = 5


def by_vague_words(sets: Sets) -> None:
    """Who found an address taken, or nobody there, without its port, met the only port of which others say so."""
    named: dict[str, dict[Token, int]] = defaultdict(dict)
    less: dict[Token, list[int]] = defaultdict(list)
    for number, clues in enumerate(sets.clues):
        for token in clues.strong:
            if token == TAKEN:
                less[TAKEN].append(number)
            elif token[0] in (TAKEN[0], ANY_SERVICE[0]) and token[1].startswith("port "):
                named[token[0]].setdefault(token, number)
        if clues.vague is not None:
            less[clues.vague].append(number)
    for vague, numbers in less.items():
        ports = named[vague[0]] if vague != IN_TIME else {}
        if len(ports) > 1:
            continue
        token, anchor = next(iter(ports.items())) if ports else (vague, numbers[0])
        for number in numbers:
            words = sets.clues[anchor].said[token]
            if (
                number != anchor
                and max(number, anchor) >= sets.fresh_from
                and sets.join(anchor, number, words, bridges=True)
            ):
                counts = sets.tokens[sets.find(number)]
                counts[token] += 1 if counts[token] or token in sets.clues[anchor].strong else 2


def by_broken_file(sets: Sets) -> None:
    """A failure that says of itself only that something cannot be parsed, or names a file, met the one file that others say
    is broken: the one that it names, else the only one."""
    broken: dict[str, int] = {}
    for number, clues in enumerate(sets.clues):
        for kind, path in clues.strong:
            if kind == "file":
                broken.setdefault(path, number)
    if not broken:
        return
    for number, clues in enumerate(sets.clues):
        symptom = sets.all[number]
        if (
            symptom.kind not in ("task", "test")
            or symptom.rule == SKIPPED
            or clues.strong
            or clues.decodes
            or clues.raised
        ):
            continue
        named = [path for path in broken if _names(symptom.message, path)]
        reads = _READS.search(symptom.message) is not None
        found = named or (list(broken) if reads else [])
        if len(found) != 1 or (found[0].endswith(".py") and not named):
            continue
        anchor = broken[found[0]]
        if max(number, anchor) < sets.fresh_from:
            continue
        why = (
            f"it names {found[0]}, which cannot be read"
            if named
            else f"it could not parse what it reads, and {found[0]} is broken"
        )
        if sets.join(anchor, number, why, bridges=True):
            sets.tokens[sets.find(number)]["file", found[0]] += 1


def by_script(sets: Sets) -> None:
    """A test that says only that a command failed, and names its script, goes to the one failure of that script."""
    at: dict[str, list[int]] = defaultdict(list)
    for number, symptom in enumerate(sets.all):
        if symptom.kind == "task" and symptom.rule not in (SKIPPED, UNKNOWN):
            for path in dict.fromkeys((symptom.path, *sets.scene.starts.get(symptom.check, ())[:1])):
                if path:
                    at[path].append(number)
    if not at:
        return
    for number, symptom in enumerate(sets.all):
        if symptom.kind != "test" or sets.clues[number].strong or not _RAN.search(symptom.message):
            continue
        met = [path for path in at if "/" in path and _names_path(symptom.message, path)]
        roots = {sets.find(one) for path in met for one in at[path]}
        if len(roots) != 1 or max(number, at[met[0]][0]) < sets.fresh_from:
            continue
        anchor = next((one for path in met for one in at[path] if sets.is_news(one)), at[met[0]][0])
        sets.join(anchor, number, f"it runs {met[0]}, which failed", bridges=True)


def by_unknown_type(sets: Sets) -> None:
    """What a type checker says of a type that is unknown, in a file where it lacks one module or name alone, comes of that."""
    lacking: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, symptom in enumerate(sets.all):
        if _is_of_checker(symptom) and any(kind in ("module", "name") for kind, _ in sets.clues[number].strong):
            lacking[symptom.check, symptom.path].append(number)
    for number, symptom in enumerate(sets.all):
        found = lacking.get((symptom.check, symptom.path), ())
        if not found or number in found or sets.clues[number].strong or not _is_of_checker(symptom):
            continue
        mild = symptom.severity in MILD and _ANY.search(symptom.message) is not None
        if mild and len({sets.find(one) for one in found}) == 1 and max(number, found[0]) >= sets.fresh_from:
            sets.join(found[0], number, "its type is unknown for want of that", bridges=True)


def _is_of_checker(symptom: Symptom) -> bool:
    return bool(symptom.path) and any(tool in TYPE_CHECKERS for tool, _ in symptom.witnesses)


def _names_path(message: str, path: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w-])", message) is not None


def _names(message: str, path: str) -> bool:
    """Whether the words name the file, by its path or its last part."""
    name = path.rpartition("/")[2]
    return len(name) >= LEAST_NAME and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", message) is not None

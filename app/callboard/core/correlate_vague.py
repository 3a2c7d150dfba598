"""The rules that join what says less of its cause than others do: it goes to the only cause that fits, where it is the only one."""

import re
from collections import defaultdict

from callboard.core.correlate_host import ANY_SERVICE, TAKEN, Token
from callboard.core.correlate_scene import SKIPPED
from callboard.core.correlate_sets import Sets

_READS = re.compile(
    r"\bparse error\b|\bparsing (?:error|failed)|\b(?:failed|unable) to (?:parse|decode|deserialize)|\bparser error\b"
    r"|\b(?:could|can) ?not (?:be )?parsed?\b|\b[Ii]nvalid (?:JSON|YAML|TOML)\b|\bmalformed\b"
)
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
        ports = named[vague[0]]
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
                sets.tokens[sets.find(number)][token] += 1


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


def _names(message: str, path: str) -> bool:
    """Whether the words name the file, by its path or its last part."""
    name = path.rpartition("/")[2]
    return len(name) >= LEAST_NAME and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", message) is not None

"""The rules that join what several checks say of one thing: the same trouble of one operation, a finding and what is derived
from it."""

import re
from collections import defaultdict

from callboard.core.case_facts import LEVELS, Symptom
from callboard.core.correlate_clues import LONGEST, is_server_error
from callboard.core.correlate_scene import MILD
from callboard.core.correlate_sets import Sets

LONGEST_PATH = 300
_OPERATION = re.compile(
    r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +(?:https?://[^/\s?#]{1,255})?(/(?:[^\s:;,?#()]|:(?=\w)){0,300})"
)
_PART = re.compile(r"(?<=/)(?:\{[^/}]*\}|:\w+|<[^/>]*>|\d+|[0-9a-f]{8}-[0-9a-f-]{27})(?=/|$)", re.IGNORECASE)
_SLOW = re.compile(
    r"\bp\d\d(?:\.\d+)?\b.{0,40}?\d ?m?s\b|\bslow(?:er)?\b|\btook \d[\d.,]* ?m?s\b|\bwithin \d[\d.,]* ?m?s\b"
)
_OPEN = re.compile(
    r"without (?:any |valid )?(?:credentials|authentication|authori[sz]ation|a token|logging in)"
    r"|\bunauthenticated (?:access|requests?)\b|no authentication",
    re.IGNORECASE,
)
_SCHEMA = re.compile(
    r"(?:violates|does not (?:match|conform to|fit)|differs from) (?:the |its )?(?:response |declared |documented )*schema"
    r"|schema[ _](?:conformance|violation|mismatch)",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?:^|\()([\w.-]{2,100}) (?:\((?=[A-Z]{3,7} )|answers? within )")
_SECRET = re.compile(r"secret|credential|password|token|private-key|api-key", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{5,30}")
_SUBJECT = re.compile(r"^([^:(]{3,100}?) ?[:(]")

TROUBLES = (("slow", _SLOW), ("open", _OPEN), ("schema", _SCHEMA))


def operations_of(symptom: Symptom) -> tuple[tuple[str, str], ...]:
    """The operation that a symptom is about with the kind of its trouble, as ('GET /orders/{}', 'slow'); by the name under
    which it is watched, where it has one, besides. None when it tells of no such trouble."""
    if symptom.kind not in ("finding", "slow", "alert", "ingested"):
        return ()
    text = symptom.message[:LONGEST]
    words = f"{symptom.rule.replace('-', ' ').replace('_', ' ')} {text}"
    trouble = "5xx" if is_server_error(text) else next((name for name, told in TROUBLES if told.search(words)), "")
    if not trouble:
        return ()
    found = []
    route = _OPERATION.search(text)
    if route:
        found.append((f"{route[1]} {normal(route[2])}", trouble))
    name = _NAMED.search(text)
    if name and trouble == "slow":
        found.append((f"{symptom.agent}: {name[1]}", trouble))
    return tuple(found)


def normal(path: str) -> str:
    """The path of an operation whatever its parameters are called: '/teas/{tea_id}/' and '/teas/7' are '/teas/{}'."""
    return _PART.sub("{}", path[:LONGEST_PATH].rstrip("/") or "/")


def by_operation(sets: Sets) -> None:
    """The same kind of trouble of the same operation; where a workspace has several parts, of the same part."""
    holders: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, symptom in enumerate(sets.all):
        for operation in operations_of(symptom):
            holders[operation][symptom.check.partition(":")[2]].append(number)
    for (about, trouble), by_part in holders.items():
        parts = [part for part in by_part if part]
        groups = list(by_part.values()) if len(parts) > 1 else [[n for some in by_part.values() for n in some]]
        for numbers in groups:
            _join_all(sets, numbers, f"{about} is said to be {trouble}" if trouble != "5xx" else f"{about} answers 5xx")
    _by_subject(sets)


def _by_subject(sets: Sets) -> None:
    """What one check says in several ways of one thing that is declared at one place."""
    subjects: dict[tuple[str, str, int, str], list[int]] = defaultdict(list)
    for number, symptom in enumerate(sets.all):
        told = _SUBJECT.match(symptom.message[:LONGEST])
        if told and symptom.kind == "finding" and not symptom.witnesses and symptom.path and symptom.line:
            subjects[symptom.check, symptom.path, symptom.line, told[1]].append(number)
    for (_, path, line, subject), numbers in subjects.items():
        if len({sets.all[number].rule for number in numbers}) > 1:
            _join_all(sets, numbers, f"both are about {subject}, at {path}:{line}")


def _join_all(sets: Sets, numbers: list[int], why: str) -> None:
    """Joins them to the first news, so that cases that stand may become one by it; else to the first."""
    first = next((number for number in numbers if sets.is_news(number)), numbers[0])
    for number in numbers:
        if number != first and max(number, first) >= sets.fresh_from:
            sets.join(first, number, why, bridges=True)


def by_same_finding(sets: Sets) -> None:
    """What several checks report of one place under one fingerprint is one finding, whoever looks."""
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, symptom in enumerate(sets.all):
        if symptom.kind in ("finding", "ingested") and symptom.path and not is_summary(symptom):
            holders[symptom.fingerprint, symptom.path].append(number)
    for (_, path), numbers in holders.items():
        if len({sets.all[number].check for number in numbers}) > 1:
            agents = sorted({sets.all[number].agent or sets.all[number].check for number in numbers})
            _join_all(sets, numbers, f"{' and '.join(agents[:3])} say the same of {path}")


def by_committed_secrets(sets: Sets) -> None:
    """A secret in a file that git should not have is there by the same mistake: it goes with the file."""
    committed: dict[str, int] = {}
    for number, clues in enumerate(sets.clues):
        for kind, path in clues.strong:
            if kind == "committed":
                committed.setdefault(path, number)
    for number, symptom in enumerate(sets.all):
        anchor = committed.get(symptom.path)
        if anchor is None or symptom.kind not in ("finding", "ingested") or not _SECRET.search(symptom.rule):
            continue
        _join_all(sets, [anchor, number], f"it lies in {symptom.path}, which git should not have")


def is_summary(symptom: Symptom) -> bool:
    """Whether a finding judges the workspace as a whole by what others found: it is known by its rule alone, wherever it is."""
    return symptom.kind == "finding" and symptom.fingerprint == symptom.rule and not symptom.witnesses


def by_evidence(sets: Sets) -> None:
    """A judgement of the whole goes to the grave finding of the same agent that it points at: the one at its line, or where
    both name only a file, one that speaks of the same."""
    evidence: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for number, symptom in enumerate(sets.all):
        if symptom.kind == "finding" and symptom.path and symptom.severity not in MILD and not is_summary(symptom):
            evidence[symptom.agent, symptom.path, symptom.line].append(number)
    for number, symptom in enumerate(sets.all):
        if not (is_summary(symptom) and symptom.path):
            continue
        at = [
            n
            for n in evidence.get((symptom.agent, symptom.path, symptom.line), ())
            if sets.all[n].check != symptom.check and (symptom.line or _words_in_common(symptom, sets.all[n]) >= 2)
        ]
        if not at:
            continue
        worst = min(at, key=lambda n: (LEVELS.index(sets.all[n].severity), -n))
        if max(worst, number) >= sets.fresh_from:
            place = f"{symptom.path}:{symptom.line}" if symptom.line else symptom.path
            sets.join(worst, number, f"{symptom.check} judges by what {sets.all[worst].check} found at {place}")


def _words_in_common(one: Symptom, other: Symptom) -> int:
    """How many longer words both say, in one or in many."""
    said = [{word.rstrip("s") for word in _WORD.findall(s.message[:LONGEST].lower())} for s in (one, other)]
    return len(said[0] & said[1])

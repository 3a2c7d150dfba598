"""Cases as they stand: symptoms with one cause, followed through time. `Cases.take` alone changes them.

Cases that are not closed live here; of the closed ones those that were closed last, or were brought back from the record.
An event costs what its own symptoms cost, however many a case has.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from callboard.core.case_events import (
    CaseEvent,
    CaseGone,
    CaseMerged,
    CaseMoved,
    CaseNoted,
    CaseOpened,
    CaseSeen,
    CasesLooked,
    CaseSplit,
    CaseTaught,
)
from callboard.core.case_facts import KINDS, LEVELS, NOTES, Assignee, CaseState, Cause, Noted, Symptom
from callboard.core.task import NO_OPTIONS
from callboard.errors import NotFound, Refused

MOST_OPEN = 2_000
MOST_SYMPTOMS = 1_000
MOST_TAUGHT = 5_000
KEEP_CLOSED = 500
HANDED = ("agent", "person")
CALLBOARD = "Callboard"


@dataclass(slots=True)
class Case:
    """One cause and what became of it.

    `first` is when a symptom of it was seen first, `opened` when it opened the last time, `moved` when its state changed.
    `times` counts the runs in which it was seen, and what was seen in no run; `newest` is the last of these runs.
    `present` counts the symptoms that are not gone, `left_out` those that were too many
    to be held. `turn` rises with each word about
    it; `last_by` said the last one. `asks` is what a person is asked, '' for nothing. `known` has the newest note of each kind.
    `handled` says that a person joined or split it: their word about what is one case goes before any rule's.
    """

    id: int
    workspace: str
    title: str
    severity: str
    cause: Cause
    first: float
    opened: float
    seen: float
    moved: float
    state: CaseState = CaseState.NEW
    symptoms: dict[str, Symptom] = field(default_factory=dict)
    present: int = 0
    left_out: int = 0
    times: int = 1
    newest: int = 0
    reopened: int = 0
    assignee: Assignee | None = None
    resolution: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    until: float | None = None
    accepted_by: str = ""
    accepted_why: str = ""
    words: str = ""
    last_by: str = ""
    turn: int = 0
    notes: int = 0
    joined: tuple[int, ...] = ()
    into: int = 0
    run: int = 0
    asks: str = ""
    handled: bool = False
    known: dict[str, Noted] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """'C7'."""
        return f"C{self.id}"

    @property
    def is_open(self) -> bool:
        """Whether it is not closed."""
        return self.state is not CaseState.CLOSED

    @property
    def checks(self) -> tuple[str, ...]:
        """The jobs that saw its symptoms."""
        return tuple(dict.fromkeys(symptom.check for symptom in self.symptoms.values()))

    def copy(self) -> "Case":
        """One of its own, for other threads."""
        return replace(self, symptoms=dict(self.symptoms), known=dict(self.known))


@dataclass(slots=True)
class Taught:
    """What persons said of pairs of families and of places in a workspace; each pair is sorted."""

    joins: dict[tuple[str, str], None] = field(default_factory=dict)
    parts: dict[tuple[str, str], None] = field(default_factory=dict)

    def says(self, one: Symptom, other: Symptom) -> bool | None:
        """True when persons join such symptoms, False when they keep them apart, None when nobody said."""
        pairs = (pair(one.place, other.place), pair(one.family, other.family))
        for known in pairs:
            if known in self.parts:
                return False
            if known in self.joins:
                return True
        return None


def pair(one: str, other: str) -> tuple[str, str]:
    """Both, sorted."""
    return (one, other) if one <= other else (other, one)


class Cases:
    """The cases that are not closed, and those closed last, of every workspace; `changed` are by case the keys of the symptoms
    that the last events changed, for whoever writes and shows them and then clears it."""

    def __init__(self) -> None:
        self._open: dict[int, Case] = {}
        self._closed: dict[int, Case] = {}
        self._by_key: dict[tuple[str, str], int] = {}
        self._number: dict[str, int] = {}
        self._taught: dict[str, Taught] = {}
        self._accepted: list[tuple[float, int]] = []
        self.looked: dict[str, int] = {}
        self.last = 0
        self.moves = 0
        self.changed: dict[int, dict[str, None]] = {}

    def get(self, case: int) -> Case | None:
        """The case of this number, if it is open or was closed lately."""
        return self._open.get(case) or self._closed.get(case)

    def case(self, case: int) -> Case:
        """The case of this number; raises `NotFound`."""
        found = self.get(case)
        if found is None:
            raise NotFound(f"there is no case C{case}, or it was closed long ago")
        return found

    def of(self, workspace: str, key: str) -> Case | None:
        """The case that has this symptom: an open one, else one that was closed lately."""
        return self.get(self._by_key.get((workspace, key), 0))

    def open(self, workspace: str = "") -> Iterator[Case]:
        """Those that are not closed, in the order in which they were opened; of one workspace, or with '' of all."""
        return iter([case for case in self._open.values() if not workspace or case.workspace == workspace])

    def closed(self) -> Iterator[Case]:
        """The closed ones that are still in memory."""
        return iter(list(self._closed.values()))

    def number(self, workspace: str) -> int:
        """How many are not closed."""
        return self._number.get(workspace, 0)

    def taught(self, workspace: str) -> Taught:
        """What persons taught there."""
        return self._taught.setdefault(workspace, Taught())

    def may_join(self, case: Case) -> bool:
        """Whether a rule may make it one with another: it is open, nobody accepted it, and no person joined or split it."""
        return case.is_open and case.state is not CaseState.ACCEPTED and not case.handled

    def __len__(self) -> int:
        return len(self._open)

    def restore(self, case: Case) -> None:
        """Puts in an open case as its events made it, before any event of cases; in the order in which they were opened."""
        self._open[case.id] = case
        self._number[case.workspace] = self._number.get(case.workspace, 0) + 1
        self.last = max(self.last, case.id)
        for key, symptom in case.symptoms.items():
            place = (case.workspace, key)
            other = self._open.get(self._by_key.get(place, 0))
            if other is None or other.symptoms[key].seen <= symptom.seen:
                self._by_key[place] = case.id
        if case.state is CaseState.ACCEPTED and case.until is not None:
            heapq.heappush(self._accepted, (case.until, case.id))

    def remember(self, case: Case) -> None:
        """Brings a closed case back from the record, so that what is said of it next can be taken; no change of anything."""
        if case.is_open or self.get(case.id) is not None:
            return
        self._closed[case.id] = case
        for key in case.symptoms:
            self._by_key.setdefault((case.workspace, key), case.id)

    def settle(self) -> None:
        """Forgets what was changed, and the closed cases but the newest."""
        self.changed.clear()
        while len(self._closed) > KEEP_CLOSED:
            case = self._closed.pop(next(iter(self._closed)))
            self._drop_keys(case, case.symptoms)

    def due(self, now: float) -> list[Case]:
        """The accepted ones whose day is over; each is named once."""
        over: dict[int, Case] = {}
        while self._accepted and self._accepted[0][0] <= now:
            _, number = heapq.heappop(self._accepted)
            case = self._open.get(number)
            if case is not None and case.state is CaseState.ACCEPTED and case.until is not None and case.until <= now:
                over[number] = case
        return list(over.values())

    def take(self, event: CaseEvent) -> None:
        """Puts an event in; raises `NotFound` and `Refused`, and then nothing has changed."""
        match event:
            case CaseOpened():
                self._opened(event)
            case CaseSeen():
                self._seen(event)
            case CaseGone():
                self._gone(event)
            case CaseMoved():
                self._moved(event)
            case CaseMerged():
                self._merged(event)
            case CaseSplit():
                self._split(event)
            case CaseNoted():
                self._noted(event)
            case CaseTaught():
                self._teach(event)
            case CasesLooked():
                if event.upto <= self.looked.get(event.workspace, 0):
                    raise Refused(f"events up to {self.looked[event.workspace]} were looked at already")
                self.looked[event.workspace] = event.upto
                return
        self.moves += 1

    def _change(self, case: Case, keys: Sequence[str] = ()) -> None:
        changed = self.changed.setdefault(case.id, {})
        for key in keys:
            changed[key] = None

    def _opened(self, event: CaseOpened) -> None:
        if event.case <= self.last and self.get(event.case) is not None:
            raise Refused(f"there is a case C{event.case} already")
        if event.severity not in LEVELS:
            raise Refused(f"'{event.severity}' is no severity; it is {', '.join(LEVELS)}")
        if not event.symptoms:
            raise Refused("a case has at least one symptom")
        _check(event.symptoms)
        first = min(symptom.first or event.at for symptom in event.symptoms)
        case = Case(
            event.case, event.workspace, event.title, event.severity, event.cause, first, event.at, event.at, event.at,
            last_by=event.by, handled=event.by != CALLBOARD,
        )  # fmt: skip
        self.last = max(self.last, event.case)
        self._open[case.id] = case
        self._number[case.workspace] = self._number.get(case.workspace, 0) + 1
        self._put(case, event.symptoms, event.at, event.more)
        self._change(case)

    def _put(self, case: Case, symptoms: Sequence[Symptom], at: float, more: int = 0) -> None:
        keys = []
        before = len(case.symptoms)
        case.newest = max([case.newest, *(symptom.run for symptom in symptoms)])
        for symptom in symptoms:
            key = symptom.key
            known = case.symptoms.get(key)
            if known is None:
                if len(case.symptoms) >= MOST_SYMPTOMS:
                    more += 1
                    continue
                case.symptoms[key] = replace(symptom, first=symptom.first or at, seen=symptom.seen or at)
                case.present += not symptom.gone
            else:
                case.present += bool(known.gone)
                case.symptoms[key] = known.seen_again(replace(symptom, seen=symptom.seen or at))
            self._by_key[case.workspace, key] = case.id
            keys.append(key)
        case.left_out = max(case.left_out - (len(case.symptoms) - before), more, 0)
        self._change(case, keys)

    def _seen(self, event: CaseSeen) -> None:
        case = self.case(event.case)
        if not case.is_open:
            raise Refused(f"{case.name} is closed; it is reopened before it is seen again")
        _check(event.symptoms)
        run = max((symptom.run for symptom in event.symptoms), default=0)
        case.times += not run or run > case.newest
        self._put(case, event.symptoms, event.at, event.more)
        case.seen = max(case.seen, event.at)
        case.cause = event.cause or case.cause
        case.title = event.title or case.title
        case.severity = event.severity or case.severity

    def _gone(self, event: CaseGone) -> None:
        case = self.case(event.case)
        unknown = [key for key in event.symptoms if key not in case.symptoms]
        if unknown:
            raise NotFound(f"{case.name} has no symptom {unknown[0]!r}")
        for key in event.symptoms:
            known = case.symptoms[key]
            case.present -= not known.gone
            case.symptoms[key] = replace(known, gone=event.at, gone_words=event.words)
        self._change(case, event.symptoms)

    def _moved(self, event: CaseMoved) -> None:
        case = self.case(event.case)
        if event.state not in list(CaseState):
            raise Refused(f"'{event.state}' is no state of a case; the states: {', '.join(CaseState)}")
        state = CaseState(event.state)
        if not case.is_open and state is not CaseState.NEW:
            raise Refused(f"{case.name} is closed, by {case.last_by}: {case.words}; reopen it first")
        if not case.is_open and case.into:
            raise Refused(f"{case.name} is part of C{case.into} now; split it from there")
        if state is CaseState.ASSIGNED and (event.to_kind not in HANDED or not event.to):
            raise Refused("a case is assigned to an agent or to a person")
        was_closed = not case.is_open
        case.state, case.moved, case.words, case.last_by = state, event.at, event.words, event.by
        case.turn += 1
        case.asks = ""
        case.run = event.in_run or case.run
        if event.to:
            case.assignee = Assignee(event.to_kind, event.to, event.words, event.by)
        accepted = state is CaseState.ACCEPTED
        case.until = event.until if accepted else None
        case.accepted_by, case.accepted_why = (event.by, event.reason) if accepted else ("", "")
        if accepted and event.until is not None:
            heapq.heappush(self._accepted, (event.until, case.id))
        if was_closed:
            self._reopen(case, event.at)
        elif state is CaseState.CLOSED:
            self._close(case, event.resolution)
        self._change(case)

    def _reopen(self, case: Case, at: float) -> None:
        case.reopened += 1
        case.opened = at
        case.resolution = NO_OPTIONS
        self._closed.pop(case.id, None)
        self._open[case.id] = case
        self._number[case.workspace] = self._number.get(case.workspace, 0) + 1
        for key in case.symptoms:
            other = self._open.get(self._by_key.get((case.workspace, key), 0))
            if other is None:
                self._by_key[case.workspace, key] = case.id

    def _close(self, case: Case, resolution: Mapping[str, Any]) -> None:
        case.resolution = resolution
        case.assignee = None
        del self._open[case.id]
        self._closed[case.id] = case
        self._number[case.workspace] -= 1

    def _merged(self, event: CaseMerged) -> None:
        """Of old merges one of the two may be known only in the record."""
        case, into = self.get(event.case), self.get(event.into)
        if case is None and into is None:
            raise NotFound(f"there is no case C{event.case}, and no case C{event.into}")
        if event.case == event.into:
            raise Refused(f"C{event.case} cannot be merged into itself")
        if into is not None:
            if not into.is_open:
                raise Refused(f"{into.name} is closed; reopen it first")
            _check(event.symptoms)
            self._put(into, [one for one in event.symptoms if not one.gone or one.key not in into.symptoms], event.at)
            into.first = min([into.first, *(symptom.first for symptom in event.symptoms)])
            into.joined = (*into.joined, event.case)
            into.turn += 1
            into.last_by = event.by
            into.handled = into.handled or event.by != CALLBOARD
            self._change(into)
        if case is None:
            return
        was_open = case.is_open
        case.state, case.moved, case.last_by = CaseState.CLOSED, event.at, event.by
        case.words, case.into, case.asks = f"merged into C{event.into}", event.into, ""
        case.turn += 1
        resolution = {"kind": "merged", "words": f"it is part of C{event.into}", "what": ""}
        if was_open:
            self._close(case, resolution)
        self._change(case)

    def _split(self, event: CaseSplit) -> None:
        case = self.case(event.case)
        keys = [key for key in event.symptoms if key in case.symptoms]
        if len(keys) == len(case.symptoms):
            raise Refused(f"{case.name} would have no symptom left")
        for key in keys:
            case.present -= not case.symptoms.pop(key).gone
        self._drop_keys(case, keys)
        case.turn += 1
        case.last_by = event.by
        case.handled = case.handled or event.by != CALLBOARD
        self._change(case, keys)

    def _drop_keys(self, case: Case, keys: Sequence[str] | Mapping[str, Symptom]) -> None:
        for key in keys:
            if self._by_key.get((case.workspace, key)) == case.id:
                del self._by_key[case.workspace, key]

    def _noted(self, event: CaseNoted) -> None:
        case = self.case(event.case)
        if event.kind not in NOTES:
            raise Refused(f"'{event.kind}' is no kind of note; it is {', '.join(NOTES)}")
        case.notes += 1
        case.run = event.in_run or case.run
        keys = []
        if event.kind == "asks":
            case.asks = event.words
        elif event.kind == "flaky":
            keys = [key for key in event.facts.get("keys", ()) if key in case.symptoms]
            for key in keys:
                known = case.symptoms[key]
                case.symptoms[key] = replace(known, quiet=known.quiet + 1)
        if event.kind != "comment":
            case.known[event.kind] = Noted(event.at, event.words, event.facts, event.in_run)
        self._change(case, keys)

    def _teach(self, event: CaseTaught) -> None:
        taught = self.taught(event.workspace)
        for pairs, mine, others in (
            (event.joins, taught.joins, taught.parts),
            (event.parts, taught.parts, taught.joins),
        ):
            for one in pairs:
                others.pop(one, None)
                mine[one] = None
            while len(mine) > MOST_TAUGHT:
                del mine[next(iter(mine))]

    def facts(self) -> dict[str, object]:
        """All that the log decides, for comparing."""
        return {
            "open": {case.id: case for case in self._open.values()},
            "looked": dict(self.looked),
            "taught": {name: (list(t.joins), list(t.parts)) for name, t in self._taught.items() if t.joins or t.parts},
        }


def _check(symptoms: Sequence[Symptom]) -> None:
    for symptom in symptoms:
        if symptom.kind not in KINDS:
            raise Refused(f"'{symptom.kind}' is no kind of symptom; it is {', '.join(KINDS)}")
        if symptom.severity not in LEVELS:
            raise Refused(f"'{symptom.severity}' is no severity; it is {', '.join(LEVELS)}")

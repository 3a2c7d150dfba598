"""What is wished of cases, and the events that grant it: by the keeper as one batch, by persons one word at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from callboard.core.case_batch import Opening, Sighting, grant_batch
from callboard.core.case_events import (
    CaseEvent,
    CaseMerged,
    CaseMoved,
    CaseNoted,
    CaseOpened,
    CaseSplit,
    CaseTaught,
)
from callboard.core.case_facts import LONGEST_WORDS, NOTES, CaseState, Cause, Symptom
from callboard.core.case_life import Parting
from callboard.core.cases import Case, pair
from callboard.core.events import Event
from callboard.core.state import State
from callboard.core.task import NO_OPTIONS
from callboard.errors import NotFound, Refused

CALLBOARD = "Callboard"
LONGEST_ACCEPTED_S = 366 * 86_400.0
MOST_FACTS = 16_384
MOST_PAIRS = 400
SAID = {
    CaseState.TRIAGED: "looked at",
    CaseState.ASSIGNED: "assigned",
    CaseState.CLOSED: "closed",
    CaseState.ACCEPTED: "accepted",
    CaseState.NEW: "reopened",
}


@dataclass(frozen=True, slots=True)
class TellCases:
    """What the keeper made of the events up to `upto`, granted as one batch; `missing` are (case, check) of checks that are no
    longer in the pipeline."""

    workspace: str
    upto: int
    opened: tuple[Opening, ...] = ()
    seen: tuple[Sighting, ...] = ()
    gone: tuple[Parting, ...] = ()
    missing: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MoveCase:
    """Bring a case to a state, or into somebody's hands; see `CaseMoved`.

    `turn` is that of the case as the writer saw it: when somebody else had a word since, this one is refused. With `instead` a
    case is taken from the person who has it.
    """

    case: int
    state: str
    by: str
    words: str = ""
    reason: str = ""
    to_kind: str = ""
    to: str = ""
    until: float | None = None
    in_run: int = 0
    resolution: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    turn: int | None = None
    instead: bool = False


@dataclass(frozen=True, slots=True)
class MergeCases:
    """Two cases are one; the workspace learns it. By a rule (`by_rule`) only what no person joined or split, and it teaches
    nothing."""

    case: int
    into: int
    by: str
    reason: str = ""
    turn: int | None = None
    by_rule: bool = False


@dataclass(frozen=True, slots=True)
class SplitCase:
    """These symptoms (keys) of a case have another cause; the workspace learns it."""

    case: int
    symptoms: tuple[str, ...]
    by: str
    reason: str = ""
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class NoteCase:
    """Something became known of a case; see `CaseNoted`."""

    case: int
    kind: str
    words: str
    by: str = CALLBOARD
    facts: Mapping[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    in_run: int = 0


CaseCommand = TellCases | MoveCase | MergeCases | SplitCase | NoteCase


def grant_cases(state: State, command: CaseCommand, now: float) -> list[Event]:
    """The events that carry out the command, each of which the state takes; raises `Refused` or `NotFound`."""
    match command:
        case TellCases():
            return [*grant_batch(state.cases, command.workspace, command.upto, command.opened, command.seen, command.gone,
                                 command.missing, now)]  # fmt: skip
        case MoveCase():
            return [*_move(state, command, now)]
        case MergeCases():
            return [*_merge(state, command, now)]
        case SplitCase():
            return [*_split(state, command, now)]
        case NoteCase():
            return [_note(state, command, now)]
        case _:
            assert_never(command)


def cases_due(state: State, now: float) -> list[Event]:
    """The accepted cases whose day is over come back by themselves; put into the state already."""
    said: list[Event] = []
    for case in state.cases.due(now):
        words = f"{case.accepted_by} accepted it until then: {case.accepted_why or 'no reason was given'}; that time is over"
        event = CaseMoved(now, case.id, CaseState.NEW, CALLBOARD, words)
        state.cases.take(event)
        said.append(event)
    return said


def _in_turn(case: Case, turn: int | None, by: str) -> None:
    """The first word counts: who did not know of it is told."""
    if turn is not None and turn != case.turn and case.last_by != by:
        raise Refused(f"{case.name} is {_how(case)} since you looked, by {case.last_by}; look at it again")


def _how(case: Case) -> str:
    held = f" to {case.assignee.words}" if case.state is CaseState.ASSIGNED and case.assignee else ""
    return f"{case.state}{held}" + (f" ({case.words})" if case.words else "")


def _move(state: State, command: MoveCase, now: float) -> list[CaseEvent]:
    case = state.cases.case(command.case)
    if command.state not in list(CaseState):
        raise Refused(f"'{command.state}' is no state of a case; the states: {', '.join(CaseState)}")
    goal = CaseState(command.state)
    _in_turn(case, command.turn, command.by)
    if goal is case.state and not command.to and command.until == case.until:
        if case.last_by == command.by or command.by == CALLBOARD:
            return []
        raise Refused(
            f"{case.name} was {SAID.get(goal, goal)} by {case.last_by} already: {case.words or 'no reason given'}"
        )
    resolution = command.resolution
    if goal is CaseState.NEW and case.is_open and case.state is not CaseState.ACCEPTED and not command.reason:
        raise Refused(f"{case.name} is open: it is {case.state}")
    if goal is CaseState.ACCEPTED:
        _check_until(case, command, now)
    if goal is CaseState.ASSIGNED:
        _check_free(case, command)
    if goal is CaseState.CLOSED and not resolution:
        reason = command.reason or "no reason given"
        resolution = {"kind": "by hand", "words": f"{command.by} says: {reason}", "what": "by a person's word"}
    words = (command.words or _words(case, goal, command)).strip()[:LONGEST_WORDS]
    moved = CaseMoved(
        now, case.id, goal, command.by, words, command.reason[:LONGEST_WORDS], command.to_kind, command.to,
        command.until if goal is CaseState.ACCEPTED else None, command.in_run, resolution,
    )  # fmt: skip
    return [moved]


def _words(case: Case, goal: CaseState, command: MoveCase) -> str:
    said = f": {command.reason}" if command.reason else ""
    if goal is CaseState.CLOSED:
        left = (
            f", though {case.present} of {len(case.symptoms)} symptoms were there when last looked"
            if case.present
            else ""
        )
        return f"closed by {command.by}'s word{left}{said}"
    if goal is CaseState.NEW:
        return f"reopened by {command.by}{said}"
    return f"{SAID.get(goal, str(goal))} by {command.by}{said}"


def _check_until(case: Case, command: MoveCase, now: float) -> None:
    if not command.reason.strip():
        raise Refused(f"say why {case.name} is accepted: it will be asked when it comes back")
    if command.until is None or not now < command.until <= now + LONGEST_ACCEPTED_S:
        raise Refused(f"{case.name} can be accepted until a day within {LONGEST_ACCEPTED_S / 86_400:.0f} days from now")


def _check_free(case: Case, command: MoveCase) -> None:
    held = case.assignee
    if held is None:
        return
    if (held.kind, held.name) == (command.to_kind, command.to) and case.state is CaseState.ASSIGNED:
        raise Refused(f"{case.name} is with {held.words} already, by {held.by}: {held.why or 'no reason given'}")
    taken_away = held.kind == "person" and held.name != command.by and not command.instead
    if taken_away and (command.to_kind, command.to) != (held.kind, held.name):
        raise Refused(
            f"{case.name} is with {held.words}, by {held.by}; say that it is taken from them, or let them give it"
        )


def _merge(state: State, command: MergeCases, now: float) -> list[CaseEvent]:
    case, into = state.cases.case(command.case), state.cases.case(command.into)
    if case.id == into.id:
        raise Refused(f"{case.name} cannot be merged into itself")
    if case.workspace != into.workspace:
        raise Refused(f"{case.name} and {into.name} are of two workspaces")
    _in_turn(case, command.turn, command.by)
    for one in (case, into):
        if one.into:
            raise Refused(f"{one.name} is part of C{one.into} already, by {one.last_by}")
        if not one.is_open:
            raise Refused(f"{one.name} is closed, by {one.last_by}; reopen it first")
        if command.by_rule and not state.cases.may_join(one):
            why = f"is {_how(one)}" if one.state is CaseState.ACCEPTED else "was joined or split by a person"
            raise Refused(f"{one.name} {why}: no rule joins it")
    pairs = () if command.by_rule else _pairs(list(case.symptoms.values()), list(into.symptoms.values()))
    merged = CaseMerged(
        now, case.id, into.id, command.by, command.reason[:LONGEST_WORDS], tuple(case.symptoms.values())
    )
    taught = CaseTaught(now, case.workspace, command.by, joins=pairs)
    return [merged, taught] if pairs else [merged]


def _split(state: State, command: SplitCase, now: float) -> list[CaseEvent]:
    cases = state.cases
    case = cases.case(command.case)
    _in_turn(case, command.turn, command.by)
    if not case.is_open:
        raise Refused(f"{case.name} is closed, by {case.last_by}; reopen it first")
    keys = tuple(dict.fromkeys(command.symptoms))
    unknown = [key for key in keys if key not in case.symptoms]
    if unknown or not keys:
        raise NotFound(f"{case.name} has no such symptom; name at least one of it")
    if len(keys) == len(case.symptoms):
        raise Refused(f"{case.name} would have no symptom left; leave one")
    moved = [case.symptoms[key] for key in keys]
    left = [symptom for key, symptom in case.symptoms.items() if key not in set(keys)]
    worst = min(moved, key=lambda symptom: _rank(symptom.severity))
    said = f": {command.reason}" if command.reason else ""
    cause = Cause("person", case.name, f"{command.by} split it from {case.name}{said}"[:LONGEST_WORDS])
    number = cases.last + 1
    pairs = _pairs(moved, left)
    events: list[CaseEvent] = [
        CaseSplit(now, case.id, keys, number, command.by, command.reason[:LONGEST_WORDS]),
        CaseOpened(now, number, case.workspace, worst.title, worst.severity, cause, tuple(moved), command.by),
    ]
    return [*events, CaseTaught(now, case.workspace, command.by, parts=pairs)] if pairs else events


def _rank(severity: str) -> int:
    return ("critical", "high", "medium", "low", "info").index(severity)


def _pairs(some: list[Symptom], others: list[Symptom]) -> tuple[tuple[str, str], ...]:
    """What a person's word about two groups says of pairs: of families where they differ, else of places where these do."""
    found: dict[tuple[str, str], None] = {}
    for one in some:
        for other in others:
            if one.family and other.family and one.family != other.family:
                found[pair(one.family, other.family)] = None
            elif one.place != other.place:
                found[pair(one.place, other.place)] = None
            if len(found) >= MOST_PAIRS:
                return tuple(found)
    return tuple(found)


def _note(state: State, command: NoteCase, now: float) -> CaseEvent:
    case = state.cases.case(command.case)
    if command.kind not in NOTES:
        raise Refused(f"'{command.kind}' is no kind of note; it is {', '.join(NOTES)}")
    if not command.words.strip():
        raise Refused("a note has words")
    if len(repr(dict(command.facts))) > MOST_FACTS:
        raise Refused(f"the facts of a note have at most {MOST_FACTS:,} signs")
    words = command.words[: 4 * LONGEST_WORDS]
    return CaseNoted(now, case.id, command.kind, words, command.facts, command.in_run, command.by)

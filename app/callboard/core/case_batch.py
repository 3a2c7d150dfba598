"""What the keeper tells in one batch, made into events that the state takes: openings, sightings, partings.

The keeper thinks about a state that may have changed since: what another open case has by now is a sighting of that one, and
what was seen of a case that is part of another one is of that.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from callboard.core.case_events import (
    CaseEvent,
    CaseGone,
    CaseMoved,
    CaseNoted,
    CaseOpened,
    CaseSeen,
    CasesLooked,
)
from callboard.core.case_facts import LEVELS, LONGEST_TITLE, LONGEST_WORDS, CaseState, Cause, Symptom, worse
from callboard.core.case_life import Parting, Sign, closing_words, resolution_of, sign_of
from callboard.core.cases import MOST_OPEN, MOST_SYMPTOMS, Case, Cases
from callboard.errors import Refused

CALLBOARD = "Callboard"
MOST_QUIET = 5
MOST_AT_ONCE = 2_000  # symptoms in one batch, so that a step stays short; the others are told when they are seen again
TOO_MANY = "more-than-can-be-followed"


@dataclass(frozen=True, slots=True)
class Opening:
    """Symptoms with one cause that no case has."""

    title: str
    severity: str
    cause: Cause
    symptoms: tuple[Symptom, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Symptoms that belong to this case, new or again; a closed one is reopened by it. What is given besides replaces what was."""

    case: int
    symptoms: tuple[Symptom, ...]
    cause: Cause | None = None
    title: str = ""
    severity: str = ""


def grant_batch(
    cases: Cases,
    workspace: str,
    upto: int,
    opened: Sequence[Opening],
    seen: Sequence[Sighting],
    gone: Sequence[Parting],
    missing: Sequence[tuple[int, str]],
    now: float,
) -> list[CaseEvent]:
    """The events of a batch; raises `Refused` when it was told already, so that nothing is doubled through a crash."""
    if upto <= cases.looked.get(workspace, 0):
        raise Refused(f"events up to {cases.looked.get(workspace, 0)} were told already")
    batch = _Batch(cases, workspace, now)
    for sighting in seen:
        batch.see(sighting)
    for opening in opened:
        batch.open(opening)
    batch.say_what_is_left_out()
    for parting in gone:
        batch.part(parting)
    for number, check in missing:
        batch.miss(number, check)
    return [*batch.events, CasesLooked(now, workspace, upto)]


class _Batch:
    """The events so far, and what they change of what the state says."""

    def __init__(self, cases: Cases, workspace: str, now: float) -> None:
        self.cases = cases
        self.workspace = workspace
        self.now = now
        self.events: list[CaseEvent] = []
        self._last = cases.last
        self._fresh: dict[str, int] = {}
        self._state: dict[int, CaseState] = {}
        self._gone: dict[int, dict[str, bool]] = defaultdict(dict)
        self._left_out: list[Opening] = []
        self._room = MOST_AT_ONCE

    def see(self, sighting: Sighting) -> None:
        by_case: dict[int, list[Symptom]] = defaultdict(list)
        goal = self._standing(sighting.case)
        for symptom in sighting.symptoms:
            holder = self._holder(symptom.key)
            by_case[holder or goal.id].append(symptom)
        for number, symptoms in by_case.items():
            other = number != goal.id
            self._sight(
                self.cases.case(number), symptoms, None if other else sighting.cause, "" if other else sighting.title,
                "" if other else sighting.severity,
            )  # fmt: skip

    def _standing(self, number: int) -> Case:
        """The case, or the one that it is part of."""
        case = self.cases.case(number)
        seen: set[int] = set()
        while case.into and case.id not in seen:
            seen.add(case.id)
            case = self.cases.case(case.into)
        return case

    def _holder(self, key: str) -> int:
        """The open case that has this symptom, 0 for none."""
        if key in self._fresh:
            return self._fresh[key]
        case = self.cases.of(self.workspace, key)
        return case.id if case is not None and case.is_open else 0

    def _is(self, case: Case) -> CaseState:
        return self._state.get(case.id, case.state)

    def _sight(self, case: Case, symptoms: list[Symptom], cause: Cause | None, title: str, severity: str) -> None:
        if case.workspace != self.workspace:
            raise Refused(f"{case.name} is of another workspace")
        state = self._is(case)
        where = ", ".join(dict.fromkeys(symptom.check for symptom in symptoms))
        if state is CaseState.CLOSED:
            how = str(case.resolution.get("words") or case.words).rstrip(".")
            self._move(case, CaseState.NEW, f"it is back: seen again by {where} after it was closed ({how})")
        elif state is CaseState.ACCEPTED and severity and worse(severity, case.severity):
            self._move(case, CaseState.NEW, f"it is worse than what {case.accepted_by} accepted: {severity} now")
        kept = self._fitting(symptoms)
        more = sum(1 for symptom in symptoms[len(kept) :] if symptom.key not in case.symptoms)
        self.events.append(
            CaseSeen(self.now, case.id, tuple(map(_bounded, kept)), cause, title[:LONGEST_TITLE], severity, more)
        )
        for symptom in kept:
            self._gone[case.id][symptom.key] = False

    def _move(self, case: Case, state: CaseState, words: str, resolution: dict[str, object] | None = None) -> None:
        self._state[case.id] = state
        self.events.append(
            CaseMoved(self.now, case.id, state, CALLBOARD, words[:LONGEST_WORDS], resolution=resolution or {})
        )

    def open(self, opening: Opening) -> None:
        if opening.severity not in LEVELS:
            raise Refused(f"'{opening.severity}' is no severity; it is {', '.join(LEVELS)}")
        mine: dict[str, Symptom] = {}
        others: dict[int, list[Symptom]] = defaultdict(list)
        for symptom in opening.symptoms:
            holder = self._holder(symptom.key)
            if holder > self.cases.last:
                continue  # it was opened in this very batch
            if holder:
                others[holder].append(symptom)
            else:
                mine.setdefault(symptom.key, symptom)
        for number, symptoms in others.items():
            self._sight(self.cases.case(number), symptoms, None, "", "")
        if not mine:
            return
        if self._number() >= MOST_OPEN - 1:
            self._left_out.append(opening)
            return
        every = tuple(mine.values())
        kept = self._fitting(every[:MOST_SYMPTOMS])
        self._open(opening.title, opening.severity, opening.cause, kept, len(every) - len(kept))

    def _number(self) -> int:
        return self.cases.number(self.workspace) + self._last - self.cases.last

    def _fitting(self, symptoms: Sequence[Symptom]) -> tuple[Symptom, ...]:
        """As many as there is room for in this batch, one at least."""
        kept = tuple(symptoms[: max(1, self._room)])
        self._room -= len(kept)
        return kept

    def _open(self, title: str, severity: str, cause: Cause, symptoms: tuple[Symptom, ...], more: int = 0) -> None:
        self._last += 1
        bounded = tuple(map(_bounded, symptoms))
        self.events.append(
            CaseOpened(
                self.now,
                self._last,
                self.workspace,
                title[:LONGEST_TITLE],
                severity,
                _bounded_cause(cause),
                bounded,
                more=more,
            )
        )
        for symptom in bounded:
            self._fresh[symptom.key] = self._last

    def say_what_is_left_out(self) -> None:
        """One case says that there is more than can be followed."""
        if not self._left_out:
            return
        worst = min((opening.severity for opening in self._left_out), key=LEVELS.index)
        first = self._left_out[0].title[:LONGEST_TITLE]
        words = f"{len(self._left_out):,} more causes were seen at {MOST_OPEN:,} open cases, the first: {first}"
        symptom = Symptom("callboard.cases", TOO_MANY, "alert", TOO_MANY, worst, "More cases than can be followed", message=words,
                          family=TOO_MANY, seen=self.now, why=words)  # fmt: skip
        holder = self._holder(symptom.key)
        if holder:
            self._sight(self.cases.case(holder), [symptom], None, "", "")
        else:
            words = f"more than {MOST_OPEN:,} cases are open; what is beyond is not followed until some are closed"
            self._open(symptom.title, worst, Cause("single", "", words), (symptom,))

    def part(self, parting: Parting) -> None:
        """Symptoms that their check did not report: gone, or perhaps flaky; a case with none left is closed."""
        case = self._standing(parting.case)
        if self._is(case) is CaseState.CLOSED or case.workspace != self.workspace:
            return
        signs: dict[Sign, list[str]] = defaultdict(list)
        for key in dict.fromkeys(parting.symptoms):
            symptom = case.symptoms.get(key)
            if symptom is None or self._is_gone(case, key) or key in self._gone[case.id]:
                continue
            sign = sign_of(symptom, parting.code, parting.fixed)
            if sign is Sign.GONE or symptom.quiet < MOST_QUIET:
                signs[sign].append(key)
        for sign, words in (
            (Sign.FLAKY, "the same code and settings did not show it this time; that closes nothing, it may be flaky"),
            (Sign.UNSURE, "it was not reported, and nobody can tell whether it was other code; a person may close it"),
        ):
            if signs[sign]:
                said = f"{parting.words.rstrip('.')}: {words}"
                facts = {"keys": signs[sign], "code": parting.code, "sign": str(sign)}
                self.events.append(CaseNoted(self.now, case.id, "flaky", said[:LONGEST_WORDS], facts, parting.in_run))
        keys = signs[Sign.GONE]
        if not keys:
            return
        self.events.append(
            CaseGone(self.now, case.id, tuple(keys), parting.words[:LONGEST_WORDS], parting.in_run, parting.in_task, parting.code)
        )  # fmt: skip
        for key in keys:
            self._gone[case.id][key] = True
        if self._present(case) == 0:
            self._move(case, CaseState.CLOSED, closing_words(case, parting), dict(resolution_of(case, parting).row))

    def _is_gone(self, case: Case, key: str) -> bool:
        return self._gone[case.id].get(key, bool(case.symptoms[key].gone))

    def _present(self, case: Case) -> int:
        """How many of its symptoms are there, by the state and by the events so far."""
        count = case.present
        for key, gone in self._gone[case.id].items():
            known = case.symptoms.get(key)
            was = known is not None and not known.gone
            count += (not gone) - was
        return count

    def miss(self, number: int, check: str) -> None:
        """A check is gone from the pipeline: nobody can tell any more, so a person is asked."""
        case = self._standing(number)
        words = f"{check} is no longer in the pipeline: nothing can tell whether it is gone. Close it, or put the check back"
        if self._is(case) is not CaseState.CLOSED and case.asks != words:
            self.events.append(CaseNoted(self.now, case.id, "asks", words, {"check": check}))


def _bounded(symptom: Symptom) -> Symptom:
    if max(len(symptom.title), len(symptom.message), len(symptom.why), len(symptom.family)) <= LONGEST_TITLE:
        return symptom
    return replace(
        symptom, title=symptom.title[:LONGEST_TITLE], message=symptom.message[:LONGEST_WORDS],
        why=symptom.why[:LONGEST_WORDS], family=symptom.family[:LONGEST_WORDS],
    )  # fmt: skip


def _bounded_cause(cause: Cause) -> Cause:
    return replace(cause, about=cause.about[:LONGEST_TITLE], words=cause.words[:LONGEST_WORDS])

"""Promises about cases, as checks: of a state at one moment, and of the log by a reading that shares nothing with the folding."""

from dataclasses import dataclass, field

from callboard.core.case_events import CaseGone, CaseMerged, CaseMoved, CaseOpened, CaseSeen, CasesLooked, CaseSplit
from callboard.core.case_facts import CaseState
from callboard.core.cases import MOST_OPEN, MOST_SYMPTOMS, Cases
from callboard.core.events import Event

CALLBOARD = "Callboard"


def cases_kept(cases: Cases) -> list[str]:
    """No symptom is in two open cases of a workspace; counts are true; nothing grows beyond its bound; who has one is known."""
    wrong: list[str] = []
    held: dict[tuple[str, str], int] = {}
    number: dict[str, int] = {}
    for case in cases.open():
        number[case.workspace] = number.get(case.workspace, 0) + 1
        present = sum(1 for symptom in case.symptoms.values() if not symptom.gone)
        if case.present != present:
            wrong.append(f"{case.name} counts {case.present} symptoms that are there and has {present}")
        if not case.symptoms or len(case.symptoms) > MOST_SYMPTOMS:
            wrong.append(f"{case.name} has {len(case.symptoms)} symptoms")
        if case.state is CaseState.CLOSED:
            wrong.append(f"{case.name} is closed and among the open ones")
        if case.state is CaseState.ASSIGNED and case.assignee is None:
            wrong.append(f"{case.name} is assigned to nobody")
        if case.state is CaseState.ACCEPTED and case.until is None:
            wrong.append(f"{case.name} is accepted for ever")
        for key, symptom in case.symptoms.items():
            other = held.setdefault((case.workspace, key), case.id)
            if other != case.id:
                wrong.append(f"{symptom.check} {symptom.fingerprint} is in C{other} and in {case.name}")
            elif cases.of(case.workspace, key) is not case:
                wrong.append(f"{case.name} is not found by its symptom {symptom.check} {symptom.fingerprint}")
    wrong += [f"{where} has {count} open cases" for where, count in number.items() if count > MOST_OPEN]
    wrong += [
        f"{where} has {count} open cases and counts {cases.number(where)}"
        for where, count in number.items()
        if cases.number(where) != count
    ]
    return wrong


@dataclass(slots=True)
class CaseChronicle:
    """Reads events in order; `wrong` says what broke a promise: what Callboard closes has no symptom left, a number is given
    once, the keeper never looks back."""

    wrong: list[str] = field(default_factory=list)
    _there: dict[int, dict[str, bool]] = field(default_factory=dict)
    _closed: dict[int, None] = field(default_factory=dict)
    _looked: dict[str, int] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Takes the next event."""
        match event:
            case CaseOpened():
                if event.case in self._there:
                    self.wrong.append(f"C{event.case} is opened twice")
                self._there[event.case] = {symptom.key: not symptom.gone for symptom in event.symptoms}
            case CaseSeen():
                if event.case in self._closed:
                    self.wrong.append(f"C{event.case} is seen while it is closed")
                self._see(event.case, dict.fromkeys((symptom.key for symptom in event.symptoms), True))
            case CaseGone():
                self._see(event.case, dict.fromkeys(event.symptoms, False))
            case CaseMerged():
                there = self._there.get(event.into, {})
                self._see(event.into, {s.key: not s.gone for s in event.symptoms if not s.gone or s.key not in there})
                self._closed[event.case] = None
            case CaseSplit():
                for key in event.symptoms:
                    self._there.get(event.case, {}).pop(key, None)
            case CaseMoved():
                self._moved(event)
            case CasesLooked():
                if event.upto <= self._looked.get(event.workspace, 0):
                    self.wrong.append(f"the keeper looks at event {event.upto} of {event.workspace} again")
                self._looked[event.workspace] = event.upto
            case _:
                pass

    def _see(self, case: int, keys: dict[str, bool]) -> None:
        """A case holds so many symptoms; beyond that only those that it has are counted."""
        there = self._there.setdefault(case, {})
        for key, is_there in keys.items():
            if key in there or len(there) < MOST_SYMPTOMS:
                there[key] = is_there

    def _moved(self, event: CaseMoved) -> None:
        if event.state != CaseState.CLOSED:
            self._closed.pop(event.case, None)
            return
        left = sum(self._there.get(event.case, {}).values())
        if event.by == CALLBOARD and left:
            self.wrong.append(f"C{event.case} was closed by Callboard with {left} symptoms that are there")
        self._closed[event.case] = None

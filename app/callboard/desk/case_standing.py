"""The cases of a workspace as they stand, as the keeper needs them: what is grouped with them, and what may be gone."""

from collections import defaultdict
from dataclasses import dataclass, field

from callboard.core.case_facts import CaseState, Cause, Symptom
from callboard.core.cases import Case, Taught
from callboard.core.correlate_scene import Known
from callboard.core.state import State

MOST_COMPARED = 60
WORKED_ON = (CaseState.REPRODUCING, CaseState.FIX_PROPOSED, CaseState.VERIFYING)


@dataclass(slots=True)
class Standing:
    """`known` are the cases with some of their symptoms, `present` by check the symptoms that are not gone, each with the
    number of its case."""

    known: list[Known] = field(default_factory=list)
    present: dict[str, list[tuple[int, Symptom]]] = field(default_factory=lambda: defaultdict(list))
    taught: Taught = field(default_factory=Taught)
    of_case: dict[int, tuple[str, str, Cause]] = field(default_factory=dict)
    wanted: dict[str, Symptom] = field(default_factory=dict)

    def symptom(self, key: str) -> Symptom | None:
        """A symptom that was asked for, as an open case has it; None when none has."""
        return self.wanted.get(key)


def standing_of(state: State, workspace: str, wanted: frozenset[str], closed: frozenset[int]) -> Standing:
    """What stands now; of closed cases only those that are named. The symptoms that are wanted are among those of their case."""
    found = Standing()
    taught = state.cases.taught(workspace)
    found.taught = Taught(dict(taught.joins), dict(taught.parts))
    for case in state.cases.open(workspace):
        _add(found, case, wanted, may_join=state.cases.may_join(case))
        found.wanted |= {key: case.symptoms[key] for key in wanted & case.symptoms.keys()}
        for symptom in case.symptoms.values():
            if not symptom.gone:
                found.present[symptom.check].append((case.id, symptom))
    for number in closed:
        again = state.cases.get(number)
        if again is not None and not again.is_open and not again.into and again.workspace == workspace:
            _add(found, again, wanted, may_join=False)
    return found


def _add(found: Standing, case: Case, wanted: frozenset[str], *, may_join: bool) -> None:
    present = [symptom for symptom in case.symptoms.values() if not symptom.gone]
    kept = {symptom.key: symptom for symptom in present[-MOST_COMPARED:]}
    kept |= {key: case.symptoms[key] for key in wanted & case.symptoms.keys()}
    if kept:
        busy = case.assignee is not None or case.state in WORKED_ON
        found.known.append(Known(case.id, case.cause, tuple(kept.values()), case.title, may_join, busy))
        found.of_case[case.id] = (case.title, case.severity, case.cause)

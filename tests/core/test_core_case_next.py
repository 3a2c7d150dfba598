"""Who must do what next for a case is true of it as it stands, by value."""

from typing import Any

import pytest

from callboard.core.case_batch import Opening
from callboard.core.case_commands import MoveCase, NoteCase
from callboard.core.case_facts import CaseState, Cause
from callboard.core.case_next import what_next
from callboard.core.cases import Case
from case_story import Story, symptom

BROKEN = ("reproduced", {"verdict": "broken"})
Note = tuple[str, dict[str, Any]]


def case_in(state: CaseState, *notes: Note, run: int = 5, assigned: str = "") -> Case:
    story = Story()
    story.tell(opened=[Opening("t", "high", Cause("single"), (symptom(),))])
    if assigned:
        story.do(MoveCase(1, CaseState.ASSIGNED, "ann", to_kind="person", to=assigned))
    if state is not CaseState.NEW:
        story.do(MoveCase(1, state, "Callboard", f"moved (run {run})", in_run=run))
    for kind, facts in notes:
        story.now += 1
        story.do(NoteCase(1, kind, f"{kind}!", facts=facts, in_run=run))
    return story.state.cases.case(1)


TRIAGED, OPEN = CaseState.TRIAGED, CaseState.NEW
COPY = ("verified", {"where": "copy", "patch": 3, "ok": False})


@pytest.mark.parametrize(
    ("state", "notes", "says"),
    [
        (OPEN, [], "somebody looks at it"),
        (TRIAGED, [], "somebody takes it"),
        (CaseState.REPRODUCING, [BROKEN], "moved (run 5)"),
        (TRIAGED, [BROKEN], "looks for the commit that broke it (callboard case investigate 1 bisect)"),
        (TRIAGED, [BROKEN, ("bisected", {"commit": "ab" * 20, "author": "Ann"})], "what commit ababababab by Ann broke"),
        (TRIAGED, [BROKEN, ("bisected", {})], "which commit broke it could not be told: bisected!"),
        (TRIAGED, [BROKEN, ("narrowed", {"files": ["a.py"]})], "somebody mends a.py"),
        (TRIAGED, [("reproduced", {"verdict": "flaky"})], "sets it aside for a while (callboard case investigate 1 fix"),
        (TRIAGED, [("reproduced", {"verdict": "unknown", "cut": True})], "nothing is known yet"),
        (CaseState.CANNOT_REPRODUCE, [("reproduced", {"verdict": "gone"})], "it closes by itself once"),
        (CaseState.CANNOT_REPRODUCE, [("reproduced", {"verdict": "environment"})], "mends where it runs"),
        (CaseState.CANNOT_REPRODUCE, [("reproduced", {"verdict": "unknown"})], "a person decides"),
        (TRIAGED, [BROKEN, ("known-fix", {})], "known-fix! (run 5)"),
        (TRIAGED, [("known-fix", {}), ("fix-proposed", {"patch": 3})], "patch 3 is tried in a copy"),
        (TRIAGED, [BROKEN, ("known-fix", {}), ("fix-proposed", {"patch": 3}), COPY], "somebody mends it, or looks for"),
        (CaseState.FIX_PROPOSED, [("fix-proposed", {"patch": 3})], "a person accepts or rejects patch 3"),
        (CaseState.FIX_PROPOSED, [("fix-proposed", {"patch": 3}), ("fix-tried", {"patch": 3, "ok": True})],
         "patch 3 was accepted: the checks that saw it look again"),
        (CaseState.VERIFYING, [], "look again at the code with the fix (run 5)"),
        (CaseState.VERIFYING, [("verified", {"where": "workspace", "ok": True})], "it closes when the looks are counted"),
    ],
)  # fmt: skip
def test_what_is_next_is_true_of_the_state(state: CaseState, notes: list[Note], says: str) -> None:
    assert says in what_next(case_in(state, *notes))


def test_who_has_it_is_named_and_who_is_asked_goes_first() -> None:
    assert what_next(case_in(CaseState.TRIAGED, BROKEN, assigned="bob")).startswith("@bob mends it")
    asked = case_in(CaseState.TRIAGED, BROKEN)
    asked.asks = "undo it, or keep it"
    assert what_next(asked) == "a person is asked: undo it, or keep it"


def test_a_patch_that_was_turned_down_is_not_tried_any_more() -> None:
    story = Story()
    story.tell(opened=[Opening("t", "high", Cause("single"), (symptom(),))])
    story.do(NoteCase(1, "fix-proposed", "patch 3", facts={"patch": 3}, in_run=5))
    assert "is tried in a copy" in what_next(story.state.cases.case(1))
    story.now += 1
    story.do(MoveCase(1, CaseState.TRIAGED, "Callboard", "patch 3 was rejected by bob"))
    assert what_next(story.state.cases.case(1)) == "somebody takes it, or gives it to an agent"

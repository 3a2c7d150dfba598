"""Cases that wait for a person, as rows of the inbox; and what became of cases, for those who were away."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from callboard.core.case_facts import CaseState
from callboard.core.cases import Case

MOST_TOLD = 300


class Wait(NamedTuple):
    """Why a case waits for a person, since when, and what can be done about it at once: label, path below /api/v1, body."""

    case: int
    title: str
    text: str
    since: float
    acts: tuple[tuple[str, str, Mapping[str, Any], bool], ...]
    to: str


def waits(cases: Sequence[Case]) -> list[Wait]:
    """One for each: who is asked, who has it, or that somebody has to decide."""
    return [_wait(case) for case in cases]


def _wait(case: Case) -> Wait:
    path = f"/cases/{case.id}"
    held = case.assignee if case.state is CaseState.ASSIGNED else None
    close = ("close it", f"{path}/close", {"reason": f"decided in the inbox: {case.title}"[:MOST_TOLD]}, True)
    if case.asks:
        acts = (close, ("give it to an agent", f"{path}/assign", {"to": "auto", "instead": True}, False))
        return Wait(case.id, f"{case.name} asks: {case.title}", case.asks, case.moved, acts, "")
    if held is not None and held.kind == "person":
        back = ("give it to an agent", f"{path}/assign", {"to": "auto", "instead": True}, False)
        text = f"It was given to {held.words} by {held.by}: {held.why or 'no reason was given'}."
        return Wait(case.id, f"{held.words} has {case.name}: {case.title}", text, case.moved, (back,), held.name)
    mine = ("I take it", f"{path}/assign", {"to": "@me"}, False)
    text = f"It could not be reproduced: {case.words or 'nobody knows how it comes about'}. Close it, accept it, or hand it on."
    return Wait(case.id, f"What becomes of {case.name}: {case.title}?", text, case.moved, (mine, close), "")

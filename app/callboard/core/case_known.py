"""What resolved cases, counted by family: each closing says that something helped, until the case comes back."""

from collections.abc import Iterator
from dataclasses import dataclass

from callboard.core.case_events import CaseMoved, CaseNoted, OneCaseEvent
from callboard.core.case_facts import CaseState
from callboard.core.cases import Case

MOST_FAMILIES = 20
COUNTED = ("patch", "commit", "by hand", "gone by itself")


@dataclass(frozen=True, slots=True)
class Resolved:
    """Once something was tried on a family of symptoms: what, and whether it worked."""

    case: int
    at: float
    family: str
    workspace: str
    kind: str
    what: str
    words: str
    worked: bool


def resolved(case: Case, event: OneCaseEvent) -> Iterator[Resolved]:
    """What the event says was tried: a closing worked; a fix that was tried and did not help, or was taken back, did not."""
    kind = what = words = ""
    worked = False
    if isinstance(event, CaseMoved) and event.state == CaseState.CLOSED and event.resolution.get("kind") in COUNTED:
        kind, worked = str(event.resolution["kind"]), True
        words = str(event.resolution.get("words") or "")
        what = str(event.resolution.get("what") or words)
    elif isinstance(event, CaseNoted) and event.kind == "fix-tried" and not event.facts.get("ok", True):
        kind, words = "patch", event.words
        what = str(event.facts.get("what") or words)
    if not kind:
        return
    families = dict.fromkeys(symptom.family for symptom in case.symptoms.values() if symptom.family)
    for family in list(families)[:MOST_FAMILIES]:
        yield Resolved(case.id, event.at, family, case.workspace, kind, what, words, worked)


def taken_back(event: OneCaseEvent) -> bool:
    """Whether the event says that what closed the case last did not hold."""
    return (isinstance(event, CaseMoved) and event.state == CaseState.NEW) or (
        isinstance(event, CaseNoted) and event.kind == "taken-back"
    )

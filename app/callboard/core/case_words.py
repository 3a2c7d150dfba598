"""One sentence for each event of a case."""

from typing import assert_never

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
from callboard.core.case_facts import CaseState


def case_sentence(event: CaseEvent) -> str:
    """What happened, for a person."""
    match event:
        case CaseOpened():
            number = len(event.symptoms)
            why = f" {event.cause.words.rstrip('.')}." if event.cause.words else ""
            return f"Case C{event.case} ({event.severity}) was opened: {event.title.rstrip('.')}; {_symptoms(number)}.{why}"
        case CaseSeen():
            return f"C{event.case} was seen: {_symptoms(len(event.symptoms))}."
        case CaseGone():
            number = len(event.symptoms)
            what = f"{_symptoms(number).capitalize()} of C{event.case}"
            return f"{what} {'is' if number == 1 else 'are'} gone: {event.words.rstrip('.')}."
        case CaseMoved():
            return _moved(event)
        case CaseMerged():
            return f"{event.by} merged C{event.case} into C{event.into}" + _said(event.reason)
        case CaseSplit():
            return f"{event.by} split C{event.new_case} from C{event.case}" + _said(event.reason)
        case CaseNoted():
            if event.kind == "comment":
                return f"{event.by}: {event.words}"
            return f"C{event.case}, {event.kind}: {event.words.rstrip('.')}."
        case CaseTaught():
            what = "such pairs are one case" if event.joins else "such pairs are apart"
            return f"{event.by} taught that {what} from now on."
        case CasesLooked():
            return f"Cases were looked for up to event {event.upto}."
        case _:
            assert_never(event)


def _moved(event: CaseMoved) -> str:
    words = event.words.rstrip(".")
    if event.state == CaseState.ASSIGNED:
        to = f"@{event.to}" if event.to_kind == "person" else event.to
        return f"{event.by} gave C{event.case} to {to}: {words}."
    if event.state == CaseState.NEW:
        return f"C{event.case} is open again: {words}."
    return f"C{event.case} is {event.state}: {words}."


def _symptoms(number: int) -> str:
    return "one symptom" if number == 1 else f"{number} symptoms"


def _said(reason: str) -> str:
    return f": {reason.rstrip('.')}." if reason else "."

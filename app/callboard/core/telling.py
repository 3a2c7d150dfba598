"""What a fact means for the log: the event that it becomes, and how much the log was told of an attempt."""

from collections import Counter
from collections.abc import Mapping

from callboard.core.events import (
    ArtifactKept,
    AttemptBegan,
    Event,
    FindingsFound,
    MetricsTaken,
    QuestionAsked,
    SectionShown,
    attempt_of,
)
from callboard.core.facts import Asked, Began, Fact, Found, Kept, Measured, Shown
from callboard.core.task import AttemptKey


def told_as(fact: Fact) -> Event | None:
    """The event that says the same; None for an end, which has to be judged, and for progress, which is not kept."""
    run, task, attempt = fact.key
    match fact:
        case Began():
            return AttemptBegan(fact.at, run, task, attempt, fact.process, fact.adopted)
        case Found():
            return FindingsFound(fact.at, run, task, attempt, fact.findings)
        case Measured():
            return MetricsTaken(fact.at, run, task, attempt, fact.metrics)
        case Kept():
            return ArtifactKept(fact.at, run, task, attempt, fact.name, fact.path, fact.size, fact.format, fact.patch)
        case Asked():
            return QuestionAsked(fact.at, run, task, attempt, fact.question, fact.text, fact.choices)
        case Shown():
            return SectionShown(fact.at, run, task, attempt, fact.nth, fact.name, fact.blocks)
        case _:
            return None


def count_told(event: Event, told: Mapping[AttemptKey, Counter[str]]) -> None:
    """Counts what the log has of an attempt's messages, so that an adopted attempt does not tell it again."""
    match event:
        case FindingsFound():
            told[attempt_of(event)]["findings"] += len(event.findings)
        case MetricsTaken():
            told[attempt_of(event)]["metrics"] += len(event.metrics)
        case ArtifactKept():
            told[attempt_of(event)]["kept"] += 1
        case QuestionAsked():
            told[attempt_of(event)]["asked"] += 1
        case SectionShown():
            told[attempt_of(event)]["shown"] = event.nth
        case _:
            pass

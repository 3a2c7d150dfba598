"""What happened between the team's work and its platform: rules that begin and end to hold, the drain, the handoffs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class YieldSet:
    """From now on a rule holds heavy tasks, or no more; `words` say by which facts.

    `kind` is 'quiet' or 'yield'. A task waits for at most `at_most_s` seconds in all; 0 means without an end. One that holds
    already goes on as of `since`, 0 for as of now.
    """

    at: float
    kind: str
    active: bool
    words: str
    at_most_s: float = 0.0
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class DrainSet:
    """Somebody wants the platform to take no new work, or no more so; `until` is when that ends by itself, None for never.

    Callboard only says so: whoever runs the platform asks for it.
    """

    at: float
    wanted: bool
    by: str
    reason: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class DrainSeen:
    """The platform asked for the drain as it stands, for the first time since it was set."""

    at: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class HandoffMade:
    """A release was handed over: `record` says what, `signature` (of its canonical JSON, by the key `key`) that it was us."""

    at: float
    id: str
    record: Mapping[str, Any]
    signature: str
    key: str
    by: str


@dataclass(frozen=True, slots=True)
class HandoffSeen:
    """The platform asked for a handoff for the first time."""

    at: float
    id: str
    by: str = ""


YieldEvent = YieldSet | DrainSet | DrainSeen | HandoffMade | HandoffSeen


def told(event: YieldEvent) -> str:
    """What happened, as a sentence for a person."""
    match event:
        case YieldSet():
            words = event.words.rstrip(".")
            return f"Heavy tasks wait: {words}." if event.active else f"Heavy tasks go on: {words}."
        case DrainSet():
            why = f": {event.reason.rstrip('.')}." if event.reason else "."
            what = "asked the platform to take no new work" if event.wanted else "let the platform take work again"
            return f"{event.by} {what}{why}"
        case DrainSeen():
            return "The platform has seen the drain."
        case HandoffMade():
            version, environment = event.record.get("version", ""), event.record.get("environment", "")
            return f"{event.by} handed version {version} in {environment} over."
        case HandoffSeen():
            return f"The platform has seen handoff {event.id[:12]}."

"""What is wished for between the team's work and its platform, and the events that grant it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from callboard.core.yield_events import DrainSeen, DrainSet, HandoffMade, HandoffSeen
from callboard.errors import Refused

LONGEST_DRAIN_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class SetDrain:
    """The platform is asked to take no new work, until a time if one is given, or it may take work again."""

    wanted: bool
    by: str
    reason: str = ""
    until: float | None = None


@dataclass(frozen=True, slots=True)
class MakeHandoff:
    """A release is handed over; whoever wishes it has checked and signed the record."""

    id: str
    record: Mapping[str, Any]
    signature: str
    key: str
    by: str


@dataclass(frozen=True, slots=True)
class NoteSeen:
    """The platform asked for the drain, or for the handoff of this id, for the first time."""

    handoff: str = ""
    by: str = ""


YieldCommand = SetDrain | MakeHandoff | NoteSeen


def grant_yield(command: YieldCommand, now: float) -> list[DrainSet | DrainSeen | HandoffMade | HandoffSeen]:
    """The events that carry the command out; raises `Refused`."""
    match command:
        case SetDrain(wanted=wanted, by=by, reason=reason, until=until):
            if until is not None and not (wanted and now < until <= now + LONGEST_DRAIN_S):
                raise Refused("a drain ends at a time to come, in the next 30 days")
            return [DrainSet(now, wanted, by, reason, until)]
        case MakeHandoff():
            return [HandoffMade(now, command.id, command.record, command.signature, command.key, command.by)]
        case NoteSeen(handoff=handoff, by=by):
            return [HandoffSeen(now, handoff, by)] if handoff else [DrainSeen(now, by)]
        case _:
            assert_never(command)

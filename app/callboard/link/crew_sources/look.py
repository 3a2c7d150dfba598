"""What one look of a source brings: facts, how the source itself is, and when to look again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Fact = dict[str, Any]
FRESH, STALE, OFF, ERROR = "fresh", "stale", "off", "error"


@dataclass(frozen=True, slots=True)
class Look:
    """Facts in the words of `callboard.core.crew_events`; `state` and `words` are the source's own health."""

    state: str = FRESH
    words: str = ""
    facts: list[Fact] = field(default_factory=list)
    wait: float = 0.0


Tell = Callable[[Look], None]


class Source(Protocol):
    """One way to see a crew; `kind` is one of the sources of `callboard.core.crew_events`."""

    kind: str

    async def watch(self, tell: Tell) -> None:
        """Tells what it sees until it is cancelled; raises nothing of its own."""

"""How far the keeper of cases has looked, for those who wait for the case that may be made of something."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class CaseWatch:
    """All that happened until `looked` was looked at, and what cases had to be made of it are made; 0 before the first look."""

    looked: float = 0.0
    listeners: list[Callable[[], None]] = field(default_factory=list)

    def told(self, until: float) -> None:
        """On the keeper's thread: it has looked at all until then."""
        self.looked = max(self.looked, until)
        for listener in self.listeners:
            listener()

"""The crews of the fake desk: nothing was heard of any."""

from collections.abc import Mapping, Sequence
from typing import Any


class FakeCrewDesk:
    """Knows no crew; what is told is noted."""

    calls: list[tuple[str, tuple[Any, ...]]]

    def crew(self) -> dict[str, Any]:
        return {"crews": [], "coordination": self.coordination(), "why": "Nothing is known of a crew yet."}

    def coordination(self) -> dict[str, Any]:
        drain = {"wanted": False, "by": "", "at": None, "reason": "", "until": None, "seen": None}
        return {"rules": [], "holding": 0, "endpoints": [], "drain": drain, "handoffs": [], "key": ""}

    def tell_crew(
        self,
        crew: str,
        source: str,
        facts: Sequence[Mapping[str, Any]],
        stream: str = "",
        upto: int = 0,
        sent: float | None = None,
    ) -> None:
        self.calls.append(("tell_crew", (crew, source, len(facts), stream, upto)))

    def tell_spans(self, spans: Sequence[Any], crew: str = "") -> None:
        self.calls.append(("tell_spans", (len(spans), crew)))

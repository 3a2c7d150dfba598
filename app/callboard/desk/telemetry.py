"""Traces of the platform that come in: what they say of a crew is told, what they say of its servers is kept for a while."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property

from callboard.config import read_config
from callboard.core.crew_facts import MOST_FACTS
from callboard.desk.crews import Crews
from callboard.errors import CallboardError
from callboard.link.crew_sources.leading import Gate, Standing, standing_of
from callboard.link.crew_sources.values import text_of
from callboard.link.otlp.meaning import Fact, Meaning
from callboard.link.otlp.served import ServedRequests
from callboard.link.otlp.span import Span

KIND = "otlp"
NOBODY = "crew"
MOST_CREWS = 20


class Telemetry(Crews):
    """Takes spans in."""

    @cached_property
    def served_requests(self) -> ServedRequests:
        """What the platform's HTTP servers answered, as far as their spans tell."""
        return ServedRequests()

    @cached_property
    def _listening(self) -> "_Listening":
        return _Listening()

    def tell_spans(self, spans: Sequence[Span], crew: str = "") -> None:
        """Takes spans; `crew` is whose they are, where the sender says so. Thread-safe. Raises `Refused` as `tell_crew` does."""
        self.served_requests.take(spans)
        by_crew: dict[str, list[Span]] = {}
        known = self._crews_written_down()
        for span in spans:
            by_crew.setdefault(crew or _crew_of(span, known), []).append(span)
        for name in list(by_crew)[:MOST_CREWS]:
            self._tell_spans(name, by_crew[name])

    def _tell_spans(self, crew: str, spans: Sequence[Span]) -> None:
        now = time.time()
        with self._listening.lock:
            told = self._listening.meaning.facts(spans)
            if not told:
                return
            gate = self._listening.gate(crew, lambda: self._standing(crew))
            facts: list[Fact] = [dict(fact) for fact in gate.passed(told, now, better=True)]
            words = f"it stands by: the {gate.behind} tells more" if gate.behind else ""
        for start in range(0, len(facts), MOST_FACTS - 1):
            self.tell_crew(crew, KIND, facts[start : start + MOST_FACTS - 1])
        self.tell_crew(crew, KIND, [{"what": "source", "at": now, "state": "fresh", "words": words}])

    def _standing(self, crew: str) -> Standing:
        return self._engine.inspect(lambda state: standing_of(state.crews.get(crew)))

    def _crews_written_down(self) -> tuple[str, ...]:
        try:
            return tuple(read_config(self.workspace).crews)
        except CallboardError:
            return ()


class _Listening:
    """What is remembered between requests."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.meaning = Meaning()
        self._gates: dict[str, Gate] = {}

    def gate(self, crew: str, standing: Callable[[], Standing]) -> Gate:
        """The gate of that crew. Spans come when all others have told long ago, so that it decides at once."""
        found = self._gates.get(crew)
        if found is None:
            if len(self._gates) >= MOST_CREWS:
                del self._gates[next(iter(self._gates))]
            found = self._gates[crew] = Gate(KIND, 0.0, standing)
        return found


def _crew_of(span: Span, known: Sequence[str]) -> str:
    """Whose a span is: as its resource says, else by the service's name, else the only crew that there is."""
    named = text_of(span.resource.get("callboard.crew"), 80)
    service = text_of(span.resource.get("service.name"), 80)
    if named or service in known:
        return named or service
    if len(known) == 1:
        return known[0]
    return service if service and not service.startswith("unknown_service") else NOBODY

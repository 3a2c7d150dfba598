"""Several sources see the same workflows; one of them tells, the others stand by, so that none is shown twice."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from callboard.core.crew import RUNNING, CrewState

Fact = Mapping[str, Any]
# From the best to the least: what tells soonest and most exactly leads. A log and checkpoints do not tell of every failure.
ORDER = ("observer", "socket", "status", "log", "checkpoints", "otlp")
RECENT_S = 120.0
SAME_S = 15.0
MOST_KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class Standing:
    """When each source last told of a workflow of the crew, which workflows of each go on and when those that are known began,
    and which sources are fresh."""

    heard: Mapping[str, float] = field(default_factory=dict)
    going_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    began: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()

    def leader(self, kind: str, now: float, began: float) -> str:
        """The better source that told of a workflow within the last two minutes, or of one that began when this one did."""
        for better in ORDER[: ORDER.index(kind)]:
            if now - self.heard.get(better, float("-inf")) <= RECENT_S:
                return better
            if any(abs(began - other) <= SAME_S for other in self.began.get(better, ())):
                return better
        return ""


def standing_of(crew: CrewState | None) -> Standing:
    """The standing of a crew's sources by its state."""
    if crew is None:
        return Standing()
    heard: dict[str, float] = {}
    going_on: dict[str, tuple[str, ...]] = {}
    began: dict[str, tuple[float, ...]] = {}
    for workflow in crew.workflows.values():
        heard[workflow.source] = max(heard.get(workflow.source, 0.0), workflow.heard)
        if workflow.started is not None:
            began[workflow.source] = (*began.get(workflow.source, ()), workflow.started)
        if workflow.state == RUNNING:
            going_on[workflow.source] = (*going_on.get(workflow.source, ()), workflow.id)
    return Standing(heard, going_on, began, frozenset(s.kind for s in crew.sources.values() if s.state == "fresh"))


class Gate:
    """Before what one source tells of one crew. A workflow that is new is held for `grace_s`, if a better source may see it
    too: when such a one has told meanwhile, this one keeps silent about that workflow for good."""

    def __init__(self, kind: str, grace_s: float, standing: Callable[[], Standing]) -> None:
        self._kind = kind
        self._grace_s = grace_s
        self._standing = standing
        self._told: dict[str, None] = {}
        self._silent: dict[str, None] = {}
        self._held: dict[str, tuple[float, list[Fact]]] = {}
        self.behind = ""

    def passed(self, facts: Iterable[Fact], now: float, *, better: bool) -> list[Fact]:
        """The facts that may be told now; `better` says whether a better source works, or ever did, for this crew."""
        out: list[Fact] = []
        for fact in facts:
            workflow = fact.get("workflow")
            if not isinstance(workflow, str) or workflow in self._told:
                out.append(fact)
            elif workflow in self._silent:
                continue
            elif workflow in self._held:
                self._held[workflow][1].append(fact)
            elif better:
                self._held[workflow] = (now + self._grace_s, [fact])
            else:
                _keep(self._told, workflow)
                self.behind = ""
                out.append(fact)
        return out + self._decided(now)

    @property
    def due(self) -> float | None:
        """When the first of the held ones is decided, None without any."""
        return min((due for due, _ in self._held.values()), default=None)

    def _decided(self, now: float) -> list[Fact]:
        ripe = [workflow for workflow, (due, _) in self._held.items() if due <= now]
        if not ripe:
            return []
        standing = self._standing()
        out: list[Fact] = []
        for workflow in ripe:
            _, facts = self._held.pop(workflow)
            self.behind = standing.leader(self._kind, now, min(_time(fact, now) for fact in facts))
            if self.behind:
                _keep(self._silent, workflow)
            else:
                _keep(self._told, workflow)
                out += facts
        return out


def _time(fact: Fact, now: float) -> float:
    at = fact.get("at")
    return at if isinstance(at, float) else now


def _keep(known: dict[str, None], workflow: str) -> None:
    known[workflow] = None
    while len(known) > MOST_KNOWN:
        del known[next(iter(known))]

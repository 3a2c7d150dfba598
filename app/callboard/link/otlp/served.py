"""What spans say of HTTP servers: which route answered what, and how long it took."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from callboard.link.crew_sources.values import count_of, text_of
from callboard.link.otlp.span import METHOD, ROUTE, SERVER, STATUS, Span

MOST_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Served:
    """One request that a server of the platform answered; `status` is 0 when it was not told."""

    at: float
    service: str
    method: str
    route: str
    status: int
    seconds: float


class ServedRequests:
    """The newest of them, from any thread."""

    def __init__(self) -> None:
        self._kept: deque[Served] = deque(maxlen=MOST_KEPT)
        self._lock = threading.Lock()

    def take(self, spans: Iterable[Span]) -> int:
        """Keeps what is a server's span; how many those were."""
        found = [request for span in spans if (request := served(span)) is not None]
        with self._lock:
            self._kept.extend(found)
        return len(found)

    def since(self, at: float, service: str = "") -> list[Served]:
        """Those that were answered since then, the oldest first."""
        with self._lock:
            kept = list(self._kept)
        return sorted((one for one in kept if one.at >= at and service in ("", one.service)), key=lambda one: one.at)

    def p95_ms(self, since: float, service: str = "") -> tuple[float | None, int]:
        """The 95th percentile of the times since then in milliseconds, and of how many; None without any."""
        times = sorted(one.seconds for one in self.since(since, service))
        if not times:
            return None, 0
        return 1000 * times[min(len(times) - 1, int(0.95 * len(times)))], len(times)


def served(span: Span) -> Served | None:
    """The request of a server's span; without a query, which may hold anything."""
    said = span.attributes
    method = next((text_of(said[name], 10) for name in METHOD if name in said), "")
    if span.kind != SERVER or not method:
        return None
    route = next((text_of(said[name], 200).partition("?")[0] for name in ROUTE if name in said), "")
    status = next((count for name in STATUS if (count := count_of(said.get(name))) is not None), 0)
    return Served(span.ended, text_of(span.resource.get("service.name"), 80), method, route, status, span.seconds)

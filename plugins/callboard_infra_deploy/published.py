"""The ports of the host that a compose service publishes."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SHORT = re.compile(
    r"^(?:(?P<host>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?:(?P<published>\d+(?:-\d+)?)?:)(?P<target>\d+(?:-\d+)?)(?:/(?P<protocol>\w+))?$"
)
EVERYWHERE = ("", "0.0.0.0", "[::]", "::")  # noqa: S104 - what compose files say, nothing is bound
LONGEST_RANGE = 500


@dataclass(frozen=True, slots=True)
class Published:
    """One port of the host; `index` is the entry under `ports:` that says so."""

    service: str
    index: int
    host: str
    port: int
    protocol: str
    profiles: frozenset[str]

    def collides(self, other: "Published") -> bool:
        """Whether both cannot be published at once: the same address, and services that may run together."""
        if self.service == other.service:
            return False
        if self.profiles and other.profiles and self.profiles.isdisjoint(other.profiles):
            return False
        return self.host == other.host or self.host in EVERYWHERE or other.host in EVERYWHERE


def published_ports(
    service: str, table: Mapping[str, Any], interpolated: Callable[[object], str | None]
) -> Iterator[Published]:
    """Each port that the service publishes; entries whose port is left to chance or unknown are passed over."""
    entries = table.get("ports")
    profiles = table.get("profiles")
    names = frozenset(map(str, profiles)) if isinstance(profiles, list) else frozenset()
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, Mapping):
            host = str(entry.get("host_ip", ""))
            published = interpolated(entry.get("published", "")) or ""
            protocol = str(entry.get("protocol", "tcp"))
        else:
            match = SHORT.match(interpolated(entry) or "")
            if match is None:
                continue
            host, published, protocol = match["host"] or "", match["published"] or "", match["protocol"] or "tcp"
        for port in _ports(published):
            yield Published(service, index, host, port, protocol.lower(), names)


def _ports(text: str) -> list[int]:
    low, _, high = text.partition("-")
    if not low.isdigit() or (high and not high.isdigit()) or len(text) > 11:
        return []
    return list(range(int(low), min(int(high or low), int(low) + LONGEST_RANGE, 65_535) + 1))

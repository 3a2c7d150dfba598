"""What the kernel's text files say, as values; nothing here reads anything."""

from collections.abc import Mapping

NO_LIMIT = float("inf")
HUGE = 1 << 60


def pressure(text: str) -> float | None:
    """Per cent of the last ten seconds in which some task stalled (`/proc/pressure/*`, PSI); None when it does not say."""
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["some"]:
            for word in words[1:]:
                name, _, value = word.partition("=")
                if name == "avg10":
                    return _number(value)
    return None


def control_groups(text: str) -> dict[str, str]:
    """Controller → path of `/proc/PID/cgroup`; the path of the unified hierarchy (version 2) has the name ''."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        _, _, rest = line.partition(":")
        controllers, separator, path = rest.partition(":")
        if separator:
            for name in controllers.split(","):
                found[name] = path
    return found


def byte_limit(text: str) -> float:
    """Bytes of `memory.max` or `memory.limit_in_bytes`; 'max', nothing and the huge number of version 1 are no limit."""
    value = _number(text)
    return NO_LIMIT if value is None or value >= HUGE or value < 0 else value


def cpu_quota(text: str) -> float:
    """Cores of `cpu.max` ('QUOTA PERIOD', or 'max PERIOD'), also of quota and period of version 1 put side by side."""
    words = text.split()
    if len(words) != 2:
        return NO_LIMIT
    quota, period = _number(words[0]), _number(words[1])
    if quota is None or period is None or quota <= 0 or period <= 0:
        return NO_LIMIT
    return quota / period


def field(text: str, name: str) -> float:
    """The number behind a name in lines of 'name number', as in `memory.stat`, `/proc/PID/io` ('name:'); 0 when it is not there."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0].rstrip(":") == name:
            return _number(words[1]) or 0.0
    return 0.0


def rates(before: Mapping[str, float], now: Mapping[str, float], seconds: float) -> dict[str, float]:
    """How much each counter grew per second; one that went back (a device came anew) counts from 0."""
    if seconds <= 0:
        return dict.fromkeys(now, 0.0)
    return {name: max(0.0, value - before.get(name, value)) / seconds for name, value in now.items()}


def busy(before: tuple[float, float], now: tuple[float, float]) -> float:
    """The part, 0 to 1, of the time between two looks at (all seconds, idle seconds) that was not idle."""
    whole = now[0] - before[0]
    if whole <= 0:
        return 0.0
    return min(1.0, max(0.0, 1.0 - (now[1] - before[1]) / whole))


def _number(text: str) -> float | None:
    try:
        return float(text.strip())
    except ValueError:
        return None

"""What is known of running attempts at this moment, and is not worth a place in the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callboard.core.facts import Progressed
from callboard.core.task import AttemptKey, Process, Usage
from callboard.ports import Meter


@dataclass(slots=True)
class Live:
    """`progress` is how far, with which note, since when; `rates` are cores and MiB now."""

    progress: dict[AttemptKey, tuple[float | None, str, float]] = field(default_factory=dict)
    usage: dict[AttemptKey, Usage] = field(default_factory=dict)
    rates: dict[AttemptKey, tuple[float, float]] = field(default_factory=dict)

    def note(self, fact: Progressed) -> None:
        """An attempt said how far it is."""
        self.progress[fact.key] = (fact.fraction, fact.note, fact.at)

    def forget(self, key: AttemptKey) -> None:
        """The attempt is over."""
        self.progress.pop(key, None)
        self.usage.pop(key, None)
        self.rates.pop(key, None)

    def measure(self, meter: Meter, running: Mapping[AttemptKey, Process]) -> None:
        """Looks at what the running attempts use; the rates are those since the last look."""
        before = self.usage
        after = dict(meter.usage(running)) if running else {}
        for key, usage in after.items():
            former = before.get(key)
            if former is not None and usage.wall_s > former.wall_s:
                cores = (usage.cpu_s - former.cpu_s) / (usage.wall_s - former.wall_s)
                seen = meter.now(key)
                self.rates[key] = (max(0.0, cores), seen[0] if seen is not None else usage.peak_mb)
        self.usage = after

"""When a task first saw each of its findings, remembered from one run to the next."""

import time
from collections.abc import Mapping
from hashlib import sha256

from callboard.errors import CallboardError
from callboard.work.memory import Memory

MOST_REMEMBERED = 20_000


class Sightings:
    """The findings of a task by fingerprint with the wall time at which they were first seen.

    A finding that was gone for a run counts as new when it comes back.
    """

    def __init__(self, memory: Memory, task: str) -> None:
        self._memory = memory
        self._key = f"seen-{sha256(task.encode('utf-8', 'replace')).hexdigest()[:16]}"
        self._former: Mapping[str, float] | None = None
        self._is_read = False
        self._now: dict[str, float] = {}
        self._begun = round(time.time(), 3)
        self.fresh = 0

    @property
    def former(self) -> Mapping[str, float] | None:
        """What the last run saw, None when there was none."""
        if not self._is_read:
            self._is_read = True
            kept = self._memory.get(self._key)
            if isinstance(kept, dict):
                self._former = {name: at for name, at in kept.items() if isinstance(at, (int, float)) and 0 < at < 1e12}
        return self._former

    def see(self, fingerprint: str) -> tuple[float, bool]:
        """Since when the finding is known, and whether it is new since the last run (without one, nothing is new)."""
        since = (self.former or {}).get(fingerprint, self._begun)
        is_new = self.former is not None and fingerprint not in self.former
        self.fresh += is_new and fingerprint not in self._now
        self._now[fingerprint] = since
        return since, is_new

    def keep(self, *, is_whole: bool) -> None:
        """Remembers what was seen; what the last run saw stays too, when this one did not look at everything."""
        kept = {**(self.former or {}), **self._now} if not is_whole else self._now
        if self.former is None and not kept and not is_whole:
            return
        try:
            self._memory.put(self._key, dict(list(kept.items())[-MOST_REMEMBERED:]))
        except (CallboardError, OSError) as error:
            print(f"WARNING: what was seen cannot be remembered: {error}", flush=True)

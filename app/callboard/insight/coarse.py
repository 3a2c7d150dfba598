"""The first range of a run, at once: by its longest path and its work, until futures have been tried. Pure.

No order ends sooner than the longest path takes, or than the work takes on all cores (so for memory, for an agent with a limit, for
a lock); and one that never idles while something could run ends by the sum of both (Graham). The range lies between these.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from callboard.core.resources import Capacity
from callboard.core.run import Run, Task
from callboard.core.state import State
from callboard.insight.calibration import Raw, normal
from callboard.learn.durations import Learned

MOST_TASKS = 5_000
BETWEEN = 0.3
UNSURE = 0.2
LONGER = 0.3
REACH = 0.3
LEAST_S = 0.05


@dataclass(slots=True)
class Outline:
    """What is left until a run ends, in seconds: `longest` is its longest path by the estimates, `core_s` and `memory_s` (MiB times
    seconds) are what it and the work before it book, `lanes` what must go one after the other or a few at a time. `estimated` and
    `expected` are the seconds of its own tasks by their estimates, and by how long they take at times."""

    longest: float = 0.0
    estimated: float = 0.0
    expected: float = 0.0
    core_s: float = 0.0
    memory_s: float = 0.0
    lanes: dict[str, float] = field(default_factory=dict)

    def range(self, room: Capacity) -> Raw:
        """Seconds until the end."""
        work = max(
            self.core_s / max(0.1, room.cpus),
            self.memory_s / max(1.0, room.memory_mb),
            max(self.lanes.values(), default=0.0),
        )
        more = max(1.0, self.expected / max(LEAST_S, self.estimated))
        longest = self.longest * more
        least = max(LEAST_S, longest, work)
        most = max(least, longest + work)
        spread = math.hypot(UNSURE, REACH * math.log(most / least), math.log(more))
        return normal(math.log(least) + BETWEEN * math.log(most / least), spread)


def outline(state: State, number: int, now: float, usual: Mapping[str, Learned]) -> Outline | None:
    """Of a run that goes on; None when there is too much to look at in a moment. O(tasks of the runs that go before)."""
    run = state.runs.get(number)
    before = [
        other for other in state.runs.values() if run is not None and other.unfinished and _goes_before(other, run)
    ]
    if run is None or sum(len(other.tasks) for other in before) > MOST_TASKS:
        return None
    found = Outline()
    limits = {name: agent.limit for name, agent in state.agents.items() if agent.limit}
    for other in before:
        for task in other.tasks:
            if not task.final:
                _add(found, task, now, limits, usual if other is run else None)
    return found


def _goes_before(other: Run, run: Run) -> bool:
    return other is run or (other.priority, other.submitted) <= (run.priority, run.submitted)


def _add(
    found: Outline, task: Task, now: float, limits: Mapping[str, int], usual: Mapping[str, Learned] | None
) -> None:
    spec = task.spec
    passed = now - task.started if task.live and task.started is not None else 0.0
    seconds = max(0.2 * spec.estimate, spec.estimate - passed)
    if usual is not None:
        found.longest = max(found.longest, task.remaining - spec.estimate + seconds)
        found.estimated += seconds
        known = usual.get(spec.name)
        seconds = (1.0 - LONGER) * seconds + LONGER * max(seconds, known.p80 - passed) if known is not None else seconds
        found.expected += seconds
    found.core_s += seconds * spec.needs.cpus
    found.memory_s += seconds * spec.needs.memory_mb
    limit = limits.get(spec.agent)
    if limit:
        found.lanes[f"agent {spec.agent}"] = found.lanes.get(f"agent {spec.agent}", 0.0) + seconds / limit
    for lock in spec.needs.locks:
        if not lock.shared:
            found.lanes[f"lock {lock.name}"] = found.lanes.get(f"lock {lock.name}", 0.0) + seconds

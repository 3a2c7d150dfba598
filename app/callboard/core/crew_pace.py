"""How long a crew's agents usually take, and which of them is slower than that, and since when.

An agent is compared with itself, by the name of the task. It is slow when its newest pieces of work each took longer than
both half as long again as its median before, and its 95th percentile before: IN_A_ROW of them in a row, or one
that still goes on and took twice that already. Below ENOUGH earlier pieces there is too little data to say so.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from callboard.core.crew import RUNNING, CrewAgent, CrewState, Sample

ENOUGH = 10
IN_A_ROW = 3
SLOWER = 1.5
STILL_RUNS = 2.0
LEAST_S = 0.2


@dataclass(frozen=True, slots=True)
class Slow:
    """An agent that is slower than usual: in which task, since when, how long it takes now and usually, of how many before.

    `times` counts the pieces of work that tell it; 0 when the one that goes on tells it.
    """

    role: str
    task: str
    since: float
    now_s: float
    usual_s: float
    n: int
    times: int

    @property
    def words(self) -> str:
        """In one sentence, without the moment, which is for the reader's own clock."""
        where = f" in '{self.task}'" if self.task else ""
        usual = f"usually {seconds_words(self.usual_s)} (median of {self.n})"
        if not self.times:
            return f"{self.role} has been at work{where} for {seconds_words(self.now_s)}, {usual}"
        return f"{self.role} takes {seconds_words(self.now_s)}{where}, {usual}: {self.times} times in a row"


def quantile(values: Sequence[float], share: float) -> float:
    """Linear between the two nearest of at least one value."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def usual(agent: CrewAgent | None, task: str) -> float | None:
    """The median of that task of the agent, else of all that it did, None where nothing is known."""
    if agent is None or not agent.samples:
        return None
    same = [sample.seconds for sample in agent.samples if sample.name == task]
    return quantile(same or [sample.seconds for sample in agent.samples], 0.5)


def slow_agents(crew: CrewState, now: float) -> list[Slow]:
    """The agents of a crew that are slow now, by what they did last and by what they are at."""
    found: dict[str, Slow] = {}
    for agent in crew.agents.values():
        for name in dict.fromkeys(sample.name for sample in agent.samples):
            slow = _by_past(agent, name)
            if slow is not None and (agent.role not in found or slow.since < found[agent.role].since):
                found[agent.role] = slow
    for workflow in crew.running:
        if workflow.waits:
            continue
        for task in workflow.tasks.values():
            agent_of = crew.agents.get(task.role)
            if task.state == RUNNING and task.started is not None and agent_of is not None and task.role not in found:
                slow = _by_present(agent_of, task.name, task.started, now)
                if slow is not None:
                    found[task.role] = slow
    return sorted(found.values(), key=lambda slow: slow.since)


def slow_past(agent: CrewAgent) -> Slow | None:
    """Whether what an agent did last was slow, whatever it is at now."""
    found = [slow for name in dict.fromkeys(s.name for s in agent.samples) if (slow := _by_past(agent, name))]
    return min(found, key=lambda slow: slow.since) if found else None


def _by_past(agent: CrewAgent, name: str) -> Slow | None:
    """The longest row of slow pieces at the end, each against what was before the row: a shorter one has slow ones before it."""
    samples = [sample for sample in agent.samples if sample.name == name]
    found: Slow | None = None
    for count in range(IN_A_ROW, len(samples) - ENOUGH + 1):
        before, row = samples[:-count], samples[-count:]
        usual_s, limit = _limit(before)
        if min(sample.seconds for sample in row) <= limit:
            continue
        found = Slow(agent.role, name, row[0].at, quantile([s.seconds for s in row], 0.5), usual_s, len(before), count)
    return found


def _by_present(agent: CrewAgent, name: str, started: float, now: float) -> Slow | None:
    before = [sample for sample in agent.samples if sample.name == name]
    if len(before) < ENOUGH:
        return None
    usual_s, limit = _limit(before)
    limit *= STILL_RUNS
    took = now - started
    return Slow(agent.role, name, started + limit, took, usual_s, len(before), 0) if took > limit else None


def _limit(before: Iterable[Sample]) -> tuple[float, float]:
    """The median, and the time above which a piece of work is slow."""
    seconds = [sample.seconds for sample in before]
    median = quantile(seconds, 0.5)
    return median, max(SLOWER * median, quantile(seconds, 0.95), median + LEAST_S)


def seconds_words(seconds: float) -> str:
    """'240 ms', '4.2 s', '3 min 20 s'."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3_600:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return f"{seconds // 3_600:.0f} h {seconds % 3_600 // 60:.0f} min"

"""How much a case matters: a number from 0 to 100 from five factors, each of which is shown with its words.

priority = 100 · (1 − 2^−product), where product = severity · blocks · gate · frequency · recency:

- severity: critical 1, high 0.7, medium 0.4, low 0.2, info 0.05
- blocks: 1 + 0.3 · log2(1 + tasks that wait or were skipped because of it) + 0.5 when one is on the critical path
  + 0.15 for each agent that has nothing else to do, at most 4 of them
- gate: 2 when something that deploys stands behind it, else 1
- frequency: 0.8 + 0.2 · log2(1 + runs in which it was seen), at most 1.6; half as much again for each time that it came back,
  at most twice
- recency: halves every three days since it was seen, down to 0.2

So a high finding that was seen once just now and blocks nothing has 38, and the same that stops a deploy has 72.
"""

import math
from dataclasses import dataclass

from callboard.core.cases import Case

SEVERITY = {"critical": 1.0, "high": 0.7, "medium": 0.4, "low": 0.2, "info": 0.05}
HALF_LIFE_S = 3 * 86_400.0
MOST_IDLE = 4


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a case keeps from going on: tasks that wait or were skipped because of it, whether the longest path of a run is
    among them, deploys behind it, and agents that have nothing else to do. `whole` is False when there may be more."""

    tasks: int = 0
    critical: bool = False
    gates: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    whole: bool = True

    @property
    def words(self) -> str:
        """'blocks 3 tasks on the critical path, the deploy infra.deploy; infra has nothing else to do'."""
        if not self.tasks:
            return "blocks nothing now"
        least = "" if self.whole else "at least "
        text = f"blocks {least}{self.tasks} task{'' if self.tasks == 1 else 's'}"
        if self.critical:
            text += " on the critical path"
        if self.gates:
            text += f", {'a deploy' if len(self.gates) == 1 else f'{len(self.gates)} deploys'} among them: {_few(self.gates)}"
        if self.agents:
            text += f"; {_few(self.agents)} {'has' if len(self.agents) == 1 else 'have'} nothing else to do"
        return text


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor: its name, its number, and why it is that."""

    name: str
    value: float
    words: str


def priority_of(case: Case, blocks: Blocks, now: float) -> tuple[int, tuple[Factor, ...]]:
    """The priority and the factors that give it. O(1)."""
    factors = (
        Factor("severity", SEVERITY[case.severity], f"it is {case.severity}"),
        Factor("blocks", _blocks(blocks), blocks.words),
        Factor("gate", 2.0 if blocks.gates else 1.0,
               f"{_few(blocks.gates)} cannot deploy while it is there" if blocks.gates else "no deploy stands behind it"),
        _frequency(case),
        _recency(case, now),
    )  # fmt: skip
    product = math.prod(factor.value for factor in factors)
    return round(100 * (1 - 2**-product)), factors


def _blocks(blocks: Blocks) -> float:
    value = 1 + 0.3 * math.log2(1 + blocks.tasks) + 0.5 * blocks.critical + 0.15 * min(len(blocks.agents), MOST_IDLE)
    return round(value, 3) if blocks.tasks else 1.0


def _frequency(case: Case) -> Factor:
    value = min(1.6, 0.8 + 0.2 * math.log2(1 + case.times))
    words = "seen in one run" if case.times == 1 else f"seen in {case.times:,} runs"
    if case.reopened:
        value *= 1.5 ** min(case.reopened, 2)
        words += f", and back {'once' if case.reopened == 1 else f'{case.reopened} times'} after it was closed"
    return Factor("frequency", round(value, 3), words)


def _recency(case: Case, now: float) -> Factor:
    age = max(0.0, now - case.seen)
    return Factor("recency", round(max(0.2, 0.5 ** (age / HALF_LIFE_S)), 3), f"seen last {_ago(age)}")


def _ago(seconds: float) -> str:
    for length, one, many in (
        (86_400.0, "a day", "days"),
        (3_600.0, "an hour", "hours"),
        (60.0, "a minute", "minutes"),
    ):
        if seconds >= length:
            number = int(seconds / length)
            return f"{one} ago" if number == 1 else f"{number} {many} ago"
    return "just now"


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

"""Ranges from futures, corrected by how former ranges held.

The correction (conformal): the score of a kept forecast is by how many of its own spreads its end came later than its middle,
in logarithms of the seconds from when it was made; the spread is that from its middle to its raw P80. The corrected P80 is
the middle plus the spread times that score below which 80 of 100 former scores lie. The newer ones count more (HALF_LIFE), those of
other pipelines less (OTHERS), and the raw futures count as PRIOR forecasts, so that a first few do not throw it about. The tasks
of one run share their luck: together they count as one forecast, a task's own job for more than the others (OTHERS).
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SHARES = (0.5, 0.8, 0.95)
LEVELS = tuple(round(0.05 * step, 2) for step in range(1, 20))
HALF_LIFE = 40.0
PRIOR = 6.0
OTHERS = 0.3
LEAST_SPREAD = 0.03
LEAST_S = 0.05
SMALL = 8
ENOUGH = 10
MOST = 400
MOST_OTHERS = 100
Z80, Z95 = 0.8416, 1.6449


@dataclass(frozen=True, slots=True)
class Raw:
    """Logarithms of the seconds until the end at LEVELS, by the futures alone."""

    logs: tuple[float, ...]

    @property
    def middle(self) -> float:
        return self.logs[9]

    @property
    def spread(self) -> float:
        """From the middle to the P80."""
        return max(LEAST_SPREAD, self.logs[15] - self.logs[9])

    def score(self, seconds: float) -> float:
        """By how many spreads an end after so many seconds is later than the middle."""
        return (math.log(max(LEAST_S, seconds)) - self.middle) / self.spread


def raw(seconds: Sequence[float], sigma: float) -> Raw:
    """From seconds until the end in each future. Of few futures the spread is at least that of what tasks have in common."""
    logs = sorted(math.log(max(LEAST_S, value)) for value in seconds)
    count = len(logs)
    middle = logs[count // 2] if count % 2 else (logs[count // 2 - 1] + logs[count // 2]) / 2
    if count >= SMALL:
        return Raw(tuple(_at(logs, level) for level in LEVELS))
    mean = sum(logs) / count
    own = math.sqrt(sum((log - mean) ** 2 for log in logs) / (count - 1)) if count > 1 else 0.0
    return normal(middle, max(own, sigma, LEAST_SPREAD))


def normal(middle: float, sigma: float) -> Raw:
    """With this middle and spread of the logarithms."""
    return Raw(tuple(middle + sigma * z for z in _NORMAL))


_NORMAL = (
    -1.645, -1.282, -1.036, -0.842, -0.674, -0.524, -0.385, -0.253, -0.126, 0.0,
    0.126, 0.253, 0.385, 0.524, 0.674, 0.842, 1.036, 1.282, 1.645,
)  # fmt: skip


def _at(ordered: Sequence[float], share: float) -> float:
    place = min(max(share * (len(ordered) + 1) - 1, 0.0), len(ordered) - 1.0)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True, slots=True)
class Judged:
    """A forecast that came due: of which pipeline or job, its score, and whether the end came by its P50, P80 and P95 as shown.

    Those of one `run` (0: each for itself) follow each other.
    """

    name: str
    score: float
    held: tuple[bool, bool, bool]
    run: int = 0


class Past:
    """Former forecasts, newest first: their scores with how much each counts, for `Correction` of any name."""

    def __init__(self, judged: Sequence[Judged], most: int = MOST) -> None:
        self._own: dict[str, list[tuple[float, float]]] = {}
        others: list[tuple[float, float]] = []
        taken = judged[:most]
        self.n = len(taken)
        runs = itertools.groupby(enumerate(taken), key=lambda pair: pair[1].run or -pair[0] - 1)
        for nth, (_, group) in enumerate(runs):
            scores = [one for _, one in group]
            weight = OTHERS * 0.5 ** (nth / HALF_LIFE) / len(scores)
            for one in scores:
                others.append((one.score, weight))
                own = self._own.setdefault(one.name, [])
                own.append((one.score, 0.5 ** (len(own) / HALF_LIFE)))
        self._others = _thinned(sorted(others))

    def scores(self, name: str) -> list[tuple[float, float]]:
        """Those that count for a forecast of this name, with their weights, in no order."""
        return [*self._others, *self._own.get(name, ())]


def _thinned(ordered: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most MOST_OTHERS scores in the place of so many neighbours each, with their weight."""
    step = -(-len(ordered) // MOST_OTHERS)
    if step <= 1:
        return list(ordered)
    parts = [ordered[at : at + step] for at in range(0, len(ordered), step)]
    return [(part[len(part) // 2][0], sum(weight for _, weight in part)) for part in parts]


class Correction:
    """What former forecasts, newest first, say of the spread of the next one of a pipeline or job."""

    def __init__(self, judged: Sequence[Judged] | Past, name: str) -> None:
        past = judged if isinstance(judged, Past) else Past(judged)
        self.n = past.n
        self._scores = past.scores(name)

    def seconds(self, found: Raw) -> tuple[float, float, float]:
        """Seconds until the end at P50, P80 and P95, corrected."""
        scores = [*self._scores, *(((log - found.middle) / found.spread, PRIOR / len(LEVELS)) for log in found.logs)]
        scores.sort()
        total = sum(weight for _, weight in scores)
        came = sum(weight for _, weight in self._scores)
        seconds = []
        for share in SHARES:
            late = came / total if share > 0.5 else 0.0  # one more that came late: few forecasts prove little
            wanted, passed, at = min(total, share * (total + late)), 0.0, scores[-1][0]
            for score, weight in scores:
                passed += weight
                if passed >= wanted - 1e-12:
                    at = score
                    break
            seconds.append(math.exp(min(20.0, found.middle + found.spread * at)))
        return seconds[0], max(seconds[0], seconds[1]), max(seconds[0], seconds[1], seconds[2])


def shown(judged: Iterable[Judged]) -> Mapping[str, object]:
    """How ranges held: 'held', 'n', 'share' and words such as '80 % ranges held 78 % of the time, n = 214'."""
    held = n = 0
    for one in judged:
        held += one.held[1]
        n += 1
    share = held / n if n >= ENOUGH else None
    if not n:
        words = "no forecast has come due yet"
    elif share is None:
        words = f"too little data: {n} forecast{'' if n == 1 else 's'} came due, {ENOUGH} are needed"
    else:
        words = f"80 % ranges held {share * 100:.0f} % of the time, n = {n}"
    return {"held": held, "n": n, "share": round(share, 4) if share is not None else None, "words": words}

"""Whether a job takes longer or shorter than it did, since when and by how much. Numbers in, numbers out.

The test: for every place at which the tries can be split in two windows of at least LEAST each, the difference of the means of
the logarithms over its standard error. Values far from their neighbours are pulled in first, so that one slow try is no
drift, and the noise is taken from tries that follow each other, so that the drift itself does not hide it. The largest of these
must reach SURE, and the change LEAST_CHANGE. A job with two usual times takes now more of the one, now more of the other: so the
tries themselves, by their ranks alone, must lie on two sides of the place as well (Mann and Whitney, RANKS deviations). Then
the newer window is looked at again, for a later change.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 6
SURE = 4.5
LEAST_CHANGE = 0.1
FAR = 3.0
ROUNDS = 4
RANKS = 3.3
ALL_OF_IT = 0.95
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Drift:
    """The change of place `at` of the tries: from `before` to `after` seconds (medians), `tries` since then."""

    at: int
    before: float
    after: float
    tries: int

    @property
    def share(self) -> float:
        """0.4 for 40 % longer, -0.2 for 20 % shorter."""
        return self.after / self.before - 1.0

    @property
    def words(self) -> str:
        """'takes 40 % longer: 14 s instead of 10 s, for 12 tries'."""
        way = "longer" if self.share > 0 else "shorter"
        seconds = f"{self.after:.3g} s instead of {self.before:.3g} s"
        return f"takes {abs(self.share) * 100:.0f} % {way}: {seconds}, for {self.tries} tries"


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle; values must not be empty."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def drift(logs: Sequence[float]) -> Drift | None:
    """The newest change in the logarithms of seconds, oldest first; None where there is none."""
    found: Drift | None = None
    begin = 0
    for _ in range(ROUNDS):
        at = _split(logs[begin:])
        if at is None:
            break
        before, after = median(logs[begin : begin + at]), median(logs[begin + at :])
        begin += at
        found = Drift(begin, math.exp(before), math.exp(after), len(logs) - begin)
    return found


def _split(logs: Sequence[float]) -> int | None:
    count = len(logs)
    if count < 2 * LEAST:
        return None
    near = _pulled(logs)
    steps = [abs(b - a) for a, b in itertools.pairwise(near)]
    noise = max(median(steps) * MAD_TO_SIGMA / math.sqrt(2.0), 0.02)
    total, left = sum(near), 0.0
    best, place, change = 0.0, 0, 0.0
    for at, value in enumerate(near, 1):
        left += value
        if at < LEAST or count - at < LEAST:
            continue
        away = (total - left) / (count - at) - left / at
        score = abs(away) / (noise * math.sqrt(1.0 / at + 1.0 / (count - at)))
        if score > best:
            best, place, change = score, at, abs(away)
    return place if best >= SURE and change >= LEAST_CHANGE and _apart(logs[:place], logs[place:]) else None


def _apart(before: Sequence[float], after: Sequence[float]) -> bool:
    """Whether by ranks nearly all of one side is on one side of the other; equal values are on none."""
    above = sum((b > a) - (b < a) for a in before for b in after)
    n, m = len(before), len(after)
    deviation = math.sqrt(n * m * (n + m + 1) / 3.0)
    return abs(above) >= min(RANKS * deviation, ALL_OF_IT * n * m)


def _pulled(logs: Sequence[float]) -> list[float]:
    """Each value at most FAR deviations away from the median of its neighbours."""
    near: list[float] = []
    for place, value in enumerate(logs):
        about = logs[max(0, place - 4) : place + 5]
        centre = median(about)
        reach = FAR * max(MAD_TO_SIGMA * median([abs(other - centre) for other in about]), 0.02)
        near.append(min(max(value, centre - reach), centre + reach))
    return near

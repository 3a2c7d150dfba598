"""By how much the seconds of a job differ from try to try, so that noise is not taken for news."""

from collections.abc import Mapping
from dataclasses import dataclass

import peewee

from callboard.learn.durations import NEWEST, percentile

ENOUGH = 5
SIGMAS = 3.0
MAD_TO_SIGMA = 1.4826
LEAST_SHARE = 0.1
LEAST_S = 0.3


@dataclass(frozen=True, slots=True)
class Spread:
    """Of the newest `n` orderly tries: the median of seconds, the tenth and the ninetieth percentile, and `noise`.

    Two tries that differ by at most `noise` seconds say nothing: three standard deviations, by the median absolute
    deviation, and at least what lies between the two percentiles (a job may have two usual times), a tenth of the median
    and 0.3 s. With fewer than ENOUGH tries nothing is said either.
    """

    n: int
    median: float
    low: float
    high: float
    noise: float

    @property
    def enough(self) -> bool:
        """Whether there are tries enough to judge by."""
        return self.n >= ENOUGH


def spread_of(seconds: list[float]) -> Spread:
    """The spread of these tries; there must be one."""
    median = percentile(seconds, 0.5)
    away = percentile([abs(value - median) for value in seconds], 0.5)
    low, high = percentile(seconds, 0.1), percentile(seconds, 0.9)
    noise = max(SIGMAS * MAD_TO_SIGMA * away, high - low, LEAST_SHARE * median, LEAST_S)
    return Spread(len(seconds), median, low, high, noise)


def spreads(database: peewee.SqliteDatabase, workspace: str, before: int) -> Mapping[str, Spread]:
    """By job name, from attempts of runs before that one that came to an orderly end in this workspace."""
    rows = database.execute_sql(
        "SELECT t.name, a.ended - a.started FROM attempt a JOIN task t ON t.run = a.run AND t.place = a.task"
        " JOIN run r ON r.id = a.run WHERE r.workspace = ? AND r.id < ? AND a.how = 'exited' AND a.started IS NOT NULL"
        " AND a.ended IS NOT NULL ORDER BY a.run DESC, a.ended DESC LIMIT 20000",
        (workspace, before),
    ).fetchall()
    samples: dict[str, list[float]] = {}
    for name, seconds in rows:
        known = samples.setdefault(name, [])
        if len(known) < NEWEST:
            known.append(max(0.0, seconds))
    return {name: spread_of(known) for name, known in samples.items()}

"""How long jobs take, how they end and what they use: distributions in which the newer tries count more. Numbers in and out.

A try HALF_LIFE tries ago counts half. The logarithm of the seconds of a try is the job's centre, plus what all jobs of its run
have in common (a slow machine slows all), plus what is its own. Where a job drifted, only what came since sets its centre.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from callboard.learn.drift import Drift, drift, median

HALF_LIFE = 12.0
MOST = 60
FEW = 3
GOOD, BAD, CRASH = "good", "bad", "crash"
OWN = 8.0
LEAST_S = 0.001
TOGETHER_S = 6 * 3_600.0
LEAST_SIGMA = 0.03
MOST_LEADS = 200
FAR = 4.0
OFTEN = 0.2
HALF_OF_NORMAL = 1.349


@dataclass(frozen=True, slots=True)
class Tried:
    """One try of a job in a run: how it ended (GOOD, BAD: it ran to its end and was bad, CRASH: it broke off), what it used, and
    `lead`, the seconds from when it was decided until it ran."""

    job: str
    run: int
    ended: float
    seconds: float
    end: str = GOOD
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    attempt: int = 1
    lead: float = 0.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a job from `n` good tries, newest first: `centre` is the logarithm of its usual seconds, `doubt` how
    unsure that is, `own` are what its tries had of their own. `bad_after` are the shares of tries that do not end well after
    a good one and after one that was not, `crashes` which part of those breaks off. `spread` is how far its tries usually are
    from each other."""

    n: int
    centre: float
    doubt: float
    own: tuple[float, ...]
    bad_after: tuple[float, float]
    crashes: float
    was_bad: bool
    bad_centre: float | None
    spread: float = 0.2
    drift: Drift | None = None
    drift_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """What a workspace's past says. `sigma` is the spread of what the jobs of a run have in common, `last` what the newest run
    had and `last_at` when, `follows` how much of that the next one has. `pooled` are what tries of any job had of their own, in
    spreads of that job; `leads` the seconds that newer tries took from when they were decided until they ran."""

    jobs: Mapping[str, Job] = field(default_factory=dict)
    pooled: tuple[float, ...] = (-1.25, -0.5, 0.0, 0.5, 1.5)
    sigma: float = 0.1
    follows: float = 0.0
    last: float = 0.0
    last_at: float = 0.0
    own_sigma: float = 0.2
    bad: float = 0.05
    tries: int = 0
    leads: tuple[float, ...] = ()

    def common(self, now: float) -> tuple[float, float]:
        """Mean and spread of what the jobs of a run that begins now have in common."""
        follows = self.follows * math.exp(-max(0.0, now - self.last_at) / TOGETHER_S)
        return follows * self.last, self.sigma * math.sqrt(1.0 - follows * follows)


def weights(count: int, half_life: float = HALF_LIFE) -> list[float]:
    """How much each of `count` values counts, the newest first."""
    return [0.5 ** (place / half_life) for place in range(count)]


def quantile(values: Sequence[float], heavy: Sequence[float], share: float) -> float:
    """The value below which `share` of the weight lies; values must not be empty."""
    pairs = sorted(zip(values, heavy, strict=True))
    wanted, passed = share * sum(heavy), 0.0
    for value, weight in pairs:
        passed += weight
        if passed >= wanted - 1e-12:
            return value
    return pairs[-1][0]


def interval(bad: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson."""
    if count <= 0:
        return 0.0, 1.0
    z, share = 1.96, bad / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def by_job(tries: Iterable[Tried]) -> dict[str, list[Tried]]:
    """The newest MOST tries of each job, newest first, from tries newest first."""
    found: dict[str, list[Tried]] = {}
    for one in tries:
        known = found.setdefault(one.job, [])
        if len(known) < MOST:
            known.append(one)
    return found


def model(tries: Sequence[Tried]) -> Model:
    """What the tries say, given newest first."""
    jobs = by_job(tries)
    bad = (1.0 + sum(one.end != GOOD for one in tries[:500])) / (20.0 + len(tries[:500]))
    centres: dict[str, tuple[float, float, Drift | None, float]] = {}
    away: dict[str, list[tuple[int, float]]] = {}
    for name, known in jobs.items():
        good = [one for one in known if one.end == GOOD]
        if good:
            centres[name], away[name] = _centre(good)
    factors, sigma, follows, ends = _common(away, jobs)
    own = {
        name: [value - factors.get(run, 0.0) for run, value in values]
        for name, values in away.items()
        if len(values) >= FEW
    }
    spreads = {name: max(LEAST_SIGMA, _shortest(values)) for name, values in own.items()}
    pooled = sorted(min(FAR, max(-FAR, value / spreads[name])) for name, values in own.items() for value in values[:20])
    step = max(1, len(pooled) // 400)
    spread = median(list(spreads.values())) if len(pooled) >= 10 else 0.2
    made = {
        name: _job(jobs[name], centres[name], own.get(name, []), (spreads.get(name, spread), spread), bad)
        for name in centres
    }
    newest = max(ends, key=lambda run: ends[run], default=0)
    return Model(
        made,
        tuple(pooled[::step]) if len(pooled) >= 10 else Model().pooled,
        sigma,
        follows,
        factors.get(newest, 0.0),
        ends.get(newest, 0.0),
        spread,
        bad,
        len(tries),
        tuple(one.lead for one in tries[:MOST_LEADS] if one.end != CRASH),
    )


def _centre(good: Sequence[Tried]) -> tuple[tuple[float, float, Drift | None, float], list[tuple[int, float]]]:
    """Centre, doubt, drift and its time; and by how much each try was away from its own time's centre, newest first."""
    logs = [math.log(max(one.seconds, LEAST_S)) for one in reversed(good)]
    change = drift(logs)
    since = change.at if change else 0
    logs.reverse()
    fresh = logs[: len(logs) - since]
    heavy = weights(len(fresh))
    centre = quantile(fresh, heavy, 0.5) if len(fresh) % 2 else _middle(fresh, heavy)
    former = median(logs[len(fresh) :]) if since else centre
    away = [
        (one.run, log - (centre if place < len(fresh) else former))
        for place, (one, log) in enumerate(zip(good, logs, strict=True))
    ]
    sigma = max(LEAST_SIGMA, _shortest([value for _, value in away]))
    count = sum(heavy) ** 2 / sum(weight * weight for weight in heavy)
    doubt = 1.25 * sigma / math.sqrt(count)
    at = good[len(fresh) - 1].ended if change else 0.0
    return (centre, doubt, change, at), away


def _middle(values: Sequence[float], heavy: Sequence[float]) -> float:
    return (quantile(values, heavy, 0.5) + quantile(values, heavy, 0.5001)) / 2


def _two_ways(values: Sequence[float]) -> bool:
    """Whether a job is often far from its usual time (unchanged, or much to do): that says nothing of the machine."""
    far = FAR * max(LEAST_SIGMA, _shortest(values))
    return sum(abs(value) > far for value in values) > OFTEN * len(values)


def _shortest(values: Sequence[float]) -> float:
    """The spread of values, by the shortest stretch that more than half of them are in: of a job with two usual times, that of
    the one that is more usual. 0 for none."""
    ordered, half = sorted(values), len(values) // 2
    return min((b - a for a, b in zip(ordered, ordered[half:], strict=False)), default=0.0) / HALF_OF_NORMAL


def _common(
    away: Mapping[str, Sequence[tuple[int, float]]], jobs: Mapping[str, Sequence[Tried]]
) -> tuple[dict[int, float], float, float, dict[int, float]]:
    """What the jobs of each run had in common, its spread, how much of it the next run has, and when each run ended."""
    of_run: dict[int, list[float]] = {}
    for values in away.values():
        if len(values) >= FEW and not _two_ways([value for _, value in values]):
            for run, value in values:
                of_run.setdefault(run, []).append(value)
    ends: dict[int, float] = {}
    for known in jobs.values():
        for one in known:
            ends[one.run] = max(ends.get(one.run, 0.0), one.ended)
    raw = {run: (median(values), len(values)) for run, values in of_run.items() if len(values) >= FEW}
    if len(raw) < FEW:
        return {}, 0.1, 0.0, {run: ends[run] for run in raw}
    within = [abs(value - raw[run][0]) for run, values in of_run.items() if run in raw for value in values]
    inner = max(LEAST_SIGMA, 1.4826 * median(within))
    between = sum(value * value for value, _ in raw.values()) / len(raw)
    noise = sum(1.57 * inner * inner / count for _, count in raw.values()) / len(raw)
    variance = max(0.0, between - noise)
    factors = {
        run: value * (variance / (variance + 1.57 * inner * inner / count) if variance else 0.0)
        for run, (value, count) in raw.items()
    }
    order = sorted(factors, key=lambda run: ends[run])
    pairs = [(factors[a], factors[b]) for a, b in itertools.pairwise(order) if ends[b] - ends[a] < TOGETHER_S]
    follows = 0.0
    if len(pairs) >= 10 and variance:
        top = sum(a * b for a, b in pairs)
        base = math.sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))
        follows = min(0.95, max(0.0, top / base)) if base > 1e-12 else 0.0
    return factors, max(0.02, math.sqrt(variance)), follows, {run: ends[run] for run in factors}


def _job(
    known: Sequence[Tried],
    centre: tuple[float, float, Drift | None, float],
    own: Sequence[float],
    spread: tuple[float, float],
    bad: float,
) -> Job:
    of_job, usual = spread
    good = sum(one.end == GOOD for one in known)
    worse = [one for one in known if one.end != GOOD]
    crashed = [one for one in worse if one.end == CRASH]
    failed = [math.log(max(one.seconds, LEAST_S)) for one in worse if one.end == BAD]
    counts = [[2.0 * bad, 2.0], [1.0, 2.0]]
    chain = list(known)
    for weight, one, before in zip(weights(len(chain)), chain, chain[1:], strict=False):
        row = counts[before.end != GOOD]
        row[0] += weight * (one.end != GOOD)
        row[1] += weight
    doubt = centre[1] if good > 1 else max(centre[1], 0.5)
    return Job(
        good,
        centre[0],
        min(0.8, max(doubt, usual / math.sqrt(good + 1.0))),
        tuple(own[:40]),
        (counts[0][0] / counts[0][1], counts[1][0] / counts[1][1]),
        (len(crashed) + 0.2) / (len(worse) + 1.0),
        bool(known) and known[0].end != GOOD,
        median(failed) if len(failed) >= FEW else None,
        math.exp((len(own) * math.log(of_job) + FEW * math.log(usual)) / (len(own) + FEW)),
        centre[2],
        centre[3],
    )

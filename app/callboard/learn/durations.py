"""How long jobs took and what they used before, by workspace and job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import peewee

from callboard.core.task import TaskSpec

NEWEST = 20
ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Learned:
    """Of the newest `n` orderly tries: median and 80th percentile of seconds, MiB at the worst peak, median and 80th
    percentile of cores. `limit_mb` are the MiB of the worst try since the oldest of these that the memory limit ended, else 0."""

    n: int
    p50: float
    p80: float
    peak_mb: float
    cpus: float
    cpus80: float = 0.0
    limit_mb: float = 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, by linear interpolation between neighbours; values must not be empty."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def learned(database: peewee.SqliteDatabase, workspace: str) -> Mapping[str, Learned]:
    """By job name, from attempts that came to an orderly end in this workspace."""
    rows = database.execute_sql(
        "SELECT t.name, a.ended - a.started, a.peak_mb, a.cpu_s, a.how = 'exited' FROM attempt a"
        " JOIN task t ON t.run = a.run AND t.place = a.task JOIN run r ON r.id = a.run"
        " WHERE r.workspace = ? AND a.how IN ('exited', 'memory limit') AND a.started IS NOT NULL AND a.ended IS NOT NULL"
        " ORDER BY a.ended DESC LIMIT 5000",
        (workspace,),
    ).fetchall()
    samples: dict[str, list[tuple[float, float, float]]] = {}
    limits: dict[str, float] = {}
    for name, seconds, peak, cpu, orderly in rows:
        known = samples.setdefault(name, [])
        if len(known) >= NEWEST:
            continue
        if not orderly:
            limits[name] = max(limits.get(name, 0.0), peak)
        else:
            known.append((max(0.001, seconds), peak, cpu))
    found: dict[str, Learned] = {}
    for name, known in samples.items():
        if not known:
            continue
        seconds_known = [s for s, _, _ in known]
        cores = [cpu / seconds for seconds, _, cpu in known]
        found[name] = Learned(
            n=len(known),
            p50=percentile(seconds_known, 0.5),
            p80=percentile(seconds_known, 0.8),
            peak_mb=max(peak for _, peak, _ in known),
            cpus=percentile(cores, 0.5),
            cpus80=percentile(cores, 0.8),
            limit_mb=limits.get(name, 0.0),
        )
    return found


def with_estimates(specs: Sequence[TaskSpec], known: Mapping[str, Learned]) -> tuple[TaskSpec, ...]:
    """The specs with the learned medians as their estimates, where there are any."""
    return tuple(replace(spec, estimate=known[spec.name].p50) if spec.name in known else spec for spec in specs)

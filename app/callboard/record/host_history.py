"""What the host did over time, and which tasks used it, thinned to what a chart can show."""

import json
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]
Rows = Callable[[str, Sequence[Any]], list[Any]]
RATES = ("net_rx_mb_s", "net_tx_mb_s", "disk_read_mb_s", "disk_write_mb_s")
PRESSURES = ("cpu", "memory", "io")
MOST_POINTS = 1_000
MOST_TASKS = 100


def host_history(rows: Rows, since: float, until: float, points: int) -> list[Row]:
    """Means over `points` equal pieces of time, oldest first; a piece without a sample is left out.

    `cpu_percent` of the host with `cpu_most`, `memory_used_mb`, the rates in MB/s, `pressure` in per cent of time, and what the
    crew used: `crew_cpus` cores and `crew_mb` MiB.
    """
    step = max(0.001, (until - since) / max(1, min(points, MOST_POINTS)))
    rates = ", ".join(f"avg(json_extract(more, '$.{name}'))" for name in RATES)
    stalls = ", ".join(f"avg(json_extract(more, '$.pressure.{name}'))" for name in PRESSURES)
    found = rows(
        f"SELECT cast((at - ?) / ? AS INTEGER) AS piece, avg(at), avg(cpus), max(cpus), avg(memory_mb), count(*), {rates}, {stalls}"  # noqa: S608
        " FROM sample WHERE run = 0 AND task = 0 AND at >= ? AND at <= ? GROUP BY piece ORDER BY piece",
        (since, step, since, until),
    )
    crew = {
        piece: (cpus, memory)
        for piece, cpus, memory in rows(
            "SELECT cast((at - ?) / ? AS INTEGER) AS piece, sum(cpus), sum(memory_mb) FROM sample WHERE run > 0 AND at >= ?"
            " AND at <= ? GROUP BY piece",
            (since, step, since, until),
        )
    }
    return [_point(row, crew) for row in found]


def _point(row: Sequence[Any], crew: dict[int, tuple[float, float]]) -> Row:
    piece, at, cpu, most, memory, samples = row[:6]
    cpus, used = crew.get(piece, (0.0, 0.0))
    pressures = dict(zip(PRESSURES, row[6 + len(RATES) :], strict=True))
    return {
        "at": at,
        "cpu_percent": cpu,
        "cpu_most": most,
        "memory_used_mb": memory,
        **dict(zip(RATES, row[6:], strict=False)),
        "pressure": pressures if any(value is not None for value in pressures.values()) else None,
        "crew_cpus": round(cpus / samples, 3),
        "crew_mb": round(used / samples, 1),
    }


def host_users(rows: Rows, since: float, until: float) -> list[Row]:
    """The tasks that ran in this time, those that used most CPU first: cores on average, CPU seconds about, peak MiB there."""
    found = rows(
        "SELECT s.run, s.task, t.name, t.agent, t.state, avg(s.cpus), max(s.memory_mb), min(s.at), max(s.at), t.spec"
        " FROM sample s JOIN task t ON t.run = s.run AND t.place = s.task WHERE s.run > 0 AND s.at >= ? AND s.at <= ?"
        " GROUP BY s.run, s.task ORDER BY avg(s.cpus) * (max(s.at) - min(s.at) + 1) DESC LIMIT ?",
        (since, until, MOST_TASKS),
    )
    return [
        {
            "id": f"{run}.{task}", "run": run, "name": name, "agent": agent or None, "state": state,
            "cpus": round(cpus, 2), "cpu_s": round(cpus * (last - first), 1), "peak_mb": round(peak, 1),
            "first": first, "last": last, "needs": _needs(spec),
        }
        for run, task, name, agent, state, cpus, peak, first, last, spec in found
    ]  # fmt: skip


def _needs(spec: str) -> Row | None:
    needs = json.loads(spec).get("needs")
    return {"cpus": needs.get("cpus"), "memory_mb": needs.get("memory_mb")} if isinstance(needs, dict) else None

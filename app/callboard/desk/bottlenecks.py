"""What waiting cost, what was learned of needs and durations: from the record, for the pages of insights."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from callboard.core.state import State
from callboard.desk.forecasts import Forecasts
from callboard.errors import ConfigError
from callboard.insight.bottlenecks import DAY, Cost, Culprit, Past, about, blame, costs, culprit, idle, load, relief
from callboard.learn.distributions import (
    BAD,
    CRASH,
    FEW,
    GOOD,
    HALF_LIFE,
    Tried,
    by_job,
    interval,
    model,
    quantile,
    weights,
)
from callboard.learn.durations import learned
from callboard.learn.needs import with_needs
from callboard.learn.tries import tries
from callboard.record.case_trigger import OF_NO_CASE
from callboard.record.codec import decode_spec
from callboard.rows import Row, key_of

MOST_TASKS = 30_000
MOST_DAYS = 90
LOAD_DAYS = 56
LARGEST_BLAMED = 3_000
FRESH_S = 5.0
MOST_JOBS = 500
_PAST = (
    "SELECT run, place, name, agent, held, coalesce(decided, ended), started, ended, json_extract(spec, '$.needs') FROM task"
    " WHERE ended >= ? AND ended <= ? AND attempt > 0 ORDER BY ended DESC LIMIT ?"
)
_FLAKY = (
    "SELECT t.name, t.agent, t.run, t.place, sum(a.ended - a.started), count(*), t.held FROM task t JOIN attempt a"
    " ON a.run = t.run AND a.task = t.place AND a.attempt < t.attempt"
    " WHERE t.attempt > 1 AND t.state = 'succeeded' AND t.ended >= ? AND t.ended <= ? AND a.ended IS NOT NULL"
    " AND a.started IS NOT NULL AND a.outcome != 'cancelled' AND a.how != 'stopped' GROUP BY t.run, t.place LIMIT 5000"
)


class Bottlenecks(Forecasts):
    """Where the time went."""

    @cached_property
    def _cost_rows(self) -> dict[int, tuple[float, int, Row]]:
        return {}

    def bottlenecks(self, since: float | None = None) -> Row:
        """What waiting cost since a moment, by default the last 7 days, by cause with its culprit and what would relieve it."""
        now = time.time()
        begin = now - 7 * DAY if since is None else since
        if not math.isfinite(begin) or begin >= now:
            raise ConfigError("'since' must be a moment of the past, in seconds since 1970")
        begin = max(begin, now - MOST_DAYS * DAY)
        asked = round((now - begin) / 3600)
        known = self._cost_rows.get(asked)
        over = self._ended_runs()
        if known is not None and now - known[0] < FRESH_S and known[1] == over:
            return known[2]
        row = self._costs(begin, now)
        if len(self._cost_rows) > 20:
            self._cost_rows.clear()
        self._cost_rows[asked] = (now, over, row)
        return row

    def _ended_runs(self) -> int:
        """A number that is another one after a run has ended."""
        return int(self._history.select("SELECT count(*) FROM run WHERE ended IS NOT NULL", ())[0][0])

    def _costs(self, since: float, now: float) -> Row:
        past = self._past_tasks(since, now)
        held, standing, limits = self._engine.inspect(lambda state: _held_now(state, now))
        found, inherent = costs([*past, *held], since, now)
        total = sum(cost.seconds for cost in found)
        rows = [_cause_row(cost, total, past, standing, limits) for cost in found[:25]]
        capacity = self._engine.capacity
        cpus = capacity.total_cpus or capacity.cpus or 1.0
        while_waiting, unused = idle(past, cpus, max(since, min((task.decided for task in past), default=since)), now)
        why = "" if past else "too little data: no task has run in this time"
        if len(past) >= MOST_TASKS:
            why = f"only the newest {MOST_TASKS:,} tasks of this time are counted"
        waited = (
            f"{_hours(while_waiting)} of them while something waited"
            if while_waiting >= 1
            else "none of it while something waited"
        )
        return {
            "since": since, "until": now, "total_s": round(total, 1), "causes": rows, "dependency_s": round(inherent, 1),
            "path": self._blamed(), "flaky": self._flaky(since, now),
            "idle": {
                "cores_s": round(while_waiting, 1), "share": round(unused, 4),
                "words": f"of {cpus:g} cores {unused * 100:.0f} % of the time was booked by no task; {waited}",
            } if past else None,
            "load": self._load(now), "enough": len(past) >= 10 and not why, "why": why or ("" if len(past) >= 10 else
            f"too little data: {len(past)} tasks ran in this time"),
        }  # fmt: skip

    def _past_tasks(self, since: float, until: float) -> list[Past]:
        found = []
        for run, place, name, agent, held, decided, started, ended, needs in self._history.select(
            _PAST, (since, until, MOST_TASKS)
        ):
            wants = json.loads(needs) if needs else {}
            locks = tuple(str(lock["name"]) for lock in wants.get("locks", ()))
            found.append(
                Past(
                    f"{run}.{place}", name, agent, json.loads(held) if len(held) > 2 else {}, decided, started, ended,
                    float(wants.get("cpus", 1.0)), float(wants.get("memory_mb", 0.0)), locks,
                )
            )  # fmt: skip
        return found

    def _blamed(self) -> Row | None:
        """What the newest ended run was long for; one with thousands of tasks, or that only looked into a case, is passed over."""
        found = self._history.select(
            "SELECT id FROM run WHERE ended IS NOT NULL AND cancelled = 0 AND total BETWEEN 1 AND ? AND workspace = ?"  # noqa: S608
            f" AND {OF_NO_CASE} ORDER BY ended DESC LIMIT 1",
            (LARGEST_BLAMED, str(self.workspace)),
        )  # fmt: skip
        if not found:
            return None
        run = self._history.run(found[0][0])
        return {"run": run.id, "blame": blame(run)} if run is not None else None

    def _flaky(self, since: float, until: float) -> Row | None:
        """What tries cost that broke off or failed before the same task passed."""
        seconds, waited, count = 0.0, 0.0, 0
        by: dict[str, Row] = {}
        for name, _, run, place, spent, number, held in self._history.select(_FLAKY, (since, until)):
            backed = json.loads(held).get("backs off", 0.0) if len(held) > 2 else 0.0
            seconds += spent
            waited += backed
            count += number
            row = by.setdefault(name, {"name": name, "seconds": 0.0, "tries": 0, "href": f"/tasks/{run}.{place}"})
            row["seconds"] = round(row["seconds"] + spent + backed, 2)
            row["tries"] += number
        if not count:
            return {"seconds": 0.0, "tries": 0, "words": "", "by": []}
        words = (
            f"{count} {'try' if count == 1 else 'tries'} that failed before the same task passed on the same code cost"
            f" {_hours(seconds)} of work and {_hours(waited)} of waiting"
        )
        dearest = sorted(by.values(), key=lambda row: -row["seconds"])[:10]
        return {"seconds": round(seconds + waited, 1), "tries": count, "words": words, "by": dearest}

    def _load(self, now: float) -> Row:
        rows = self._history.select(
            "SELECT date(ended, 'unixepoch', 'localtime'), sum((ended - started) * json_extract(spec, '$.needs.cpus'))"
            " FROM task WHERE ended >= ? AND started IS NOT NULL AND attempt > 0"
            " AND date(ended, 'unixepoch', 'localtime') < date(?, 'unixepoch', 'localtime') GROUP BY 1 ORDER BY 1",
            (now - LOAD_DAYS * DAY, now),
        )
        days = [(datetime.fromisoformat(day).weekday(), float(work or 0.0)) for day, work in rows]
        if days:
            first, last = (datetime.fromisoformat(row[0]) for row in (rows[0], rows[-1]))
            worked = {datetime.fromisoformat(day).toordinal(): float(work or 0.0) for day, work in rows}
            days = [
                (datetime.fromordinal(day).weekday(), worked.get(day, 0.0))
                for day in range(first.toordinal(), last.toordinal() + 1)
            ]
        return load(days, now) if len(rows) >= 10 else load(days[: len(rows)], now)

    # -- what was learned --------------------------------------------------------------------------------------

    def needs_learned(self) -> Row:
        """By job what it declares, used and is planned with, and how long it takes and how it ends, by tries of this workspace."""
        where = str(self.workspace)
        found = tries(self._history.database, where)
        known = learned(self._history.database, where)
        past = by_job(found)
        said = model(found)
        capacity = self._engine.capacity
        specs = self._newest_specs(where)
        rows = []
        for name in sorted(past)[:MOST_JOBS]:
            if name not in specs:
                continue
            declared = specs[name]
            fixed = {name} if specs[name].learned.get("fixed") else set()
            own = specs[name].learned.get("declared")
            if own:
                needs = replace(declared.needs, cpus=own["cpus"], memory_mb=own["memory_mb"])
                declared = replace(declared, needs=needs)
            planned = with_needs(
                [declared], known, fixed=fixed, cpus=capacity.total_cpus, memory_mb=capacity.total_memory_mb
            )[0]
            rows.append(_job_row(declared.needs, planned.needs, planned.learned, past[name], said.jobs.get(name)))
        return {"jobs": rows, "half_life": HALF_LIFE}

    def _newest_specs(self, where: str) -> Mapping[str, Any]:
        rows = self._history.select(
            "SELECT t.name, t.spec, max(t.run) FROM task t JOIN run r ON r.id = t.run WHERE r.workspace = ? AND t.attempt > 0"
            " AND r.id > (SELECT coalesce(max(id), 0) FROM run) - 500 GROUP BY t.name LIMIT ?",
            (where, MOST_JOBS),
        )
        return {name: decode_spec(json.loads(spec)) for name, spec, _ in rows}


def _held_now(state: State, now: float) -> tuple[list[Past], dict[str, str], dict[str, int]]:
    """What waits for room at present, with since when; by cause the task that is in its way; limits of agents."""
    held: list[Past] = []
    standing: dict[str, str] = {}
    for nth, task in enumerate(state.ready.waiting()):
        if nth >= 2_000:
            break
        hold = state.hold_of(task, now)
        if hold is None or task.ready_at is None:
            continue
        seconds = now - task.ready_at
        held.append(Past(str(task.key), task.spec.name, task.spec.agent, {hold.key: seconds}, now, None, None))
        if hold.culprit is not None:
            standing.setdefault(hold.key, str(hold.culprit))
    return held, standing, {name: agent.limit for name, agent in state.agents.items()}


def _cause_row(
    cost: Cost, total: float, past: list[Past], standing: Mapping[str, str], limits: Mapping[str, int]
) -> Row:
    most = culprit(cost, past)
    plural = "task" if cost.tasks == 1 else "tasks"
    words = f"{cost.tasks} {plural} waited {_hours(cost.seconds)} in all"
    if most is not None and cost.kind in ("cpus", "memory", "lock", "agent busy"):
        took = {"cpus": "of the cores that were booked", "memory": "of the memory that was booked"}.get(
            cost.kind, "of its time"
        )
        words += f"; {most.name} took {most.share * 100:.0f} % {took}"
    if cost.cause in standing:
        words += f"; now {standing[cost.cause]} is in the way"
    return {
        "cause": cost.cause, "kind": cost.kind, "words": words, "seconds": round(cost.seconds, 1),
        "share": round(cost.seconds / total, 4) if total else None, "tasks": cost.tasks,
        "agents": sorted((agent for agent in cost.agents if agent), key=lambda agent: -cost.agents[agent])[:20],
        "since": cost.since, "trend": [round(seconds, 1) for seconds in cost.days], "href": _href(cost, most, standing),
        "relief": relief(cost, most, limits), "culprit": most.name if most else None,
    }  # fmt: skip


def _href(cost: Cost, most: Culprit | None, standing: Mapping[str, str]) -> str:
    """Where the culprit is: the task that is in the way now, else the newest task of the job that took most."""
    if cost.cause in standing:
        return f"/tasks/{standing[cost.cause]}"
    if cost.kind in ("agent busy", "agent paused"):
        return f"/agents/{about(cost.cause)}"
    if cost.kind == "decision":
        return "/inbox"
    if most is not None and key_of(most.key) is not None:
        return f"/tasks/{most.key}"
    return "/machine" if cost.kind in ("resource", "cpus", "memory", "halted") else ""


def _job_row(declared: Any, planned: Any, said: Mapping[str, Any], past: list[Tried], job: Any) -> Row:
    good = [one for one in past if one.end == GOOD]
    count = len(past)
    heavy = weights(len(good), HALF_LIFE)
    few = f"too little data: {count} of {FEW} tries; planned as declared"
    row: Row = {
        "job": past[0].job, "declared": {"cpus": declared.cpus, "memory_mb": declared.memory_mb}, "used": None,
        "planned": {"cpus": planned.cpus, "memory_mb": planned.memory_mb}, "n": count,
        "words": said.get("words") or ("planned as declared" if count >= FEW else few),
        "seconds": None, "cpu_s": None, "peak_mb": None, "drift": None,
    }  # fmt: skip
    ran = [one for one in past if one.end in (GOOD, BAD)]  # a check that found something did its work as well
    if ran:
        cores = [one.cpu_s / max(0.001, one.seconds) for one in ran]
        used = quantile(cores, weights(len(ran), HALF_LIFE), 0.8)
        row["used"] = {"cpus": round(used, 2), "memory_mb": round(max(one.peak_mb for one in ran), 1)}
    if good:
        peaks = [one.peak_mb for one in good]
        row["seconds"] = _spread([one.seconds for one in good], heavy)
        row["cpu_s"] = _spread([one.cpu_s for one in good], heavy)
        row["peak_mb"] = _spread(peaks, heavy)
    for name, bad in (
        ("failed", sum(one.end == BAD for one in past)),
        ("broke_off", sum(one.end == CRASH for one in past)),
    ):
        low, high = interval(bad, count)
        row[name] = {"n": bad, "of": count, "rate": round(bad / count, 4), "low": round(low, 4), "high": round(high, 4)}
    flaky = _flaked(past)
    low, high = interval(flaky, count)
    row["flaky"] = {
        "n": flaky,
        "of": count,
        "rate": round(flaky / count, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }
    if job is not None and job.drift is not None:
        row["drift"] = {"words": job.drift.words, "since": job.drift_at, "share": round(job.drift.share, 4)}
    return row


def _flaked(past: list[Tried]) -> int:
    """Tries that did not end well, of tasks that passed in a later try of the same run."""
    passed = {(one.run, one.attempt) for one in past if one.end == GOOD}
    best = {run: max(attempt for r, attempt in passed if r == run) for run in {run for run, _ in passed}}
    return sum(one.end != GOOD and one.attempt < best.get(one.run, 0) for one in past)


def _spread(values: list[float], heavy: list[float]) -> Row:
    return {
        name: round(quantile(values, heavy, share), 3) for name, share in (("p50", 0.5), ("p80", 0.8), ("p95", 0.95))
    }


def _hours(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"

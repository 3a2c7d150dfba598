"""The process that tries futures: questions in as lines of JSON, answers out, each as good as its share of CPU seconds allows.

It reads the record and never writes; it ends when nobody is at the other end any more.
"""

import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from callboard.core.admit import Policy
from callboard.core.events import RunSubmitted
from callboard.core.fold import fold
from callboard.core.resources import Capacity
from callboard.core.run import Run
from callboard.core.state import State
from callboard.core.task import Priority
from callboard.errors import CallboardError
from callboard.insight.calibration import Correction, Past, raw
from callboard.insight.futures import Futures, forecast
from callboard.insight.judging import judged_runs, judged_tasks
from callboard.insight.whatif import Changes, side_by_side
from callboard.learn.distributions import FEW, Model, model
from callboard.learn.reuse import reuse
from callboard.learn.tries import tries
from callboard.record.codec import decode_spec
from callboard.record.history import History
from callboard.record.replica import Replica, reader

NICE = 10
FIRST_S = 0.2
FIRST = 2
MOST_FUTURES = 240
MOST_TASKS = 120
MOST_PARTS = 25
MOST_WORK = 20_000
LEARN_AGAIN_S = 20.0
MEMORY = 4 << 30
Row = dict[str, Any]


class Worker:
    """Answers one question after the other."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._replica = Replica(history.database)
        self._models: dict[str, tuple[float, frozenset[str], Model]] = {}
        self._runs: dict[str, int] = {}

    def answers(self, asked: Mapping[str, Any]) -> Iterator[Row]:
        """One answer, or a quick one and then a better one."""
        capacity = Capacity(**asked["capacity"])
        policy = Policy(**asked.get("policy", {}))
        if asked["what"] == "forecast":
            yield from self._forecast(asked, capacity, policy)
        else:
            yield self._whatif(asked, capacity, policy)

    def _forecast(self, asked: Mapping[str, Any], capacity: Capacity, policy: Policy) -> Iterator[Row]:
        began = time.process_time()
        state = self._replica.follow()
        run = state.runs.get(asked["run"])
        if run is None:
            yield {"gone": True}
            return
        left_out = _bounded(state, run)
        models = self._models_of(state)
        now = max(time.time(), run.submitted)
        known = models[run.workspace]
        names = [task.spec.name for task in run.tasks if not task.final]
        few = sum(1 for name in names if name not in known.jobs or known.jobs[name].n < FEW)
        left = [task.index for task in run.tasks if not task.final]
        kept = left[:: -(-len(left) // MOST_PARTS)]
        places = list(dict.fromkeys((*left[:MOST_TASKS], *kept)))
        past = judged_runs(self._history, run.workspace)
        correction = Correction(past, run.name)
        ends, starts = judged_tasks(self._history, run.workspace)
        of_tasks = (Past(ends, len(ends)), Past(starts, len(starts)))
        found = Futures()
        base: Row = {
            "run": run.id, "at": now, "left": len(names), "few": few, "left_out": left_out, "pipeline": run.name,
            "workspace": run.workspace, "runs": self._runs[run.workspace], "drift": _drifts(known, names),
        }  # fmt: skip
        for seconds, least in ((FIRST_S, FIRST), (float(asked["cpu_s"]), 1)):
            until = began + seconds

            def more(count: int, until: float = until, least: int = least) -> bool:
                return count < MOST_FUTURES and (count < least or time.process_time() < until)

            forecast(
                state, models, capacity, run.id, now, more=more, seed=run.id, policy=policy, tasks=places, into=found
            )
            refined = least == 1 or len(found.ends) >= MOST_FUTURES
            yield {
                **base,
                "refined": refined,
                "cpu_s": round(time.process_time() - began, 3),
                "process_s": round(time.process_time(), 3),
                **_said(found, run, now, correction, of_tasks, frozenset(kept)),
            }
            if found.stuck or refined:
                return

    def _models_of(self, state: State) -> dict[str, Model]:
        """What the past says of the jobs of each workspace that has work."""
        wanted: dict[str, set[str]] = {}
        for run in state.runs.values():
            wanted.setdefault(run.workspace, set()).update(task.spec.name for task in run.tasks)
        return {workspace: self._model(workspace, names) for workspace, names in wanted.items()}

    def _model(self, workspace: str, names: set[str]) -> Model:
        now = time.monotonic()
        at, covered, known = self._models.get(workspace, (-math.inf, frozenset(), Model()))
        if now - at > LEARN_AGAIN_S or not names <= covered:
            found = tries(self._history.database, workspace)
            self._runs[workspace] = len({one.run for one in found})
            known = model([one for one in found if one.job in names])
            self._models[workspace] = (now, frozenset(names), known)
        return known

    def _whatif(self, asked: Mapping[str, Any], capacity: Capacity, policy: Policy) -> Row:
        began = time.process_time()
        state, number, now = self._scene(asked)
        run = state.runs[number]
        models = {run.workspace: self._model(run.workspace, {task.spec.name for task in run.tasks})}
        for other in state.runs.values():
            models.setdefault(other.workspace, self._model(other.workspace, {task.spec.name for task in other.tasks}))
        told = asked["changes"]
        reused = (
            reuse(self._history.database, run.workspace, {task.spec.name for task in run.tasks})
            if told.get("cache")
            else {}
        )
        changes = Changes(
            told.get("cpus"), told.get("memory_mb"), told.get("concurrency") or {}, tuple(told.get("without") or ()),
            told.get("priority") or {}, told.get("order") or "", bool(told.get("cache")), told.get("machines") or 1,
            {name: share for name, (share, _) in reused.items()},
        )  # fmt: skip
        until = began + float(asked["cpu_s"])
        known = models[run.workspace]
        sides = side_by_side(
            state, models, capacity, number, now, changes, policy=policy,
            more=lambda count: count < MOST_FUTURES and (count < FIRST or time.process_time() < until),
        )  # fmt: skip
        sigma = known.common(now)[1]
        few = sum(1 for task in run.tasks if task.spec.name not in known.jobs or known.jobs[task.spec.name].n < FEW)
        return {
            "base": sides[0].row(sigma), "other": sides[1].row(sigma), "futures": len(sides[1].seconds), "jobs": len(run.tasks),
            "few": few, "reused": {name: [round(share, 3), n] for name, (share, n) in reused.items()},
            "stuck": [sides[0].stuck, sides[1].stuck], "pairs": [sides[0].seconds, sides[1].seconds],
        }  # fmt: skip

    def _scene(self, asked: Mapping[str, Any]) -> tuple[State, int, float]:
        if asked.get("run"):
            state = self._replica.follow()
            if asked["run"] not in state.runs:
                raise CallboardError(f"run {asked['run']} has ended; ask about its pipeline")
            return state, asked["run"], time.time()
        state = State()
        state.epoch = 1
        for name, limit in asked["limits"].items():
            state.agent(name).limit = limit
        specs = tuple(decode_spec(spec) for spec in asked["specs"])
        event = RunSubmitted(0.0, 1, asked["pipeline"], asked["workspace"], "", "", Priority(asked["priority"]), specs)
        fold(state, event)
        return state, 1, 0.0


def _bounded(state: State, run: Run) -> int:
    """Leaves out the youngest other runs when there is too much to play; how many."""
    total = sum(other.unfinished for other in state.runs.values())
    gone = 0
    for number in sorted(state.runs, reverse=True):
        if total <= MOST_WORK:
            break
        other = state.runs[number]
        if other is not run and other.unfinished and not any(task.live for task in other.tasks):
            total -= other.unfinished
            gone += 1
    return gone


def _said(
    found: Futures, run: Run, now: float, correction: Correction, of_tasks: tuple[Past, Past], kept: frozenset[int]
) -> Row:
    count = len(found.ends)
    row: Row = {"samples": count, "stuck": found.stuck, "persons": found.persons, "end": None, "chance_ok": None}
    parts: Row = {}
    tasks = []
    for place, ends in found.finishes.items():
        name = run.tasks[place].spec.name
        begins = found.begins.get(place)
        part, start = _part(ends, now, found.sigma, Correction(of_tasks[0], name)), None
        if begins:
            later = _part(begins, now, found.sigma, Correction(of_tasks[1], name))
            start = [round(moment, 2) for moment in later[:3]]
            part += later
        tasks.append({"task": f"{run.id}.{place}", "start": start, "end": [round(moment, 2) for moment in part[:3]]})
        if place in kept and len(ends) == count:
            parts[str(place)] = part
    row["tasks"] = tasks
    if count and not found.stuck:
        whole = raw([end - now for end in found.ends], found.sigma)
        row["end"] = _moments(now, correction.seconds(whole))
        row["chance_ok"] = round((sum(found.ok) + 0.5) / (count + 1.0), 3)
        row["logs"], row["parts"] = list(whole.logs), parts
    return row


def _part(moments: list[float], now: float, sigma: float, correction: Correction) -> list[float]:
    """P50, P80 and P95 as moments, and of the futures alone the middle and the spread."""
    span = raw([moment - now for moment in moments], sigma)
    return [*(now + seconds for seconds in correction.seconds(span)), span.middle, span.spread]


def _moments(now: float, seconds: tuple[float, float, float]) -> list[float]:
    return [round(now + value, 2) for value in seconds]


def _drifts(known: Model, names: list[str]) -> list[Row]:
    found: list[Row] = []
    for name in dict.fromkeys(names):
        job = known.jobs.get(name)
        if job is not None and job.drift is not None and len(found) < 20:
            found.append(
                {"job": name, "words": job.drift.words, "since": job.drift_at, "share": round(job.drift.share, 3)}
            )
    return found


def serve(data: Path, read: Callable[[], str], write: Callable[[str], None]) -> None:
    """Answers until there is nothing more to read."""
    history = History(reader(data))
    worker = Worker(history)
    while line := read():
        asked = json.loads(line)
        try:
            for answer in worker.answers(asked):
                write(json.dumps({"id": asked["id"], **answer}) + "\n")
        except Exception as error:  # the next question may be answered
            worker = Worker(history)
            write(json.dumps({"id": asked["id"], "error": str(error) or type(error).__name__}) + "\n")
        write(json.dumps({"id": asked["id"], "over": True}) + "\n")


def main() -> None:
    """As `python -m callboard.insight.worker DATA`: out of the way of everybody else."""
    os.nice(NICE)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    serve(Path(sys.argv[1]), sys.stdin.readline, write)


if __name__ == "__main__":
    main()

"""When runs will end, what would be if something were different, and how former forecasts held."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from callboard.core.resources import Capacity
from callboard.core.state import State
from callboard.desk.plans import Plans
from callboard.errors import CallboardError, ConfigError, NotFound
from callboard.insight.calibration import Correction, Judged, shown
from callboard.insight.coarse import Outline, outline
from callboard.insight.judging import judged_runs, judged_tasks
from callboard.insight.seer import Seer
from callboard.insight.whatif_words import answer, checked
from callboard.learn.durations import ENOUGH as FEW
from callboard.record.codec import to_json
from callboard.record.forecast_rows import due
from callboard.rows import Row

FRESH_S = 3.0
FIRST_WAIT_S = 1.0
REFINED_CPU_S = 4.5
ALONE_CPU_S = 2.0
WHATIF_CPU_S = 3.0
JUDGED_S = 10.0
MOST_PAST = 200
MOST_KNOWN = 200


class Forecasts(Plans):
    """Asks the process that tries futures. With a watch beside it, forecasts are kept and renewed; without one they are made when
    they are asked for."""

    forecast_wanted: Callable[[int], None] | None = None

    @cached_property
    def seer(self) -> Seer:
        """The process that tries futures, not started yet."""
        return Seer(self.data)

    @cached_property
    def _foreseen_rows(self) -> dict[int, Row]:
        return {}

    @cached_property
    def _foreseen_news(self) -> threading.Condition:
        return threading.Condition()

    @cached_property
    def _judged_before(self) -> dict[str, tuple[float, list[Judged], list[Judged], list[Judged]]]:
        return {}

    def run_forecast(self, run: int) -> Row:
        """When a run ends, as ranges; `why` says what is missing, or what was assumed."""
        live = self._engine.inspect(lambda state: _scene(state, run))
        if live is None:
            return self._of_ended(run)
        workspace, names = live
        known = self.learned(Path(workspace))
        few = sum(1 for name in names if name not in known or known[name].n < FEW)
        row: Row = {
            "run": run, "done": False, "at": time.time(), "end": None, "why": "", "chance_ok": None, "tasks": [], "samples": 0,
            "refined": False, "drift": [], "calibration": self._calibrated(workspace),
        }  # fmt: skip
        if few == len(names):
            words = f"none of the {few} jobs that are left" if few != 1 else "the one job that is left does not have"
            row["why"] = f"too little data: {words}{' has' if few != 1 else ''} {FEW} earlier tries here"
            return row
        found = self._futures_of(run, workspace)
        return {**row, **found} if found else {**row, "why": "it is being worked out"}

    def _futures_of(self, run: int, workspace: str) -> Row | None:
        """The newest answer; a coarse one at once where there is none yet."""
        asked_at = time.time()
        found = self._foreseen_rows.get(run)
        if found is not None and asked_at - found["at"] < FRESH_S:
            return found
        if self.forecast_wanted is None:
            try:
                return self.foresee_run(run, ALONE_CPU_S)
            except CallboardError as error:
                return {"why": str(error)}
        self.forecast_wanted(run)
        return found or self._coarse(run, workspace)

    def _coarse(self, run: int, workspace: str) -> Row | None:
        """The first range, without futures; where there is too much to look at, the first futures, waited for a moment."""
        now = time.time()
        usual = self.learned(Path(workspace))

        def look(state: State) -> tuple[Outline | None, str]:
            return outline(state, run, now, usual), state.runs[run].name if run in state.runs else ""

        left, name = self._engine.inspect(look)
        if left is None:
            with self._foreseen_news:
                self._foreseen_news.wait_for(lambda: run in self._foreseen_rows, FIRST_WAIT_S)
            return self._foreseen_rows.get(run)
        past = self._judged(workspace)[0]
        seconds = Correction(past, name).seconds(left.range(self._engine.capacity))
        p50, p80, p95 = (round(now + value, 2) for value in seconds)
        return {
            "at": now, "end": {"p50": p50, "p80": p80, "p95": p95, "n": len(past)},
            "why": "a first look, by its longest path and its work; futures are being tried",
        }  # fmt: skip

    def foresee_run(self, run: int, cpu_s: float = REFINED_CPU_S, heard: Callable[[Row], None] | None = None) -> Row:
        """Asks for futures of a run; each answer is kept, and given to `heard`. Raises `CallboardError` when none comes."""

        def take(answer: Row) -> None:
            if "end" not in answer:
                return
            row = forecast_row(answer)
            with self._foreseen_news:
                if len(self._foreseen_rows) > MOST_KNOWN:
                    self._foreseen_rows.clear()
                self._foreseen_rows[run] = row
                self._foreseen_news.notify_all()
            if heard is not None:
                heard(answer)

        last = self.seer.ask({"what": "forecast", "run": run, "cpu_s": cpu_s, **self._room()}, take)
        if last.get("gone"):
            raise NotFound(f"run {run} has ended")
        return forecast_row(last)

    def _room(self) -> Row:
        capacity = self._engine.capacity
        if capacity.cpus <= 0.0:
            capacity = Capacity(1.0, 1024.0)
        policy = self._engine.policy
        return {
            "capacity": {
                "cpus": capacity.cpus, "memory_mb": capacity.memory_mb, "total_cpus": capacity.total_cpus,
                "total_memory_mb": capacity.total_memory_mb, "extra": dict(capacity.extra), "slots": capacity.slots,
            },
            "policy": {"patience_s": policy.patience_s, "strict_s": policy.strict_s},
        }  # fmt: skip

    def _of_ended(self, run: int) -> Row:
        """What was foreseen of a run that has ended, and whether it held."""
        kept = self._kept(run)
        row: Row = {
            "run": run, "done": True, "at": kept.ended or kept.submitted, "end": None, "why": "it has ended", "chance_ok": None,
            "tasks": [], "samples": 0, "refined": True, "drift": [], "calibration": self._calibrated(kept.workspace),
            "foreseen": None,
        }  # fmt: skip
        known = self._history.select("SELECT at, p50, p80, p95 FROM forecast WHERE run = ?", (run,))
        if known:
            at, p50, p80, p95 = known[0]
            held = bool(kept.ended and kept.ended <= p80)
            row["foreseen"] = {"at": at, "p50": p50, "p80": p80, "p95": p95, "actual": kept.ended, "held": held}
            row["why"] = "it has ended " + ("within" if held else "later than") + " its 80 % range"
        return row

    def close_forecasts(self) -> None:
        """Ends the process that tries futures, if there is one."""
        if "seer" in self.__dict__:
            self.seer.close()

    # -- calibration -------------------------------------------------------------------------------------------

    def _judged(self, workspace: str) -> tuple[list[Judged], list[Judged], list[Judged]]:
        now = time.monotonic()
        known = self._judged_before.get(workspace)
        if known is None or now - known[0] > JUDGED_S:
            known = (now, judged_runs(self._history, workspace), *judged_tasks(self._history, workspace))
            self._judged_before[workspace] = known
        return known[1:]

    def _calibrated(self, workspace: str) -> Row:
        return dict(shown(self._judged(workspace)[0]))

    def calibration(self) -> Row:
        """How 80 % ranges of runs, tasks and the roadmap held, and what came of each kept forecast of a run, oldest first."""
        where = str(self.workspace)
        runs, tasks, starts = self._judged(where)
        past = [
            [row["at"], *(round(row[name] - row["at"], 2) for name in ("p50", "p80", "ended"))]
            for row in due(self._history.database, where, MOST_PAST)
        ]
        kinds = [{"kind": "run", **shown(runs)}, {"kind": "task", **shown(tasks)}, {"kind": "start", **shown(starts)}]
        return {"kinds": [*kinds, *self._held_elsewhere()], "past": past[::-1]}

    def _held_elsewhere(self) -> list[Row]:
        """The same of what is foreseen elsewhere."""
        return []

    # -- what if -----------------------------------------------------------------------------------------------

    def whatif(self, asked: Mapping[str, Any]) -> Row:
        """The same futures with and without changes. Raises `ConfigError` for changes that are none, `NotFound` for jobs."""
        changes = checked(asked.get("changes") or {})
        question: Row = {"what": "whatif", "changes": changes, "cpu_s": WHATIF_CPU_S, **self._room()}
        run = asked.get("run")
        if run:
            live = self._engine.inspect(lambda state: _scene(state, run))
            if live is None:
                self._kept(run)
                raise ConfigError(f"run {run} has ended; ask about its pipeline instead")
            names = live[1]
            question["run"] = run
        else:
            prepared = self.prepare(str(asked.get("pipeline") or ""), keep=False)
            if not prepared.built.specs:
                raise ConfigError(f"pipeline '{prepared.built.name}' has no job here; see `callboard plan`")
            limits = self._engine.inspect(
                lambda state: {name: agent.limit for name, agent in state.agents.items() if agent.limit}
            )
            names = [spec.name for spec in prepared.built.specs]
            question |= {
                "specs": _plain(prepared.built.specs), "pipeline": prepared.built.name, "workspace": str(prepared.workspace),
                "priority": int(prepared.built.priority), "limits": limits,
            }  # fmt: skip
        for name in (*changes["without"], *changes["priority"]):
            if name not in names:
                raise NotFound(f"there is no job '{name}' in it; `callboard plan` lists them")
        told = self.seer.ask(question)
        return answer(told, changes, question["capacity"])


def _plain(specs: Any) -> Any:
    return json.loads(to_json(list(specs)))


def _scene(state: State, number: int) -> tuple[str, list[str]] | None:
    run = state.runs.get(number)
    if run is None or not run.unfinished:
        return None
    return run.workspace, [task.spec.name for task in run.tasks if not task.final]


def forecast_row(told: Row) -> Row:
    """An answer of the process as surfaces have it."""
    count = told["runs"]

    def span(moments: list[float] | None) -> Row | None:
        return {"p50": moments[0], "p80": moments[1], "p95": moments[2], "n": count} if moments else None

    why = []
    if told["stuck"]:
        why.append(f"it does not end by itself: {told['stuck']}")
    if told["few"]:
        why.append(f"{told['few']} of {told['left']} jobs have fewer than {FEW} tries: their estimates are used")
    if told["persons"]:
        why.append(
            f"in {told['persons']} of {told['samples']} futures a person has to decide: that wait is not counted"
        )
    if told["left_out"]:
        why.append(f"{told['left_out']} other runs that wait are left out: there are too many tasks")
    return {
        "run": told["run"], "done": False, "at": told["at"], "end": span(told["end"]), "why": "; ".join(why),
        "chance_ok": told["chance_ok"],
        "tasks": [{"task": row["task"], "start": span(row["start"]), "end": span(row["end"])} for row in told["tasks"]],
        "samples": told["samples"], "refined": told["refined"], "drift": told["drift"],
    }  # fmt: skip

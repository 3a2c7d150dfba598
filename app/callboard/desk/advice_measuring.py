"""Reads what advice is measured by: before it is taken, and after."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

from callboard.core.alerts import AlertState
from callboard.core.case_facts import CaseState
from callboard.core.state import State
from callboard.desk.advice_gather import AdviceGather
from callboard.errors import NotFound
from callboard.insight.advice_measures import Measure, Seen

DAY = 86_400.0
BEFORE_DAYS = 7
NEWEST = 20


class AdviceMeasuring(AdviceGather):
    """Everything by the record or the state as they stand; nothing is asked of anybody."""

    def measured_before(self, measure: Measure) -> tuple[float | None, int]:
        """The value before, from how many observations; None where nothing is known."""
        now = time.time()
        where = str(self.workspace)
        match measure.what:
            case "wait":
                return self._waited_a_day(measure.of, measure.agent, now - BEFORE_DAYS * DAY, now)
            case "job-good" | "case-quiet":
                rows = self._advised.results_of(where, measure.of, 0.0, now, NEWEST)
                return (sum(row["good"] for row in rows) / len(rows) if rows else None), len(rows)
            case "job-time":
                rows = self._advised.results_of(where, measure.of, 0.0, now, NEWEST)
                seconds = [row["seconds"] for row in rows if row["seconds"] is not None]
                return (statistics.median(seconds) if seconds else None), len(seconds)
            case "job-cost":
                return self._cost_a_day(measure.of, now - BEFORE_DAYS * DAY, now)
            case "change":
                done = self._done_of(measure.of)
                return (float(done) if done is not None else None), 1
            case _:
                return 0.0, 1

    def measured_after(self, measure: Mapping[str, Any], taken: float) -> Seen:
        """The value since it was taken."""
        now, where, of = time.time(), str(self.workspace), str(measure["of"])
        match measure["what"]:
            case "wait":
                value, n = self._waited_a_day(of, str(measure.get("agent", "")), taken, now)
                return Seen(value if value is not None else 0.0, n)
            case "case":
                return self._case_closed(int(of) if of.isdecimal() else 0)
            case "alert":
                return self._alert_resolved(of)
            case "gone":
                return Seen(0.0 if self._still_waits(of) else 1.0, 1)
            case "task":
                return self._task_good(of)
            case "job-good" | "case-quiet":
                rows = self._advised.results_of(where, of, taken, now, NEWEST)
                return Seen(sum(row["good"] for row in rows) / len(rows) if rows else None, len(rows))
            case "job-time":
                rows = self._advised.results_of(where, of, taken, now, NEWEST)
                seconds = [row["seconds"] for row in rows if row["seconds"] is not None]
                return Seen(statistics.median(seconds) if seconds else None, len(seconds))
            case "job-cost":
                value, days = self._cost_a_day(of, taken, now)
                return Seen(value, max(1, days))
            case "schedule" | "run":
                runs = [
                    row
                    for row in self._advised.ended_pipelines(where, taken)
                    if row["name"] == of and row["submitted"] >= taken
                ]
                if measure["what"] == "run":
                    return Seen(1.0 if runs else 0.0, 1)
                return Seen(float(runs[-1]["state"] == "succeeded"), 1, final=True) if runs else Seen(None, 0)
            case "change":
                done, before = self._done_of(of), measure.get("before")
                return Seen(float(done is None or before is None or done > before), 1)
            case _:
                return Seen(None, 0)

    def _waited_a_day(self, cause: str, agent: str, since: float, until: float) -> tuple[float | None, int]:
        """Seconds a day that tasks of the agent ('' for any) waited for a cause, and how many tasks ended then."""
        where = str(self.workspace)
        waits = (
            self._advised.agent_waits(where, agent, since, until)
            if agent
            else self._advised.waited(where, since, until)
        )
        ended = self._advised.ended_of_agent(where, agent, since, until)
        days = max((until - since) / DAY, 1 / 24)
        return (waits.get(cause, (0.0, 0))[0] / days if ended else None), ended

    def _cost_a_day(self, job: str, since: float, until: float) -> tuple[float | None, int]:
        rows = self._advised.results_of(str(self.workspace), job, since, until, 5_000)
        days = max((until - since) / DAY, 1 / 24)
        return sum(row["seconds"] or 0.0 for row in rows) / days, int(days)

    def _case_closed(self, case: int) -> Seen:
        """Of a case that was closed less than a day ago nobody knows yet whether it comes back."""

        def look(state: State) -> tuple[bool, float] | None:
            known = state.cases.get(case)
            return None if known is None else (known.state is CaseState.CLOSED, known.moved)

        found = self._engine.inspect(look)
        if found is None:
            return Seen(1.0, 1)  # one that is not in memory any more was closed long ago
        closed, moved = found
        return Seen(float(closed), int(not closed or time.time() - moved >= DAY))

    def _alert_resolved(self, name: str) -> Seen:
        try:
            return Seen(float(self.alert(name)["state"] == AlertState.RESOLVED), 1)
        except NotFound:
            return Seen(None, 0)

    def _task_good(self, task: str) -> Seen:
        try:
            row = self.task(task)["task"]
        except NotFound:
            return Seen(None, 0)
        if row["state"] in ("succeeded", "unchanged"):
            return Seen(float(row["verdict"] in (None, "pass")), 1, final=True)
        over = row["state"] in ("failed", "timed out", "lost", "cancelled", "skipped")
        return Seen(0.0, 1, final=over) if over else Seen(None, 0)

    def _still_waits(self, item: str) -> bool:
        """Whether what was waited for is still there: an item of the inbox, or a fact that is named otherwise."""
        if item == "drain":
            return bool(self.drain()["wanted"])
        if item == "halted":
            return bool(self._engine.inspect(lambda state: state.halted))
        if item == "disk":
            free = self._engine.host().get("disk_free_gb") if self._engine.loop is not None else None
            return isinstance(free, int | float) and free < 5.0
        if item.startswith("handoff "):
            return item.removeprefix("handoff ") not in {one["record"].get("deploy") for one in self._yields.handoffs()}
        if item.startswith("rule "):
            return not any(item.removeprefix("rule ") in rule.when for rule in self.advice_rules().values())
        return any(row["id"] == item for row in self.inbox())

    def _done_of(self, change: str) -> int | None:
        """How many of the change's tasks are done; None for one that is not there any more."""
        found = self.book.look().roadmap.change(change)
        return None if found is None else found.done

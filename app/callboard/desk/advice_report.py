"""The report of a week: what was advised, what was taken, whether it helped; cases, runs, waits, and how forecasts held."""

import datetime
import re
import statistics
import time
from collections import Counter

from callboard.core.advice_events import AdviceGiven, AdviceJudged, AdviceOverruled, AdviceTaken, RuleFired
from callboard.desk.advice import Advices
from callboard.desk.advice_facts_of import is_lack
from callboard.desk.advice_rows import past_row
from callboard.errors import ConfigError
from callboard.insight.advice_drafts import count, lasting
from callboard.insight.advice_measures import state_words
from callboard.record.advice import AdviceRecord
from callboard.record.case_trigger import said_by
from callboard.rows import Row
from callboard.work.finding import clean

DAY = 86_400.0
WEEK = re.compile(r"(\d{4})-W(\d{2})")
MOST_ROWS, MOST_CAUSES = 100, 8


class AdviceReport(Advices):
    """Counted from the record; nothing is weighed."""

    def insights_report(self, week: str = "") -> Row:
        """Of an ISO week such as '2026-W48', by this machine's clock; '' for this one. Raises `ConfigError` for no week."""
        name, begin, end = week_of(week, time.time())
        where, record = str(self.workspace), self._advised
        until = min(end, time.time())
        events = [event for _, event in record.happened(where, begin, end)]
        given = list({event.id: event for event in events if isinstance(event, AdviceGiven)}.values())
        judged = list({event.taking: event for event in events if isinstance(event, AdviceJudged)}.values())
        takings = {row["taking"]: row for row in record.taken(where, begin, end, MOST_ROWS)}
        for event in judged:
            if event.taking not in takings:
                takings |= {
                    row["taking"]: row for row in record.taken(where, 0.0, begin) if row["taking"] == event.taking
                }
        row: Row = {
            "week": name,
            "from": begin,
            "to": end,
            "workspace": where,
            "workspace_name": self.workspace.name,
            "advised": [past_row(self._kept_of(event)) for event in given[:MOST_ROWS]],
            "taken": [self._taken_row(one) for one in takings.values() if begin <= one["at"] < end],
            "overruled": [
                {
                    **past_row(self._kept_of(event)),
                    "state": "overruled",
                    "by": event.by,
                    "at": event.at,
                    "reason": event.reason,
                }
                for event in events
                if isinstance(event, AdviceOverruled)
            ],
            "helped": [self._taken_row(takings[event.taking]) for event in judged if event.taking in takings],
            "numbers": {
                "advised": len(given),
                "taken": sum(isinstance(event, AdviceTaken) for event in events),
                "by_rules": sum(isinstance(event, AdviceTaken) and bool(event.rule) for event in events),
                "overruled": sum(isinstance(event, AdviceOverruled) for event in events),
                "helped": sum(event.helped for event in judged),
                "judged": len(judged),
                "would": sum(isinstance(event, RuleFired) and event.mode != "act" for event in events),
            },
            "cases": self._cases_of(begin, end),
            "runs": self._runs_of(begin, end),
            "waits": self._waits_of(begin, until),
            "calibration": self._calibration_of(begin, end),
            "at": time.time(),
        }
        return {**row, "lines": lines_of(row)}

    def _kept_of(self, event: AdviceGiven | AdviceOverruled) -> Row:
        kept = self._advised.advice(event.id)
        if kept is not None:
            return kept
        return {"id": event.id, "kind": event.kind, "title": event.title, "about": event.about, "by": "", "at": event.at,
                "state": "gone", "reason": "", "until": None}  # fmt: skip

    def _taken_row(self, taking: Row) -> Row:
        not_yet = ""
        if taking["judged"] is None:
            what = str(taking["measure"].get("what", ""))
            not_yet = state_words(
                what, self.measured_after(taking["measure"], taking["at"]), time.time() - taking["at"]
            )
        return past_row(self._advised.advice(taking["id"]) or taking, taking, not_yet)

    def _cases_of(self, begin: float, end: float) -> Row:
        """Opened, closed and reopened in the week, and the median of hours from opening to closing of those that closed."""
        where = str(self.workspace)
        found = self._advised.case_moves(where, begin, end)
        hours = [(closed - opened) / 3600 for opened, closed in found["closed"]]
        return {
            "opened": found["opened"], "closed": len(hours), "reopened": found["reopened"],
            "median_hours": round(statistics.median(hours), 2) if hours else None,
        }  # fmt: skip

    def _runs_of(self, begin: float, end: float) -> Row:
        """What was asked for; the runs by which cases were looked into are counted for themselves."""
        ended = [row for row in self._advised.ended_pipelines(str(self.workspace), begin, 5_000) if row["ended"] < end]
        rows = [row for row in ended if said_by(str(row["trigger"])) is None]
        states = Counter(row["state"] for row in rows)
        seconds = [row["ended"] - row["started"] for row in rows if row["started"] is not None]
        return {
            "total": len(rows), **{state: states.get(state, 0) for state in ("succeeded", "failed", "unknown", "cancelled")},
            "median_s": round(statistics.median(seconds), 1) if seconds else None, "for_cases": len(ended) - len(rows),
        }  # fmt: skip

    def _waits_of(self, begin: float, until: float) -> Row:
        """What work waited for in the week, and how much it was in the week before."""
        now, before = (
            waits(self._advised, str(self.workspace), begin, until),
            waits(self._advised, str(self.workspace), begin - 7 * DAY, begin),
        )
        causes = [
            {"cause": cause, "seconds": round(seconds, 1), "before_s": round(before.get(cause, 0.0), 1)}
            for cause, seconds in sorted(now.items(), key=lambda one: -one[1])[:MOST_CAUSES]
        ]
        return {"total_s": round(sum(now.values()), 1), "before_s": round(sum(before.values()), 1), "causes": causes}

    def _calibration_of(self, begin: float, end: float) -> Row:
        """How often the ranges of forecasts of runs held that came due in the week, or with none how they held in all."""
        told = self.calibration()
        past = [(p80, actual) for at, _, p80, actual in told["past"] if begin <= at + actual < end]
        whole = next((dict(kind) for kind in told["kinds"] if kind["kind"] == "run"), None)
        if not past:
            said = whole or {"held": 0, "n": 0, "share": None, "words": "no forecast has come due yet"}
            return {name: said[name] for name in ("held", "n", "share", "words")}
        held = sum(actual <= p80 for p80, actual in past)
        words = f"80 % ranges of runs held {100 * held / len(past):.0f} % of the time this week, n = {len(past)}"
        return {"held": held, "n": len(past), "share": round(held / len(past), 4), "words": words}


def waits(record: AdviceRecord, where: str, begin: float, until: float) -> dict[str, float]:
    """Seconds by cause, of what was lacking."""
    found = record.waited(where, begin, until)
    return {key: seconds for key, (seconds, _) in found.items() if is_lack(key)}


def week_of(text: str, now: float) -> tuple[str, float, float]:
    """Name, begin and end of an ISO week, Monday to Sunday by this machine's clock."""
    if not text:
        year, week, _ = datetime.datetime.fromtimestamp(now).isocalendar()
    else:
        found = WEEK.fullmatch(text.strip().upper())
        if found is None:
            raise ConfigError(f"'{clean(text, 40)}' is no week; write it as 2026-W48")
        year, week = int(found[1]), int(found[2])
    try:
        monday = datetime.date.fromisocalendar(year, week, 1)
        begin = datetime.datetime.combine(monday, datetime.time()).astimezone().timestamp()
        end = datetime.datetime.combine(monday + datetime.timedelta(7), datetime.time()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(f"there is no week {year}-W{week:02}") from error
    return f"{year}-W{week:02}", begin, end


def lines_of(row: Row) -> list[str]:
    """The week in a few sentences, each with its numbers."""
    numbers, cases, runs, waiting = row["numbers"], row["cases"], row["runs"], row["waits"]
    lines = []
    if numbers["advised"] or numbers["taken"]:
        by_rules = f", {numbers['by_rules']} of them by rules" if numbers["by_rules"] else ""
        lines.append(
            f"{count(numbers['advised'], 'thing was', 'things were')} advised, {numbers['taken']} taken{by_rules}, "
            f"{numbers['overruled']} overruled."
        )
    if numbers["judged"]:
        lines.append(f"Of {numbers['judged']} that could be judged, {numbers['helped']} helped.")
    if numbers["would"]:
        lines.append(f"Rules in dry run would have acted {count(numbers['would'], 'time')}.")
    if cases["opened"] or cases["closed"]:
        took = (
            f", half of them within {lasting(cases['median_hours'] * 3600)}"
            if cases["median_hours"] is not None
            else ""
        )
        back = f"; {count(cases['reopened'], 'case')} came back" if cases["reopened"] else ""
        lines.append(f"{count(cases['opened'], 'case')} opened, {cases['closed']} closed{took}{back}.")
    if runs["total"]:
        rest = "".join(f", {runs[state]} {state}" for state in ("unknown", "cancelled") if runs.get(state))
        lines.append(f"{count(runs['total'], 'run')}: {runs['succeeded']} good, {runs['failed']} failed{rest}.")
    if runs.get("for_cases"):
        lines.append(f"{count(runs['for_cases'], 'run')} more looked into cases.")
    if waiting["total_s"] or waiting["before_s"]:
        change = waiting["total_s"] - waiting["before_s"]
        against = (
            f", {lasting(abs(change))} {'more' if change > 0 else 'less'} than in the week before"
            if waiting["before_s"]
            else ""
        )
        lines.append(f"Work waited {lasting(waiting['total_s'])} in all{against}.")
    return lines

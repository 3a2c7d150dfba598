"""What the record tells of advice: how each stands, what was taken and whether it helped, what rules did."""

import json
from collections.abc import Sequence
from typing import Any

from callboard.core.events import Event
from callboard.record.case_trigger import OF_NO_CASE
from callboard.record.codec import decode
from callboard.record.history import History
from callboard.rows import Row

MOST = 500
_ADVICE = (
    "id",
    "kind",
    "about",
    "title",
    "words",
    "score",
    "href",
    "state",
    "first",
    "at",
    "by",
    "reason",
    "until",
    "rule",
)
_TAKEN = ("taking", "id", "kind", "about", "title", "by", "at", "rule", "act", "measure", "judged", "helped", "words", "before",
          "after", "n")  # fmt: skip
_FIRING = ("id", "at", "rule", "advice", "kind", "about", "title", "mode", "act", "done", "ok", "words", "undo", "undone",
           "undone_by", "undone_words")  # fmt: skip
_SPANS = "e.kind IN ('AdviceGiven', 'AdviceTaken', 'AdviceOverruled', 'AdviceJudged', 'RuleFired')"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


class AdviceRecord(History):
    """Reads, each time from the tables."""

    def standing(self, workspace: str, most: int = 5_000) -> dict[str, Row]:
        """Every advice of the workspace that is not gone, by id, the newest word first."""
        found = self._rows(
            f"SELECT {_names(_ADVICE)} FROM advice WHERE workspace = ? AND state != 'gone' ORDER BY at DESC LIMIT ?",  # noqa: S608
            (workspace, most),
        )
        return {row[0]: dict(zip(_ADVICE, row, strict=True)) for row in found}

    def advice(self, id: str) -> Row | None:
        """One, also one that is gone."""
        found = self._rows(f"SELECT {_names(_ADVICE)} FROM advice WHERE id = ?", (id,))  # noqa: S608
        return dict(zip(_ADVICE, found[0], strict=True)) if found else None

    def beginning(self, workspace: str, name: str) -> Row | None:
        """The one whose id begins so, None for none and for several."""
        if not name or not name.isalnum():
            return None
        sql = f"SELECT {_names(_ADVICE)} FROM advice WHERE workspace = ? AND id >= ? AND id < ? LIMIT 2"  # noqa: S608
        found = self._rows(sql, (workspace, name, f"{name}g"))
        return dict(zip(_ADVICE, found[0], strict=True)) if len(found) == 1 else None

    def taken(self, workspace: str, since: float = 0.0, until: float = 1e12, most: int = MOST) -> list[Row]:
        """What was taken in that time, the newest first."""
        found = self._rows(
            f"SELECT {_names(_TAKEN)} FROM advice_taken WHERE workspace = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT ?",  # noqa: S608
            (workspace, since, until, most),
        )
        return [_taken(row) for row in found]

    def unjudged(self, workspace: str, most: int = MOST) -> list[Row]:
        """What was taken and is not judged yet, oldest first."""
        found = self._rows(
            f"SELECT {_names(_TAKEN)} FROM advice_taken WHERE workspace = ? AND judged IS NULL ORDER BY at LIMIT ?",  # noqa: S608
            (workspace, most),
        )
        return [_taken(row) for row in found]

    def tracks(self, workspace: str) -> dict[str, Row]:
        """By kind: how many different things were overruled now, how often it was taken by persons, how that was judged."""
        tracks: dict[str, Row] = {}
        for kind, overruled in self._rows(
            "SELECT kind, count(*) FROM advice WHERE workspace = ? AND state = 'overruled' GROUP BY kind", (workspace,)
        ):
            tracks.setdefault(kind, _no_track())["overruled"] = overruled
        for kind, taken, helped, failed in self._rows(
            "SELECT kind, sum(rule = ''), sum(coalesce(helped, 0) = 1), sum(judged IS NOT NULL AND helped = 0) FROM advice_taken"
            " WHERE workspace = ? GROUP BY kind",
            (workspace,),
        ):
            tracks.setdefault(kind, _no_track()).update(taken=taken, helped=helped, failed=failed)
        return tracks

    def firings(self, workspace: str, since: float = 0.0, until: float = 1e12, most: int = MOST) -> list[Row]:
        """What rules did or would have done, the newest first."""
        found = self._rows(
            f"SELECT {_names(_FIRING)} FROM rule_firing WHERE workspace = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT ?",  # noqa: S608
            (workspace, since, until, most),
        )
        rows = []
        for row in found:
            values = dict(zip(_FIRING, row, strict=True))
            rows.append(
                {
                    **values,
                    "act": json.loads(values["act"]),
                    "undo": json.loads(values["undo"]),
                    "ok": bool(values["ok"]),
                }
            )
        return rows

    def happened(self, workspace: str, since: float, until: float, most: int = 5_000) -> list[tuple[float, Event]]:
        """What was advised, taken, overruled and judged in that time, oldest first."""
        found = self._rows(
            f"SELECT e.at, e.kind, e.body FROM event e WHERE {_SPANS} AND e.at >= ? AND e.at < ?"  # noqa: S608
            " AND coalesce(json_extract(e.body, '$.workspace'), ?) = ? ORDER BY e.seq LIMIT ?",
            (since, until, workspace, workspace, most),
        )
        return [(at, decode(kind, body)) for at, kind, body in found]

    # -- what advice is made of --------------------------------------------------------------------------------

    def lost(self, workspace: str, since: float, most: int = 30) -> list[Row]:
        """Tasks that came to a bad end since then without a verdict of their own (a crash, a loss, a limit), where their job
        has not ended since; with how many tasks of the run were skipped."""
        found = self._rows(
            "SELECT t.run, t.place, t.name, t.agent, t.state, t.reason, t.ended, t.attempt, json_extract(t.spec, '$.idempotent'),"
            " (SELECT count(*) FROM task s WHERE s.run = t.run AND s.state = 'skipped')"
            " FROM task t JOIN run r ON r.id = t.run"
            " JOIN attempt a ON a.run = t.run AND a.task = t.place AND a.attempt = t.attempt"
            " WHERE r.workspace = ? AND t.ended >= ? AND t.state IN ('failed', 'timed out', 'lost')"
            " AND a.how IN ('crashed', 'lost', 'time limit', 'not started', 'output limit', 'process limit')"
            " AND coalesce(json_extract(t.spec, '$.undoes'), '') = ''"
            " AND NOT EXISTS (SELECT 1 FROM task o JOIN run q ON q.id = o.run WHERE o.name = t.name AND q.workspace = r.workspace"
            " AND o.run > t.run AND o.ended IS NOT NULL AND o.attempt > 0)"
            " ORDER BY t.ended DESC LIMIT ?",
            (workspace, since, most),
        )
        names = ("job", "agent", "state", "reason", "ended", "tries", "idempotent", "skipped")
        return [{"id": f"{r[0]}.{r[1]}", "run": r[0], **dict(zip(names, r[2:], strict=True))} for r in found]

    def fired(self, workspace: str, since: float) -> dict[str, list[Row]]:
        """By schedule of the workspace its runs since then that are over, the newest first."""
        found = self._rows(
            "SELECT json_extract(e.body, '$.schedule'), r.id, r.name, r.state, r.ended FROM event e"
            " JOIN run r ON r.id = json_extract(e.body, '$.run') WHERE e.kind = 'ScheduleFired' AND e.at >= ? AND r.workspace = ?"
            " AND r.ended IS NOT NULL ORDER BY e.seq DESC LIMIT 2000",
            (since, workspace),
        )
        runs: dict[str, list[Row]] = {}
        for schedule, run, name, state, ended in found:
            row = {"run": run, "pipeline": name, "state": state, "ended": ended}
            runs.setdefault(str(schedule).rpartition(":")[2], []).append(row)
        return runs

    def last_look(self, workspace: str) -> Row | None:
        """The newest run of the workspace's own code that is over and for which git knew something."""
        found = self._rows(
            "SELECT id, name, submitted, git FROM run WHERE workspace = ? AND ended IS NOT NULL AND git != '{}'"  # noqa: S608
            f" AND {OF_NO_CASE} ORDER BY id DESC LIMIT 1",
            (workspace,),
        )
        if not found:
            return None
        run, name, submitted, git = found[0]
        return {"run": run, "pipeline": name, "submitted": submitted, "git": json.loads(git)}

    # -- what advice is measured by ----------------------------------------------------------------------------

    def waited(self, workspace: str, since: float, until: float) -> dict[str, tuple[float, int]]:
        """Seconds that tasks which ended in that time were held, by cause, and how many tasks."""
        found = self._rows(
            "SELECT j.key, sum(j.value), count(*) FROM task t JOIN run r ON r.id = t.run, json_each(t.held) j"
            " WHERE r.workspace = ? AND t.ended >= ? AND t.ended < ? AND t.held != '{}' GROUP BY j.key",
            (workspace, since, until),
        )
        return {str(key): (float(seconds or 0.0), int(count)) for key, seconds, count in found}

    def waited_by_day(self, workspace: str, agent: str, cause: str, since: float, until: float) -> dict[int, float]:
        """Seconds by day since the epoch that tasks of the agent ('' for any) were held by that cause."""
        found = self._rows(
            "SELECT cast(t.ended / 86400 AS integer), sum(j.value) FROM task t JOIN run r ON r.id = t.run, json_each(t.held) j"
            " WHERE r.workspace = ? AND t.ended >= ? AND t.ended < ? AND t.held != '{}' AND j.key = ? AND (? = '' OR t.agent = ?)"
            " GROUP BY 1",
            (workspace, since, until, cause, agent, agent),
        )
        return {int(day): float(seconds) for day, seconds in found}

    def days_worked(self, workspace: str, since: float, until: float) -> list[int]:
        """Days since the epoch on which a task ended here."""
        found = self._rows(
            "SELECT DISTINCT cast(t.ended / 86400 AS integer) FROM task t JOIN run r ON r.id = t.run WHERE r.workspace = ?"
            " AND t.ended >= ? AND t.ended < ? ORDER BY 1",
            (workspace, since, until),
        )
        return [int(row[0]) for row in found]

    def agent_waits(self, workspace: str, agent: str, since: float, until: float) -> dict[str, tuple[float, int]]:
        """Seconds that the agent's tasks were held in that time, by cause, and how many tasks."""
        found = self._rows(
            "SELECT j.key, sum(j.value), count(*) FROM task t JOIN run r ON r.id = t.run, json_each(t.held) j"
            " WHERE r.workspace = ? AND t.agent = ? AND t.ended >= ? AND t.ended < ? AND t.held != '{}' GROUP BY j.key",
            (workspace, agent, since, until),
        )
        return {str(key): (float(seconds or 0.0), int(count)) for key, seconds, count in found}

    def ended_of_agent(self, workspace: str, agent: str, since: float, until: float) -> int:
        """How many tasks of an agent ('' for any) ended in that time after at least one try."""
        found = self._rows(
            "SELECT count(*) FROM task t JOIN run r ON r.id = t.run WHERE r.workspace = ? AND (? = '' OR t.agent = ?)"
            " AND t.attempt > 0 AND t.ended >= ? AND t.ended < ?",
            (workspace, agent, agent, since, until),
        )
        return int(found[0][0])

    def results_of(self, workspace: str, job: str, since: float, until: float, most: int = 50) -> list[Row]:
        """The newest ends of a job in that time: whether it was good, how long the last try took, how many tries."""
        found = self._rows(
            "SELECT t.run, t.place, t.state, t.verdict, t.ended - t.started, t.attempt, t.ended, t.reason FROM task t"
            " JOIN run r ON r.id = t.run WHERE t.name = ? AND r.workspace = ? AND t.ended >= ? AND t.ended < ? AND t.attempt > 0"
            " AND t.state IN ('succeeded', 'failed', 'timed out', 'lost') ORDER BY t.ended DESC LIMIT ?",
            (job, workspace, since, until, most),
        )
        return [
            {"task": f"{r[0]}.{r[1]}", "good": r[2] == "succeeded" and r[3] in (None, "pass"), "seconds": r[4], "tries": r[5],
             "ended": r[6], "reason": r[7]}
            for r in found
        ]  # fmt: skip

    def series_of_jobs(
        self, workspace: str, since: float, most: int = 10_000
    ) -> dict[str, list[tuple[float, float, int, int]]]:
        """By job when its good tries since then ended, their seconds, run and place; the newest first."""
        found = self._rows(
            "SELECT t.name, t.ended, t.ended - t.started, t.run, t.place FROM task t JOIN run r ON r.id = t.run"
            " WHERE r.workspace = ? AND t.ended >= ? AND t.started IS NOT NULL AND t.attempt > 0 AND t.state = 'succeeded'"
            " AND coalesce(t.verdict, 'pass') = 'pass' ORDER BY t.ended DESC LIMIT ?",
            (workspace, since, most),
        )
        series: dict[str, list[tuple[float, float, int, int]]] = {}
        for name, *values in found:
            series.setdefault(name, []).append((values[0], values[1], values[2], values[3]))
        return series

    def repeats(self, workspace: str, since: float, most: int = 2_000) -> list[Row]:
        """By job with a command: how often it ran since then, how often with the same result, and the seconds it took in all."""
        found = self._rows(
            "SELECT t.name, count(*), sum(t.state = 'succeeded'), sum(coalesce(t.ended - t.started, 0)), max(t.run),"
            " max(coalesce(json_array_length(json_extract(t.spec, '$.reads')), 0)), max(t.action), min(t.place)"
            " FROM task t JOIN run r ON r.id = t.run WHERE r.workspace = ? AND t.ended >= ? AND t.attempt > 0"
            " GROUP BY t.name ORDER BY 4 DESC LIMIT ?",
            (workspace, since, most),
        )
        names = ("job", "runs", "good", "seconds", "run", "reads", "action", "place")
        return [dict(zip(names, row, strict=True)) for row in found]

    def case_moves(self, workspace: str, begin: float, end: float) -> Row:
        """Cases in that time: how many opened and were reopened, and of each that closed when it had opened and when it closed."""
        found = self._rows(
            "SELECT e.kind, json_extract(e.body, '$.case'), json_extract(e.body, '$.state'), e.at FROM event e"
            " WHERE e.kind IN ('CaseOpened', 'CaseSeen', 'CaseGone', 'CaseMoved', 'CaseMerged', 'CaseSplit', 'CaseNoted')"
            " AND e.kind IN ('CaseOpened', 'CaseMoved') AND e.at < ?"
            " AND json_extract(e.body, '$.case') IN (SELECT id FROM case_row WHERE workspace = ?) ORDER BY e.seq",
            (end, workspace),
        )
        opened = reopened = 0
        closed: list[tuple[float, float]] = []
        since: dict[int, float] = {}
        shut: set[int] = set()
        for kind, case, state, at in found:
            if kind == "CaseOpened":
                since[case] = at
                opened += at >= begin
            elif state == "closed":
                shut.add(case)
                if at >= begin:
                    closed.append((since.get(case, at), at))
            elif case in shut:
                shut.discard(case)
                since[case] = at
                reopened += at >= begin
        return {"opened": opened, "reopened": reopened, "closed": closed}

    def ended_pipelines(self, workspace: str, since: float, most: int = 500) -> list[Row]:
        """The newest ended runs of the workspace, the newest first."""
        found = self._rows(
            'SELECT id, name, state, submitted, started, ended, "by", "trigger", git FROM run WHERE workspace = ? AND ended >= ?'
            " ORDER BY ended DESC LIMIT ?",
            (workspace, since, most),
        )
        names = ("id", "name", "state", "submitted", "started", "ended", "by", "trigger")
        return [{**dict(zip(names, row[:8], strict=True)), "git": json.loads(row[8] or "{}")} for row in found]


def _taken(row: tuple[Any, ...]) -> Row:
    values = dict(zip(_TAKEN, row, strict=True))
    helped = None if values["helped"] is None else bool(values["helped"])
    return {**values, "act": json.loads(values["act"]), "measure": json.loads(values["measure"]), "helped": helped}


def _no_track() -> dict[str, int]:
    return {"overruled": 0, "taken": 0, "helped": 0, "failed": 0}

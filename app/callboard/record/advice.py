"""What the record tells of advice: how each stands, what was taken and whether it helped, what rules did."""

import json
from collections.abc import Sequence
from typing import Any

from callboard.core.events import Event
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

"""Advice and firings of rules in their tables, and which of their events a new engine has to know."""

import sqlite3
from typing import Any

from callboard.core.advice import MOST_FIRINGS, MOST_STANDING
from callboard.core.advice_events import (
    AdviceEvent,
    AdviceGiven,
    AdviceGone,
    AdviceJudged,
    AdviceOverruled,
    AdviceReopened,
    AdviceSnoozed,
    AdviceTaken,
    RuleDone,
    RuleEvent,
    RuleFired,
    RuleUndone,
)
from callboard.record.codec import to_json

ADVICE_KINDS = (
    "'AdviceGiven', 'AdviceGone', 'AdviceTaken', 'AdviceOverruled', 'AdviceSnoozed', 'AdviceReopened', 'AdviceJudged',"
    " 'RuleFired', 'RuleDone', 'RuleUndone'"
)
ADVICE_LOAD = (
    f"seq IN (SELECT seq FROM (SELECT seq FROM advice WHERE state != 'gone' ORDER BY seq DESC LIMIT {MOST_STANDING}))"  # noqa: S608
    f" OR seq IN (SELECT e.seq FROM (SELECT id FROM rule_firing ORDER BY at DESC LIMIT {MOST_FIRINGS}) f"
    " JOIN event e ON json_extract(e.body, '$.id') = f.id AND e.kind IN ('RuleFired', 'RuleDone', 'RuleUndone'))"
)
STANDS = {
    AdviceGiven: "open",
    AdviceTaken: "taken",
    AdviceOverruled: "overruled",
    AdviceSnoozed: "snoozed",
    AdviceReopened: "open",
}
_STANDING = (
    'INSERT INTO advice (id, workspace, kind, about, title, words, score, href, state, "first", at, "by", reason, until, rule,'
    " seq) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (id) DO UPDATE SET title=excluded.title, words=coalesce(nullif(excluded.words, ''), words),"
    " score=CASE WHEN excluded.score > 0 THEN excluded.score ELSE score END, href=coalesce(nullif(excluded.href, ''), href),"
    ' "first"=CASE WHEN state = \'gone\' THEN excluded."first" ELSE "first" END, state=excluded.state, at=excluded.at,'
    ' "by"=excluded."by", reason=excluded.reason, until=excluded.until, rule=excluded.rule, seq=excluded.seq'
)


def write_advice(connection: sqlite3.Connection, event: AdviceEvent | RuleEvent, seq: int) -> None:
    """Makes the rows what they are after the event."""
    match event:
        case AdviceGone():
            connection.execute(
                "UPDATE advice SET state='gone', at=?, reason=?, until=NULL, seq=? WHERE id=?",
                (event.at, event.why, seq, event.id),
            )
        case AdviceJudged():
            connection.execute(
                'UPDATE advice_taken SET judged=?, helped=?, words=?, "before"=?, "after"=?, n=? WHERE taking=?',
                (event.at, event.helped, event.words, event.before, event.after, event.n, event.taking),
            )
        case RuleFired():
            connection.execute(
                "INSERT OR REPLACE INTO rule_firing (id, at, rule, workspace, advice, kind, about, title, mode, act, taking, ok,"
                " words, undo, undone_by, undone_words) VALUES (?,?,?,?,?,?,?,?,?,?,?,0,'','{}','','')",
                (event.id, event.at, event.rule, event.workspace, event.advice, event.kind, event.about, event.title,
                 event.mode, to_json(event.act), event.taking),
            )  # fmt: skip
        case RuleDone():
            connection.execute(
                "UPDATE rule_firing SET done=?, ok=?, words=?, undo=? WHERE id=?",
                (event.at, event.ok, event.words, to_json(event.undo), event.id),
            )
        case RuleUndone():
            connection.execute(
                "UPDATE rule_firing SET undone=?, undone_by=?, undone_words=? WHERE id=?",
                (event.at, event.by, event.words, event.id),
            )
        case _:
            _write_standing(connection, event, seq)


def _write_standing(
    connection: sqlite3.Connection,
    event: AdviceGiven | AdviceTaken | AdviceOverruled | AdviceSnoozed | AdviceReopened,
    seq: int,
) -> None:
    given = event if isinstance(event, AdviceGiven) else None
    connection.execute(
        _STANDING,
        (
            event.id, event.workspace, event.kind, event.about, event.title, given.words if given else "",
            given.score if given else 0, given.href if given else "", STANDS[type(event)], event.at, event.at,
            getattr(event, "by", ""), getattr(event, "reason", ""), getattr(event, "until", None), getattr(event, "rule", ""), seq,
        ),
    )  # fmt: skip
    if isinstance(event, AdviceTaken):
        connection.execute(
            "INSERT OR REPLACE INTO advice_taken (taking, id, workspace, kind, about, title, \"by\", at, rule, act, measure, words,"
            " n) VALUES (?,?,?,?,?,?,?,?,?,?,?,'',0)",
            (event.taking, event.id, event.workspace, event.kind, event.about, event.title, event.by, event.at, event.rule,
             to_json(event.act), to_json(event.measure)),
        )  # fmt: skip
    elif isinstance(event, AdviceReopened):
        connection.execute(  # a taking whose act could not be done, or that somebody took back, is none that could help
            "DELETE FROM advice_taken WHERE id=? AND judged IS NULL AND at = (SELECT max(at) FROM advice_taken WHERE id=?)",
            (event.id, event.id),
        )


class AdviceTold:
    """What the events say of the three tables, for holding the tables against the log."""

    def __init__(self) -> None:
        self._stands: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self._taken: dict[str, list[Any]] = {}
        self._fired: dict[str, list[Any]] = {}

    def add(self, event: AdviceEvent | RuleEvent) -> None:
        """Takes the next event."""
        match event:
            case AdviceGone():
                if (event.id,) in self._stands:
                    _, by, _ = self._stands[event.id,]
                    self._stands[event.id,] = ("gone", by, event.at)
            case AdviceJudged():
                if event.taking in self._taken:
                    self._taken[event.taking][3:] = [event.at, event.helped]
            case RuleFired():
                self._fired[event.id] = [event.rule, event.mode, event.at, None, False, None]
            case RuleDone():
                if event.id in self._fired:
                    self._fired[event.id][3:5] = [event.at, event.ok]
            case RuleUndone():
                if event.id in self._fired:
                    self._fired[event.id][5] = event.at
            case _:
                self._stands[event.id,] = (STANDS[type(event)], getattr(event, "by", ""), event.at)
                if isinstance(event, AdviceTaken):
                    self._taken[event.taking] = [event.id, event.by, event.at, None, None]
                elif isinstance(event, AdviceReopened):
                    self._reopened(event.id)

    def _reopened(self, id: str) -> None:
        mine = [(row[2], taking) for taking, row in self._taken.items() if row[0] == id]
        if mine and self._taken[max(mine)[1]][3] is None:
            del self._taken[max(mine)[1]]

    def tables(self) -> dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]:
        """The rows by table, key and values as ADVICE_READ has them."""
        return {
            "advice": self._stands,
            "advice_taken": {(taking,): tuple(row) for taking, row in self._taken.items()},
            "rule_firing": {(id,): tuple(row) for id, row in self._fired.items()},
        }


ADVICE_READ = {
    "advice": (1, 'SELECT id, state, "by", at FROM advice'),
    "advice_taken": (1, 'SELECT taking, id, "by", at, judged, helped FROM advice_taken'),
    "rule_firing": (1, "SELECT id, rule, mode, at, done, ok, undone FROM rule_firing"),
}

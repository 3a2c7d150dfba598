"""Advice and firings of rules in their tables, and which of their events a new engine has to know."""

import sqlite3

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

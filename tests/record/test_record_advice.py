"""Advice in the database: what is read again, what was taken and judged, what rules did, and the figures of a week."""

from pathlib import Path
from typing import Any

from callboard.core.advice_commands import (
    EndFiring,
    FireRule,
    JudgeTaking,
    NoteAdvice,
    OverruleAdvice,
    ReopenAdvice,
    Said,
    SnoozeAdvice,
    TakeAdvice,
    UndoFiring,
)
from callboard.core.commands import grant
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.record.advice import AdviceRecord
from callboard.record.check import differences
from callboard.record.database import open_database
from callboard.record.log import SqliteLog


def said(number: int, kind: str = "alert", workspace: str = "/w") -> Said:
    return Said(f"a{number}", workspace, kind, f"x{number}", f"See to {number}", "its words", 40 + number, "/alerts")


class Kept:
    """A state whose events are kept in a real file."""

    def __init__(self, folder: Path) -> None:
        self.database = open_database(folder)
        self.log = SqliteLog(self.database)
        self.state = State()
        self.record = AdviceRecord(self.database)

    def do(self, command: Any, at: float) -> None:
        events = grant(self.state, command, at)
        for event in events:
            fold(self.state, event)
        self.log.append(events, self.state, durable=False)

    def again(self) -> State:
        state = State()
        for _, event in self.log.load():
            fold(state, event)
        return state


def test_what_was_said_of_advice_is_known_again_and_counted_by_kind(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.do(NoteAdvice((*map(said, range(6)), said(9, workspace="/other"))), 100.0)
    kept.do(OverruleAdvice(said(0), "ann", "it is meant to"), 110.0)
    kept.do(SnoozeAdvice(said(1), "ann", 5_000.0), 111.0)
    kept.do(
        TakeAdvice(said(2), "t2", "ben", {"title": "Acknowledge"}, {"what": "alert", "of": "ab", "before": 0.0}), 112.0
    )
    kept.do(TakeAdvice(said(3), "t3", "ben"), 113.0)
    kept.do(ReopenAdvice(said(3), "Callboard", "it could not be done"), 114.0)
    kept.do(JudgeTaking("a2", "t2", True, "the alert was resolved", 0.0, 1.0, 1), 200.0)
    kept.do(NoteAdvice((), (("a4", "it passed"), ("a2", "it passed"))), 300.0)
    kept.do(NoteAdvice((said(4),)), 400.0)

    again = kept.again()
    assert {one.id: one for one in again.advised} == {one.id: one for one in kept.state.advised}
    standing = kept.record.standing("/w")
    assert {id: (row["state"], row["by"], row["first"]) for id, row in standing.items()} == {
        "a0": ("overruled", "ann", 100.0), "a1": ("snoozed", "ann", 100.0), "a3": ("open", "Callboard", 100.0),
        "a4": ("open", "", 400.0), "a5": ("open", "", 100.0),
    }  # fmt: skip
    assert (standing["a0"]["words"], standing["a0"]["score"], standing["a0"]["href"]) == ("its words", 40, "/alerts")
    assert kept.record.tracks("/w") == {"alert": {"overruled": 1, "taken": 1, "helped": 1, "failed": 0}}
    (taken,) = kept.record.taken("/w")
    assert (taken["taking"], taken["by"], taken["helped"], taken["after"], taken["act"]) == (
        "t2",
        "ben",
        True,
        1.0,
        {"title": "Acknowledge"},
    )
    assert kept.record.unjudged("/w") == []
    assert kept.record.beginning("/w", "a4")["title"] == "See to 4"  # type: ignore[index]
    assert kept.record.beginning("/w", "a") is None
    assert [type(event).__name__ for _, event in kept.record.happened("/w", 110.0, 250.0)] == [
        "AdviceOverruled", "AdviceTaken", "AdviceTaken", "AdviceJudged",
    ]  # fmt: skip
    assert differences(kept.database) == []


def test_what_rules_did_is_known_again_and_still_bounded(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.do(NoteAdvice((said(1), said(2))), 100.0)
    undo = {"method": "POST", "path": "/api/v1/agents/q/concurrency", "body": {"limit": 1}}
    kept.do(FireRule("f1", "calm", said(1), "act", 1, 100.0, {"title": "Less"}, "t1"), 101.0)
    kept.do(EndFiring("f1", True, "q may do 2", undo), 102.0)
    kept.do(FireRule("f2", "calm", said(2), "dry-run", 1, 100.0, {"title": "Less"}), 103.0)
    again = kept.again()
    assert again.advised.firings() == kept.state.advised.firings()
    assert again.advised.fired("calm", "act", 200.0) == 1
    assert again.advised.has_fired("calm", "act", "a1", 100.0)
    kept.do(UndoFiring("f1", "ann", "too much"), 110.0)
    second, first = kept.record.firings("/w")
    assert (first["ok"], first["undo"], first["undone_by"], first["undone_words"]) == (True, undo, "ann", "too much")
    assert (second["mode"], second["act"]) == ("dry-run", {"title": "Less"})
    assert kept.record.tracks("/w") == {"alert": {"overruled": 0, "taken": 0, "helped": 0, "failed": 0}}
    assert differences(kept.database) == []

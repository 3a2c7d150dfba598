"""Advice as it stands: who said what first, what stays away, and what rules may do."""

from typing import Any

import pytest

from callboard.core.advice import ACT, DRY_RUN, MOST_FIRINGS, MOST_STANDING, Advised, Stand, advice_id
from callboard.core.advice_commands import (
    AdviceCommand,
    EndFiring,
    FireRule,
    NoteAdvice,
    OverruleAdvice,
    ReopenAdvice,
    Said,
    SnoozeAdvice,
    TakeAdvice,
    UndoFiring,
    grant_advice,
)
from callboard.core.advice_events import AdviceGiven, AdviceTaken, RuleFired
from callboard.errors import NotFound, Refused

NOW = 1_000.0
SAID = Said("a1", "/w", "alert", "x", "See to it")
UNDO = {"method": "POST", "path": "/api/v1/agents/q/concurrency"}


class Story:
    """A state to which wishes are granted, one after the other."""

    def __init__(self) -> None:
        self.advised = Advised()

    def do(self, command: AdviceCommand, now: float = NOW) -> list[Any]:
        events = grant_advice(self.advised, command, now)
        for event in events:
            self.advised.take(event)
        return events

    def state(self, id: str = "a1") -> Stand | None:
        known = self.advised.get(id)
        return None if known is None else known.state


def test_what_is_overruled_stays_away_until_it_is_reopened() -> None:
    story = Story()
    story.do(NoteAdvice((SAID,)))
    story.do(OverruleAdvice(SAID, "ann", "it is meant to"))
    assert story.do(NoteAdvice((SAID,))) == []
    assert story.do(NoteAdvice((), (("a1", "it passed"),))) == []
    assert story.state() is Stand.OVERRULED
    story.do(ReopenAdvice(SAID, "ben"))
    assert story.state() is Stand.OPEN


def test_a_snooze_ends_and_then_it_is_given_again() -> None:
    story = Story()
    story.do(SnoozeAdvice(SAID, "ann", NOW + 60))
    assert story.do(NoteAdvice((SAID,)), NOW + 59) == []
    assert [type(event) for event in story.do(NoteAdvice((SAID,)), NOW + 60)] == [AdviceGiven]
    for until in (NOW, NOW + 31 * 86_400):
        with pytest.raises(Refused, match="in the next 30 days"):
            story.do(SnoozeAdvice(SAID, "ann", until))


def test_the_second_is_told_who_was_first() -> None:
    story = Story()
    story.do(TakeAdvice(SAID, "t1", "ann"))
    for who, words in (("ben", "ann has taken it already"), ("ann", "you have taken it already")):
        with pytest.raises(Refused, match=words):
            story.do(TakeAdvice(SAID, "t2", who))
    with pytest.raises(Refused, match="ann has taken it already"):
        story.do(SnoozeAdvice(SAID, "ben", NOW + 60))
    story.do(OverruleAdvice(SAID, "ben", "no"))
    assert story.do(OverruleAdvice(SAID, "ben", "no")) == []
    with pytest.raises(Refused, match="ben has overruled it already: no"):
        story.do(OverruleAdvice(SAID, "ann", "also no"))
    with pytest.raises(Refused, match="ben has overruled it: no; reopen it first"):
        story.do(TakeAdvice(SAID, "t3", "ann"))


def test_what_is_gone_is_forgotten_and_comes_anew() -> None:
    story = Story()
    story.do(NoteAdvice((SAID,)))
    story.do(NoteAdvice((), (("a1", "it passed"), ("unknown", "?"))))
    assert story.state() is None
    assert [type(event) for event in story.do(NoteAdvice((SAID,)))] == [AdviceGiven]
    with pytest.raises(NotFound, match="nothing was said"):
        story.do(ReopenAdvice(Said("zz", "/w", "k", "y", "t"), "ann"))
    with pytest.raises(Refused, match="open already"):
        story.do(ReopenAdvice(SAID, "ann"))


def fire(mode: str, id: str, said: Said = SAID, since: float = 0.0, per_hour: int = 2) -> FireRule:
    return FireRule(id, "calm", said, mode, per_hour, since, {"title": "Less"}, f"t{id}")


def test_a_dry_run_says_what_it_would_do_and_touches_nothing() -> None:
    story = Story()
    assert [type(event) for event in story.do(fire(DRY_RUN, "f1"))] == [RuleFired]
    assert story.state() is None
    with pytest.raises(Refused, match="only said what it would do"):
        story.do(UndoFiring("f1", "ann"))


def test_a_rule_takes_an_advice_once_and_not_more_often_than_is_written() -> None:
    story = Story()
    story.do(NoteAdvice((SAID,)))
    assert [type(event) for event in story.do(fire(ACT, "f1"))] == [RuleFired, AdviceTaken]
    assert story.state() is Stand.TAKEN
    known = story.advised.get("a1")
    assert known is not None
    assert (known.by, known.rule) == ("rule calm", "calm")
    with pytest.raises(Refused, match="has dealt with advice a1 already"):
        story.do(fire(ACT, "f2"))
    story.do(fire(ACT, "f3", Said("a2", "/w", "alert", "y", "t")))
    with pytest.raises(Refused, match="has fired 2 times in this hour"):
        story.do(fire(ACT, "f4", Said("a3", "/w", "alert", "z", "t")))
    story.do(fire(ACT, "f4", Said("a3", "/w", "alert", "z", "t")), NOW + 3_600)
    story.do(fire(DRY_RUN, "f5", Said("a4", "/w", "alert", "q", "t")))


def test_a_rule_leaves_alone_what_a_person_has_a_word_about() -> None:
    story = Story()
    story.do(OverruleAdvice(SAID, "ann", "no"))
    with pytest.raises(Refused, match="ann has overruled it"):
        story.do(fire(ACT, "f1"))
    assert story.advised.firings() == []


def test_what_a_rule_did_is_taken_back_once() -> None:
    story = Story()
    story.do(fire(ACT, "f1"))
    with pytest.raises(Refused, match="cannot be undone"):
        story.do(UndoFiring("f1", "ann"))
    story.do(EndFiring("f1", True, "done", UNDO))
    story.do(UndoFiring("f1", "ann", "too much"))
    with pytest.raises(Refused, match="ann has undone it already"):
        story.do(UndoFiring("f1", "ben"))
    with pytest.raises(NotFound, match="no firing 'zz'"):
        story.do(EndFiring("zz", True, ""))
    story.do(fire(ACT, "f2", Said("a2", "/w", "alert", "y", "t")))
    story.do(EndFiring("f2", False, "refused"))
    with pytest.raises(Refused, match="cannot be undone"):
        story.do(UndoFiring("f2", "ann"))


def test_what_is_remembered_has_bounds() -> None:
    story = Story()
    for number in range(MOST_STANDING + 5):
        story.advised.take(AdviceGiven(1.0, str(number), "/w", "alert", str(number), "t"))
    assert len(story.advised) == MOST_STANDING
    assert story.state("0") is None
    for number in range(MOST_FIRINGS + 5):
        story.advised.take(RuleFired(1.0, str(number), "calm", "/w", "a", "alert", "x", "t", DRY_RUN))
    assert len(story.advised.firings()) == MOST_FIRINGS


def test_an_id_stands_for_kind_and_thing_in_a_workspace() -> None:
    ids = {
        advice_id(*names)
        for names in (("/w", "alert", "x"), ("/w", "alert", "y"), ("/v", "alert", "x"), ("/w", "a", "lert"))
    }
    assert len(ids) == 4
    assert advice_id("/w", "alert", "x") == advice_id("/w", "alert", "x")


def test_what_a_person_took_back_a_rule_does_not_do_again_about_the_same() -> None:
    story = Story()
    story.do(NoteAdvice((SAID,)))
    story.do(fire(ACT, "f1"))
    story.do(EndFiring("f1", True, "done", UNDO))
    story.do(UndoFiring("f1", "ann"))
    story.do(NoteAdvice((), (("a1", "it passed"),)))
    story.do(NoteAdvice((SAID,)), NOW + 60)
    assert story.advised.has_fired("calm", ACT, "a1", NOW + 60)
    with pytest.raises(Refused, match="ann took back what rule 'calm' had done"):
        story.do(fire(ACT, "f2", since=NOW + 60), NOW + 61)
    story.do(fire(ACT, "f3", Said("a2", "/w", "alert", "y", "t")), NOW + 61)

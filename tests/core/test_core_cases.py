"""Cases by value: opened, seen, gone, closed, back again; two writers; what persons teach; what is accepted comes back."""

import random
from dataclasses import replace

import pytest

from callboard.core import case_events as c
from callboard.core.case_batch import TOO_MANY, Opening, Sighting
from callboard.core.case_commands import MergeCases, MoveCase, NoteCase, SplitCase, TellCases
from callboard.core.case_facts import CaseState, Cause, family_of
from callboard.core.case_invariants import cases_kept
from callboard.core.case_life import Parting
from callboard.core.cases import KEEP_CLOSED, MOST_OPEN, MOST_SYMPTOMS
from callboard.core.invariants import promises_of_log
from callboard.errors import NotFound, Refused
from case_story import SHOP, Story, symptom, with_code

DAY = 86_400.0


def kinds(events: list[object]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, c.CasesLooked)]


def test_a_case_closes_only_when_each_check_that_saw_it_looked_at_other_code() -> None:
    story = Story()
    test, lint = symptom(), symptom("quality.lint", "f2", kind="finding", rule="F401")
    case = story.open(test, lint)
    assert kinds(story.part(case.id, test, code="c2")) == ["CaseGone"]
    assert case.state is CaseState.NEW
    assert kinds(story.part(case.id, lint, code="c2", commit="c2c2c2c2c2c2", subject="Mend the cart")) == [
        "CaseGone",
        "CaseMoved",
    ]
    assert case.state is CaseState.CLOSED
    assert case.resolution["kind"] == "commit"
    assert "Mend the cart" in case.resolution["words"]
    assert "quality.tests, quality.lint" in case.words


def test_a_commit_at_which_it_was_still_seen_is_not_what_mended_it() -> None:
    story = Story()
    lint = symptom("quality.lint", "l1", code="c1c1c1c1c1c1 clean")
    case = story.open(lint)
    story.part(case.id, lint, code="c1c1c1c1c1c1 0f3a", commit="c1c1c1c1c1c1", subject="Vouchers")
    assert (case.resolution["what"], case.resolution["words"]) == ("a change", "a change that was not committed")


def test_the_same_code_without_it_closes_nothing() -> None:
    story = Story()
    test = symptom(code="c1")
    case = story.open(test)
    said = story.part(case.id, test, code="c1")
    assert kinds(said) == ["CaseNoted"]
    assert case.is_open
    assert "may be flaky" in case.known["flaky"].words
    assert case.symptoms[test.key].quiet == 1
    for _ in range(10):
        story.part(case.id, test, code="c1")
    assert case.symptoms[test.key].quiet == 5  # said often enough
    story.see(case.id, test)
    assert case.symptoms[test.key].quiet == 0


def test_an_accepted_fix_is_other_code() -> None:
    story = Story()
    test = symptom(code="c1")
    case = story.open(test)
    story.do(
        NoteCase(
            case.id, "fix-tried", "ruff removed the import", facts={"ok": True, "patch": 4, "what": "ruff --fix F401"}
        )
    )
    story.part(case.id, test, code="c1", fixed=True)
    assert case.state is CaseState.CLOSED
    assert case.resolution["kind"] == "patch"
    assert case.resolution["what"] == "ruff --fix F401"
    assert case.resolution["patch"] == 4


@pytest.mark.parametrize(("seen_on", "looked_at"), [("", "c2"), ("c1", ""), ("", "")])
def test_where_nobody_can_tell_which_code_it_was_nothing_is_closed(seen_on: str, looked_at: str) -> None:
    story = Story()
    test = symptom(code=seen_on)
    case = story.open(test)
    assert kinds(story.part(case.id, test, code=looked_at)) == ["CaseNoted"]
    assert "nobody can tell" in case.known["flaky"].words


@pytest.mark.parametrize("kind", ["alert", "slow"])
def test_what_says_nothing_of_code_is_gone_when_it_is_not_seen(kind: str) -> None:
    story = Story()
    down = symptom("monitor.probe", kind=kind, code="")
    case = story.open(down)
    story.part(case.id, down, code="")
    assert case.state is CaseState.CLOSED
    assert case.resolution["kind"] == "gone by itself"


def test_a_closed_case_whose_symptom_returns_is_reopened_with_its_history() -> None:
    story = Story()
    test = symptom()
    case = story.open(test)
    story.part(case.id, test)
    said = story.see(case.id, with_code(test, "c3"))
    assert kinds(said) == ["CaseMoved", "CaseSeen"]
    assert (case.state, case.reopened, case.symptoms[test.key].gone, case.present) == (CaseState.NEW, 1, 0.0, 1)
    assert case.first < case.opened
    assert story.state.cases.of(SHOP, test.key) is case
    story.part(case.id, test, code="c4")
    assert case.state is CaseState.CLOSED


def test_one_symptom_that_is_back_in_the_same_batch_keeps_the_case_open() -> None:
    story = Story()
    test = symptom()
    case = story.open(test)
    story.tell(
        seen=[Sighting(case.id, (with_code(test, "c2"),))],
        gone=[Parting(case.id, (test.key,), "did not report it", "c3")],
    )
    assert case.is_open
    assert case.symptoms[test.key].code == "c2"


def test_a_check_that_is_no_longer_there_asks_a_person_once() -> None:
    story = Story()
    case = story.open(symptom())
    assert kinds(story.tell(missing=[(case.id, "quality.tests")])) == ["CaseNoted"]
    assert "no longer in the pipeline" in case.asks
    assert kinds(story.tell(missing=[(case.id, "quality.tests")])) == []
    story.do(MoveCase(case.id, "closed", "ann", reason="we dropped these tests"))
    assert case.asks == ""
    assert case.words == (
        "closed by ann's word, though 1 of 1 symptoms were there when last looked: we dropped these tests"
    )
    assert case.resolution["kind"] == "by hand"


def test_what_was_told_once_is_not_doubled() -> None:
    story = Story()
    story.open(symptom())
    with pytest.raises(Refused, match="told already"):
        story.do(TellCases(SHOP, story.upto, (Opening("x", "low", Cause("single"), (symptom(fingerprint="f9"),)),)))
    assert len(story.state.cases) == 1


def test_two_cases_never_have_one_symptom() -> None:
    story = Story()
    test, other = symptom(), symptom(fingerprint="f2")
    case = story.open(test)
    said = story.tell(
        opened=[
            Opening("again", "high", Cause("file"), (test, other)),
            Opening("twice", "high", Cause("file"), (other,)),
        ]
    )
    assert kinds(said) == ["CaseSeen", "CaseOpened"]
    assert case.symptoms[test.key].times == 2
    assert [list(one.symptoms) for one in story.state.cases.open()] == [[test.key], [other.key]]


def test_what_was_seen_of_a_merged_case_belongs_to_the_other() -> None:
    story = Story()
    test, lint = symptom(), symptom("quality.lint", "f2", kind="finding", rule="F401", message="'os' is not used")
    one, two = story.open(test), story.open(lint)
    story.do(MergeCases(two.id, one.id, "ann", "the same broken import"))
    assert (two.is_open, two.into, one.joined) == (False, one.id, (two.id,))
    assert set(one.symptoms) == {test.key, lint.key}
    story.see(two.id, lint)
    assert one.symptoms[lint.key].times == 2
    assert story.state.cases.taught(SHOP).says(test, lint) is True
    with pytest.raises(Refused, match=f"part of C{one.id}"):
        story.do(MoveCase(two.id, "new", "ann", reason="no"))


def test_a_split_is_learned_and_undoes_a_join() -> None:
    story = Story()
    test, lint = symptom(), symptom("quality.lint", "f2", kind="finding", rule="F401", message="'os' is not used")
    case = story.open(test, lint)
    story.do(SplitCase(case.id, (lint.key,), "ann", "these have nothing to do with each other"))
    fresh = story.state.cases.of(SHOP, lint.key)
    assert fresh is not None
    assert fresh.id != case.id
    assert "split it from" in fresh.cause.words
    assert story.state.cases.taught(SHOP).says(lint, test) is False
    assert story.state.cases.taught("/elsewhere").says(lint, test) is None
    story.do(MergeCases(fresh.id, case.id, "bob", "they do"))
    assert story.state.cases.taught(SHOP).says(lint, test) is True
    with pytest.raises(Refused, match="no symptom left"):
        story.do(SplitCase(case.id, tuple(case.symptoms), "ann"))
    with pytest.raises(NotFound):
        story.do(SplitCase(case.id, ("nonsense",), "ann"))


def test_an_accepted_case_comes_back_after_its_day_and_before_when_it_gets_worse() -> None:
    story = Story()
    case = story.open(symptom(severity="medium"), severity="medium")
    with pytest.raises(Refused, match="why"):
        story.do(MoveCase(case.id, "accepted", "ann", until=story.now + DAY))
    with pytest.raises(Refused, match="within 366 days"):
        story.do(MoveCase(case.id, "accepted", "ann", reason="known", until=story.now - 1))
    story.do(MoveCase(case.id, "accepted", "ann", reason="known", until=story.now + DAY))
    assert (case.state, case.accepted_by, case.accepted_why) == (CaseState.ACCEPTED, "ann", "known")
    story.see(case.id, symptom(severity="medium"))
    assert case.state is CaseState.ACCEPTED
    assert story.later(DAY / 2) == []
    came = story.later(DAY)
    assert kinds(came) == ["CaseMoved"]
    assert (case.state, case.until, case.reopened) == (CaseState.NEW, None, 0)
    assert "ann accepted it until then: known" in case.words
    assert story.later(DAY) == []
    story.do(MoveCase(case.id, "accepted", "ann", reason="known", until=story.now + DAY))
    story.see(case.id, symptom(severity="critical"), severity="critical")
    assert case.state is CaseState.NEW
    assert "worse than what ann accepted" in case.words


def test_of_two_writers_the_second_is_told_who_was_first() -> None:
    story = Story()
    case = story.open(symptom())
    turn = case.turn
    story.do(MoveCase(case.id, "accepted", "ann", reason="known", until=story.now + DAY, turn=turn))
    with pytest.raises(Refused, match="by ann; look at it again"):
        story.do(MoveCase(case.id, "closed", "bob", reason="done", turn=turn))
    story.do(MoveCase(case.id, "assigned", "bob", to_kind="person", to="bob"))
    with pytest.raises(Refused, match="is with @bob, by bob"):
        story.do(MoveCase(case.id, "assigned", "ann", to_kind="agent", to="quality"))
    story.do(MoveCase(case.id, "assigned", "ann", to_kind="person", to="ann", instead=True))
    assert case.assignee is not None
    assert case.assignee.words == "@ann"
    story.do(MoveCase(case.id, "closed", "ann", reason="done"))
    with pytest.raises(Refused, match="was closed by ann already"):
        story.do(MoveCase(case.id, "closed", "bob", reason="done"))
    with pytest.raises(Refused, match="is closed, by ann"):
        story.do(MoveCase(case.id, "triaged", "bob"))
    assert story.do(MoveCase(case.id, "closed", "ann", reason="done")) == []


def test_more_than_can_be_followed_is_one_case() -> None:
    story = Story()
    openings = [
        Opening(f"case {n}", "low", Cause("single"), (symptom(fingerprint=f"f{n}"),)) for n in range(MOST_OPEN + 50)
    ]
    story.tell(opened=openings)
    assert len(story.state.cases) == MOST_OPEN
    last = list(story.state.cases.open())[-1]
    (only,) = last.symptoms.values()
    assert only.fingerprint == TOO_MANY
    assert "51 more causes" in only.message
    story.tell(opened=[Opening("one more", "critical", Cause("single"), (symptom(fingerprint="new"),))])
    assert len(story.state.cases) == MOST_OPEN
    assert last.times == 2


def test_ten_thousand_symptoms_at_once_cost_a_step_no_more_than_two_thousand() -> None:
    story = Story()
    many = [tuple(symptom(fingerprint=f"{g}/{n}") for n in range(1_000)) for g in range(10)]
    said = story.tell(opened=[Opening(f"group {g}", "low", Cause("family"), some) for g, some in enumerate(many)])
    assert sum(len(event.symptoms) for event in said if isinstance(event, c.CaseOpened)) == 2_008
    cases = list(story.state.cases.open())
    assert [(len(case.symptoms), case.left_out) for case in (cases[0], cases[2])] == [(1_000, 0), (1, 999)]
    story.see(cases[2].id, *many[2])
    assert (len(cases[2].symptoms), cases[2].present, cases[2].left_out) == (1_000, 1_000, 0)


def test_a_case_holds_so_many_symptoms_and_counts_the_others() -> None:
    story = Story()
    case = story.open(symptom())
    story.see(case.id, *(symptom(fingerprint=f"g{n}") for n in range(MOST_SYMPTOMS + 9)))
    assert (len(case.symptoms), case.left_out, case.present) == (MOST_SYMPTOMS, 10, MOST_SYMPTOMS)


def test_closed_cases_leave_the_memory_and_come_back_from_the_record() -> None:
    story = Story()
    for nth in range(KEEP_CLOSED + 3):
        case = story.open(symptom(fingerprint=f"f{nth}"))
        story.do(MoveCase(case.id, "closed", "ann", reason="done"))
    kept = story.state.cases.get(1)
    assert kept is not None
    copy = kept.copy()
    story.state.cases.settle()
    assert story.state.cases.get(1) is None
    with pytest.raises(NotFound):
        story.see(1, symptom(fingerprint="f0"))
    story.state.cases.remember(copy)
    story.see(1, symptom(fingerprint="f0"))
    assert copy.is_open
    assert copy.reopened == 1


def test_a_family_forgets_names_paths_and_numbers() -> None:
    one = family_of("F401", "ruff", "'os' imported but unused in shop/cart.py:12")
    assert one == family_of("F401", "ruff", "'sys' imported but unused in shop/billing/tax.py:7")
    assert one != family_of("F811", "ruff", "'os' imported but unused in shop/cart.py:12")
    assert family_of("x", "t", "took 3.5 s at 0xdeadbeef") == family_of("x", "t", "took 12 s at 0xbadcafe1")
    assert family_of("x", "t", "GET http://a.b:80/c?d=1 is slow") == family_of("x", "t", "GET https://x/y is slow")
    assert len(family_of("x", "t", "w " * 100_000)) < 300


@pytest.mark.parametrize("seed", range(6))
def test_over_random_histories_a_case_is_closed_exactly_by_the_rule_and_the_log_tells_it_all(seed: int) -> None:
    """A world of symptoms that come, go with the code, or flicker; a second reading keeps its own books."""
    dice = random.Random(seed)
    story = Story()
    checks = ("quality.tests", "quality.lint", "security.secrets")
    groups = [[symptom(dice.choice(checks), f"g{g}s{s}") for s in range(dice.randint(1, 4))] for g in range(8)]
    case_of: dict[int, int] = {}
    there: dict[tuple[int, str], tuple[bool, str]] = {}  # symptom -> (told as there, code of the last sighting)
    for turn in range(120):
        group = dice.randrange(len(groups))
        code = f"c{dice.randint(turn // 10, turn // 10 + 1)}"
        case = story.state.cases.get(case_of.get(group, 0))
        some = dice.sample(groups[group], dice.randint(1, len(groups[group])))
        act = dice.choice(("see", "see", "part", "part", "part", "word"))
        if act == "see":
            seen = tuple(replace(one, code=code) for one in some)
            if case is None:
                story.tell(opened=[Opening(f"group {group}", "high", Cause("file"), seen)])
                case_of[group] = story.state.cases.last
            else:
                story.see(case.id, *seen)
            there |= {(group, one.key): (True, code) for one in seen}
        elif act == "part" and case is not None and case.is_open:
            story.part(case.id, *some, code=code)
            for one in some:
                is_there, seen_on = there.get((group, one.key), (False, ""))
                if is_there and seen_on != code:
                    there[group, one.key] = (False, seen_on)
        elif act == "word" and case is not None and case.is_open:
            story.do(NoteCase(case.id, "comment", "hm", "ann"))
        for number, one_case in ((g, story.state.cases.get(n)) for g, n in case_of.items()):
            assert one_case is not None
            mine = {key: is_there for (g, key), (is_there, _) in there.items() if g == number}
            assert one_case.is_open == any(mine.values())
            assert one_case.present == sum(mine.values())
            assert {key: not held.gone for key, held in one_case.symptoms.items()} == mine
        assert cases_kept(story.state.cases) == []
    assert story.again().cases.facts() == story.state.cases.facts()
    assert promises_of_log(story.events) == []


def test_a_broken_promise_is_noticed() -> None:
    story = Story()
    case = story.open(symptom(), symptom(fingerprint="f2"))
    closed = c.CaseMoved(story.now, case.id, "closed", "Callboard", "all is well")
    assert promises_of_log([*story.events, closed]) == ["C1 was closed by Callboard with 2 symptoms that are there"]
    looked = story.events[-1]
    assert promises_of_log([*story.events, looked]) == [f"the keeper looks at event 1 of {SHOP} again"]
    case.present = 7
    assert cases_kept(story.state.cases) == ["C1 counts 7 symptoms that are there and has 2"]


def test_a_rule_joins_without_teaching_and_never_what_a_person_joined_split_accepted_or_closed() -> None:
    story = Story()
    one, two = symptom(), symptom("api.contract", "f2", rule="other", path="api.py", severity="medium")
    first, second = story.open(one), story.open(two)
    said = story.do(MergeCases(second.id, first.id, "Callboard", "one cause", by_rule=True))
    assert kinds(said) == ["CaseMerged"]
    taught = story.state.cases.taught(SHOP)
    assert not taught.joins
    assert not taught.parts
    assert sorted(first.checks) == ["api.contract", "quality.tests"]
    assert (second.is_open, second.into) == (False, first.id)
    story.see(second.id, two)
    assert first.symptoms[two.key].times == 2, "what is seen of it is told of the one that it is part of"
    with pytest.raises(Refused, match="part of"):
        story.do(MergeCases(second.id, first.id, "Callboard", "again", by_rule=True))

    story.do(SplitCase(first.id, (two.key,), "ann", "two things"))
    other = story.state.cases.of(SHOP, two.key)
    assert other is not None
    assert other is not first
    for case, into in ((other.id, first.id), (first.id, other.id)):
        with pytest.raises(Refused, match="joined or split by a person"):
            story.do(MergeCases(case, into, "Callboard", "one cause", by_rule=True))
    third, fourth = (story.open(symptom(f"check{nth}", f"g{nth}")) for nth in (3, 4))
    story.do(MoveCase(third.id, CaseState.ACCEPTED, "ann", reason="known", until=story.now + DAY))
    with pytest.raises(Refused, match="accepted"):
        story.do(MergeCases(third.id, fourth.id, "Callboard", "one cause", by_rule=True))
    story.do(MoveCase(fourth.id, CaseState.CLOSED, "ann", reason="done"))
    fifth = story.open(symptom("check5", "g5"))
    with pytest.raises(Refused, match="closed"):
        story.do(MergeCases(fifth.id, fourth.id, "Callboard", "one cause", by_rule=True))
    assert cases_kept(story.state.cases) == []

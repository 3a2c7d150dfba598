"""What to do next, by value: facts in, ranked advice with reasons, gain, risk and factors out."""

import re
import shlex
from dataclasses import replace

import pytest

from callboard.cli import parser
from callboard.config.rules import RuleTable
from callboard.desk.advice_acting import CALLS
from callboard.insight.advice_case_acts import cap
from callboard.insight.advice_drafts import SEVERITIES, lasting
from callboard.insight.advice_facts import (
    Act,
    AgentFact,
    AlertFact,
    CaseFact,
    Cause,
    ChangeFact,
    Drain,
    DriftFact,
    ExpiryFact,
    Facts,
    FlakyFact,
    Gain,
    Green,
    LostTask,
    Machine,
    NeedFact,
    OfferFact,
    PatchFact,
    Relieved,
    RepeatFact,
    ScheduleFact,
    Track,
    Unchecked,
    Waiting,
)
from callboard.insight.advice_kinds import KINDS
from callboard.insight.advice_load import gain_of_days
from callboard.insight.advice_rank import Advice, advise, record_of
from callboard.insight.advice_rules import act_by

NOW = 1_000_000.0
DAY = 86_400.0
CASE = CaseFact(7, "cart.py cannot be parsed", "critical", "new", 88.0, NOW - 60, NOW - 600, NOW - 600, checks=("quality.lint",),
                agents=("quality",), blocks=6, blocks_words="6 tasks wait for it")  # fmt: skip
BUSY = AgentFact("quality", 9, 240.0, 1, 1, overloaded=True, words="9 wait, most for its limit of 1 at once",
                 held=(("agent quality", 9, 240.0),), relief=Relieved("concurrency 1 → 2 would start 1", 1, limit=2))  # fmt: skip
ALERT = AlertFact("ab12", "endpoint-down", "high", "open", "GET /health answers 500", "3 times", "/tasks/4.1", "", "monitor",
                  NOW - 3600, NOW - 60, 3)  # fmt: skip
LOST = LostTask("4.2", "quality.tests", "quality", "timed out", "it took longer than 2 s", NOW - 30, 4, True, 1, 3)
PATCH = Waiting("patch:14", "patch", "Patch 14 of refactor.fix waits", "1 file", NOW - 7200, "/patches/14",
                (("accept", "/patches/14/accept", {}, False),))  # fmt: skip
OFFER = OfferFact("refactor", "refactor.fixes", "remove the import")
EVERYTHING = Facts(
    NOW, "/w",
    cases=(
        CASE, replace(CASE, id=8, title="tests/a.py::t", flaky=0.2, flaky_runs=20, flaky_words="failed 4 of 20", severity="medium"),
        replace(CASE, id=9, state="fix-proposed", patch=14, fix_words="patch 14 adds the bracket"),
        replace(CASE, id=10, looked=True, broken_by="it broke with 1a2b3c4d"),
        replace(CASE, id=11, state="assigned", opened=NOW - 3 * DAY, moved=NOW - 2 * DAY, assignee="ann", assignee_kind="person"),
        replace(CASE, id=14, static=True), replace(CASE, id=15, static=True, offers=(OFFER,)),
        *(replace(CASE, id=20 + number, static=True, blocks=0, severity="low", priority=9.0) for number in range(5)),
        replace(CASE, id=12, state="cannot-reproduce"), replace(CASE, id=13, state="accepted", until=NOW + DAY, accepted_by="ben"),
    ),
    agents=(BUSY, AgentFact("infra", 2, 90.0, paused_by="ann", paused_at=NOW - 90),
            AgentFact("api", 4, 60.0, 2, overloaded=True, words="4 wait", relief=Relieved("to x", 2, to="x", task="4.9"))),
    waiting=(PATCH, replace(PATCH, id="patch:15"), *(Waiting(f"{kind}:1", kind, f"{kind}?", "", NOW - 10, "/inbox")
                      for kind in ("decision", "question", "stuck task", "workspace", "roadmap", "person", "case")),
             Waiting("schedule:n", "schedule", "Schedule 'n' missed its time", "", NOW - DAY, "/runs/new",
                     (("run it now", "/runs", {"pipeline": "n"}, False),))),
    alerts=(ALERT,), lost=(LOST,),
    schedules=(ScheduleFact("nightly", "all", 3, NOW - 3 * DAY, 40, None, "the last 3 came out failed"),),
    causes=(Cause("lock db:dev", "waits for lock db:dev", 11_400.0, 0.4, 31, ("infra",), (900.0, 1_800.0, 0.0), NOW - DAY),),
    needs=(NeedFact("quality.types", "4 GiB", "0.6 GiB", 12, memory_mb=4096, memory_used_mb=600, fixed=True),),
    drifts=(DriftFact("api.fuzz", 20.0, 40.0, 8, NOW - DAY, "since Tuesday"),),
    flaky=(FlakyFact("api.contract", 400.0, 12, "12 further tries"),),
    repeats=(RepeatFact("build", 30, 30, 3_000.0, 7.0, "/tasks/4.0"),),
    expiring=(ExpiryFact("S105 tests/*", "accepted finding", NOW - 60, "made up", "ann", "/settings"),),
    changes=(ChangeFact("add-login", "Login", "high", 4, ("pay",), False, 0, "add-login#1.2", "Write it", 30.0, href="/roadmap/x"),
             ChangeFact("late", "Late", "low", 4, (), False, 0, "late#1", "Do", None, NOW, "Beta", NOW + DAY, "/roadmap/y")),
    unchecked=Unchecked(3, 2, NOW - 3600, 40, "default", "Since run 40 it has changed"),
    drain=Drain("ann", NOW - 7200, "release", None),
    machine=Machine("disk full", 1.0, True, 12, 3), greens=(Green("staging", "1.2", "4.7", NOW - 60),),
    tracks={"retry": Track(taken=6, helped=6)},
)  # fmt: skip


def kinds(facts: Facts) -> list[str]:
    return [advice.draft.kind for advice in advise(facts)]


def one(facts: Facts, kind: str) -> Advice:
    return next(advice for advice in advise(facts) if advice.draft.kind == kind)


def test_every_kind_that_is_written_down_comes_from_some_facts_and_says_all_that_is_promised() -> None:
    listed = advise(EVERYTHING)
    assert {advice.draft.kind for advice in listed} == set(KINDS)
    assert [advice.score for advice in listed] == sorted((advice.score for advice in listed), reverse=True)
    for advice in listed:
        draft = advice.draft
        assert draft.reasons, draft.kind
        assert draft.evidence, draft.kind
        assert all((draft.title, draft.words, draft.href.startswith("/"))), draft.kind
        assert draft.measure.what in (KINDS[draft.kind].measure, "wait"), draft.kind
        assert draft.severity in SEVERITIES
        assert draft.gain is not None or draft.no_gain
        assert advice.score == max(0, min(100, round(sum(value for _, value, _ in advice.factors))))
        assert all(act.method == "POST" and act.path.startswith("/") and act.title for act in draft.acts)


def test_the_same_facts_give_the_same_list_and_nothing_gives_nothing() -> None:
    assert advise(EVERYTHING) == advise(EVERYTHING)
    assert advise(Facts(NOW, "/w")) == []


def test_what_halts_everything_comes_first_then_the_case_that_blocks_most() -> None:
    listed = advise(EVERYTHING)
    assert listed[0].draft.kind == "halted"
    fixed = next(advice for advice in listed if advice.draft.case == 9)
    new = next(advice for advice in listed if advice.draft.case == 7)
    assert fixed.score >= new.score > next(advice for advice in listed if advice.draft.case == 13).score


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (CASE, "case-investigate"),
        (replace(CASE, static=True), "case-look"),
        (replace(CASE, static=True, asked=True), "case-look"),
        (replace(CASE, static=True, offers=(OFFER,)), "case-mend"),
        (replace(CASE, not_again="nothing of it is a test or a command"), "case-look"),
        (replace(CASE, state="reproducing"), "case-look"),
        (replace(CASE, state="reproducing", blocks=0), ""),
        (replace(CASE, looked=True), "case-assign"),
        (replace(CASE, state="fix-proposed", patch=3), "case-fix"),
        (replace(CASE, flaky=0.2, flaky_runs=20), "case-flaky"),
        (replace(CASE, flaky=0.2, flaky_runs=3), "case-investigate"),
        (replace(CASE, flaky=1.0, flaky_runs=20), "case-investigate"),
        (replace(CASE, state="assigned", assignee="quality"), ""),
        (replace(CASE, state="accepted", until=NOW + 30 * DAY), ""),
        (replace(CASE, state="cannot-reproduce"), "case-unclear"),
    ],
)
def test_a_case_has_one_next_thing(case: CaseFact, kind: str) -> None:
    assert kinds(Facts(NOW, "/w", cases=(case,))) == ([kind] if kind else [])


def test_a_fix_is_only_promised_where_an_agent_offers_one_and_static_findings_are_not_run_again() -> None:
    plain = replace(
        CASE, static=True, place="shop/cart.py:3", owner_why="quality's checks saw it", help="Close the bracket"
    )
    draft = one(Facts(NOW, "/w", cases=(replace(plain, asked=True),)), "case-look").draft
    assert {act.does for act in draft.acts} == {"take", "assign"}
    assert "No agent offers a fix" in draft.words
    assert "Close the bracket" in draft.words
    assert {"It is in shop/cart.py:3.", "Who: quality's checks saw it."} <= set(draft.reasons)
    assert "No fix is known" in one(Facts(NOW, "/w", cases=(plain,)), "case-look").draft.words
    offered = one(Facts(NOW, "/w", cases=(replace(plain, offers=(OFFER,)),)), "case-mend").draft
    assert offered.title == "Have refactor mend C7: remove the import"
    assert offered.acts[0].body == {"what": "fix"}
    hers = replace(plain, owner="Ann Lee", owner_kind="person")
    act = one(Facts(NOW, "/w", cases=(hers,)), "case-look").draft.acts[0]
    assert (act.title, act.body["to"]) == ("Give C7 to Ann Lee", "@Ann Lee")
    assert parser().parse_args(shlex.split(act.command)[1:]).to == "@Ann Lee"


def test_a_waiting_patch_is_one_advice_for_all_cases_that_it_mends() -> None:
    low = replace(CASE, static=True, severity="low", priority=9.0, blocks=0, blocks_words="")
    patch = PatchFact(15, "refactor.fixes", "refactor", "mends 2 F401", ("a.py",), (2, 3), (4,), NOW)
    facts = Facts(NOW, "/w", cases=tuple(replace(low, id=id) for id in (2, 3, 4)), patches=(patch,),
                  waiting=(replace(PATCH, id="patch:15"),))  # fmt: skip
    listed = advise(facts)
    assert [advice.draft.title for advice in listed[:1]] == ["Accept patch 15: it mends C2 and 1 more"]
    assert listed[0].draft.href == "/patches/15"
    assert "It changes a part of C4 too." in listed[0].draft.reasons
    assert [advice.draft.kind for advice in listed] == ["case-fix", "case-look"]
    unsure = replace(facts, patches=(replace(patch, sure=False),))
    assert advise(unsure)[0].draft.title == "Accept patch 15: it changes the lines of C2 and 1 more"


def test_many_alike_are_one_line_with_a_link_and_titles_are_short() -> None:
    words = "a very long sentence about what was seen " * 5
    cases = [
        replace(CASE, id=n, static=True, blocks=0, title=words, severity="high", priority=38.0) for n in range(1, 31)
    ]
    listed = advise(Facts(NOW, "/w", cases=tuple(cases)))
    assert [advice.draft.kind for advice in listed] == ["case-look"] * 3 + ["case-more"]
    assert listed[3].draft.title == "And 27 more high cases that quality saw: C4, C5, C6, C7 and 23 more"
    assert listed[3].draft.href == "/cases?severity=high&agent=quality"
    assert all(len(advice.draft.title) <= 90 for advice in listed)
    assert words.strip() in listed[0].draft.words
    many = [replace(case, agents=(f"a{case.id}",)) for case in cases]
    listed = advise(Facts(NOW, "/w", cases=tuple(many)))
    assert [advice.draft.kind for advice in listed] == ["case-look"] * 6 + ["case-more"]
    assert listed[6].draft.title.startswith("And 24 more high cases of 24 agents: C")


def test_equal_scores_stand_in_a_stated_order_and_the_factors_say_which() -> None:
    base = replace(CASE, static=True, severity="high", priority=38.0, blocks=0)
    older = replace(base, id=2, opened=NOW - 300)
    listed = advise(Facts(NOW, "/w", cases=(replace(base, opened=NOW - 60), older)))
    assert [advice.draft.case for advice in listed] == [2, 7]
    assert listed[0].score == listed[1].score
    assert listed[0].factors[-1] == ("order", 0.0, "before the next, which has the same score: it is older (5 min)")
    assert listed[1].factors[-1][0] != "order"
    seen = replace(base, checks=tuple(f"check{n}" for n in range(8)))
    assert advise(Facts(NOW, "/w", cases=(older, seen)))[0].draft.case == 7


def test_a_case_that_has_an_alert_is_no_alert_too() -> None:
    down = replace(ALERT, mark="beef")
    assert kinds(Facts(NOW, "/w", cases=(replace(CASE, alerts=("beef",)),), alerts=(down,))) == ["case-investigate"]


def test_a_reopened_case_is_another_matter_than_the_one_that_was_overruled() -> None:
    first, again = (advise(Facts(NOW, "/w", cases=(case,)))[0].id for case in (CASE, replace(CASE, reopened=1)))
    assert first != again
    assert advise(Facts(NOW, "/w", cases=(replace(CASE, title="other words", priority=3.0),)))[0].id == first
    assert advise(Facts(NOW, "/other", cases=(CASE,)))[0].id != first


def test_more_at_once_is_advised_only_where_the_admission_would_start_more_and_can_be_taken_back() -> None:
    draft = one(Facts(NOW, "/w", agents=(BUSY,)), "concurrency-raise").draft
    assert (draft.acts[0].path, draft.acts[0].body) == ("/agents/quality/concurrency", {"limit": 2})
    assert draft.acts[0].undo is not None
    assert draft.acts[0].undo.body == {"limit": 1}
    assert draft.gain is None
    assert "Too little has waited" in draft.no_gain
    known = replace(BUSY, waited_days=(60.0, 120.0, 180.0))
    assert one(Facts(NOW, "/w", agents=(known,)), "concurrency-raise").draft.gain == gain_of_days(
        (60.0, 120.0, 180.0), "waited for it"
    )
    assert kinds(Facts(NOW, "/w", agents=(replace(BUSY, relief=None),))) == []
    simulated = Gain("simulated", 3.0, 9.0)
    assert one(Facts(NOW, "/w", agents=(replace(known, gain=simulated),)), "concurrency-raise").draft.gain == simulated


def test_names_from_outside_stay_one_part_of_the_path() -> None:
    odd = replace(BUSY, name="../x y?z")
    act = one(Facts(NOW, "/w", agents=(odd,)), "concurrency-raise").draft.acts[0]
    assert act.path == "/agents/..%2Fx%20y%3Fz/concurrency"
    assert act.command == "callboard concurrency '../x y?z' 2"


def test_gain_is_a_range_from_days_that_were_counted_or_nothing() -> None:
    assert gain_of_days((10.0, 20.0), "w") is None
    assert gain_of_days((0.0, 0.0, 0.0), "w") is None
    gain = gain_of_days((0.0, 100.0, 200.0, 300.0, 400.0), "w")
    assert gain is not None
    assert (gain.low_s, gain.high_s) == (7 * 40.0, 7 * 360.0)
    assert "5 days" in gain.words


def test_lost_work_that_is_not_idempotent_is_a_high_risk_and_what_a_case_has_is_no_alert_too() -> None:
    careful = one(Facts(NOW, "/w", lost=(replace(LOST, idempotent=False),)), "retry")
    plain = one(Facts(NOW, "/w", lost=(LOST,)), "retry")
    assert (careful.draft.risk.level, plain.draft.risk.level) == ("high", "low")
    assert plain.score - careful.score == 10
    told = replace(CASE, checks=("quality.tests",))
    assert kinds(Facts(NOW, "/w", cases=(told,), lost=(LOST,))) == ["case-investigate", "retry"]
    same = replace(ALERT, kind="task-broken", job="quality.tests", opened=NOW)
    assert kinds(Facts(NOW, "/w", cases=(told,), alerts=(same,))) == ["case-investigate"]
    assert kinds(Facts(NOW, "/w", alerts=(same,))) == ["alert"]
    assert kinds(Facts(NOW, "/w", alerts=(replace(ALERT, opened=NOW - 60),))) == []
    assert kinds(Facts(NOW, "/w", alerts=(replace(ALERT, state="acknowledged"),))) == []


def test_where_cases_are_kept_an_alert_gives_them_a_moment() -> None:
    broken = replace(ALERT, kind="task-broken", job="quality.tests", opened=NOW - 1)
    whole = replace(ALERT, kind="run-broken", severity="critical", opened=NOW - 60)
    assert kinds(Facts(NOW, "/w", alerts=(broken,), kept=True)) == []
    assert kinds(Facts(NOW, "/w", alerts=(replace(broken, opened=NOW - 6),), kept=True)) == ["alert"]
    assert kinds(Facts(NOW, "/w", alerts=(broken,), kept=True, looked=broken.opened)) == ["alert"], (
        "no case was made of it"
    )
    assert kinds(Facts(NOW, "/w", cases=(CASE,), alerts=(whole,), kept=True)) == ["case-investigate"]
    assert kinds(Facts(NOW, "/w", cases=(CASE,), alerts=(whole,))) == ["case-investigate", "alert"]


def test_what_waits_for_a_limit_alone_can_be_raised_at_once() -> None:
    cause = replace(
        EVERYTHING.causes[0], key="agent infra busy", agent="infra", limit=2, detail="b took 60 % of its time"
    )
    draft = one(Facts(NOW, "/w", causes=(cause,)), "bottleneck").draft
    assert (draft.acts[0].path, draft.acts[0].body) == ("/agents/infra/concurrency", {"limit": 3})
    assert "B took 60 % of its time." in draft.reasons
    assert kinds(Facts(NOW, "/w", causes=(replace(cause, seconds=500.0),))) == []


def test_a_kind_that_is_overruled_often_ranks_lower_and_one_that_helps_higher_and_both_are_shown() -> None:
    base = one(Facts(NOW, "/w", alerts=(ALERT,)), "alert")
    for track, value in ((Track(overruled=3), -12.0), (Track(taken=2, helped=2), 4.0), (Track(overruled=99), -20.0),
                         (Track(overruled=2, taken=2, failed=1), -3.0), (Track(helped=99, taken=99), 10.0)):  # fmt: skip
        assert record_of(track) == value
        ranked = one(Facts(NOW, "/w", alerts=(ALERT,), tracks={"alert": track}), "alert")
        assert ranked.score == base.score + value
        assert ("record", value) in [(name, worth) for name, worth, _ in ranked.factors]
        assert f"{track.overruled} overruled, {track.taken} taken" in ranked.factors[-1][2]


def test_a_rule_is_proposed_only_for_what_always_helped_and_is_not_ruled_yet() -> None:
    good = {"retry": Track(taken=6, helped=6)}
    assert kinds(Facts(NOW, "/w", tracks=good)) == ["rule"]
    assert kinds(Facts(NOW, "/w", tracks=good, ruled=("retry",))) == []
    assert kinds(Facts(NOW, "/w", tracks={"retry": Track(overruled=1, taken=6, helped=6)})) == []
    assert kinds(Facts(NOW, "/w", tracks={"decide": Track(taken=9, helped=9)})) == []


def test_a_rule_follows_only_what_is_written_there() -> None:
    raised = one(Facts(NOW, "/w", agents=(BUSY,)), "concurrency-raise")
    rule = RuleTable("r", ("concurrency-*",), "concurrency", most=2)
    assert act_by(rule, raised) == raised.draft.acts[0]
    for narrower in (
        replace(rule, most=1), replace(rule, least=3, most=9), replace(rule, do="retry"), replace(rule, when=("case-*",)),
        replace(rule, severity=("critical",)), replace(rule, agents=("api",)), replace(rule, jobs=("x",)),
        replace(rule, state=("new",)), replace(rule, least_score=100.0),
    ):  # fmt: skip
        assert act_by(narrower, raised) is None
    assert act_by(replace(rule, agents=("qual*",), severity=("medium",), least_score=1.0), raised) is not None
    found = one(Facts(NOW, "/w", cases=(CASE,)), "case-investigate")
    assert act_by(RuleTable("r", ("case-*",), "assign", state=("new",)), found) == found.draft.acts[1]


def test_an_act_as_a_row_is_a_call_of_the_interface() -> None:
    act = Act("Retry", "POST", "/tasks/4.2/retry", {}, "callboard retry 4.2", "retry")
    assert act.row() == {"title": "Retry", "method": "POST", "path": "/api/v1/tasks/4.2/retry", "body": {},
                         "command": "callboard retry 4.2", "does": "retry"}  # fmt: skip


def test_every_act_is_a_documented_call_and_a_command_that_can_be_typed() -> None:
    for advice in advise(EVERYTHING):
        for act in (*advice.draft.acts, *(act.undo for act in advice.draft.acts if act.undo)):
            assert any(re.fullmatch(pattern, act.path) for pattern, _ in CALLS), act.path
            if act.command:
                words = shlex.split(act.command)
                assert words[0] == "callboard"
                parser().parse_args(words[1:])


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0.4 s"),
        (40, "40 s"),
        (240, "4 min"),
        (11_400, "3 h 10 min"),
        (90_000, "25 h"),
        (3 * DAY, "3 days"),
        (-3, "0 s"),
    ],
)
def test_how_long_something_lasts(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_no_rule_lets_an_agent_work_again_that_an_incident_paused() -> None:
    paused = AgentFact(
        "infra", 2, 90.0, paused_by="ann", paused_at=NOW - 90, pause_reason="stopped, incident 7: it went wild"
    )
    held = one(replace(EVERYTHING, agents=(paused,)), "resume").draft
    assert (held.acts, "Incident 7" in held.title, "callboard incident end 7" in held.words) == ((), True, True)


def test_an_address_is_no_sentence() -> None:
    assert cap("https://example.org/scores/.") == "https://example.org/scores/"
    assert cap("add it to the file. ") == "Add it to the file"

"""Every wish, granted and refused; and a sentence for every event."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from callboard.core import advice_commands as ac
from callboard.core import advice_events as av
from callboard.core import case_events as ce
from callboard.core import commands as c
from callboard.core import events as e
from callboard.core import forecast_events as fe
from callboard.core import notice_events as n
from callboard.core import roadmap_events as r
from callboard.core import yield_events as y
from callboard.core.alert_rules import Outside
from callboard.core.case_batch import Opening, Sighting
from callboard.core.case_facts import Cause, Symptom
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.task import Candidate, Priority, TaskSpec, TaskState, Usage, Verdict
from callboard.core.words import sentence
from callboard.errors import NotFound, Refused
from core_story import PROCESS, Story, spec

NOW = 5000.0
CAUSE = Cause("single", "a.py", "one check saw it")
CART = Symptom("q.t", "f1", "test", "r", "high", "It fails", "a.py", family="r1", first=1.0, seen=1.0, code="c1")
TAX = replace(CART, fingerprint="f2", path="b.py", family="r2")
TIP = replace(CART, fingerprint="f4", path="d.py", family="r4")
PAY = replace(CART, fingerprint="f3", path="c.py", family="r3")


def told() -> Story:
    """Run 1: 0 waits, 1 runs and asks, 2 failed, 3 was skipped, 4 needs a decision.

    Run 2 (key 'k'): 0 succeeded, bob has 1. 3.0 waits.
    """
    story = Story()
    story.agents("quality", "api")
    fold(story.state, e.AlertRaised(1.0, "disk-low", "disk-low", "critical", "The disk is nearly full"))
    run = story.submit(spec("idle"), spec("runs"), spec("bad"), spec("skipped", 2), spec("asks"))
    story.run_all([run.tasks[1], run.tasks[2], run.tasks[4]])
    fold(story.state, e.QuestionAsked(1.0, 1, 1, 1, "q", "Deploy?", ("yes", "no")))
    story.end(run.tasks[2], TaskState.FAILED)
    story.end(run.tasks[4], TaskState.NEEDS_DECISION)
    done = story.submit(spec("done"), spec("mine"), key="k")
    story.run_all(done.tasks[:1])
    story.end(done.tasks[0])
    fold(story.state, e.TaskTaken(1.0, 2, 1, "bob"))
    able = (Candidate("pa", "quality", "quality.do"), Candidate("pb", "api", "api.do"))
    story.submit(spec("moves", agent="quality", action="quality.do", plugin="pa", candidates=able))
    for id, ref, to, kind in (
        ("w", "x#1", "quality", "agent"),
        ("d", "x#2", "bob", "person"),
        ("p", "x#3", "bob", "person"),
    ):
        fold(story.state, r.RoadmapAssigned(1.0, id, "/w", ref, "Do it", to, kind, "", "", "ann"))
    fold(story.state, r.RoadmapDone(2.0, "d", True, "by hand", "bob"))
    fold(story.state, av.AdviceGiven(1.0, *WHO2))
    fold(story.state, av.AdviceOverruled(1.0, *WHO3, "ann"))
    fold(story.state, av.RuleFired(1.0, "f1", "calm", "/w", "a9", "alert", "x", "See", "act", ACT))
    fold(story.state, av.RuleDone(2.0, "f1", True, "done", ACT))
    for number, some in ((1, (CART,)), (2, (TAX, TIP))):
        fold(story.state, ce.CaseOpened(1.0, number, "/w", "It fails", "high", CAUSE, some))
    return story


def submit(**fields: Any) -> c.Submit:
    return c.Submit(**{"name": "ci", "workspace": "/w", "specs": (spec("a"),), "by": "ann", **fields})


SPECS = (spec("a"),)
ACT = {"title": "Acknowledge it"}
WHO, WHO2, WHO3 = (
    ("a1", "/w", "alert", "x", "See"),
    ("a2", "/w", "alert", "y", "See"),
    ("a3", "/w", "alert", "z", "See"),
)
SAID, SAID2, SAID3 = ac.Said(*WHO), ac.Said(*WHO2), ac.Said(*WHO3)
GRANTED: list[tuple[c.Command, list[e.Event]]] = [
    (
        c.TellCases("/w", 9, (Opening("Pay fails", "low", CAUSE, (PAY,)),), (Sighting(1, (CART,)),)),
        [
            ce.CaseSeen(NOW, 1, (CART,)),
            ce.CaseOpened(NOW, 3, "/w", "Pay fails", "low", CAUSE, (PAY,)),
            ce.CasesLooked(NOW, "/w", 9),
        ],
    ),
    (
        c.MoveCase(1, "triaged", "ann", reason="seen"),
        [ce.CaseMoved(NOW, 1, "triaged", "ann", "looked at by ann: seen", "seen")],
    ),
    (
        c.MergeCases(2, 1, "ann", "the same"),
        [
            ce.CaseMerged(NOW, 2, 1, "ann", "the same", (TAX, TIP)),
            ce.CaseTaught(NOW, "/w", "ann", joins=(("r1", "r2"), ("r1", "r4"))),
        ],
    ),
    (
        c.SplitCase(2, (TIP.key,), "ann", "another matter"),
        [
            ce.CaseSplit(NOW, 2, (TIP.key,), 3, "ann", "another matter"),
            ce.CaseOpened(
                NOW,
                3,
                "/w",
                "It fails",
                "high",
                Cause("person", "C2", "ann split it from C2: another matter"),
                (TIP,),
                "ann",
            ),
            ce.CaseTaught(NOW, "/w", "ann", parts=(("r2", "r4"),)),
        ],
    ),
    (c.NoteCase(1, "comment", "hm", "ann"), [ce.CaseNoted(NOW, 1, "comment", "hm", by="ann")]),
    (submit(), [e.RunSubmitted(NOW, 4, "ci", "/w", "ann", "by hand", Priority.MEDIUM, SPECS, {}, "")]),
    (
        submit(schedule="/w:nightly", due=4990.0, missed=2, key="n"),
        [
            e.RunSubmitted(NOW, 4, "ci", "/w", "ann", "by hand", Priority.MEDIUM, SPECS, {}, "n"),
            e.ScheduleFired(NOW, "/w:nightly", 4990.0, 4, 2),
        ],
    ),
    (submit(key="k"), []),
    (c.Cancel(1, 1, "ann", "enough"), [e.CancelAsked(NOW, 1, 1, "ann", "enough")]),
    (c.Cancel(1, None, "ann"), [e.CancelAsked(NOW, 1, -1, "ann", "")]),
    (c.TryAgain(1, 3, "ann"), [e.RetryAsked(NOW, 1, (3,), "ann")]),
    (c.TryAgain(1, None, "ann"), [e.RetryAsked(NOW, 1, (2,), "ann")]),
    (c.DecideTask(1, 4, "retry", "ann"), [e.DecisionMade(NOW, 1, 4, "ann", "retry")]),
    (c.DecideTask(1, 4, "give up", "ann"), [e.DecisionMade(NOW, 1, 4, "ann", "give up")]),
    (c.AnswerQuestion(1, 1, "q", "yes", "ann"), [e.QuestionAnswered(NOW, 1, 1, 1, "q", "yes", "ann")]),
    (
        c.MarkAlerts(("disk-low",), "snoozed", "ann", NOW + 60),
        [e.AlertMarked(NOW, "disk-low", "snoozed", "ann", NOW + 60)],
    ),
    (
        c.LookOutside(Outside(disk_free_gb=9.0)),
        [e.AlertResolved(NOW, "disk-low", "9.0 GiB are free where Callboard keeps its data")],
    ),
    (
        c.TellCrew("journal", "observer", ({"what": "seen", "workflow": "w", "at": 4_000.0, "n": 3},), "o", 3, NOW),
        [CrewSeen(NOW, "journal", "observer", ({"what": "seen", "at": 4_000.0, "workflow": "w"},), "o", 3)],
    ),
    (c.TellCrew("journal", "log", ({"what": "seen"}, {"what": "?", "workflow": "w"})), []),
    (c.SetPerson("ann", {"looked": 2.0}), [e.PersonSet(NOW, "ann", {"looked": 2.0})]),
    (
        c.DecidePatch(1, 2, 1, "fix", 4, "accepted", "ann", "good"),
        [e.PatchDecided(NOW, 1, 2, 1, "fix", 4, "accepted", "ann", "good")],
    ),
    (c.PauseAgent("quality", "ann", "why"), [e.AgentSet(NOW, "quality", "ann", paused=True, reason="why")]),
    (c.ResumeAgent("quality", "ann"), [e.AgentSet(NOW, "quality", "ann", paused=False)]),
    (c.DrainAgent("quality", "ann", "upgrade"), [e.AgentDraining(NOW, "quality", "ann", 3, "upgrade")]),
    (c.StopAgent("quality", "ann"), [e.AgentStopped(NOW, "quality", "ann", ())]),
    (c.StopAgent("quality", "ann", restart=True), [e.AgentStopped(NOW, "quality", "ann", (), restart=True)]),
    (c.TakeTask(1, 2, "ann", "by a script"), [e.TaskTaken(NOW, 1, 2, "ann", "by a script")]),
    (c.FinishTask(2, 1, "bob", True, " it works "), [e.TaskFinished(NOW, 2, 1, "bob", True, "it works")]),
    (c.ReleaseTask(2, 1, "bob"), [e.TaskReleased(NOW, 2, 1, "bob")]),
    (c.LimitAgent("quality", 2, "ann"), [e.AgentSet(NOW, "quality", "ann", limit=2)]),
    (c.SetPriority(1, Priority.HIGH, "ann"), [e.PrioritySet(NOW, 1, Priority.HIGH, "ann")]),
    (c.NameAgents(("quality", "api")), []),
    (c.NameAgents(("quality", "infra")), [e.AgentsFound(NOW, ("quality", "infra"))]),
    (
        c.MoveTask(3, 0, "api", "ann"),
        [
            e.TaskMoved(
                NOW, 3, 0, "api", "api.do", "pb", "ann", "moved from quality to api by ann", True, (("cpus", 4000.0),)
            )
        ],
    ),
    (
        submit(assignment="w"),
        [
            e.RunSubmitted(NOW, 4, "ci", "/w", "ann", "by hand", Priority.MEDIUM, SPECS, {}, ""),
            r.RoadmapStarted(NOW, "w", 4),
        ],
    ),
    (
        c.AssignTask("a", "/w", "x#9", "Do it", "api", "agent", "api.do", "it says so", "ann", "soon", {"k": 1}),
        [
            r.RoadmapAssigned(
                NOW, "a", "/w", "x#9", "Do it", "api", "agent", "api.do", "it says so", "ann", "soon", {"k": 1}
            )
        ],
    ),
    (c.AssignTask("w", "/w", "x#1", "Do it", "api", "agent", "api.do", "", "ann"), []),
    (
        c.AssignTask("a", "/w", "x#1", "Do it", "ann", "person", "", "", "ann", instead=True),
        [
            r.RoadmapWithdrawn(NOW, "w", "ann", "assigned to ann instead"),
            r.RoadmapAssigned(NOW, "a", "/w", "x#1", "Do it", "ann", "person", "", "", "ann"),
        ],
    ),
    (c.WithdrawTask("w", "ann", "later"), [r.RoadmapWithdrawn(NOW, "w", "ann", "later")]),
    (c.TaskDoneBy("/w", "x#3", " by phone ", "bob", "n", "Do it"), [r.RoadmapDone(NOW, "p", True, "by phone", "bob")]),
    (
        c.TaskDoneBy("/w", "x#8", "by phone", "bob", "n", "Do it"),
        [
            r.RoadmapAssigned(NOW, "n", "/w", "x#8", "Do it", "bob", "person", "", "bob says that it is done", "bob"),
            r.RoadmapDone(NOW, "n", True, "by phone", "bob"),
        ],
    ),
    (
        c.NoteTick("d", "refused", "the line changed", "ann"),
        [r.RoadmapTicked(NOW, "d", "refused", "the line changed", "ann")],
    ),
    (
        c.PlaceChange("/w", "x", "ann", "high", 2, ("y",), "now"),
        [r.RoadmapPlaced(NOW, "/w", "x", "ann", "high", 2, ("y",), "now")],
    ),
    (c.TellNotices(({"id": "a"},)), [n.NoticesMade(NOW, ({"id": "a"},))]),
    (c.NoteTried(("a",), False, "no answer", 9.0), [n.NoticesTried(NOW, ("a",), False, "no answer", 9.0)]),
    (c.RenewNotice("a", "ann"), [n.NoticeRenewed(NOW, "a", "ann")]),
    (c.NoteRoadmap("/w", 1, 3, {"x": [1, 3]}), [r.RoadmapCounted(NOW, "/w", 1, 3, {"x": [1, 3]})]),
    (
        c.NoteRoadmap("/w", day="2026-11-27", moments={"x": [1.0, 2.0, 3.0]}),
        [r.RoadmapForeseen(NOW, "/w", "2026-11-27", {"x": [1.0, 2.0, 3.0]})],
    ),
    (c.PassOver("s", 4990.0, 3, "quiet hours"), [e.ScheduleFired(NOW, "s", 4990.0, 0, 3, "quiet hours")]),
    (c.SetDrain(True, "ann", "release", NOW + 60), [y.DrainSet(NOW, True, "ann", "release", NOW + 60)]),
    (
        c.MakeHandoff("h1", {"version": "1.2"}, "sig", "key", "ann"),
        [y.HandoffMade(NOW, "h1", {"version": "1.2"}, "sig", "key", "ann")],
    ),
    (c.NoteSeen("h1", "crew"), [y.HandoffSeen(NOW, "h1", "crew")]),
    (
        fe.KeepForecast(fe.ForecastKept(NOW, 1, "/w", "p", 11.0, 21.0, 31.0, (2.3,), 9)),
        [fe.ForecastKept(NOW, 1, "/w", "p", 11.0, 21.0, 31.0, (2.3,), 9)],
    ),
    (
        ac.NoteAdvice((SAID,), (("a2", "it passed"),)),
        [av.AdviceGiven(NOW, *WHO), av.AdviceGone(NOW, "a2", "it passed")],
    ),
    (
        ac.TakeAdvice(SAID, "t1", "ann", ACT),
        [av.AdviceGiven(NOW, *WHO), av.AdviceTaken(NOW, *WHO, "t1", "ann", "", ACT)],
    ),
    (ac.OverruleAdvice(SAID2, "ann", "not now"), [av.AdviceOverruled(NOW, *WHO2, "ann", "not now")]),
    (ac.SnoozeAdvice(SAID2, "ann", NOW + 60), [av.AdviceSnoozed(NOW, *WHO2, "ann", NOW + 60)]),
    (ac.ReopenAdvice(SAID3, "ann", "after all"), [av.AdviceReopened(NOW, *WHO3, "ann", "after all")]),
    (
        ac.JudgeTaking("a1", "t1", True, "less waiting", 9.0, 1.0, 7),
        [av.AdviceJudged(NOW, "a1", "t1", True, "less waiting", 9.0, 1.0, 7)],
    ),
    (
        ac.FireRule("f2", "calm", SAID, "dry-run", 4, 0.0, ACT),
        [av.RuleFired(NOW, "f2", "calm", "/w", "a1", "alert", "x", "See", "dry-run", ACT)],
    ),
    (ac.EndFiring("f1", True, "done", ACT), [av.RuleDone(NOW, "f1", True, "done", ACT)]),
    (ac.UndoFiring("f1", "ann", "too much"), [av.RuleUndone(NOW, "f1", "ann", "too much")]),
]
REFUSED: list[tuple[c.Command, type[Exception], str]] = [
    (c.MoveCase(9, "triaged", "ann"), NotFound, "there is no case C9, or it was closed long ago"),
    (c.MoveCase(1, "gone", "ann"), Refused, "'gone' is no state of a case; the states: new, triaged, assigned, reproducing, "
     "fix-proposed, verifying, closed, accepted, cannot-reproduce"),
    (c.MoveCase(1, "closed", "ann", turn=4), Refused, "C1 is new since you looked, by Callboard; look at it again"),
    (c.MergeCases(1, 1, "ann"), Refused, "C1 cannot be merged into itself"),
    (c.SplitCase(1, (CART.key,), "ann"), Refused, "C1 would have no symptom left; leave one"),
    (c.NoteCase(1, "comment", " ", "ann"), Refused, "a note has words"),
    (c.TellCases("/w", 0), Refused, "events up to 0 were told already"),
    (submit(specs=()), Refused, "pipeline 'ci' has no job for this workspace; see `callboard plan`"),
    (c.Cancel(9, None, "ann"), NotFound, "there is no run 9"),
    (c.Cancel(1, 9, "ann"), NotFound, "there is no task 1.9"),
    (c.Cancel(2, 0, "ann"), Refused, "task 2.0 'done' is succeeded (attempt 1): it has ended already"),
    (c.DrainAgent("nobody", "ann"), Refused, "there is no agent 'nobody'; the agents: api, quality"),
    (c.StopAgent("nobody", "ann"), Refused, "there is no agent 'nobody'; the agents: api, quality"),
    (c.TakeTask(2, 0, "ann"), Refused, "task 2.0 'done' is succeeded (attempt 1): there is nothing left to take over"),
    (c.TakeTask(2, 1, "ann"), Refused, "task 2.1 'mine' is needs decision (attempt 0): bob has taken it over already"),
    (c.FinishTask(2, 1, "ann", True, "so"), Refused,
     "task 2.1 'mine' is needs decision (attempt 0): bob has taken it over, not ann"),
    (c.FinishTask(2, 1, "bob", True, " "), Refused,
     "say in a note how task 2.1 was done: it is all that is known of it"),
    (c.FinishTask(1, 0, "ann", False, "so"), Refused,
     "task 1.0 'idle' is waiting (attempt 0): nobody has taken it over; take it first"),
    (c.ReleaseTask(2, 1, "ann"), Refused, "task 2.1 'mine' is needs decision (attempt 0): bob has taken it over, not ann"),
    (c.DecideTask(2, 1, "retry", "ann"), Refused,
     "task 2.1 'mine' is needs decision (attempt 0): bob has taken it over; it is finished or given back, not decided"),
    (c.Cancel(1, 2, "ann"), Refused, "task 1.2 'bad' is failed (attempt 1): it has ended already"),
    (c.TryAgain(9, None, "ann"), NotFound, "there is no run 9"),
    (c.TryAgain(1, 9, "ann"), NotFound, "there is no task 1.9"),
    (c.TryAgain(2, None, "ann"), Refused,
     "nothing in run 2 failed, was cancelled or lost: there is nothing to try again"),
    (c.TryAgain(1, 1, "ann"), Refused,
     "task 1.1 'runs' is running (attempt 1): only what failed, was cancelled, lost or skipped can be tried again"),
    (c.DecideTask(1, 9, "retry", "ann"), NotFound, "there is no task 1.9"),
    (c.DecideTask(1, 1, "retry", "ann"), Refused, "task 1.1 'runs' is running (attempt 1): it waits for no decision"),
    (c.DecideTask(1, 4, "?", "ann"), Refused, "'?' is no choice for task 1.4; the choices: retry, give up"),
    (c.AnswerQuestion(1, 0, "q", "yes", "ann"), Refused, "task 1.0 does not ask question 'q'"),
    (c.AnswerQuestion(1, 1, "q", "?", "ann"), Refused, "'?' is no answer to 'Deploy?'; the choices: yes, no"),
    (c.PauseAgent("nobody", "ann"), Refused, "there is no agent 'nobody'; the agents: api, quality"),
    (c.ResumeAgent("nobody", "ann"), Refused, "there is no agent 'nobody'; the agents: api, quality"),
    (c.LimitAgent("nobody", 1, "ann"), Refused, "there is no agent 'nobody'; the agents: api, quality"),
    (c.LimitAgent("quality", -1, "ann"), Refused,
     "agent 'quality' cannot work on -1 at once; 0 means no limit of its own"),
    (c.SetPriority(9, Priority.LOW, "ann"), NotFound, "there is no run 9"),
    (c.MarkAlerts(("disk-low",), "reopened", "ann"), Refused, "alert 6807e789e1 is open already"),
    (c.MarkAlerts(("disk-low",), "snoozed", "ann", NOW), Refused,
     "alert 6807e789e1 can be snoozed until a time in the next 30 days"),
    (submit(assignment="d"), Refused, "assignment d is done; it is not started"),
    (submit(assignment="?"), Refused, "assignment ? does not stand any more; it is not started"),
    (c.AssignTask("a", "/w", "x#1", "Do it", "api", "agent", "api.do", "", "bob"), Refused,
     "x#1 was assigned to quality by ann already, and waits; withdraw that first"),
    (c.WithdrawTask("?", "ann"), NotFound, "there is no assignment '?' that stands; see `callboard roadmap`"),
    (c.TaskDoneBy("/w", "x#3", "so", "ann", "n", ""), Refused,
     "x#3 is bob's to do, not ann's; ann assigned it, and it can be withdrawn"),
    (c.TaskDoneBy("/w", "x#3", " ", "bob", "n", ""), Refused,
     "say in a note how x#3 was done: it is all the evidence that there is"),
    (c.TaskDoneBy("/w", "x#1", "so", "ann", "n", ""), Refused,
     "x#1 is with agent quality, and waits; withdraw that first, then say that it is done"),
    (c.TaskDoneBy("/w", "x#2", "so", "bob", "n", ""), Refused, "x#2 is done already, by the word of bob: by hand"),
    (c.NoteTick("w", "ticked", "", "ann"), Refused,
     "x#1 cannot be ticked: its assignment waits, nothing shows that it is done"),
    (c.PlaceChange("/w", "x", "ann", "urgent"), Refused, "'urgent' is no layer; the layers: critical, high, medium, low"),
    (c.PlaceChange("/w", "x", "ann", after=("x",)), Refused, "x cannot come after x: x comes after x"),
    (c.TellCrew("", "observer", ()), Refused, "a crew's name has between 1 and 80 printable signs"),
    (c.TellCrew("journal", "gossip", ()), Refused,
     "'gossip' is no source of a crew; the sources: observer, status, socket, checkpoints, log, otlp"),
    (c.MarkAlerts(("gone",), "acknowledged", "ann"), Refused,
     "alert 283bb9deef is resolved already; it comes back by itself when its cause does"),
    (c.SetDrain(True, "ann", "", NOW - 1), Refused, "a drain ends at a time to come, in the next 30 days"),
    (c.SetDrain(False, "ann", "", NOW + 1), Refused, "a drain ends at a time to come, in the next 30 days"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "events"), GRANTED)
def test_granted(command: c.Command, events: list[e.Event]) -> None:
    state = told().state
    assert c.grant(state, command, NOW) == events
    for event in events:
        fold(state, event)


@pytest.mark.parametrize(("command", "kind", "words"), REFUSED)
def test_refused(command: c.Command, kind: type[Exception], words: str) -> None:
    state = told().state

    def carry_out() -> None:
        for event in c.grant(state, command, NOW):
            fold(state, event)

    with pytest.raises(kind) as refused:
        carry_out()
    assert str(refused.value) == words


def test_no_new_work_is_taken_while_the_disk_is_full() -> None:
    state = told().state
    state.halted = "the disk is full"
    with pytest.raises(Refused, match="no new work is taken: the disk is full"):
        c.grant(state, submit(), NOW)
    assert c.grant(state, submit(key="k"), NOW) == []


def test_without_agents_the_message_says_so() -> None:
    with pytest.raises(Refused, match="there is no agent 'x'; the agents: none"):
        c.grant(Story().state, c.PauseAgent("x", "ann"), NOW)


def test_every_command_is_granted_once_here() -> None:
    assert {type(command) for command, _ in GRANTED} == set(get_args(c.Command))


USE = Usage(cpu_s=1.25, peak_mb=2048.0)


def over(
    outcome: TaskState, how: How = How.EXITED, reason: str = "12 findings.", verdict: Verdict | None = None
) -> e.Event:
    return e.AttemptEnded(1.0, 1, 0, 2, how, outcome, reason, verdict, usage=USE)


SENTENCES: list[tuple[e.Event, str]] = [
    (y.YieldSet(1.0, "quiet", True, "crew 'journal' has 2 workflows in flight"),
     "Heavy tasks wait: crew 'journal' has 2 workflows in flight."),
    (y.YieldSet(1.0, "quiet", False, "no crew has a workflow in flight"), "Heavy tasks go on: no crew has a workflow in flight."),
    (y.DrainSet(1.0, True, "ann", "release"), "ann asked the platform to take no new work: release."),
    (y.DrainSet(1.0, False, "ann"), "ann let the platform take work again."),
    (y.DrainSeen(1.0), "The platform has seen the drain."),
    (y.HandoffMade(1.0, "ab", {"version": "1.2", "environment": "staging"}, "s", "k", "ann"),
     "ann handed version 1.2 in staging over."),
    (y.HandoffSeen(1.0, "abcdef"), "The platform has seen handoff abcdef."),
    (
        fe.ForecastKept(1.0, 3, "/w", "p", 11.0, 21.0, 31.0, (2.3,), 9),
        "Run 3 was foreseen to take 10 s, at most 20 s with 80 of 100.",
    ),
    (av.AdviceGiven(1.0, *WHO), "Advice (alert): See."),
    (av.AdviceGone(1.0, "a1", "it passed"), "Advice a1 is gone: it passed."),
    (av.AdviceTaken(1.0, *WHO, "t1", "ann"), "ann took the advice: See."),
    (av.AdviceTaken(1.0, *WHO, "t1", "rule calm", "calm"), "Rule 'calm' took the advice: See."),
    (av.AdviceOverruled(1.0, *WHO, "ann", "not now."), "ann overruled the advice 'See': not now."),
    (av.AdviceSnoozed(1.0, *WHO, "ann", 9.0), "ann snoozed the advice: See."),
    (av.AdviceReopened(1.0, *WHO, "ann"), "ann opened the advice 'See' again."),
    (av.AdviceJudged(1.0, "a1", "t1", False, "9 s before, 9 after"), "The advice did not help: 9 s before, 9 after."),
    (av.RuleFired(1.0, "f1", "calm", "/w", "a1", "alert", "x", "See", "dry-run", ACT),
     "Rule 'calm' would act (dry run) on 'See': Acknowledge it."),
    (av.RuleDone(1.0, "f1", False, "refused"), "The act of the rule could not be done: refused."),
    (av.RuleUndone(1.0, "f1", "ann"), "ann took back what the rule had done."),
    (e.EngineStarted(1.0, 3, "0.1"), "Engine 0.1 took over as epoch 3."),
    (e.AgentsFound(1.0, ("api", "infra")), "Agents here: api, infra."),
    (e.AgentsFound(1.0, ()), "Agents here: none."),
    (e.AgentSet(1.0, "api", "ann", paused=True, reason="flaky"), "ann paused agent api: flaky."),
    (e.AgentSet(1.0, "api", "ann", paused=True), "ann paused agent api."),
    (e.AgentSet(1.0, "api", "ann", paused=False), "ann let agent api work again."),
    (e.AgentDraining(1.0, "api", "ann", 12, "upgrade"),
     "ann drains agent api: it finishes what it has of runs up to 12, then it is paused: upgrade."),
    (e.AgentDrained(1.0, "api", "ann", 0.5), "Agent api has finished what it had and is paused: ann drained it."),
    (e.AgentStopped(1.0, "api", "ann", ("1.2#1",), reason="loops."),
     "ann stopped agent api, and 1 attempt was ended for it: loops."),
    (e.AgentStopped(1.0, "api", "ann", (), restart=True), "ann restarted agent api."),
    (e.TaskTaken(1.0, 1, 2, "ann", "by a script"), "ann took the task over by hand: by a script."),
    (e.TaskFinished(1.0, 1, 2, "ann", True, "restored it."), "ann finished it by hand, done: restored it."),
    (e.TaskFinished(1.0, 1, 2, "ann", False, "no way"), "ann finished it by hand, failed: no way."),
    (e.TaskReleased(1.0, 1, 2, "ann"), "ann gave the task back."),
    (e.AgentSet(1.0, "api", "ann", limit=2), "ann said that agent api may work on 2 at once."),
    (e.AgentSet(1.0, "api", "ann", limit=0), "ann said that agent api has no limit of its own."),
    (e.RunSubmitted(1.0, 7, "ci", "/w", "ann", "by hand", Priority.HIGH, SPECS),
     "Run 7 'ci' was submitted by ann (by hand): 1 tasks, priority high."),
    (e.TasksAdded(1.0, 7, "7.1#1", SPECS), "7.1#1 added 1 task: a."),
    (e.TasksAdded(1.0, 7, "7.1#1", SPECS * 7, 1, (2, 3)),
     "7.1#1 added 7 tasks: a, a, a, a, a, …. 2 that wait for this one wait for them too."),
    (e.TasksAdded(1.0, 7, "7.1#1", (TaskSpec("undo of a", undoes="a", because="a failed: exit 3."),), 1),
     "Undo: undo of a was added, as a failed: exit 3."),
    (e.PatchDecided(1.0, 1, 2, 1, "fix", 4, "accepted", "ann", "good."), "Patch 4 (fix) is accepted by ann: good."),
    (e.AlertRaised(1.0, "k:x", "k", "high", "It broke", "exit 3"), "Alert (high): It broke: exit 3."),
    (e.AlertResolved(1.0, "k:x", "it passed in run 2"), "Alert resolved: it passed in run 2."),
    (CrewSeen(1.0, "journal", "observer", ({"what": "workflow-ended", "workflow": "w", "ok": False, "error": "ValueError"},
                                           {"what": "seen", "workflow": "v"})),
     "Crew journal (observer): a workflow failed: ValueError and 1 more."),
    (CrewSeen(1.0, "journal", "log", ({"what": "seen", "workflow": "w"},)), "Crew journal (log): 1 signs of life."),
    (CrewSilent(1.0, "journal", ("w",)),
     "Crew journal: nothing was heard of a workflow for too long; nobody knows what became of it."),
    (e.AlertMarked(1.0, "k:x", "snoozed", "ann", 9.0, "later"), "ann snoozed the alert: later."),
    (e.AlertMarked(1.0, "k:x", "woken", "Callboard", reason="ann's snooze is over"),
     "Alert is open again: ann's snooze is over."),
    (e.PersonSet(1.0, "ann", {"looked": 1.0, "settings": {}}), "ann set looked, settings of their own."),
    (e.TaskMoved(1.0, 7, 1, "api", "api.do", "p", "ann", "moved from qa to api by ann"), "Moved from qa to api by ann."),
    (e.AttemptDecided(1.0, 1, 0, 2, 1, "first of 1 ready", (("backs off", 8.0), ("cpus", 0.25))),
     "Attempt 2 starts: first of 1 ready. Waited 8.0 s backs off; 0.2 s cpus."),
    (e.AttemptDecided(1.0, 1, 0, 1, 1, "first of 1 ready"), "Attempt 1 starts: first of 1 ready."),
    (e.AttemptBegan(1.0, 1, 0, 1, PROCESS), "Attempt 1 runs, process 100."),
    (e.AttemptBegan(1.0, 1, 0, 1, PROCESS, adopted=True),
     "Attempt 1 was found running by a new engine and adopted, process 100."),
    (e.AttemptStopping(1.0, 1, 0, 1, "late"), "Attempt 1 is being ended: late."),
    (e.AttemptStopping(1.0, 1, 0, 1, "memory is short", True),
     "Attempt 1 is being ended: memory is short. It is tried again later."),
    (over(TaskState.SUCCEEDED, verdict=Verdict.PASS),
     "Attempt 2 succeeded, verdict pass: 12 findings. 1.2 s of CPU, 2.0 GiB at the peak."),
    (over(TaskState.FAILED, reason=""), "Attempt 2 failed. 1.2 s of CPU, 2.0 GiB at the peak."),
    (over(TaskState.WAITING, How.CRASHED, "killed by signal 9; tried again in 8 s"),
     "Attempt 2 ended (crashed): killed by signal 9; tried again in 8 s. 1.2 s of CPU, 2.0 GiB at the peak."),
    (e.CancelAsked(1.0, 1, -1, "ann", "enough"), "The run was cancelled by ann: enough."),
    (e.CancelAsked(1.0, 1, 0, "ann", ""), "The task was cancelled by ann."),
    (e.RetryAsked(1.0, 1, (1, 2), "ann"), "ann had 2 ended task(s) tried again."),
    (e.DecisionMade(1.0, 1, 0, "ann", "give up"), "ann decided: give up."),
    (e.PrioritySet(1.0, 1, Priority.LOW, "ann"), "ann set the priority of the run to low."),
    (e.FindingsFound(1.0, 1, 0, 1, ({}, {})), "Attempt 1 noticed 2 finding(s)."),
    (e.MetricsTaken(1.0, 1, 0, 1, (("coverage", 81.5, "%"), ("tests", 12.0, ""))), "Measured coverage 81.5 %, tests 12."),
    (e.ArtifactKept(1.0, 1, 0, 1, "report.xml", "report.xml", 12345), "Kept report.xml (12,345 bytes)."),
    (e.SectionShown(1.0, 1, 0, 1, 1, "coverage", ()), "Showed section coverage on the agent's page."),
    (e.QuestionAsked(1.0, 1, 0, 1, "q", "Deploy?", ("yes", "no")), "Asks: Deploy? (yes / no)"),
    (e.QuestionAnswered(1.0, 1, 0, 1, "q", "yes", "ann"), "ann answered: yes."),
    (e.ScheduleFired(1.0, "s", 1.0, 7, 2), "Schedule 's' started run 7. 2 earlier due time(s) were missed."),
    (r.RoadmapAssigned(1.0, "a1", "/w", "add-login#1.2", "Test it", "quality", "agent", "quality.tests", "it says 'test'", "ann"),
     "ann assigned add-login#1.2 to quality (quality.tests): it says 'test'."),
    (r.RoadmapAssigned(1.0, "a1", "/w", "add-login#1.2", "Ask legal", "bob", "person", "", "", "ann", "it is his"),
     "ann assigned add-login#1.2 to @bob. ann says: it is his."),
    (r.RoadmapStarted(1.0, "a1", 12), "Its work began as run 12."),
    (r.RoadmapDone(1.0, "a1", True, "quality.tests passed", "quality", 12, "12.0"), "Done: quality.tests passed."),
    (r.RoadmapDone(1.0, "a1", False, "quality.tests is failed", "quality", 12, "12.0"), "Not done: quality.tests is failed."),
    (r.RoadmapTicked(1.0, "a1", "ticked", "", "Callboard"), "Callboard ticked the line."),
    (r.RoadmapTicked(1.0, "a1", "refused", "the line reads otherwise now", "ann"),
     "The line could not be ticked by ann: the line reads otherwise now."),
    (r.RoadmapTicked(1.0, "a1", "off", "write is false", "Callboard"), "The line was not ticked: write is false."),
    (r.RoadmapWithdrawn(1.0, "a1", "ann", "not now"), "ann withdrew the assignment: not now."),
    (r.RoadmapPlaced(1.0, "/w", "add-login", "ann", "critical", 0, ("keys",), "legal asks"),
     "ann put add-login into layer critical, to place 1, after keys: legal asks."),
    (r.RoadmapPlaced(1.0, "/w", "add-login", "ann", "", -1, ()),
     "ann put add-login back into the layer of the rules, back to its usual place, after nothing."),
    (r.RoadmapCounted(1.0, "/w", 3, 9, {"add-login": [3, 9]}), "The roadmap has 3 of 9 tasks done; 1 changes differ."),
    (r.RoadmapForeseen(1.0, "/w", "2026-11-27", {"add-login": [1.0, 2.0, 3.0]}), "The forecasts of 2026-11-27 were kept: 1."),
    (ce.CaseOpened(1.0, 7, "/w", "It fails", "high", CAUSE, (CART,)),
     "Case C7 (high) was opened: It fails; one symptom. one check saw it."),
    (ce.CaseSeen(1.0, 7, (CART, TAX)), "C7 was seen: 2 symptoms."),
    (ce.CaseGone(1.0, 7, (CART.key,), "q.t passed"), "One symptom of C7 is gone: q.t passed."),
    (ce.CaseMoved(1.0, 7, "assigned", "ann", "it is his", to_kind="person", to="bob"), "ann gave C7 to @bob: it is his."),
    (ce.CaseMoved(1.0, 7, "new", "Callboard", "it is back"), "C7 is open again: it is back."),
    (ce.CaseMoved(1.0, 7, "closed", "ann", "closed by ann's word"), "C7 is closed: closed by ann's word."),
    (ce.CaseMerged(1.0, 7, 3, "ann", "the same"), "ann merged C7 into C3: the same."),
    (ce.CaseSplit(1.0, 7, (CART.key,), 9, "ann", ""), "ann split C9 from C7."),
    (ce.CaseNoted(1.0, 7, "bisected", "it began with 1a2b3c4"), "C7, bisected: it began with 1a2b3c4."),
    (ce.CaseNoted(1.0, 7, "comment", "I see it too", by="ann"), "ann: I see it too"),
    (ce.CaseTaught(1.0, "/w", "ann", joins=(("a", "b"),)), "ann taught that such pairs are one case from now on."),
    (ce.CaseTaught(1.0, "/w", "ann", parts=(("a", "b"),)), "ann taught that such pairs are apart from now on."),
    (n.NoticesMade(1.0, ({"channel": "chat"}, {"channel": "mail"})), "2 notices are to be sent to chat, mail."),
    (n.NoticesTried(1.0, ("a",), True, ""), "1 notice went out."),
    (n.NoticesTried(1.0, ("a", "b"), False, "no answer."), "2 notices could not be sent: no answer; it is given up."),
    (n.NoticeRenewed(1.0, "a", "ann"), "ann had notice a tried again."),
    (ce.CasesLooked(1.0, "/w", 812), "Cases were looked for up to event 812."),
    (e.ScheduleFired(1.0, "s", 1.0, 0, 0, "quiet hours 22:00-06:00"), "Schedule 's' started nothing: quiet hours 22:00-06:00."),
]  # fmt: skip


@pytest.mark.parametrize(("event", "words"), SENTENCES)
def test_a_sentence(event: e.Event, words: str) -> None:
    assert sentence(event) == words


def test_every_event_has_a_sentence_here() -> None:
    assert {type(event) for event, _ in SENTENCES} == set(get_args(e.Event))

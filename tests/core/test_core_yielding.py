"""Heavy tasks wait for the platform, light ones pass, and all of it ends by itself."""

import math

import pytest

from callboard.core.commands import TellCrew, grant
from callboard.core.decide import Decision, decide
from callboard.core.events import PrioritySet
from callboard.core.fold import fold
from callboard.core.invariants import log_equals_state, of_state
from callboard.core.resources import Capacity
from callboard.core.task import Priority, TaskSpec
from callboard.core.yield_events import YieldSet
from callboard.core.yielding import Flight, Reading, Rule, Surroundings, Yields, judged, weighed
from core_story import Story, needs, spec

QUIET = Rule(quiet=True, resume_after_s=30.0, at_most_s=600.0)
USERS = Rule(yield_endpoints=("api",), yield_p95_ms=500.0, yield_success=99.0, resume_after_s=30.0, at_most_s=600.0)


def reading(p95: float | None, now: float, n: int = 20, success: float = 100.0) -> Reading:
    return Reading("api", p95, success, n, now)


class Beside(Story):
    """A story beside a platform."""

    around = Surroundings(QUIET)

    def decide(self, after: float = 0.0) -> Decision:
        self.now += after
        decision = decide(self.state, self.now, self.room, self.policy, self.around)
        assert of_state(self.state, self.now) == []
        return decision

    def crew(self, what: str, workflow: str = "w1", name: str = "journal") -> None:
        fact = {"what": f"workflow-{what}", "at": self.now, "workflow": workflow, "ok": True}
        for event in grant(self.state, TellCrew(name, "observer", (fact,)), self.now):
            fold(self.state, event)

    def users(self, p95: float | None, rule: Rule = USERS) -> None:
        self.around = Surroundings(rule, (reading(p95, self.now),))


def test_what_is_heavy() -> None:
    rule = Rule(heavy_cpus=2.0, heavy_memory_mb=1000.0, heavy_jobs=("build*",), light_jobs=("quality.lint", "infra.*"))
    specs = [
        spec("small"), spec("wide", needs=needs(cpus=2.0)), spec("large", needs=needs(mb=1000.0)), spec("build:web"),
        spec("quality.lint", needs=needs(cpus=3.0)), spec("put", action="infra.deploy", needs=needs(cpus=3.0)),
        spec("undo of wide", undoes="wide", needs=needs(cpus=3.0)),
    ]  # fmt: skip
    assert [one.name for one in weighed(specs, rule) if one.heavy] == ["wide", "large", "build:web"]
    assert weighed(weighed(specs, rule), Rule(heavy_cpus=9.0)) == tuple(specs)


def test_heavy_tasks_wait_while_a_crew_works_and_light_ones_pass() -> None:
    story = Beside()
    story.crew("started")
    story.crew("started", "w2")
    run = story.submit(spec("heavy", heavy=True), spec("light"))
    decision = story.decide()
    assert decision.yields == (
        YieldSet(story.now, "quiet", True, "crew 'journal' has 2 workflows in flight", 600.0, 1000.0),
    )
    assert [run.tasks[event.task].spec.name for event in decision.starts] == ["light"]
    assert story.words(run.tasks[0]) == "crew 'journal' has 2 workflows in flight"
    story.begin(run.tasks[1])
    story.end(run.tasks[1])
    story.crew("ended", "w2")
    story.decide(10.0)
    assert story.words(run.tasks[0]) == "crew 'journal' has 1 workflow in flight"
    story.crew("ended")
    decision = story.decide()
    assert decision.wake <= story.now + 30.0
    assert story.words(run.tasks[0]) == "no crew has a workflow in flight, and has to stay so for 30 s more"
    assert story.starts(29.0) == []
    decision = story.decide(1.0)
    assert decision.yields == (YieldSet(story.now, "quiet", False, "no crew has a workflow in flight"),)
    assert [run.tasks[event.task].spec.name for event in decision.starts] == ["heavy"]
    assert decision.starts[0].holds == (("a crew of the platform", 40.0),)


def test_it_does_not_flap_when_the_crew_comes_back_within_the_calm_time() -> None:
    story = Beside()
    seen = []
    for nth in range(5):
        story.crew("started", f"w{nth}")
        seen += story.decide(5.0).yields
        story.crew("ended", f"w{nth}")
        seen += story.decide(20.0).yields
    assert [event.active for event in seen] == [True]


def test_heavy_tasks_wait_while_the_platform_is_slow_for_its_users() -> None:
    story = Beside()
    run = story.submit(spec("heavy", heavy=True))
    story.users(840.0)
    assert story.starts() == []
    assert story.words(run.tasks[0]) == "the platform's p95 is 840 ms ('api'), above 500: heavy tasks wait for users"
    story.users(910.0)
    assert story.decide(1.0).events == ()
    assert story.words(run.tasks[0]) == "the platform's p95 is 910 ms ('api'), above 500: heavy tasks wait for users"
    story.users(499.0)
    assert story.starts() == []
    story.users(499.0)
    assert story.starts(30.0) == ["heavy"]


def test_what_runs_already_is_left_alone() -> None:
    story = Beside()
    run = story.submit(spec("heavy", heavy=True))
    assert story.starts() == ["heavy"]
    story.crew("started")
    assert story.decide().stops == ()
    assert run.tasks[0].live


def test_nobody_waits_for_longer_than_was_said_however_the_rules_alternate() -> None:
    story = Beside(room=Capacity(2.0, 4096.0, 2.0, 4096.0))
    story.crew("started")
    run = story.submit(spec("heavy", heavy=True), spec("later", heavy=True), priority=Priority.LOW)
    story.decide()
    fold(story.state, PrioritySet(story.now, run.id, Priority.MEDIUM, "ann"))
    story.decide(300.0)
    urgent = story.submit(spec("urgent", heavy=True), priority=Priority.CRITICAL)
    decision = story.decide(299.0)
    assert (decision.starts, decision.wake) == ((), story.now + 1.0)
    decision = story.decide(1.0)
    assert [event.run for event in decision.starts] == [run.id, run.id]
    assert decision.starts[0].why.endswith("has waited 10 min for the platform, the longest that [coordination] allows")
    story.end(run.tasks[0])
    assert story.starts() == []
    assert story.starts(299.0) == []
    assert story.starts(1.0) == ["urgent"]
    assert urgent.tasks[0].held == (("a crew of the platform", 600.0),)


def test_another_rule_in_the_file_holds_at_once_and_one_that_is_taken_out_lets_go_at_once() -> None:
    story = Beside()
    story.crew("started")
    run = story.submit(spec("heavy", heavy=True))
    story.decide()
    story.around = Surroundings(Rule(quiet=True, at_most_s=7.0))
    assert story.decide(1.0).yields == (YieldSet(story.now, "quiet", True, story.words(run.tasks[0]), 7.0, 1000.0),)
    story.around = Surroundings(Rule())
    decision = story.decide(1.0)
    assert decision.yields[0].words == "the rule is switched off in callboard.toml"
    assert len(decision.starts) == 1


def test_a_crew_that_is_not_heard_of_any_more_holds_nothing() -> None:
    story = Beside()
    story.around = Surroundings(Rule(quiet=True, at_most_s=86_400.0))
    story.crew("started")
    run = story.submit(spec("heavy", heavy=True))
    story.decide()
    story.now = story.state.crews["journal"].silent_at
    story.decide()
    assert story.words(run.tasks[0]).startswith(
        "no crew has a workflow in flight; crew 'journal' was lost in the middle of"
    )
    assert story.starts(30.0) == ["heavy"]


@pytest.mark.parametrize(
    ("given", "trouble", "fine"),
    [
        ((), "", "'api' was not measured yet"),
        ((reading(900.0, 990.0, n=2),), "", ""),
        ((reading(900.0, 990.0, n=3),), "the platform's p95 is 900 ms ('api'), above 500: heavy tasks wait for users", ""),
        ((reading(900.0, 700.0),), "", "'api' was not measured for 5 min"),
        ((reading(500.0, 990.0),), "", "the p95 of 'api' is 500 ms, at most 500 and 100 % of the answers of 'api' are good"),
        ((reading(None, 990.0, success=0.0),),
         "0 % of the platform's answers are good ('api'), below 99 %: heavy tasks wait for users", ""),
    ],
)  # fmt: skip
def test_what_the_figures_say(given: tuple[Reading, ...], trouble: str, fine: str) -> None:
    found = judged("yield", Surroundings(USERS, given), (), 1000.0)
    assert (found.trouble, found.fine) == (trouble, fine)


def test_the_crews_that_count() -> None:
    rule = Rule(quiet=True, quiet_workflows=2, quiet_crews=("journal",))
    said = [
        judged("quiet", Surroundings(rule), flights, 1000.0)
        for flights in (
            [Flight("other", 9)],
            [Flight("journal", 1)],
            [Flight("journal", 2)],
            [Flight("journal", 0, note="it was lost")],
        )
    ]
    assert [one.trouble for one in said] == ["", "", "crew 'journal' has 2 workflows in flight", ""]
    assert [one.fine for one in said] == [
        "no workflow of 'journal' is in flight", "crew 'journal' has 1 in flight, fewer than 2", "",
        "no workflow of 'journal' is in flight; it was lost",
    ]  # fmt: skip


def test_the_time_that_was_held_is_counted_once_for_rules_that_overlap() -> None:
    yields = Yields()
    for at, kind, active in (
        (0.0, "quiet", True),
        (5.0, "yield", True),
        (10.0, "quiet", False),
        (20.0, "yield", False),
    ):
        yields.take(YieldSet(at, kind, active, "w", 15.0))
    assert (yields.total(100.0), yields.active, yields.facts()) == (20.0, {}, ())
    yields.take(YieldSet(100.0, "quiet", True, "w", 15.0))
    assert (yields.total(107.0), yields.spent(20.0, 107.0), yields.left(20.0, 107.0)) == (27.0, False, 8.0)
    assert yields.spent(20.0, 115.0)
    yields.take(YieldSet(120.0, "quiet", True, "w", 0.0))
    assert (yields.spent(0.0, 1e9), yields.left(0.0, 1e9)) == (False, math.inf)


def test_a_task_that_takes_work_back_never_waits() -> None:
    undo = TaskSpec("undo of deploy", undoes="deploy", needs=needs(cpus=4.0))
    assert not Rule(heavy_jobs=("*",)).is_heavy(undo)


def test_the_log_gives_the_same() -> None:
    story = Beside()
    story.state.epoch = 0
    events = [
        YieldSet(1.0, "quiet", True, "w", 9.0),
        YieldSet(2.0, "yield", True, "w", 9.0),
        YieldSet(3.0, "quiet", False, "w"),
    ]
    for event in events:
        fold(story.state, event)
    assert log_equals_state(story.state, events) == []
    assert log_equals_state(story.state, events[:2]) != []

"""What raises an alert, what resolves it, and that one cause has one alert; by value, and seeded."""

import random
from collections.abc import Mapping
from typing import Any

import pytest

from callboard.core.alert_kinds import MOST_EACH, RULES
from callboard.core.alert_rules import Outside, follow, outside
from callboard.core.alerts import Alert, AlertState, Choice, told
from callboard.core.commands import MarkAlerts, grant
from callboard.core.events import (
    AlertMarked,
    AlertRaised,
    AlertResolved,
    AttemptEnded,
    CancelAsked,
    DecisionMade,
    Event,
    FindingsFound,
    RunSubmitted,
    ScheduleFired,
)
from callboard.core.facts import How
from callboard.core.fold import fold
from callboard.core.run import Run
from callboard.core.state import State
from callboard.core.task import Priority, TaskSpec, TaskState, Verdict
from callboard.errors import Refused
from core_story import Story

FAILED, PASSED = TaskState.FAILED, TaskState.SUCCEEDED
Ends = Mapping[str, TaskState]


class Told(Story):
    """A story in which alerts follow from what happens, as they do in the engine."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Event] = []

    def happen(self, *events: Event) -> list[Event]:
        """A step: these happen, and what follows."""
        for event in events:
            fold(self.state, event)
        found: list[Event] = list(follow(self.state, events, self.now))
        self.state.changed_runs.clear()
        self.said += [*events, *found]
        return found

    def run(self, *specs: TaskSpec, name: str = "default") -> Run:
        number = self.state.last_run + 1
        self.happen(RunSubmitted(self.now, number, name, "/w", "ann", "by hand", Priority.MEDIUM, specs))
        return self.state.runs[number]

    def end_of(self, run: Run, place: int, outcome: TaskState, **fields: Any) -> list[Event]:
        """The task is tried and ends so."""
        task = run.tasks[place]
        self.take(task)
        self.begin(task)
        return self.last(run, place, outcome, **fields)

    def last(self, run: Run, place: int, outcome: TaskState, **fields: Any) -> list[Event]:
        """The attempt under way ends so."""
        values = {"how": How.EXITED, "reason": f"{run.tasks[place].spec.name} {outcome}", **fields}
        return self.happen(AttemptEnded(self.now, run.id, place, run.tasks[place].attempt, outcome=outcome, **values))

    def whole(self, outcomes: Ends, **fields: Any) -> Run:
        """A run of the default pipeline in which each job ends so."""
        run = self.run(*(TaskSpec(name, action=f"a.{name}", agent="a") for name in outcomes))
        for place, outcome in enumerate(outcomes.values()):
            self.end_of(run, place, outcome, **fields)
        return run

    def find(self, run: Run, place: int, *findings: Mapping[str, Any]) -> list[Event]:
        return self.happen(FindingsFound(self.now, run.id, place, run.tasks[place].attempt, findings))

    def open(self) -> dict[str, str]:
        """Key and state of each alert that is not resolved."""
        return {alert.key: str(alert.state) for alert in self.state.alerts}


def finding(mark: str, severity: str = "critical", rule: str = "secret", accepted: str = "") -> Mapping[str, Any]:
    return {"rule": rule, "severity": severity, "path": "a.py", "line": 3, "message": f"found {mark}",
            "fingerprint": mark, "accepted": accepted}  # fmt: skip


def test_a_job_that_failed_has_one_alert_until_its_next_pass() -> None:
    story = Told()
    story.whole({"lint": FAILED, "tests": PASSED})
    assert story.open() == {"task-broken:/w:lint": "open"}
    story.whole({"lint": TaskState.TIMED_OUT, "tests": PASSED})
    alert = story.state.alerts.get("task-broken:/w:lint")
    assert alert is not None
    assert (alert.severity, alert.title, alert.href, alert.times) == ("high", "lint timed out", "/tasks/2.0", 2)
    found = story.whole({"lint": PASSED})
    assert story.open() == {}
    assert story.said[-1] == AlertResolved(1000.0, "task-broken:/w:lint", f"lint passed in run {found.id}")


def test_what_will_be_tried_again_was_cancelled_or_is_not_sure_raises_and_resolves_nothing() -> None:
    story = Told()
    run = story.run(TaskSpec("lint"), TaskSpec("gone"))
    assert story.end_of(run, 0, TaskState.WAITING, retry_at=1001.0) == []
    assert story.end_of(run, 1, TaskState.CANCELLED) == []
    story.whole({"lint": FAILED})
    story.whole({"lint": PASSED}, verdict=Verdict.UNKNOWN)
    assert list(story.open()) == ["task-broken:/w:lint"]


def test_what_a_person_tries_by_hand_is_no_alarm_and_no_cure() -> None:
    story = Told()
    run = story.run(TaskSpec("lint"), name="do lint")
    assert story.end_of(run, 0, FAILED) == []
    story.whole({"lint": FAILED})
    again = story.run(TaskSpec("lint"), name="do lint")
    story.end_of(again, 0, PASSED)
    assert list(story.open()) == ["task-broken:/w:lint"]


def test_an_earlier_pass_that_stands_is_a_pass() -> None:
    story = Told()
    first = story.whole({"lint": PASSED})
    story.whole({"lint": FAILED})
    story.run(TaskSpec("lint", action="a.lint", agent="a", stands_for=(first.id, 0, 1)))
    assert story.open() == {}


def test_more_than_ten_broken_jobs_of_a_run_are_one_alert_with_the_count() -> None:
    story = Told()
    run = story.whole({f"job{n}": FAILED for n in range(500)})
    assert story.open() == {"run-broken:/w:default": "open"}
    alert = story.state.alerts.get("run-broken:/w:default")
    assert alert is not None
    assert (alert.text, alert.href) == ("500 of its 500 jobs broke", f"/runs/{run.id}")
    assert sum(isinstance(event, AlertRaised) for event in story.said) == MOST_EACH + 2
    night = {f"job{n}": FAILED if n < 400 else PASSED for n in range(500)}
    story.whole(night)
    assert story.open() == {"run-broken:/w:default": "open"}
    assert sum(isinstance(event, AlertRaised) for event in story.said) == MOST_EACH + 4
    story.whole({"job7": PASSED})
    assert story.open() == {"run-broken:/w:default": "open"}, "one job that passes does not cure the pipeline"
    story.whole({f"job{n}": FAILED if n < 2 else PASSED for n in range(500)})
    assert story.open() == {"task-broken:/w:job0": "open", "task-broken:/w:job1": "open"}


def test_a_crash_is_the_agents_and_has_one_alert_for_all_its_tasks() -> None:
    story = Told()
    run = story.run(*(TaskSpec(f"part{n}", action="q.part", agent="q") for n in range(30)))
    for place in range(30):
        story.end_of(run, place, FAILED, how=How.CRASHED)
    assert story.open() == {"agent-error:q.part": "open"}
    assert len([event for event in story.said if isinstance(event, AlertRaised)]) == 1
    story.whole({"x": FAILED})
    again = story.run(TaskSpec("part1", action="q.part", agent="q"))
    story.end_of(again, 0, FAILED)
    assert set(story.open()) == {"task-broken:/w:x", "task-broken:/w:part1"}


def test_an_undo_that_failed_is_critical() -> None:
    story = Told()
    run = story.run(TaskSpec("deploy", action="i.deploy", agent="i", undo="undeploy"),
                    TaskSpec("undo of deploy", action="i.undeploy", agent="i", undoes="deploy"))  # fmt: skip
    story.end_of(run, 1, FAILED, how=How.CRASHED)
    alert = story.state.alerts.get("undo-failed:/w:deploy")
    assert alert is not None
    assert (alert.severity, alert.title) == ("critical", "What deploy did could not be taken back")
    story.end_of(run, 0, PASSED)
    assert story.open() == {}


def test_a_critical_finding_has_an_alert_until_its_job_looks_again_and_it_is_not_there() -> None:
    story = Told()
    run = story.run(TaskSpec("secrets", action="s.secrets", agent="s"))
    story.run_all(run.tasks)
    story.find(run, 0, finding("k1"), finding("k2", "high"), finding("k3", accepted="until 2027-01-01"))
    assert story.last(run, 0, FAILED, verdict=Verdict.FAIL) == [], "the cause has its alert already"
    assert story.open() == {"finding-critical:/w:k1": "open"}
    unsure = story.run(TaskSpec("secrets", action="s.secrets", agent="s"))
    story.end_of(unsure, 0, PASSED, verdict=Verdict.UNKNOWN)
    assert story.open() == {"finding-critical:/w:k1": "open"}
    again = story.run(TaskSpec("secrets", action="s.secrets", agent="s"))
    story.end_of(again, 0, PASSED, verdict=Verdict.PASS)
    assert story.open() == {}


def test_many_critical_findings_of_a_job_are_one_alert_with_the_count() -> None:
    story = Told()
    run = story.run(TaskSpec("secrets", action="s.secrets", agent="s"))
    story.run_all(run.tasks)
    for batch in range(6):
        story.find(run, 0, *(finding(f"k{batch}.{n}") for n in range(5)))
    story.last(run, 0, FAILED, verdict=Verdict.FAIL)
    assert story.open() == {"findings-critical:/w:secrets": "open"}
    alert = story.state.alerts.get("findings-critical:/w:secrets")
    assert alert is not None
    assert alert.text == "30 critical findings"
    again = story.run(TaskSpec("secrets", action="s.secrets", agent="s"))
    story.run_all(again.tasks)
    story.find(again, 0, finding("k0.0"))
    story.last(again, 0, FAILED, verdict=Verdict.FAIL)
    assert story.open() == {"finding-critical:/w:k0.0": "open"}


def test_an_address_that_is_down_is_told_by_its_finding() -> None:
    story = Told()
    run = story.run(TaskSpec("monitor.endpoints", action="m.endpoints", agent="m"))
    story.run_all(run.tasks)
    story.find(run, 0, finding("shop", "high", "endpoint-down"))
    story.last(run, 0, FAILED, verdict=Verdict.FAIL)
    assert story.open() == {"endpoint-down:/w:shop": "open"}


def test_a_lost_task_waits_for_a_word() -> None:
    story = Told()
    run = story.run(TaskSpec("deploy"), TaskSpec("other"))
    story.end_of(run, 0, TaskState.NEEDS_DECISION, how=How.LOST)
    story.end_of(run, 1, TaskState.NEEDS_DECISION, how=How.LOST)
    assert set(story.open()) == {"task-lost:1.0", "task-lost:1.1"}
    story.happen(DecisionMade(story.now, 1, 0, "ann", "retry"))
    assert set(story.open()) == {"task-lost:1.1"}
    story.happen(CancelAsked(story.now, 1, -1, "ann", ""))
    assert story.open() == {}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (ScheduleFired(1.0, "/w:nightly", 1.0, 0, 0, "seen for the first time"), ""),
        (ScheduleFired(1.0, "/w:nightly", 1.0, 0, 0, "quiet hours 22-6"), ""),
        (ScheduleFired(1.0, "/w:nightly", 1.0, 0, 0, "run 3 of this schedule still goes on"), "schedule-late"),
        (ScheduleFired(1.0, "/w:nightly", 1.0, 7, 4), "schedule-late"),
        (ScheduleFired(1.0, "/w:nightly", 1.0, 0, 0, "/w is not trusted"), "schedule-missed"),
    ],
)
def test_a_schedule_that_starts_nothing_or_late_is_told_until_it_starts(event: ScheduleFired, kind: str) -> None:
    story = Told()
    story.happen(event)
    assert list(story.open()) == ([f"{kind}:/w:nightly"] if kind else [])
    story.happen(ScheduleFired(2.0, "/w:nightly", 2.0, 8))
    assert story.open() == {}


def test_the_machine_and_the_plugins() -> None:
    state = State()

    def look(**facts: Any) -> list[str]:
        said = outside(state, Outside(**facts), 5.0)
        for event in said:
            fold(state, event)
        return [f"{type(event).__name__} {event.key}" for event in said]

    assert look(disk_free_gb=0.4, pressed_s=29.0, plugins=(("x", "no module named y"),)) == [
        "AlertRaised disk-low", "AlertRaised plugin-broken:x",
    ]  # fmt: skip
    assert look(disk_free_gb=1.2, pressed_s=31.0, plugins=(("x", "no module named y"),)) == ["AlertRaised pressure"]
    assert look(disk_free_gb=None, calm_s=10.0, plugins=(("x", ""), ("z", ""))) == ["AlertResolved plugin-broken:x"]
    assert look(disk_free_gb=1.6, calm_s=31.0) == ["AlertResolved disk-low", "AlertResolved pressure"]


# -- what people do --------------------------------------------------------------------------------------------------


def marked(story: Told, choice: str, by: str, until: float | None = None, *, skip: bool = False) -> None:
    keys = tuple(story.open())
    story.happen(*grant(story.state, MarkAlerts(keys, choice, by, until, skip=skip), story.now))


def only(story: Told) -> Alert:
    (alert,) = story.state.alerts
    return alert


def test_the_first_word_counts_and_the_second_is_told() -> None:
    story = Told()
    story.whole({"lint": FAILED})
    marked(story, Choice.ACKNOWLEDGED, "ann")
    marked(story, Choice.ACKNOWLEDGED, "ann")
    with pytest.raises(Refused, match="was acknowledged by ann already; reopen it to take it over"):
        marked(story, Choice.SNOOZED, "ben", 2000.0)
    marked(story, Choice.ACKNOWLEDGED, "ben", skip=True)
    assert (only(story).state, only(story).by) == (AlertState.ACKNOWLEDGED, "ann")
    story.whole({"lint": FAILED})
    assert (only(story).state, only(story).times) == (AlertState.ACKNOWLEDGED, 2)
    marked(story, Choice.REOPENED, "ben")
    marked(story, Choice.ACKNOWLEDGED, "ben")
    assert only(story).by == "ben"
    story.whole({"lint": PASSED})
    assert story.open() == {}
    story.whole({"lint": FAILED})
    assert (only(story).state, only(story).by) == (AlertState.OPEN, "")


def test_a_snooze_ends_by_itself_and_only_if_the_cause_is_there_still() -> None:
    story = Told()
    story.whole({"lint": FAILED, "tests": FAILED})
    marked(story, Choice.SNOOZED, "ann", story.now + 60)
    story.whole({"tests": PASSED})
    story.now += 59
    assert story.happen() == []
    assert story.open() == {"task-broken:/w:lint": "snoozed"}
    story.now += 1
    assert story.happen() == [
        AlertMarked(story.now, "task-broken:/w:lint", "woken", "Callboard", reason="ann's snooze is over")
    ]
    assert story.open() == {"task-broken:/w:lint": "open"}
    marked(story, Choice.SNOOZED, "ann", story.now + 60)
    marked(story, Choice.SNOOZED, "ann", story.now + 500)
    story.now += 100
    assert story.happen() == [], "the later word of the same person counts"


def test_what_becomes_worse_is_open_again() -> None:
    raised = AlertRaised(1.0, "k", "k", "medium", "t", run=1)
    alert = told(told(None, raised), AlertMarked(2.0, "k", Choice.ACKNOWLEDGED, "ann"))
    assert told(alert, AlertRaised(3.0, "k", "k", "low", "t", run=2)).state is AlertState.ACKNOWLEDGED
    worse = told(alert, AlertRaised(3.0, "k", "k", "high", "t", run=2))
    assert (worse.state, worse.opened, worse.times) == (AlertState.OPEN, 3.0, 2)


@pytest.mark.parametrize("seed", range(12))
def test_none_is_lost_and_none_doubled(seed: int) -> None:
    """Whatever happens: each job that is broken now is told once, alone or with its run; the rest is not told at all;
    and the events alone give the same alerts again."""
    dice = random.Random(seed)
    story, last = Told(), dict[str, bool]()
    for _ in range(40):
        names = [f"job{n}" for n in range(15)]
        ends = {name: dice.choice((PASSED, FAILED) if dice.random() < 0.4 else (PASSED,)) for name in names}
        if dice.random() < 0.15:
            ends = dict.fromkeys(names, FAILED)
        story.whole(ends)
        last |= {name: outcome is FAILED for name, outcome in ends.items()}
        if dice.random() < 0.5:
            marked(
                story, dice.choice((Choice.ACKNOWLEDGED, Choice.SNOOZED)), dice.choice("ab"), story.now + 50, skip=True
            )
        story.now += dice.uniform(0, 40)
        story.happen()
        broken = {f"task-broken:/w:{name}" for name, bad in last.items() if bad}
        told_now = set(story.open())
        assert told_now == ({"run-broken:/w:default"} if len(broken) > MOST_EACH else broken)
    raised = [event for event in story.said if isinstance(event, AlertRaised)]
    assert len(raised) == len({(event.key, event.run, event.text) for event in raised})
    replayed = State()
    for event in story.said:
        fold(replayed, event) if isinstance(event, AlertRaised | AlertResolved | AlertMarked) else None
    assert list(replayed.alerts) == list(story.state.alerts)


def test_every_kind_has_a_rule_in_words() -> None:
    assert all(rule.raised and rule.resolved and rule.severity for rule in RULES.values())

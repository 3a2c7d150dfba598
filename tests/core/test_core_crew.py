"""Crews of the platform: what facts make of the state, in whatever order and however often they come, and what raises an alert."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.core.alert_rules import follow
from callboard.core.alerts import AlertState
from callboard.core.commands import TellCrew, grant
from callboard.core.crew import BEATS_WITHIN_S, MOST_CREWS, MOST_KEPT, MOST_RUNNING, SILENT_AFTER_S
from callboard.core.crew_events import CrewSeen, CrewSilent
from callboard.core.crew_facts import MOST_FACTS, WHATS, checked_facts
from callboard.core.crew_pace import slow_agents
from callboard.core.events import AlertRaised, AlertResolved, EngineStarted, Event
from callboard.core.fold import fold
from callboard.core.state import State
from callboard.desk.crew_rows import crew_row
from callboard.errors import Refused
from core_story import Story

ROLES = ("Manager", "Research", "Editor")
Facts = list[dict[str, Any]]


class Watched(Story):
    """A state that hears of crews, as the engine does it: granted, folded, and what follows."""

    def __init__(self) -> None:
        super().__init__(now=100_000.0)
        self.log: list[Event] = []

    def tell(
        self, *facts: Any, crew: str = "journal", source: str = "observer", after: float = 0.0, **more: Any
    ) -> list[Event]:
        self.now += after
        events = grant(self.state, TellCrew(crew, source, facts, **more), self.now)
        for event in events:
            fold(self.state, event)
        return self.follow(events)

    def follow(self, events: list[Event]) -> list[Event]:
        said = list(follow(self.state, events, self.now))
        self.log += [*events, *said]
        return said

    def wait(self, seconds: float) -> list[Event]:
        self.now += seconds
        events: list[Event] = list(self.decide().events)
        return [*events, *self.follow(events)]

    def alerts(self) -> dict[str, str]:
        return {alert.key: alert.text for alert in self.state.alerts if alert.state is AlertState.OPEN}

    def row(self) -> dict[str, Any]:
        return crew_row(self.state.crews["journal"], self.now, {}, None, {})

    def work(self, workflow: str, *, seconds: float = 2.0, fail: str = "", error: str = "ValueError") -> list[Event]:
        """A workflow of three tasks, told at once."""
        facts = whole(workflow, self.now, seconds, fail, error)
        self.now = facts[-1]["at"]
        return self.tell(*facts)


def whole(workflow: str, at: float, seconds: float = 2.0, fail: str = "", error: str = "ValueError") -> Facts:
    rows = [[f"t{n}", f"step {n}", role] for n, role in enumerate(ROLES)]
    facts: Facts = [
        {"what": "workflow-started", "workflow": workflow, "process": "sequential", "total": 3, "tasks": rows, "at": at}
    ]
    for key, name, role in rows:
        facts.append({"what": "task-started", "workflow": workflow, "task": key, "name": name, "role": role, "at": at})
        at += seconds
        bad = name == fail
        facts.append(
            {
                "what": "llm",
                "workflow": workflow,
                "task": key,
                "role": role,
                "calls": 1,
                "input": 10,
                "output": 4,
                "at": at,
            }
        )
        facts.append({"what": "task-ended", "workflow": workflow, "task": key, "name": name, "role": role, "ok": not bad,
                      "error": error if bad else "", "at": at})  # fmt: skip
        if bad:
            break
    facts.append(
        {"what": "workflow-ended", "workflow": workflow, "ok": not fail, "error": error if fail else "", "at": at}
    )
    return facts


def test_a_workflow_is_seen_task_by_task() -> None:
    story = Watched()
    story.work("w0")
    facts = whole("w1", story.now)
    story.tell(*facts[:5], after=3.0)
    crew = story.state.crews["journal"]
    row = story.row()["workflows"][0]
    assert crew.in_flight == 1
    assert (row["state"], row["done"], row["total"], row["percent"], row["input"]) == ("running", 1, 3, 33.3, 10)
    assert [(t["name"], t["role"], t["state"], t["usual_s"]) for t in row["tasks"]] == [
        ("step 0", "Manager", "succeeded", 2.0), ("step 1", "Research", "running", 2.0), ("step 2", "Editor", "waiting", 2.0),
    ]  # fmt: skip
    assert row["eta"] == pytest.approx(story.now + 3.0)
    agents = {agent["role"]: agent for agent in story.row()["agents"]}
    assert [agents[role]["state"] for role in ROLES] == ["idle", "working", "idle"]
    assert agents["Research"]["slow_why"] == "too little data: 1 of 10"
    story.tell(*facts[5:], after=4.0)
    assert crew.in_flight == 0
    assert story.row()["workflows"][0]["state"] == "succeeded"


def test_what_the_team_wrote_down_is_nothing_that_was_heard() -> None:
    story = Watched()
    story.work("w0")
    crew = story.state.crews["journal"]
    before = crew.heard, crew.sources["observer"]
    story.now += 3_600
    story.tell({"what": "crew", "title": "Journal", "roles": ["Manager"], "at": story.now})
    assert (crew.heard, crew.sources["observer"]) == before


def test_an_agent_that_is_spelled_in_other_ways_is_the_same_one() -> None:
    story = Watched()
    story.tell(
        {
            "what": "crew",
            "title": "Journal",
            "roles": ["manager", "re-search", "EDITOR", "pdf builder"],
            "at": story.now,
        }
    )
    story.work("w0")
    agents = {role: len(agent.samples) for role, agent in story.state.crews["journal"].agents.items()}
    assert agents == {"manager": 1, "re-search": 1, "EDITOR": 1, "pdf builder": 0}


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_order_and_repetition_do_not_matter(dice: random.Random) -> None:
    plain, mixed = Watched(), Watched()
    facts = whole("w1", plain.now, fail=dice.choice(("", "step 1")))
    plain.tell(*facts, after=10.0)
    counts = [fact for fact in facts if fact["what"] == "llm"]
    told = [fact for fact in facts if fact["what"] != "llm"] * 2
    dice.shuffle(told)
    mixed.tell(*counts, after=10.0)
    for fact in told:
        mixed.tell(fact)
    first, second = plain.row()["workflows"][0], mixed.row()["workflows"][0]
    by_key = sorted(second.pop("tasks"), key=lambda task: str(task["key"]))
    assert by_key == first.pop("tasks")
    assert second == first
    trends = [{agent["role"]: agent["trend"] for agent in story.row()["agents"]} for story in (plain, mixed)]
    assert trends[0] == trends[1]


def test_what_is_sent_again_counts_once_and_chatter_is_not_kept() -> None:
    story = Watched()
    facts = [{**fact, "n": n} for n, fact in enumerate(whole("w1", story.now), 1)]
    sent = {"stream": "a" * 32, "upto": len(facts)}
    story.tell(*facts, after=9.0, **sent)
    assert story.tell(*facts, after=1.0, **sent) == []
    assert sum(isinstance(event, CrewSeen) for event in story.log) == 1
    assert story.row()["workflows"][0]["input"] == 30
    story.tell({"what": "workflow-started", "workflow": "w2"}, {"what": "seen", "workflow": "w2"})
    for _ in range(100):
        story.tell({"what": "seen", "workflow": "w2"}, {"what": "source", "state": "fresh"}, after=1.0)
    assert sum(isinstance(event, CrewSeen) for event in story.log) <= 6


def test_the_clock_of_the_sender_may_be_wrong() -> None:
    story = Watched()
    facts = whole("w1", story.now - 7_200.0)
    story.tell(*facts, sent=story.now - 7_190.0)
    row = story.row()["workflows"][0]
    assert row["started"] == pytest.approx(story.now - 10.0)
    assert [task["seconds"] for task in row["tasks"]] == [2.0, 2.0, 2.0]
    story.tell({"what": "workflow-started", "workflow": "w2", "at": story.now + 9_000.0})
    assert story.state.crews["journal"].workflows["w2"].started == story.now


def test_one_that_says_nothing_is_lost_and_may_come_back() -> None:
    story = Watched()
    story.tell({"what": "workflow-started", "workflow": "w1"}, {"what": "seen", "workflow": "w1"},
               {"what": "task-started", "workflow": "w1", "task": "t", "name": "draw", "role": "Media"})  # fmt: skip
    story.tell({"what": "workflow-started", "workflow": "w2"})
    assert story.decide().wake == story.now + BEATS_WITHIN_S
    assert story.wait(BEATS_WITHIN_S - 1.0) == []
    silent, alert = story.wait(2.0)
    assert silent == CrewSilent(story.now, "journal", ("w1",))
    assert isinstance(alert, AlertRaised)
    assert alert.kind == "crew-silent"
    assert "it was at draw (Media)" in alert.text
    assert story.state.crews["journal"].in_flight == 1
    assert {row["id"]: row["state"] for row in story.row()["workflows"]} == {"w1": "lost", "w2": "running"}
    said = story.tell({"what": "seen", "workflow": "w1"})
    assert [type(event) for event in said] == [AlertResolved]
    assert story.state.crews["journal"].workflows["w1"].state == "running"
    fold(story.state, EngineStarted(story.now + 10_000.0, 2, "1"))
    story.now += 10_000.0
    assert story.wait(BEATS_WITHIN_S - 1.0) == []
    assert len(story.wait(SILENT_AFTER_S)) >= 2
    assert story.state.crews["journal"].in_flight == 0


def test_a_failed_workflow_is_an_alert_with_its_context_until_one_succeeds() -> None:
    story = Watched()
    for number in range(3):
        story.work(f"good{number}")
    story.work("bad1", fail="step 1")
    (raised,) = story.work("bad2", seconds=5.0, fail="step 1")
    assert isinstance(raised, AlertRaised)
    assert raised.title == "A workflow of crew journal failed at step 1 (Research)"
    assert raised.text == (
        "ValueError; after 5.0 s, usually 2.0 s; 1 of 3 tasks were done; it is the 2. workflow in a row that failed"
    )
    assert raised.href == "/crew?workflow=bad2"
    trouble = story.row()["troubles"][0]
    assert (trouble["words"], trouble["severity"]) == ("failed at step 1 (Research): ValueError", "high")
    both = whole("good3", story.now) + whole("good4", story.now)
    said = story.tell(*both, after=9.0)
    assert [type(event) for event in said] == [AlertResolved]
    assert story.alerts() == {}


def test_who_is_slow_and_since_when() -> None:
    story = Watched()
    dice = random.Random(3)
    for number in range(9):
        story.work(f"w{number}", seconds=2.0 + dice.random() * 0.4)
    story.work("early", seconds=30.0)
    assert story.alerts() == {}, "below ten earlier ones there is too little data"
    for number in range(10, 20):
        story.work(f"w{number}", seconds=2.0 + dice.random() * 0.4)
    since = story.now
    for number in range(2):
        story.work(f"slow{number}", seconds=40.0)
    assert not slow_agents(story.state.crews["journal"], story.now)
    said = story.work("slow2", seconds=40.0)
    assert {event.key for event in said if isinstance(event, AlertRaised)} == {
        f"crew-slow:journal:{role}" for role in ROLES
    }
    slow = {found.role: found for found in slow_agents(story.state.crews["journal"], story.now)}["Research"]
    assert (slow.now_s, slow.times, slow.n) == (40.0, 3, 20)
    assert since <= slow.since <= since + 41
    assert slow.words == "Research takes 40.0 s in 'step 1', usually 2.2 s (median of 20): 3 times in a row"
    assert story.work("slow3", seconds=40.0) == []
    said = story.work("fine", seconds=2.1)
    assert {type(event) for event in said} == {AlertResolved}
    assert story.alerts() == {}


def test_one_that_has_been_at_work_for_too_long_is_told_while_it_works() -> None:
    story = Watched()
    for number in range(12):
        story.work(f"w{number}")
    story.tell(*whole("long", story.now)[:2])
    assert story.wait(5.0) == []
    said = story.wait(20.0)
    assert [(type(event), getattr(event, "key", "")) for event in said] == [(AlertRaised, "crew-slow:journal:Manager")]
    assert story.alerts()["crew-slow:journal:Manager"].startswith(
        "Manager has been at work in 'step 0' for 25.0 s, usually 2.0 s"
    )


def test_all_of_it_is_bounded() -> None:
    story = Watched()
    for number in range(MOST_KEPT + 5):
        story.work(f"w{number}", seconds=0.1)
    for number in range(MOST_RUNNING + 5):
        story.tell({"what": "workflow-started", "workflow": f"r{number}"}, after=0.1)
    crew = story.state.crews["journal"]
    assert len(crew.workflows) == MOST_RUNNING + MOST_KEPT
    story.tell({"what": "task-started", "workflow": "w0", "task": "t0"})
    assert "w0" not in crew.workflows, "what was forgotten is not revived"
    for number in range(1, MOST_CREWS):
        story.tell({"what": "seen", "workflow": "w"}, crew=f"crew {number}")
    with pytest.raises(Refused, match="20 crews already; 'one more' is one too many"):
        story.tell({"what": "seen", "workflow": "w"}, crew="one more")
    facts = checked_facts([{"what": "seen", "workflow": "x" * 999} for _ in range(2 * MOST_FACTS)], 1.0)
    assert len(facts) == MOST_FACTS
    assert {len(fact["workflow"]) for fact in facts} == {200}


KEYS = ("task", "name", "role", "at", "ok", "on", "error", "input", "output", "calls", "failed", "total", "done", "tasks", "roles",
        "title", "state", "words", "process", "parent", "seconds", "n")  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 3, 10**30, 1.5, float("nan"), float("inf"), -1e9, "", "t1", "Manager", "flow", "fresh",
    "\ud800\x00\n",
    "x" * 5_000, [], [None], [["t1", "a", "Editor"], ["t2"], [], [7], "t"], ["Manager", "", 3], {}, {"a": [1]}, 99_990.0, 100_050.0,
)  # fmt: skip


def strange(dice: random.Random) -> Any:
    """A fact as nobody would send it."""
    if dice.random() < 0.1:
        return dice.choice(ODD)
    fact: dict[str, Any] = {"what": dice.choice(sorted(WHATS)), "workflow": dice.choice(("w1", "w2"))}
    if dice.random() < 0.6:
        fact |= {"task": dice.choice(("t1", "t2")), "role": dice.choice(ROLES), "ok": dice.random() < 0.7}
    for key in KEYS:
        if dice.random() < 0.15:
            fact[key] = dice.choice(ODD)
    return fact


@pytest.mark.parametrize("seed", range(12))
def test_no_fact_however_strange_stops_the_engine(seed: int) -> None:
    dice, story = random.Random(seed), Watched()
    for _ in range(25):
        story.tell(*(strange(dice) for _ in range(dice.randrange(9))), after=dice.choice((0.5, 31.0)))
        story.wait(dice.choice((1.0, 130.0)))
        if "journal" in story.state.crews:
            json.dumps(story.row(), allow_nan=False)
    again = State()
    for event in story.log:
        fold(again, event)
    assert again.crews == story.state.crews

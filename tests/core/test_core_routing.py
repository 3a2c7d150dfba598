"""Who does a task that several agents could do."""

from typing import Any

import pytest

from callboard.core import commands as c
from callboard.core.fold import fold
from callboard.core.task import Candidate, TaskSpec
from callboard.errors import Refused
from core_story import Story, spec

BOTH = (Candidate("pa", "qa", "qa.tests", "python-tests"), Candidate("pb", "api", "api.check", "python-tests"))


def checks(name: str = "tests", *depends: int, **fields: Any) -> TaskSpec:
    return spec(name, *depends, agent="qa", action="qa.tests", plugin="pa", candidates=BOTH, **fields)


def told(*commands: c.Command, story: Story) -> None:
    for command in commands:
        for event in c.grant(story.state, command, story.now):
            fold(story.state, event)


def story_of(*agents: str) -> Story:
    story = Story()
    story.agents(*agents)
    return story


def test_tasks_of_a_paused_agent_move_to_another_that_offers_the_same() -> None:
    story = story_of("qa", "api")
    told(c.PauseAgent("qa", "ann", "flaky"), story=story)
    run = story.submit(checks(), spec("lint", agent="qa", action="qa.lint"))
    decision = story.decide()
    assert [move.reason for move in decision.moves] == [
        "moved from qa to api: qa was paused by ann: flaky; api offers the same 'python-tests'"
    ]
    task = run.tasks[0].spec
    assert (task.agent, task.action, task.plugin) == ("api", "api.check", "pb")
    assert story.words(run.tasks[1]) == "agent qa was paused by ann: flaky"
    assert story.state.queued["qa"] == 1


def test_tasks_that_wait_already_move_when_their_agent_is_paused_or_goes() -> None:
    story = story_of("qa", "api")
    run = story.submit(spec("first"), checks("a", 0), checks("b", 0))
    story.starts()
    told(c.PauseAgent("qa", "ann"), story=story)
    assert [move.task for move in story.decide().moves] == [1, 2]
    told(c.ResumeAgent("qa", "ann"), c.NameAgents(("qa",)), story=story)
    assert [move.reason for move in story.decide().moves] == [
        "moved from api to qa: api is not here; qa offers the same 'python-tests'"
    ] * 2
    assert [task.spec.agent for task in run.tasks[1:]] == ["qa", "qa"]


def test_with_nobody_else_they_wait_and_say_what_they_need_and_go_on_when_somebody_comes() -> None:
    story = story_of("other")
    run = story.submit(checks(), checks("wanted", wants="python-tests"))
    assert story.starts() == []
    assert [story.words(task) for task in run.tasks] == [
        "nobody can do this: needs an agent with qa.tests",
        "nobody can do this: needs an agent with 'python-tests'",
    ]
    told(c.NameAgents(("other", "api")), story=story)
    assert sorted(story.starts()) == ["tests", "wanted"]
    assert {task.spec.agent for task in run.tasks} == {"api"}


def test_a_wanted_capability_goes_to_the_agent_with_the_least_waiting_work_and_says_why() -> None:
    story = story_of("qa", "api")
    run = story.submit(*(checks(f"t{n}", wants="python-tests") for n in range(4)))
    decision = story.decide()
    assert sorted(task.spec.agent for task in run.tasks) == ["api", "api", "qa", "qa"]
    assert decision.moves[0].reason == (
        "given to api, not qa: of those that offer 'python-tests' it has the least waiting work (0 against 3)"
    )
    assert all("least waiting work of 2 that offer 'python-tests'" in start.why for start in decision.starts)
    told(c.PauseAgent("api", "ann"), story=story)
    story.submit(checks("last", wants="python-tests"))
    story.run_all([])
    story.end(run.tasks[0])
    start = story.decide().starts[0]
    assert start.why.endswith(
        "qa does it: here, not paused, least waiting work of 2 that offer 'python-tests'; api was paused by ann"
    )


def test_a_named_agent_keeps_its_work_while_it_can_do_it() -> None:
    story = story_of("qa", "api")
    story.submit(*(checks(f"t{n}") for n in range(4)))
    assert story.decide().moves == ()


def test_a_person_moves_a_task_and_it_stays_there() -> None:
    story = story_of("qa", "api")
    run = story.submit(
        *(checks(f"t{n}", wants="python-tests") for n in range(2)), spec("first"), checks("t2", 2, wants="python-tests")
    )
    told(c.MoveTask(1, 3, "api", "ann"), story=story)
    story.starts()
    assert (run.tasks[3].spec.agent, run.tasks[3].pinned) == ("api", True)
    story.begin(run.tasks[2])
    story.end(run.tasks[2])
    decision = story.decide()
    assert decision.moves == ()
    assert decision.starts[0].why.endswith("a person gave it to api")


@pytest.mark.parametrize(
    ("task", "agent", "words"),
    [
        (0, "api", "task 1.0 'runs' is starting; only what waits can be moved"),
        (1, "qa", "task 1.1 'waits' is with qa already"),
        (1, "infra", "agent 'infra' offers no action for what qa.tests does; of the others, api does"),
        (2, "api", "agent 'api' offers no action for what qa.lint does; of the others, nobody does"),
        (3, "api", "agent 'api' offers no action for commands; of the others, nobody does"),
        (1, "nobody", "there is no agent 'nobody'; the agents: api, infra, qa"),
        (1, "api", "task 1.1 cannot be moved: api was paused by ann"),
    ],
)
def test_what_cannot_be_moved_is_refused_with_the_reason(task: int, agent: str, words: str) -> None:
    story = story_of("qa", "api", "infra")
    story.submit(
        checks("runs"),
        checks("waits", 0),
        spec("lint", 0, agent="qa", action="qa.lint"),
        spec("command", 0, argv=("ls",)),
    )
    story.starts()
    if "paused" in words:
        told(c.PauseAgent("api", "ann"), story=story)
    with pytest.raises(Refused) as refused:
        told(c.MoveTask(1, task, agent, "ann"), story=story)
    assert str(refused.value) == words

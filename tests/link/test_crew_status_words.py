"""A team's status is understood in its own words, and from one look to the next it becomes facts."""

from typing import Any

import pytest

from callboard.core.crew import CrewState
from callboard.core.crew_events import CrewSeen
from callboard.core.crew_facts import checked_facts
from callboard.core.crew_fold import take
from callboard.link.crew_sources.difference import Differences
from callboard.link.crew_sources.events import Events
from callboard.link.crew_sources.leading import Gate, Standing
from callboard.link.crew_sources.snapshot import snapshot_of

NOW = 1_800_000_000.0
STEPS = [
    {"name": "research", "agent": "Scout", "status": "completed"},
    {"name": "write", "agent": "Writer", "status": "running"},
]
LATER = [{**STEPS[0]}, {**STEPS[1], "status": "failed", "error": "ValueError: no"}]


def seen(*looks: tuple[float, Any], paths: dict[str, list[str]] | None = None, began: float = NOW - 1_000) -> CrewState:
    """What the looks make of a crew."""
    differences = Differences("status", began)
    crews: dict[str, CrewState] = {}
    for at, said in looks:
        found = snapshot_of(said, paths or {})
        assert found is not None, f"{said} was not understood"
        facts = checked_facts(differences.facts(found, at), at)
        take(crews, CrewSeen(at, "journal", "status", facts))
    return crews["journal"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"workflows": [{"id": "a-long-workflow-id", "status": "running", "tasks": STEPS}]}, ("running", 1, 2)),
        ({"data": {"jobs": [{"job_id": "j-123456789012", "state": "IN_PROGRESS", "steps": STEPS}]}}, ("running", 1, 2)),
        (
            {"status": "ok", "active_runs": {"r-123456789012": {"phase": "executing", "tasks": STEPS}}},
            ("running", 1, 2),
        ),
        ([{"uuid": "5f0d1c6e-1f7a", "status": "Processing", "stages": STEPS}], ("running", 1, 2)),
        (
            {"status": "running", "progress": {"completed_tasks": 3, "total_tasks": 9}, "current_task": "x"},
            ("running", 3, 9),
        ),
        ({"job": {"id": 7, "status": "active", "progress": 0.5, "total_steps": 8}}, ("running", 4, 8)),
        ({"kickoff_id": "k-123456789012", "state": "RUNNING", "progress": "50 %", "total": 4}, ("running", 2, 4)),
        ({"runId": "r1", "status": "running", "completedTasks": ["a", "b"], "totalTasks": 3}, ("running", 2, 3)),
        (
            {"run": {"id": "r", "status": "running", "tasks": {"a": "done", "b": "done", "c": "todo"}}},
            ("running", 2, 3),
        ),
        (
            {"id": "w", "status": "running", "tasks": ["a", "b", "c"], "current_task": "b", "completed_tasks": ["a"]},
            ("running", 1, 3),
        ),
        ({"agents": [{"name": "Scout", "status": "idle"}, {"name": "Writer", "status": "working"}]}, ("running", 0, 1)),
        ({"agents": {"Scout": "idle", "Writer": "busy"}}, ("running", 0, 1)),
    ],
)
def test_many_ways_to_tell_the_same_are_understood(said: Any, expected: tuple[str, int, int]) -> None:
    [workflow] = seen((NOW, said)).workflows.values()
    assert (workflow.state, workflow.done, workflow.total) == expected


@pytest.mark.parametrize(
    "said",
    [
        {"status": "idle"}, {"workflows": []}, {"data": {"jobs": []}}, [], {"active_workflows": 0, "uptime": 5},
        {"agents": [{"name": "Scout", "status": "idle"}]}, {"status": "running", "agents": [{"name": "Scout", "status": "idle"}]},
    ],
)  # fmt: skip
def test_that_nothing_runs_is_no_workflow(said: Any) -> None:
    assert snapshot_of(said, {}) == ()


@pytest.mark.parametrize(
    "said",
    [
        {"status": "ok"},
        {"status": "healthy", "version": "1"},
        {},
        "text",
        5,
        None,
        {"status": "running", "uptime": 9.5},
    ],
)
def test_the_health_of_a_server_is_no_workflow(said: Any) -> None:
    assert snapshot_of(said, {}) is None


def test_where_things_stand_can_be_said() -> None:
    said = {
        "x": {
            "things": [
                {"nr": "n-123456789012", "how": "busy", "bits": [{"t": "a", "by": {"who": "Ann"}, "how": "done"}]}
            ]
        }
    }
    assert snapshot_of(said, {}) is None
    paths = {
        "workflows": ["x", "things"], "id": ["nr"], "state": ["how"], "tasks": ["bits"], "task_name": ["t"],
        "task_role": ["by", "who"], "task_state": ["how"],
    }  # fmt: skip
    [workflow] = seen((NOW, said), paths=paths).workflows.values()
    assert workflow.id == "n-123456789012"
    assert [(task.name, task.role, task.state) for task in workflow.tasks.values()] == [("a", "Ann", "succeeded")]


def test_a_failure_names_the_task_the_agent_and_the_kind_of_error() -> None:
    first = {"workflows": [{"id": "a-long-workflow-id", "status": "running", "tasks": STEPS}]}
    then = {"workflows": [{"id": "a-long-workflow-id", "status": "failed", "tasks": LATER, "error": {"type": "Oops"}}]}
    [workflow] = seen((NOW, first), (NOW + 30, then)).workflows.values()
    task = workflow.tasks["write"]
    assert (workflow.state, workflow.error) == ("failed", "Oops")
    assert (task.role, task.state, task.seconds, task.error) == ("Writer", "failed", 30.0, "ValueError")


def test_who_works_now_is_enough_for_tasks_and_their_times() -> None:
    looks = [(NOW + 10 * n, {"id": "r", "status": "running", "current_agent": role}) for n, role in enumerate("ABC")]
    [workflow] = seen(*looks, (NOW + 30, {"id": "r", "status": "completed"})).workflows.values()
    assert [(t.role, t.state, t.seconds) for t in workflow.tasks.values()] == [
        ("A", "succeeded", 10.0), ("B", "succeeded", 10.0), ("C", "succeeded", 10.0),
    ]  # fmt: skip
    assert workflow.state == "succeeded"


def test_what_was_over_before_anybody_looked_is_not_told() -> None:
    old = {"id": "old-workflow-id", "status": "completed", "finished_at": NOW - 86_400}
    new = {"id": "new-workflow-id", "status": "completed", "finished_at": NOW - 5}
    assert list(seen((NOW, [old, new]), began=NOW - 60).workflows) == ["new-workflow-id"]


def test_a_short_id_that_begins_anew_is_another_workflow() -> None:
    runs = {"id": 1, "status": "running"}
    done = {"id": 1, "status": "done"}
    crew = seen((NOW, [runs]), (NOW + 5, [done]), (NOW + 10, [runs]))
    assert [workflow.state for workflow in crew.workflows.values()] == ["succeeded", "running"]


def test_a_workflow_that_vanishes_is_not_said_to_have_gone_well() -> None:
    crew = seen((NOW, [{"id": "w", "status": "running", "total": 3, "done": 1}]), (NOW + 5, []))
    assert [workflow.state for workflow in crew.workflows.values()] == ["running"]
    crew = seen((NOW, [{"id": "w", "status": "running", "total": 3, "done": 3}]), (NOW + 5, []))
    assert [workflow.state for workflow in crew.workflows.values()] == ["succeeded"]


def test_after_a_restart_the_same_workflow_goes_on() -> None:
    differences = Differences("status", NOW, going_on=["1@1799999000"])
    found = snapshot_of([{"id": 1, "status": "running", "tasks": STEPS}], {})
    assert {fact["workflow"] for fact in differences.facts(found or (), NOW)} == {"1@1799999000"}


def test_one_that_runs_on_is_said_to_now_and_then_and_nothing_else() -> None:
    differences = Differences("status", NOW)
    look = snapshot_of([{"id": "a-long-workflow-id", "status": "running", "tasks": STEPS}], {}) or ()
    told = [differences.facts(look, NOW + 5 * n) for n in range(20)]
    assert [len(facts) for facts in told[1:]].count(1) == 2
    assert {fact["what"] for facts in told[1:] for fact in facts} == {"seen"}


def test_messages_that_tell_one_event_each_are_understood() -> None:
    events = Events("socket")
    said = [
        {"type": "workflow.started", "data": {"workflow_id": "w1", "total_tasks": 2}},
        {
            "event": "TaskStartedEvent",
            "workflow_id": "w1",
            "task_id": "t1",
            "task_name": "research",
            "agent_role": "Scout",
        },
        {"type": "llm_call_completed", "workflow_id": "w1", "usage": {"prompt_tokens": 10, "completion_tokens": 5}},
        {
            "event": "task_completed",
            "workflow_id": "w1",
            "task_id": "t1",
            "agent": {"role": "Scout"},
            "output": "secret",
        },
        {"type": "task_update", "workflow_id": "w1", "task": "write", "agent": "Writer", "status": "in_progress"},
        {
            "type": "task_failed",
            "workflow_id": "w1",
            "task": "write",
            "agent": "Writer",
            "error": "TimeoutError: too slow",
        },
        {"event_type": "crew_failed", "payload": {"workflow_id": "w1", "error": {"type": "TimeoutError"}}},
    ]
    facts = [fact for n, one in enumerate(said) for fact in events.facts(one, NOW + n) or []]
    assert "secret" not in str(facts)
    crews: dict[str, CrewState] = {}
    take(crews, CrewSeen(NOW, "journal", "socket", checked_facts(facts, NOW + 10)))
    [workflow] = crews["journal"].workflows.values()
    assert (workflow.state, workflow.error, workflow.total) == ("failed", "TimeoutError", 2)
    assert [(t.name, t.role, t.state, t.error) for t in workflow.tasks.values()] == [
        ("research", "Scout", "succeeded", ""), ("write", "Writer", "failed", "TimeoutError"),
    ]  # fmt: skip
    assert (workflow.input, workflow.output) == (10, 5)
    assert events.facts({"type": "snapshot", "workflows": []}, NOW) is None
    assert events.facts({"type": "workflow_update", "data": {"id": "w", "status": "running"}}, NOW) is None


def test_messages_without_a_workflow_make_one() -> None:
    events = Events("socket")
    said = [
        {"type": "agent_started", "agent": "A"},
        {"type": "task_done", "task": "x", "agent": "A"},
        {"type": "crew_completed"},
    ]
    facts = [fact for one in said for fact in events.facts(one, NOW) or []]
    assert [fact["what"] for fact in facts] == ["workflow-started", "agent-started", "task-ended", "workflow-ended"]
    assert len({fact["workflow"] for fact in facts}) == 1


def test_a_worse_source_stands_by_while_a_better_one_tells() -> None:
    standing = Standing({"observer": NOW - 5})
    gate = Gate("status", 3.0, lambda: standing)
    facts = [{"what": "workflow-started", "workflow": "w"}, {"what": "source", "state": "fresh"}]
    assert gate.passed(facts, NOW, better=True) == [facts[1]]
    assert gate.due == NOW + 3
    assert gate.passed([], NOW + 3, better=True) == []
    assert gate.behind == "observer"
    assert gate.passed([{"what": "workflow-ended", "workflow": "w"}], NOW + 9, better=True) == []
    standing = Standing({"observer": NOW - 500, "log": NOW})
    held = [{"what": "workflow-started", "workflow": "v"}]
    assert gate.passed(held, NOW + 20, better=True) == []
    assert gate.passed([{"what": "seen", "workflow": "v"}], NOW + 23, better=True) == [
        *held,
        {"what": "seen", "workflow": "v"},
    ]
    assert gate.passed([{"what": "task-started", "workflow": "v"}], NOW + 24, better=True) != []
    assert gate.behind == ""


def test_alone_nothing_is_held_back() -> None:
    gate = Gate("log", 3.0, Standing)
    facts = [{"what": "workflow-started", "workflow": "w"}]
    assert gate.passed(facts, NOW, better=False) == facts


def test_after_a_restart_a_log_does_not_tell_again_what_a_better_source_told() -> None:
    gate = Gate("log", 0.0, lambda: Standing({"status": NOW - 900}, began={"status": (NOW - 1_000.0,)}))
    old = [{"what": "workflow-started", "workflow": "w", "at": NOW - 995.0}]
    new = [{"what": "workflow-started", "workflow": "v", "at": NOW - 10.0}]
    assert gate.passed(old, NOW, better=True) == []
    assert gate.passed(new, NOW, better=True) == new

"""Which tasks the board lists, and how it stays small when a run is large."""

from collections import Counter

from callboard.core.resources import Capacity
from callboard.core.task import TaskState
from callboard.desk.on_board import MOST_OF_ONE_CAUSE, listed
from core_story import Story, needs, spec


def test_what_runs_and_some_of_each_cause_are_listed_and_the_rest_is_counted() -> None:
    story = Story()
    first = [spec(f"work{i}", agent="quality") for i in range(1000)]
    locked = [spec(f"lock{i}", needs=needs("db"), agent="infra") for i in range(50)]
    later = [spec(f"later{i}", 0, agent="api") for i in range(500)]
    run = story.submit(*first, *locked, *later)
    story.decide()
    tasks, left_out = listed(story.state, 100)
    kinds = Counter(task.spec.name.rstrip("0123456789") for task in tasks if not task.live)
    assert len(tasks) == len(set(tasks)) == 100
    assert {task for task in tasks if task.live} == set(story.state.live.values())
    assert kinds["lock"] >= MOST_OF_ONE_CAUSE
    assert kinds["work"] >= MOST_OF_ONE_CAUSE
    assert left_out == run.unfinished - 100 == 1450


def test_a_small_run_is_listed_whole_without_what_is_over() -> None:
    story = Story()
    run = story.submit(spec("a"), spec("b", 0), spec("c", 1))
    story.decide()
    story.begin(run.tasks[0])
    story.end(run.tasks[0])
    tasks, left_out = listed(story.state)
    assert ([task.spec.name for task in tasks], left_out) == (["b", "c"], 0)


def test_a_task_that_wants_a_person_is_listed_before_others() -> None:
    story = Story(room=Capacity(0.0, 0.0, 4.0, 4096.0))
    run = story.submit(*(spec(f"t{i}") for i in range(300)))
    lost = run.tasks[299]
    story.take(lost)
    story.begin(lost)
    story.end(lost, TaskState.NEEDS_DECISION)
    tasks, _ = listed(story.state, 10)
    assert tasks[0] is lost

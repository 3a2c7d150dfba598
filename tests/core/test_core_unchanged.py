"""A task whose earlier pass stands is born ended: it never runs, and what waits for it goes on at once."""

import pytest

from callboard.core import events as e
from callboard.core.fold import fold
from callboard.core.invariants import of_state, promises_of_log
from callboard.core.run import RunState
from callboard.core.state import State
from callboard.core.task import Priority, TaskSpec, TaskState, Verdict
from callboard.errors import Refused
from core_story import Story, spec

SENTENCE = "unchanged since run 3: the same 4 files, options and tools"


def standing(name: str, *depends: int) -> TaskSpec:
    return spec(name, *depends, stands_for=(3, 0, 1), affected=SENTENCE)


def test_what_stands_is_done_and_its_children_are_ready() -> None:
    story = Story()
    run = story.submit(standing("lint"), standing("types", 0), spec("tests", 1), spec("later", 2))
    lint, types, tests, _ = run.tasks
    assert [lint.state, types.state, tests.state] == [TaskState.UNCHANGED, TaskState.UNCHANGED, TaskState.WAITING]
    assert (types.verdict, types.outcome_reason, types.attempt) == (Verdict.PASS, SENTENCE, 0)
    assert of_state(story.state, story.now) == []
    assert story.starts() == ["tests"]


def test_a_run_of_nothing_else_has_succeeded_when_it_is_submitted() -> None:
    story = Story()
    run = story.submit(standing("b", 1), standing("a"))
    assert (run.state, run.unfinished, run.ended) == (RunState.SUCCEEDED, 0, story.now)
    assert story.starts() == []


def test_nothing_stands_on_what_is_run_again() -> None:
    state = State()
    event = e.RunSubmitted(1.0, 1, "p", "/w", "ann", "t", Priority.LOW, (spec("build"), standing("tests", 0)))
    with pytest.raises(Refused, match="an earlier 'tests' cannot stand: it needs build, which is run again"):
        fold(state, event)
    assert state.runs == {}


def test_a_second_reading_of_the_log_agrees() -> None:
    told = [
        e.EngineStarted(0.0, 1, "1"),
        e.RunSubmitted(1.0, 1, "p", "/w", "ann", "t", Priority.LOW, (standing("lint"), spec("tests", 0))),
        e.AttemptDecided(2.0, 1, 1, 1, 1, "ready"),
    ]
    assert promises_of_log(told) == []

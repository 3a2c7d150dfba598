"""What comes next for a case, and what looks after a fix say, by value."""

from typing import Any

import pytest

from callboard.core.case_batch import Opening
from callboard.core.case_commands import MoveCase, NoteCase
from callboard.core.case_facts import Cause
from callboard.core.case_steps import Able, Step, next_step
from callboard.core.case_verdict import Look, Seen, judge
from callboard.core.cases import Case
from case_story import Story, symptom

ALL = frozenset({Step.REPRODUCE, Step.NARROW, Step.BISECT})
OFFER = {"action": "refactor.fixes", "options": {}, "words": "make ruff's safe fixes", "key": "k"}


def case_with(*notes: tuple[str, dict[str, Any]]) -> Case:
    story = Story()
    story.tell(opened=[Opening("t", "high", Cause("single"), (symptom(),))])
    for kind, facts in notes:
        story.do(NoteCase(1, kind, kind, facts=facts, in_run=5))
    return story.state.cases.case(1)


@pytest.mark.parametrize(
    ("notes", "able", "step", "words"),
    [
        ([], Able(), Step.REPRODUCE, "run again"),
        ([], Able(done=frozenset({Step.REPRODUCE})), None, "asked for fixes"),
        ([], Able(reruns="it is not idempotent"), None, "asked for fixes"),
        ([], Able(reruns="no", offers=[OFFER]), Step.FIX, "safe fixes"),
        ([], Able(reruns="no", offers=[]), None, "no plugin knows a fix"),
        ([], Able(reruns="no", tries=2, offers=[]), None, "no other fix"),
        ([], Able(reruns="no", tries=3, offers=[OFFER]), None, "3 fixes were tried"),
        ([], Able(reruns="no", fixes=False, offers=[OFFER]), None, "when they are asked for"),
        ([("reproduced", {"verdict": "gone"})], Able(), None, "did not happen again"),
        ([("reproduced", {"verdict": "environment"})], Able(), None, "a person must look"),
        ([("reproduced", {"verdict": "flaky"})], Able(offers=[OFFER]), Step.FIX, ""),
        ([("reproduced", {"verdict": "broken"})], Able(), Step.NARROW, ""),
        ([("reproduced", {"verdict": "broken"})], Able(narrows="one test"), Step.BISECT, ""),
        ([("reproduced", {"verdict": "broken"})], Able(narrows="x", bisects="no green commit"), None, "asked for fixes"),
        ([("reproduced", {"verdict": "broken"}), ("bisected", {})], Able(narrows="x", offers=[OFFER]), Step.FIX, ""),
        ([("reproduced", {"verdict": "broken"})], Able(done=ALL, offers=[]), None, "no plugin"),
        ([("fix-proposed", {"patch": 3})], Able(patch="proposed"), Step.TRY, "patch 3 is tried in a copy"),
        ([("fix-proposed", {"patch": 3}), ("verified", {"patch": 3, "ok": True, "where": "copy"})],
         Able(patch="proposed", done=frozenset({Step.TRY})), None, "patch 3 waits for a person"),
        ([("fix-proposed", {"patch": 3}), ("verified", {"patch": 3, "ok": None, "where": "copy"})],
         Able(patch="proposed"), None, "waits for a person"),
        ([("fix-proposed", {"patch": 3}), ("verified", {"patch": 3, "ok": False, "where": "copy"})],
         Able(patch="proposed", reruns="no", tries=1, offers=[OFFER]), Step.FIX, ""),
        ([("fix-proposed", {"patch": 3})], Able(patch="accepted"), Step.VERIFY, "looks again"),
        ([("fix-proposed", {"patch": 3})], Able(patch="accepted", done=frozenset({Step.VERIFY})), None, "watched"),
        ([("fix-proposed", {"patch": 3}), ("verified", {"patch": 3, "ok": False, "where": "workspace"})],
         Able(patch="accepted", tries=1, offers=[OFFER]), Step.FIX, ""),
        ([("fix-proposed", {"patch": 3}), ("verified", {"patch": 3, "ok": False, "where": "workspace"})],
         Able(patch="accepted", tries=1, offers=[]), None, "patch 3 is in the workspace and did not mend all of it"),
        ([("fix-proposed", {"patch": 3}), ("verified", {"patch": 3, "ok": True, "where": "workspace"})],
         Able(patch="accepted", offers=[OFFER]), None, "watched"),
        ([("fix-proposed", {"patch": 3})], Able(patch="rejected", reruns="no", offers=[OFFER]), Step.FIX, ""),
        ([("fix-proposed", {"patch": 3})], Able(patch="undone", reruns="no", offers=[]), None, "no plugin"),
    ],
)  # fmt: skip
def test_the_written_order(notes: list[tuple[str, dict[str, Any]]], able: Able, step: Step | None, words: str) -> None:
    following = next_step(case_with(*notes), able)
    assert (following.step, words in following.words) == (step, True), following


def test_a_case_that_a_person_has_is_left_to_them_and_an_old_opening_does_not_count() -> None:
    story = Story()
    story.tell(opened=[Opening("t", "high", Cause("single"), (symptom(),))])
    story.do(NoteCase(1, "reproduced", "broken", facts={"verdict": "broken"}, in_run=2))
    story.do(MoveCase(1, "closed", "ann", reason="it is gone"))
    story.do(MoveCase(1, "new", "ann", reason="it is back"))
    assert next_step(story.state.cases.case(1), Able()).step is Step.REPRODUCE
    story.do(MoveCase(1, "assigned", "ann", to_kind="person", to="bob"))
    left = next_step(story.state.cases.case(1), Able())
    assert (left.step, left.person, left.words) == (None, True, "@bob has it")
    story.do(MoveCase(1, "accepted", "ann", reason="later", until=story.now + 1_000.0))
    assert next_step(story.state.cases.case(1), Able()).words == "ann accepted it"


def seen(rule: str = "F401", path: str = "a.py", severity: str = "medium", mark: str = "") -> Seen:
    return Seen(mark or f"{rule}-{path}", rule, severity, path, rule)


def look(check: str, verdict: str, *found: Seen) -> dict[str, Look]:
    return {check: Look(check, verdict, found, "9.0")}


LINT = symptom("lint", "F401-a.py", kind="finding", rule="F401", path="a.py")
JOB = symptom("build", "build", kind="task", rule="task-failed", path="")


def test_gone_left_and_untold_are_told_apart() -> None:
    before = look("lint", "pass", seen()) | look("build", "fail")
    done = judge(before, look("lint", "pass") | look("build", "pass"), [LINT, JOB], ["a.py"], alone=True)
    assert (done.mended, len(done.gone), done.worse) == (True, 2, ())
    left = judge(before, look("lint", "pass", seen()) | look("build", "fail"), [LINT, JOB], ["a.py"], alone=True)
    assert (left.mended, len(left.left), left.worse) == (False, 2, ())
    untold = judge(before, look("lint", "unknown"), [LINT, JOB], ["a.py"], alone=True)
    assert (untold.mended, untold.untold) == (False, ("lint", "build"))


@pytest.mark.parametrize(
    ("before", "after", "alone", "worse"),
    [
        (look("t", "pass"), look("t", "fail"), True, 1),
        (look("t", "pass"), look("t", "fail"), False, 0),  # something else is different too, and nothing says where
        (look("t", "fail"), look("t", "fail"), True, 0),
        (look("t", "unknown"), look("t", "fail"), True, 0),
        (look("t", "pass"), look("t", "unknown"), True, 0),
        ({}, look("t", "fail", seen("E1")), True, 0),  # nobody looked before
        (look("t", "pass"), look("t", "fail", seen("E1", "z.py", "high")), True, 1),
        (look("t", "pass"), look("t", "fail", seen("E1", "z.py", "high")), False, 0),
        (look("t", "pass"), look("t", "fail", seen("E1", "a.py", "high")), False, 1),  # in a file that the fix changed
        (look("t", "pass"), look("t", "pass", seen("E1", "a.py", "low")), True, 0),
        (look("t", "pass"), look("t", "pass", seen("test-flaky", "a.py", "medium")), True, 0),
        (look("t", "pass", seen(mark="x")), look("t", "pass", seen(mark="y")), True, 0),  # its line was edited
        (look("t", "pass", seen(mark="x")), look("t", "pass", seen(mark="x"), seen(mark="y")), True, 1),
    ],
)  # fmt: skip
def test_what_is_worse(before: dict[str, Look], after: dict[str, Look], alone: bool, worse: int) -> None:
    judged = judge(before, after, [], ["a.py"], alone=alone)
    assert len(judged.worse) == worse, judged
    assert ("makes things worse" in judged.words) == bool(worse)

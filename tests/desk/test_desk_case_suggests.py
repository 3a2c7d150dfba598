"""The page of a case offers the look that is left to do, by value."""

from typing import Any

import pytest

from callboard.core.case_batch import Opening
from callboard.core.case_commands import NoteCase
from callboard.core.case_facts import Cause
from callboard.desk.case_page import suggestions
from case_story import Story, symptom


@pytest.mark.parametrize(
    ("notes", "what"),
    [
        ([], "reproduce"),
        ([("reproduced", {"verdict": "unknown", "cut": True})], "reproduce"),
        ([("reproduced", {"verdict": "broken"})], "bisect"),
        ([("reproduced", {"verdict": "broken"}), ("bisected", {"commit": "a" * 40})], ""),
        ([("reproduced", {"verdict": "flaky"})], "fix"),
        ([("reproduced", {"verdict": "gone"})], ""),
    ],
)
def test_the_look_that_is_left_is_one_click_away(notes: list[tuple[str, dict[str, Any]]], what: str) -> None:
    story = Story()
    story.tell(opened=[Opening("t", "high", Cause("single"), (symptom(),))])
    for kind, facts in notes:
        story.do(NoteCase(1, kind, kind, facts=facts, in_run=5))
    acts = [row["act"] for row in suggestions(story.state.cases.case(1), []) if row["act"]]
    offered = [act["body"]["what"] for act in acts if act["path"].endswith("/investigate")]
    assert offered == ([what] if what else [])
    assert not what or acts[-1]["command"] == f"callboard case investigate 1 {what}"

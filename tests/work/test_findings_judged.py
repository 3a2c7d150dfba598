"""Findings over time: what is new, what is accepted, and which one is which after the code has moved."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from callboard.api import (
    Agent,
    Context,
    Finding,
    NoOptions,
    Result,
    Severity,
    Verdict,
    action,
    judged,
    sarif_of,
    unknown,
)
from callboard.testing import Outcome, run_action

TODAY = datetime.datetime.now().astimezone().date()
SOON = (TODAY + datetime.timedelta(20)).isoformat()
PAST = (TODAY - datetime.timedelta(1)).isoformat()


@dataclass(frozen=True, slots=True)
class Options:
    half: bool = False


class Looker(Agent):
    """Finds each line that holds 'bad'."""

    name = "looker"

    @action("Look", options=Options)
    def look(self, ctx: Context, options: Options) -> Result:
        for path in ctx.workspace.matching("*.py"):
            for number, line in enumerate(ctx.workspace.text(path).splitlines(), 1):
                if "bad" in line:
                    ctx.finding(Finding("bad", Severity.HIGH, f"line {number} is bad", path, number))
        return unknown("half done") if options.half else judged(ctx, "high", "1 file")

    @action("Look elsewhere", options=NoOptions)
    def other(self, ctx: Context, options: NoOptions) -> Result:
        return self.look(ctx, Options())


class Stage:
    def __init__(self, root: Path) -> None:
        self.root = root / "work"
        self.root.mkdir()
        self.data = root / "data"
        self.runs = 0

    def run(
        self, text: str, accepted: list[dict[str, str]] | None = None, what: str = "look", **options: Any
    ) -> Outcome:
        (self.root / "a.py").write_text(text)
        self.runs += 1
        spool = self.data / f"spool{self.runs}"
        spool.mkdir(parents=True)
        config = {"accepted": accepted or []}
        return run_action(Looker(), what, self.root, options, config=config, spool=spool, data=self.data)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def said(outcome: Outcome) -> tuple[Verdict | None, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def prints(outcome: Outcome) -> list[str]:
    return [finding.fingerprint for finding in outcome.findings]


def test_the_first_run_calls_nothing_new_and_the_next_says_what_is(stage: Stage) -> None:
    first = stage.run("bad = 1\n")
    assert said(first) == (Verdict.FAIL, "1 finding (1 high) in 1 file")
    second = stage.run("x = 0\nbad = 1\nbad = 2\n")
    assert said(second)[1] == "2 findings (2 high) in 1 file; 1 new since the last run"
    assert [finding.is_new for finding in second.findings] == [False, True]
    assert second.findings[0].since == first.findings[0].since
    assert second.findings[1].since > first.findings[0].since
    assert said(stage.run("bad = 1\nbad = 2\n"))[1].endswith("; 0 new since the last run")


def test_what_was_gone_is_new_when_it_comes_back(stage: Stage) -> None:
    stage.run("bad = 1\n")
    stage.run("good = 1\n")
    assert [finding.is_new for finding in stage.run("bad = 1\n").findings] == [True]


def test_a_run_that_did_not_look_at_everything_forgets_nothing(stage: Stage) -> None:
    stage.run("bad = 1\n")
    stage.run("", half=True)
    assert [finding.is_new for finding in stage.run("bad = 1\n").findings] == [False]


def test_each_task_has_a_memory_of_its_own(stage: Stage) -> None:
    stage.run("bad = 1\n")
    assert said(stage.run("bad = 1\n", what="other"))[1] == "1 finding (1 high) in 1 file"


def test_what_is_accepted_does_not_fail_and_is_said(stage: Stage) -> None:
    accepted = [{"rule": "b*", "path": "*.py", "reason": "old", "owner": "ann", "until": SOON}]
    outcome = stage.run("bad = 1\nbad = 2\n", accepted)
    assert said(outcome) == (Verdict.PASS, f"2 findings (2 high) in 1 file; 2 accepted until {SOON}")
    assert {finding.accepted for finding in outcome.findings} == {f"until {SOON}: old (ann)"}
    by_print = [{"fingerprint": outcome.findings[0].fingerprint, "reason": "this one", "until": SOON}]
    one = stage.run("bad = 1\nbad = 2\n", by_print)
    assert said(one)[0] is Verdict.FAIL
    assert [bool(finding.accepted) for finding in one.findings] == [True, False]


@pytest.mark.parametrize("table", [{"rule": "other"}, {"rule": "bad", "path": "b.py"}, {"fingerprint": "0"}, {}])
def test_what_does_not_fit_accepts_nothing(stage: Stage, table: dict[str, str]) -> None:
    outcome = stage.run("bad = 1\n", [{**table, "reason": "x", "until": SOON}])
    assert said(outcome) == (Verdict.FAIL, "1 finding (1 high) in 1 file")


def test_what_has_expired_counts_again_and_says_so(stage: Stage) -> None:
    outcome = stage.run("bad = 1\n", [{"rule": "bad", "reason": "x", "until": PAST}])
    assert said(outcome) == (Verdict.FAIL, "1 finding (1 high) in 1 file; 1 acceptance expired")
    renewed = [{"rule": "bad", "reason": "x", "until": day} for day in (PAST, TODAY.isoformat())]
    assert said(stage.run("bad = 1\n", renewed))[0] is Verdict.PASS


def test_sarif_says_what_is_accepted_and_what_is_new(stage: Stage) -> None:
    stage.run("bad = 1\n")
    outcome = stage.run("bad = 1\nbad = 2\n", [{"rule": "bad", "reason": "old", "until": SOON}])
    results = sarif_of(outcome.findings, "looker")["runs"][0]["results"]
    assert [result["baselineState"] for result in results] == ["unchanged", "new"]
    assert results[0]["suppressions"] == [{"kind": "external", "justification": f"until {SOON}: old"}]


def test_a_finding_is_the_same_after_lines_were_put_above_it(stage: Stage) -> None:
    before = stage.run("one = 1\nbad = 1\ntwo = 2\n")
    after = stage.run("# much\n# more\n\none = 1\n  bad = 1\ntwo = 2\n")
    assert prints(before) == prints(after)


def test_twins_stay_who_they_are_when_one_above_goes(stage: Stage) -> None:
    text = "def a():\n    bad()\n\n\ndef b():\n    bad()\n\n\ndef c():\n    bad()\n"
    first, second, third = prints(stage.run(text))
    assert len({first, second, third}) == 3
    assert prints(stage.run(text[text.index("def b") :])) == [second, third]
    assert prints(stage.run("x = 1\n\n" + text)) == [first, second, third]


def test_twins_in_the_same_surroundings_are_told_apart(stage: Stage) -> None:
    assert len(set(prints(stage.run("bad\nbad\nbad\nbad\nbad\n" * 3)))) == 15

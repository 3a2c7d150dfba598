"""What a change affects runs first, what is long is split, and changed lines are measured."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Memory, Verdict
from callboard.testing import Outcome, run_action
from callboard.work.memory import memory_folder
from callboard_quality import QualityAssurance
from callboard_quality.changes import base_of, changed_lines
from callboard_quality.history import History, Result
from callboard_quality.sharded import shared

CODE = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
TESTS = "import code_of\n\ndef test_one():\n    assert code_of.one() == 1\n\ndef test_two():\n    assert code_of.two() == 2\n"


class Checkout:
    """A git checkout whose agent remembers from run to run."""

    def __init__(self, place: Path) -> None:
        self.root, self._place, self._runs = place / "work", place, 0
        self.root.mkdir()
        self.write("pytest.ini", "[pytest]\npythonpath = .\n")
        self.write("code_of.py", CODE)
        self.write("other.py", "def f():\n    return 3\n")
        self.write("tests/test_code.py", TESTS)
        self.write("tests/test_other.py", "import other\n\ndef test_f():\n    assert other.f() == 3\n")
        self.git("init", "-q", "-b", "main")
        self.commit()

    def git(self, *words: str) -> None:
        given = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(self.root), *who, *words], check=True, env=given, capture_output=True)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "x")

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    @property
    def memory(self) -> Memory:
        return Memory(memory_folder(self._place / "data", self.root, "quality"))

    def run(self, action: str = "tests", before: list[dict[str, Any]] | None = None, **options: object) -> Outcome:
        self._runs += 1
        self.spool = self._place / f"spool-{self._runs}"
        self.spool.mkdir()
        given = {"interpreter": "callboard", "reruns": 0, **options}
        data = self._place / "data"
        return run_action(
            QualityAssurance(), action, self.root, given, spool=self.spool, data=data, before=before or []
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def ran(outcome: Outcome) -> list[str]:
    """The tests in the order in which they ran."""
    from callboard.api import read_junit

    return [case.name for case in read_junit(outcome.artifacts["junit.xml"]).cases]


def test_tests_whose_lines_changed_run_first_and_no_other_is_lost(checkout: Checkout) -> None:
    assert ran(checkout.run()) == ["test_one", "test_two", "test_f"]
    checkout.write("code_of.py", CODE.replace("return 2", "return 1 + 1"))
    outcome = checkout.run()
    assert ran(outcome) == ["test_two", "test_one", "test_f"]
    reasons = json.loads(outcome.artifacts["affected.json"].read_text())
    assert reasons["tests"] == {"tests/test_code.py::test_two": "lines of code_of.py that it ran changed"}
    checkout.write("other.py", "def f():\n    return 4\n")
    checkout.write("tests/test_new.py", "def test_new():\n    pass\n")
    failing = checkout.run()
    assert set(ran(failing)[:2]) == {"test_new", "test_f"}
    checkout.write("other.py", "def f():\n    return 3\n")
    assert ran(checkout.run())[0] == "test_f"


@pytest.mark.long
def test_only_the_affected_ones_run_when_that_is_asked_and_the_rest_is_counted(checkout: Checkout) -> None:
    checkout.run()
    nothing = checkout.run(only_affected=True)
    assert told(nothing) == (
        Verdict.UNKNOWN,
        "no tests ran: no change affects one of them; 3 were left out",
    )
    checkout.write("other.py", "def f():\n    x = 3\n    return x\n")
    outcome = checkout.run(only_affected=True)
    assert ran(outcome) == ["test_f"]
    assert "2 left out, as no change affects them" in told(outcome)[1]
    checkout.write("pytest.ini", "[pytest]\npythonpath = . tests\n")
    everything = checkout.run(only_affected=True)
    assert len(ran(everything)) == 3
    assert "all tests ran, as pytest.ini changed" in told(everything)[1]


def test_what_the_projects_own_options_leave_out_is_not_called_unaffected(checkout: Checkout) -> None:
    checkout.write("pytest.ini", "[pytest]\npythonpath = .\naddopts = -k 'not two'\n")
    for _ in range(2):
        verdict, words = told(checkout.run())
        assert verdict is Verdict.PASS
        assert "2 passed" in words
        assert "left out" not in words


def test_without_a_map_imports_say_what_a_change_affects(checkout: Checkout) -> None:
    checkout.run(coverage=False)
    checkout.write("other.py", "def f():\n    return 3  # changed\n")
    assert ran(checkout.run(coverage=False))[0] == "test_f"


def test_changed_lines_that_no_test_runs_are_told(checkout: Checkout) -> None:
    checkout.git("checkout", "-qb", "feature")
    checkout.write("other.py", "def f():\n    return 3\n\n\ndef g(x):\n    if x:\n        return 1\n    return 2\n")
    checkout.commit()
    checkout.write("fresh.py", "def h():\n    return 1\n")
    checkout.write(
        "tests/test_fresh.py", "import fresh, other\n\ndef test_h():\n    assert fresh.h() == 1\n    other.g(1)\n"
    )
    outcome = checkout.run()
    # g: 4 of its 4 lines but the last, fresh.py: both, the new test: all 4
    assert outcome.metrics()["quality.diff_coverage"] == pytest.approx(100 * 9 / 10)
    [finding] = [f for f in outcome.findings if f.rule == "changed-uncovered"]
    assert (finding.path, finding.line) == ("other.py", 8)
    assert "the branch left main" in told(outcome)[1]
    gated = checkout.run(minimum_diff_coverage=95)
    assert told(gated)[0] is Verdict.FAIL
    assert "diff-coverage-low" in gated.rules()


def test_changes_are_counted_from_where_the_branch_began_or_a_commit_that_is_named(checkout: Checkout) -> None:
    top = checkout.root
    assert base_of(top, "auto", "")[1].startswith("the last commit")
    assert base_of(top, "no-such", "") == ("", "no-such is no commit here")
    assert base_of(top, "--output=x", "")[0] == ""
    checkout.write("other.py", "def f():\n    y = 3\n    return 3\n\n# end")
    base, words = base_of(top, "main", "")
    assert changed_lines(top, base, words).lines == {"other.py": frozenset({2, 4, 5})}


def test_shares_are_fair_and_keep_files_together(tmp_path: Path) -> None:
    history = History(Memory(tmp_path), "tests")
    names = [f"t{file}.py::test_{n}" for file in range(4) for n in range(3)] + ["big.py::test_a", "big.py::test_b"]
    seconds = {name: (10.0 if name.startswith("big") else 1.0) for name in names}
    history.add({name: Result("passed", seconds[name]) for name in names}, "", 1, is_green=True, is_whole=True)
    shares = shared(names, history, 3)
    assert sorted(name for share, _ in shares for name in share) == sorted(names)
    assert max(time for _, time in shares) <= 12
    for file in range(4):
        assert sum(any(name.startswith(f"t{file}.") for name in share) for share, _ in shares) == 1
    assert [len(share) for share, _ in shared(["a.py::x", "a.py::y"], History(Memory(tmp_path / "n"), "t"), 5)] == [
        1,
        1,
    ]


@pytest.mark.long
def test_split_tests_come_together_as_if_they_had_run_as_one(checkout: Checkout) -> None:
    whole = checkout.run()
    checkout.write("tests/test_other.py", "import other\n\ndef test_f():\n    assert other.f() == 4\n")
    parent = checkout.run(shards=2)
    assert told(parent)[0] is Verdict.PASS
    assert "3 tests collected, none has run yet: split into 2 tasks" in told(parent)[1]
    jobs = {job["name"]: job for job in parent.tasks()}
    assert list(jobs) == ["quality.tests:shard-1", "quality.tests:shard-2", "quality.tests:gather"]
    assert set(jobs["quality.tests:gather"]["after"]) == {"quality.tests:shard-1", "quality.tests:shard-2"}
    before = [_ended("quality.tests", checkout.spool)]
    states = []
    for name in list(jobs)[:2]:
        shard = checkout.run("shard", before, **jobs[name]["options"])
        states.append(told(shard)[0])
        before.append(_ended(name, checkout.spool))
    assert sorted(states) == [Verdict.FAIL, Verdict.PASS]
    gathered = checkout.run("gather", before, **jobs["quality.tests:gather"]["options"])
    verdict, words = told(gathered)
    assert verdict is Verdict.FAIL
    assert "1 failed, 2 passed" in words
    assert "in 2 shares" in words
    assert gathered.metrics()["quality.coverage"] == pytest.approx(whole.metrics()["quality.coverage"])
    assert [(f.rule, f.path) for f in gathered.findings if f.severity == "high"] == [
        ("test-failed", "tests/test_other.py")
    ]
    assert checkout.memory.get("history.tests")["tests"]["tests/test_other.py::test_f"][0] == "pf"
    lost = checkout.run("gather", before[:2], **jobs["quality.tests:gather"]["options"])
    assert told(lost)[0] is not Verdict.PASS
    assert "quality.tests:shard-2 came to no end" in told(lost)[1]
    assert told(checkout.run("gather", [], **jobs["quality.tests:gather"]["options"]))[0] is Verdict.UNKNOWN
    assert told(checkout.run("shard", [], **jobs["quality.tests:shard-1"]["options"]))[0] is Verdict.UNKNOWN


def _ended(name: str, spool: Path) -> dict[str, Any]:
    return {"name": name, "action": "quality.shard", "state": "succeeded", "spool": str(spool)}

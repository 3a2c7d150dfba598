"""`quality.reproduce` and `quality.narrow` on real projects with real failures."""

from pathlib import Path
from typing import Any

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_quality import QualityAssurance

ORDER = "import state\ndef test_last():\n    assert not state.seen\n"
LEAVES = (
    "import state\ndef test_one():\n    pass\ndef test_leaves():\n    state.seen.append(1)\ndef test_two():\n    pass\n"
)
CASE = "import unittest\nclass Test(unittest.TestCase):\n"
SELDOM = """
    def test_seldom(self):
        import pathlib
        count = pathlib.Path({mark!r})
        n = int(count.read_text()) if count.exists() else 0
        count.write_text(str(n + 1))
        self.assertNotEqual(n % 4, 2)
"""


class Project:
    def __init__(self, place: Path) -> None:
        self.root, self._place, self._runs = place / "work", place, 0
        self.root.mkdir()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def run(self, action: str = "reproduce", config: dict[str, Any] | None = None, **options: object) -> Outcome:
        self._runs += 1
        spool = self._place / f"spool-{self._runs}"
        spool.mkdir()
        given = {"interpreter": "callboard", **options}
        data = self._place / "data"
        return run_action(QualityAssurance(), action, self.root, given, spool=spool, data=data, config=config or {})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def case(outcome: Outcome) -> dict[str, Any]:
    assert outcome.result is not None
    assert not outcome.findings, "an investigation is no check"
    found = outcome.result.outputs["case"]
    assert found["words"] == outcome.result.summary
    assert isinstance(found, dict)
    return found


def test_a_failure_that_is_always_there_is_broken_and_names_the_lines(project: Project) -> None:
    project.write("test_a.py", CASE + "    def test_one(self):\n        self.assertEqual(2, 1)\n")
    outcome = project.run(tests=["test_a.Test.test_one"], times=5)
    found = case(outcome)
    assert (found["verdict"], found["failed"], found["runs"], found["enough"]) == ("broken", 4, 4, True)
    assert found["low"] < found["rate"] == found["high"] == 1.0
    assert "test_a.Test.test_one is broken: failed 4 of 4 runs" in found["words"]
    assert found["tests"]["test_a.Test.test_one"]["verdict"] == "broken"
    assert "2 != 1" in outcome.artifacts["failure.txt"].read_text()
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS, "it could tell"
    [table] = outcome.sections()["investigations"]
    assert table["rows"][0][1:3] == ["reproduce", "test_a.Test.test_one"]


def test_a_failure_that_comes_and_goes_is_flaky_with_its_rate_and_gone_only_on_other_code(
    project: Project, tmp_path: Path
) -> None:
    good = "    def test_good(self):\n        pass\n"
    project.write("test_a.py", CASE + SELDOM.format(mark=str(tmp_path / "mark")) + good)
    found = case(project.run(tests=["test_a.Test.test_seldom"], times=8))
    assert (found["verdict"], found["failed"], found["runs"], found["rate"]) == ("flaky", 2, 8, 0.25)
    assert 0.03 < found["low"] < 0.25 < found["high"] < 0.7
    same = case(project.run(tests=["test_a.Test.test_good"], times=3, suite=False))
    assert (same["verdict"], same["failed"], same["enough"]) == ("flaky", 0, True)
    assert "it failed once with just these files" in same["words"]
    other = case(project.run(tests=["test_a.Test.test_good"], times=3, seen=0, suite=False))
    assert (other["verdict"], other["enough"], other["needs"]) == ("gone", False, 146)


def test_what_fails_only_in_its_suite_is_narrowed_to_the_test_behind_it(project: Project) -> None:
    project.write("state.py", "seen = []\n")
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    project.write("tests/test_b.py", LEAVES)
    project.write("tests/test_z.py", ORDER)
    small = case(project.run("narrow", tests=["tests/test_z.py::test_last"]))
    assert small["tests"] == ["tests/test_b.py::test_leaves", "tests/test_z.py::test_last"]
    assert small["order"]


@pytest.mark.long
def test_what_fails_only_in_its_suite_in_another_order_or_needs_another_test_is_told_so(project: Project) -> None:
    project.write("state.py", "seen = []\n")
    project.write("pytest.ini", "[pytest]\npythonpath = .\n")
    project.write("test_a.py", ORDER)
    project.write("test_b.py", LEAVES)
    found = case(project.run(tests=["test_a.py::test_last"], times=3))
    assert (found["verdict"], found["order"]) == ("broken", True)
    assert "fails in another one (random order, seed" in found["words"]
    small = case(project.run("narrow", tests=["test_a.py::test_last"]))
    assert small["tests"] == ["test_b.py::test_leaves", "test_a.py::test_last"]
    project.write("test_c.py", "import state\ndef test_needs():\n    assert state.seen\n")
    needs = case(project.run("narrow", tests=["test_c.py::test_needs"]))
    assert needs["tests"] == ["test_b.py::test_leaves", "test_c.py::test_needs"]
    assert "passes only behind" in needs["words"]
    project.write("test_z.py", ORDER)
    suite = case(project.run(tests=["test_z.py::test_last"], times=1))
    assert (suite["verdict"], suite["order"]) == ("broken", True)
    assert "passes alone and fails in its suite (3 of 3 runs)" in suite["words"]


def test_a_package_that_is_not_there_is_the_environment_and_a_test_that_is_not_there_unknown(project: Project) -> None:
    project.write("test_a.py", "import no_such_package_here\n" + CASE + "    def test_one(self):\n        pass\n")
    found = case(project.run(tests=["test_a.Test.test_one"], times=1))
    assert found["verdict"] == "environment"
    assert "the module no_such_package_here is not installed there" in found["words"]
    outcome = project.run(tests=["test_b.py::test_none"], times=1)
    assert case(outcome)["verdict"] == "unknown"
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN


def test_a_command_is_run_as_often_and_one_that_is_not_idempotent_only_when_it_is_given(project: Project) -> None:
    found = case(project.run(command=["sh", "-c", "exit 3"], times=3))
    assert (found["verdict"], found["failed"]) == ("broken", 3)
    jobs = {"build": {"command": ["false"], "idempotent": True}, "send": {"command": ["false"]}}
    assert case(project.run(config={"jobs": jobs}, job="build", times=3))["verdict"] == "broken"
    refused = project.run(config={"jobs": jobs}, job="send", times=3).result
    assert refused is not None
    assert refused.verdict is Verdict.UNKNOWN
    assert "not said to be idempotent" in refused.summary

"""What the reruns take into account: where it fails, when, on which files, and who takes whom down."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Workspace
from callboard.testing import run_action
from callboard_quality import QualityAssurance
from callboard_quality.history import Record
from callboard_quality.retried import tries_for
from callboard_quality.signs import is_environment
from callboard_quality.trying import Way, Went

CASE = "import os, time, unittest\nclass Test(unittest.TestCase):\n"


class Project:
    """A workspace without git whose agent remembers from run to run."""

    def __init__(self, place: Path) -> None:
        self.root, self._place, self._runs = place / "work", place, 0
        self.root.mkdir()
        self.progress: list[str] = []

    def write(self, text: str) -> None:
        (self.root / "test_a.py").write_text(CASE + text)

    def case(self, *tests: str, **options: object) -> dict[str, Any]:
        given = {"tests": [f"test_a.Test.{name}" for name in tests], "spread": 0, "suite": False, **options}
        result = self.run("reproduce", given)
        assert isinstance(result, dict)
        return result

    def run(self, action: str, options: dict[str, Any]) -> object:
        self._runs += 1
        spool = self._place / f"spool-{self._runs}"
        spool.mkdir()
        given = {"interpreter": "callboard", **options}
        outcome = run_action(QualityAssurance(), action, self.root, given, spool=spool, data=self._place / "data")
        told = [json.loads(line) for line in (spool / "messages.jsonl").read_text().splitlines()]
        self.progress = [str(one["note"]) for one in told if one.get("type", one.get("t")) == "progress"]
        assert outcome.result is not None
        return outcome.result.outputs.get("case")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_what_fails_only_at_this_hour_or_day_is_flaky_and_depends_on_the_clock(project: Project) -> None:
    here = time.strftime("%Y-%m-%d %H")
    project.write(f"    def test_it(self):\n        self.assertNotEqual(time.strftime('%Y-%m-%d %H'), {here!r})\n")
    found = project.case("test_it", times=1)
    assert (found["verdict"], found["clock"], found["order"]) == ("flaky", True, False), found["words"]
    assert "depends on the clock" in found["words"]
    assert "passed 3 of 3 where it is" in found["words"]


def test_one_that_ends_the_process_does_not_hide_how_the_others_go(project: Project) -> None:
    project.write("    def test_a(self):\n        os._exit(3)\n    def test_b(self):\n        self.assertEqual(1, 2)\n")
    found = project.case("test_a", "test_b", times=1)["tests"]
    assert {name: one["verdict"] for name, one in found.items()} == {
        "test_a.Test.test_a": "broken",
        "test_a.Test.test_b": "broken",
    }


def test_what_was_edited_since_it_failed_and_passes_is_gone_and_not_flaky(project: Project) -> None:
    project.write("    def test_it(self):\n        self.assertEqual(1, 2)\n")
    project.run("tests", {"coverage": False, "reruns": 0})
    project.write("    def test_it(self):\n        self.assertEqual(1, 1)\n")
    later = time.time() + 5
    os.utime(project.root / "test_a.py", (later, later))
    found = project.case(times=2, tests=["test_a.py::Test::test_it"])
    assert (found["verdict"], found["needs"]) == ("gone", 147), found["words"]
    assert "test_a.py was changed since it failed" in found["words"]
    assert "told after 2 of at most 2 runs" in found["words"]


def test_the_number_of_runs_is_said_before_and_while_it_goes_on(project: Project) -> None:
    project.write("    def test_it(self):\n        pass\n")
    project.case("test_it", times=2)
    assert project.progress[0] == "at most 2 runs, 20 min in any case: test_a.Test.test_it"
    assert any(note.startswith("run 2 of at most 2, 0 of 1 failed so far") for note in project.progress), (
        project.progress
    )


@pytest.mark.parametrize(
    ("results", "tries"),
    [("p", 3), ("pkp", 3), ("pkpkppkppp", 6), ("kpkp", 8), ("kkkk", 10), ("pkpkf", 1), ("pppf", 1), ("f", 3)],
)
def test_one_that_is_known_to_be_flaky_is_tried_so_often_that_it_does_not_block_twice(results: str, tries: int) -> None:
    assert tries_for(Record(results), 3) == tries


FROZEN = """test_a.py:5:
>       raise KeyError(key) from None
E       KeyError: 'NO_SUCH_KEY'

<frozen os>:679: KeyError"""
STARTS = """/usr/lib/python3.12/subprocess.py:1955: in _execute_child
E   FileNotFoundError: [Errno 2] No such file or directory: 'no-tool'"""
REDIS = """test_a.py:3: in test_it
    socket.create_connection(('127.0.0.1', 6379))
E   ConnectionRefusedError: [Errno 111] Connection refused"""


@pytest.mark.parametrize(
    ("way", "message", "text", "words"),
    [
        ("failed", "KeyError: 'NO_SUCH_KEY'", FROZEN, "the variable NO_SUCH_KEY is not set"),
        ("failed", "KeyError: 'HOME'", FROZEN.replace("NO_SUCH_KEY", "HOME"), ""),
        ("failed", "KeyError: 'NO_SUCH_KEY'", "test_a.py:3: KeyError: 'NO_SUCH_KEY'\n  home = os.environ", ""),
        ("error", "EnvError: Environment variable NO_SUCH_KEY is not set", "", "the variable NO_SUCH_KEY is not set"),
        ("failed", "AssertionError: assert 'environment variable NO_SUCH_KEY is not set' == ''", "", ""),
        ("failed", "FileNotFoundError: 'no-tool'", STARTS, "the program no-tool is not installed"),
        ("failed", "FileNotFoundError: 'python3'", STARTS.replace("no-tool", "sh"), ""),
        ("failed", "FileNotFoundError: 'prices.json'", "E   No such file or directory: 'prices.json'", ""),
        ("untold", "exit code 127: check.sh: 1: no-tool: not found", "", "the program no-tool is not installed"),
        ("failed", "AssertionError: assert 'ann: not found' == 'ann'", "", ""),
        ("failed", "ConnectionRefusedError: [Errno 111] Connection refused", REDIS, "Redis does not answer"),
        ("failed", "ConnectionRefusedError: [Errno 111] Connection refused", "port = 43121", ""),
        ("failed", "OSError: [Errno 28] No space left on device", "", ""),
        ("failed", "OSError: libno.so.3: cannot open shared object file", "", "the system's library libno.so.3 is not installed"),
        ("failed", "gaierror: Name or service not known", "", "a host name cannot be looked up"),
    ],
)  # fmt: skip
def test_the_place_is_to_blame_only_for_what_really_lacks(
    tmp_path: Path, way: Way, message: str, text: str, words: str
) -> None:
    assert is_environment(Workspace(tmp_path), Went(way, "", message, text)) == words


def test_an_error_of_the_system_that_the_code_raises_by_its_own_hand_is_not_the_place_s(tmp_path: Path) -> None:
    text = ">       raise socket.gaierror(-2, 'Name or service not known')\nE       socket.gaierror: x\n\ntest_a.py:4: gaierror"
    played = Went(
        "failed", "", "socket.gaierror: [Errno -2] Name or service not known", text, places=(("test_a.py", 4),)
    )
    assert is_environment(Workspace(tmp_path), played) == ""

"""Flaky or broken, set aside or not, and what is remembered of each test."""

import datetime
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from callboard.api import CallboardError, Memory, Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_quality import QualityAssurance
from callboard_quality.history import History, Result
from callboard_quality.quarantine import Quarantine, with_entry

ONCE = """
from pathlib import Path

def test_flaky():
    mark = Path({mark!r})
    seen = mark.exists()
    mark.touch()
    assert seen
"""
ORDER = "seen = []\ndef test_leaves():\n    seen.append(1)\ndef test_innocent():\n    pass\ndef test_last():\n    assert not seen\n"


class Project:
    """A workspace whose agent remembers from run to run."""

    def __init__(self, place: Path) -> None:
        self.root, self._place, self._runs = place / "work", place, 0
        self.root.mkdir()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def run(self, action: str = "tests", settings: dict[str, Any] | None = None, **options: object) -> Outcome:
        self._runs += 1
        spool = self._place / f"spool-{self._runs}"
        spool.mkdir()
        usual = {"interpreter": "callboard", "coverage": False, "reruns": 2} if action == "tests" else {}
        config = {"agents": {"quality": settings or {}}}
        data = self._place / "data"
        given = {**usual, **options}
        return run_action(QualityAssurance(), action, self.root, given, spool=spool, data=data, config=config)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_a_test_that_passes_when_run_again_is_flaky_with_its_rate_and_does_not_fail(
    project: Project, tmp_path: Path
) -> None:
    project.write("test_a.py", ONCE.format(mark=str(tmp_path / "mark")) + "\ndef test_good():\n    pass\n")
    outcome = project.run()
    verdict, words = told(outcome)
    assert verdict is Verdict.PASS
    assert "1 passed, 1 flaky" in words
    [finding] = outcome.findings
    assert (finding.rule, finding.severity) == ("test-flaky", Severity.MEDIUM)
    assert "fails 1 of 3 tries (33 %)" in finding.message
    assert "quality.quarantine" in finding.help
    for _ in range(2):
        assert told(project.run())[0] is Verdict.PASS
    (tmp_path / "mark").unlink()
    [again] = project.run().findings
    assert "fails 2 of 6 tries (33 %)" in again.message


def test_a_test_that_fails_every_time_is_broken_and_says_since_when(project: Project) -> None:
    project.write("test_a.py", "def test_bad():\n    assert 1 == 2\n")
    outcome = project.run()
    [finding] = outcome.findings
    assert (told(outcome)[0], finding.rule) == (Verdict.FAIL, "test-failed")
    assert "failed in all of 3 tries" in finding.message
    assert [row[0] for row in _table(outcome, "Failing")] == ["test_a.py::test_bad"]


def test_a_test_that_only_fails_after_another_names_that_other(project: Project) -> None:
    project.write("test_a.py", ORDER)
    outcome = project.run()
    assert told(outcome)[0] is Verdict.FAIL
    [finding] = outcome.findings
    assert finding.rule == "test-order"
    assert "passes alone (2 of 2) and fails in the suite, when test_a.py::test_leaves ran before it" in finding.message


def test_what_is_set_aside_is_told_and_not_counted_until_its_day_is_over(project: Project) -> None:
    project.write("tests/test_a.py", "def test_bad():\n    assert 1 == 2\ndef test_good():\n    pass\n")
    today = datetime.datetime.now().astimezone().date()
    entry = {"test": "tests/test_a.py::test_bad", "until": str(today), "reason": "races", "owner": "ana"}
    project.write("pytest.ini", "[pytest]\n")
    held = project.run(settings={"quarantine": [entry]})
    assert told(held)[0] is Verdict.PASS
    assert "1 passed, 1 failed but set aside" in told(held)[1]
    [finding] = held.findings
    assert (finding.rule, finding.severity) == ("test-quarantined", Severity.LOW)
    assert f"set aside until {today}: races (ana)" in finding.message
    [row] = _table(held, "Set aside")
    assert (row[0], row[1], row[2]["text"], row[3]) == (entry["test"], str(today), "0", "1 of 1 failed")
    over = {**entry, "until": str(today - datetime.timedelta(days=1))}
    counted = project.run(settings={"quarantine": [over]}, reruns=0)
    assert told(counted)[0] is Verdict.FAIL
    assert "1 failed whose quarantine is over" in told(counted)[1]
    assert "its quarantine ended on" in counted.findings[0].message
    assert _table(counted, "Set aside")[0][2]["text"] == "over: it counts again"
    odd = project.run(settings={"quarantine": [{**entry, "until": "soon"}, 5]}, reruns=0)
    assert told(odd)[0] is Verdict.FAIL
    assert "2 of the quarantine does not hold" in told(odd)[1]


def test_when_everything_that_ran_is_set_aside_nothing_is_known(project: Project) -> None:
    project.write("test_a.py", "def test_bad():\n    assert 1 == 2\n")
    outcome = project.run(settings={"quarantine": [{"test": "test_a.py::*", "until": "2999-01-01"}]}, reruns=0)
    assert told(outcome)[0] is Verdict.UNKNOWN


def test_a_quarantine_is_proposed_as_a_patch_that_holds_when_it_is_applied(project: Project, tmp_path: Path) -> None:
    project.write("callboard.toml", '# ours\n[agents.quality]\nparallelism = 2\n\n[jobs.a]\naction = "quality.lint"\n')
    given = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    git = ["git", "-C", str(project.root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True, env=given)
    outcome = project.run(
        "quarantine", test='tests/test_a.py::test_é["1\\2"]', until="2999-01-31", reason="x", owner="ana"
    )
    assert told(outcome)[0] is Verdict.PASS
    assert (project.root / "callboard.toml").read_text().startswith("# ours")
    subprocess.run([*git, "apply", str(outcome.artifacts["quarantine.patch"])], check=True, env=given)
    tables = tomllib.loads((project.root / "callboard.toml").read_text())
    quarantine = Quarantine(tables["agents"]["quality"], datetime.date(2027, 1, 1))
    assert quarantine.holding('tests/test_a.py::test_é["1\\2"]') is not None
    assert quarantine.holding("tests/test_a.py::test_other") is None
    assert tables["agents"]["quality"]["parallelism"] == 2
    assert told(project.run("quarantine", test="a", until="2001-01-01"))[0] is Verdict.FAIL
    assert told(project.run("quarantine"))[0] is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[agents.quality]\nquarantine = [\n]\n",
        "[agents.quality]\nquarantine = [{test = 'b', until = 2027-01-01}]\nx = 1\n",
        "[[agents.quality.quarantine]]\ntest = 'b'\nuntil = 2027-01-01\n\n[engine]\ncpus = 2",
    ],
)
def test_an_entry_is_added_and_all_else_stays(text: str) -> None:
    entry = {"test": "a", "until": "2027-02-01", "reason": 'say "x"\\', "owner": ""}
    before, after = tomllib.loads(text), tomllib.loads(with_entry(text, entry))
    listed = after["agents"]["quality"].pop("quarantine")
    assert {"test": "a", "until": "2027-02-01", "reason": 'say "x"\\'} in listed
    assert len(listed) == len(before.get("agents", {}).get("quality", {}).get("quarantine", [])) + 1
    assert after.get("engine") == before.get("engine")


@pytest.mark.parametrize("text", ["x = ", "[agents]\nquality = {a = 1}\n", "[agents.quality]\nquarantine = 3\n"])
def test_what_an_entry_does_not_fit_into_is_refused(text: str) -> None:
    with pytest.raises(CallboardError):
        with_entry(text, {"test": "a", "until": "2027-02-01", "reason": "", "owner": ""})


def test_the_history_is_bounded_knows_since_when_and_survives_damage(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    history = History(memory, "tests")
    for number in range(30):
        outcome = "failed" if number >= 27 else "passed"
        fresh = history.add(
            {"a": Result(outcome, 2.0), "b": Result("passed", 1.0)},
            f"c{number}",
            3,
            is_green=number < 27,
            is_whole=True,
        )
        assert fresh == (["a"] if number == 27 else [])
    read = History(memory, "tests")
    assert read.tests["a"].results == "p" * 17 + "fff"
    assert read.tests["a"].since is not None
    assert (read.tests["a"].since[1], read.green) == ("c27", "c26")
    assert read.total(["a", "b", "unknown"]) == pytest.approx(4.5)
    memory.put("history.tests", {"tests": {"a": 5, "b": ["p", "x"], "c": ["p", 1, None, 2]}, "runs": [1, {}]})
    assert list(History(memory, "tests").tests) == ["c"]


def _table(outcome: Outcome, title: str) -> list[list[Any]]:
    return next(block["rows"] for block in outcome.sections()["tests"] if block.get("title") == title)

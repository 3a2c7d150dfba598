"""`security.static`: bandit's findings, mapped, with what drowns them left out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance

SHELL = "import subprocess\n\n\ndef run(name):\n    subprocess.call('ls ' + name, shell=True)\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def analyse(place: Path, files: dict[str, str], **options: object) -> Outcome:
    for name, text in files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    spool = place.parent / "spool"
    spool.mkdir(exist_ok=True)
    return run_action(SecurityCompliance(), "static", place, options, spool=spool)


def test_a_dangerous_call_fails_and_its_mending_passes(place: Path) -> None:
    bad = analyse(place, {"shop/run.py": SHELL})
    assert bad.result is not None
    assert bad.result.verdict is Verdict.FAIL
    assert [(f.rule, f.path, f.line, f.severity) for f in bad.findings if f.rule == "B602"] == [
        ("B602", "shop/run.py", 5, Severity.HIGH)
    ]
    good = analyse(place, {"shop/run.py": "def run(name):\n    return name\n"})
    assert good.findings == ()
    assert good.result is not None
    assert good.result.verdict is Verdict.PASS
    assert "1 Python file" in good.result.summary


def test_asserts_of_tests_are_left_out_and_counted(place: Path) -> None:
    files = {"tests/test_a.py": "def test_a():\n    assert 1\n    assert 2\n", "a.py": "assert True\n"}
    outcome = analyse(place, files)
    assert [(f.rule, f.path) for f in outcome.findings] == [("B101", "a.py")]
    assert outcome.result is not None
    assert "2 asserts in test files left out" in outcome.result.summary
    assert len(analyse(place, {}, test_asserts=True).findings) == 3


def test_nothing_in_test_code_is_worse_than_low(place: Path) -> None:
    outcome = analyse(place, {"tests/test_run.py": SHELL})
    assert {f.severity for f in outcome.findings} == {Severity.LOW}
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS


def test_test_data_that_is_no_python_is_low(place: Path) -> None:
    outcome = analyse(place, {"tests/data/torn.py": "def f(:\n", "torn.py": "def f(:\n", "a.py": "x = 1\n"})
    assert {f.path: str(f.severity) for f in outcome.findings} == {"tests/data/torn.py": "low", "torn.py": "medium"}


def test_a_password_is_found_and_never_shown(place: Path) -> None:
    outcome = analyse(place, {"a.py": "password = 'hunter2-Zq8v'\nf(password='hunter2-Zq8v')\n"})
    assert {f.rule for f in outcome.findings} == {"B105", "B106"}
    assert "hunter2" not in json.dumps(outcome.messages)


def test_the_workspace_s_own_configuration_is_followed(place: Path) -> None:
    outcome = analyse(place, {"a.py": SHELL, "pyproject.toml": "[tool.bandit]\nskips = ['B602', 'B404']\n"})
    assert outcome.findings == ()
    assert outcome.result is not None
    assert "configured by pyproject.toml" in outcome.result.summary


def test_a_configuration_that_cannot_be_used_is_a_finding(place: Path) -> None:
    outcome = analyse(place, {"a.py": SHELL, "bandit.yaml": "skips: [\n"})
    assert {"bandit-configuration", "B602"} <= {f.rule for f in outcome.findings}


def test_a_configuration_cannot_write_elsewhere(place: Path) -> None:
    aside = place.parent / "aside.txt"
    outcome = analyse(place, {"a.py": SHELL, ".bandit": f"[bandit]\noutput = {aside}\nformat = txt\n"})
    assert "B602" in {f.rule for f in outcome.findings}
    assert not aside.exists()


def test_a_file_that_cannot_be_parsed_is_a_finding_and_the_rest_goes_on(place: Path) -> None:
    outcome = analyse(place, {"broken.py": "def f(:\n", "-x ü.py": SHELL})
    assert {("unparsable", "broken.py", 1), ("B602", "-x ü.py", 5)} <= {
        (f.rule, f.path, f.line) for f in outcome.findings
    }


@pytest.mark.parametrize("files", [{}, {"a.txt": "x"}, {"broken.py": "def f(:\n"}])
def test_nothing_looked_at_is_never_a_pass(place: Path, files: dict[str, str]) -> None:
    outcome = analyse(place, files)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN


def test_the_figures_are_bandit_s_own(place: Path) -> None:
    files = {"a.py": SHELL, "b.py": "import pickle\npickle.loads(b'')\neval('1')\n", "c/d.py": "exec('1')\n"}
    outcome = analyse(place, files)
    bandit = Path(sys.executable).parent / "bandit"
    done = subprocess.run([bandit, "-q", "-f", "json", "-r", "."], cwd=place, capture_output=True, check=False)
    theirs = sorted((r["test_id"], r["line_number"]) for r in json.loads(done.stdout)["results"])
    assert sorted((f.rule, f.line) for f in outcome.findings) == theirs


def test_a_file_that_was_not_analysed_is_no_pass(place: Path) -> None:
    outcome = analyse(place, {"a.py": "x = 1\n", "broken.py": "def f(:\n"})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert "1 file that cannot be parsed" in outcome.result.summary


def test_very_large_files_are_left_out_with_words(place: Path) -> None:
    outcome = analyse(place, {"a.py": "x = 1\n", "big.py": "x = 1\n" * 200_000})
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.PASS
    assert "1 very large file left out, which nobody wrote by hand (big.py)" in outcome.result.summary
    (place / "a.py").unlink()
    alone = analyse(place, {})
    assert alone.result is not None
    assert alone.result.verdict is Verdict.UNKNOWN


def test_bandit_is_bounded_in_time_for_each_file(place: Path) -> None:
    outcome = analyse(place, {"a.py": "x = 1\n"}, file_seconds=0.001)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert [f.rule for f in outcome.findings] == ["not-analysed"]

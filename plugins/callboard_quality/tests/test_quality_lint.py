"""`quality.lint` and `quality.types` with the real tools."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_quality import QualityAssurance


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def run(root: Path, action: str, **options: object) -> Outcome:
    spool = root.parent / f"spool-{len(list(root.parent.iterdir()))}"
    spool.mkdir()
    return run_action(QualityAssurance(), action, root, options, spool=spool)


def verdict(outcome: Outcome) -> Verdict:
    assert outcome.result is not None
    return outcome.result.verdict


def summary(outcome: Outcome) -> str:
    assert outcome.result is not None
    return outcome.result.summary


def test_lint_maps_severities_and_only_syntax_errors_fail(root: Path) -> None:
    (root / "a.py").write_text("import os\nprint(undefined)\n")
    (root / "ruff.toml").write_text("fix = true\nshow-fixes = true\n[lint]\nselect = ['F', 'W', 'SIM']\n")
    (root / "b.py").write_text("x = 1 \ny = not x == 2\n")
    outcome = run(root, "lint")
    assert verdict(outcome) is Verdict.PASS
    assert "looked at 2 files and reports 4 findings" in summary(outcome)
    assert {(f.rule, f.severity, f.path, f.line) for f in outcome.findings} == {
        ("F401", Severity.MEDIUM, "a.py", 1),
        ("F821", Severity.MEDIUM, "a.py", 2),
        ("W291", Severity.LOW, "b.py", 1),
        ("SIM201", Severity.LOW, "b.py", 2),
    }
    assert all(f.help.startswith("https://") and f.tool_version for f in outcome.findings)
    assert (root / "a.py").read_text().startswith("import os"), "ruff must not change files"
    assert json.loads(outcome.artifacts["ruff.sarif"].read_text())["version"] == "2.1.0"
    assert verdict(run(root, "lint", fail_on="medium")) is Verdict.FAIL
    (root / "b.py").write_text("def f(:\n")
    broken = run(root, "lint")
    assert verdict(broken) is Verdict.FAIL
    assert {f.path for f in broken.findings if f.severity is Severity.HIGH} == {"b.py"}


def test_what_lies_in_test_data_is_counted_and_does_not_fail(root: Path) -> None:
    (root / "tests" / "data" / "cases").mkdir(parents=True)
    (root / "tests" / "data" / "cases" / "torn.py").write_text("def f(:\n")
    (root / "tests" / "test_it.py").write_text("import os\n")
    (root / "ruff.toml").write_text("[lint]\nselect = ['F']\n")
    outcome = run(root, "lint")
    assert verdict(outcome) is Verdict.PASS
    assert "in test data, at most low" in summary(outcome)
    assert [(f.path, f.severity) for f in outcome.findings][:2] == [
        ("tests/test_it.py", Severity.MEDIUM),
        ("tests/data/cases/torn.py", Severity.LOW),
    ]
    (root / "tests" / "torn.py").write_text("def f(:\n")
    assert verdict(run(root, "lint")) is Verdict.FAIL


def test_lint_agrees_with_ruff_run_by_hand(root: Path) -> None:
    for number in range(30):
        (root / f"m{number}.py").write_text("import os, sys\nx = lambda: 0\n" * (number + 1))
    by_hand = subprocess.run(
        [Path(sys.executable).with_name("ruff"), "check", "--no-cache", "--output-format=json", "."],
        cwd=root,
        capture_output=True,
        check=False,
    )
    expected = sorted((Path(e["filename"]).name, e["code"], e["location"]["row"]) for e in json.loads(by_hand.stdout))
    outcome = run(root, "lint")
    assert sorted((f.path, f.rule, f.line) for f in outcome.findings) == expected


def test_files_that_the_configuration_leaves_out_are_not_counted(root: Path) -> None:
    (root / "ruff.toml").write_text("extend-exclude = ['*.py']\n")
    (root / "a.py").write_text("import os\n")
    outcome = run(root, "lint")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "leaves out all 1" in summary(outcome)


def test_a_configuration_that_ruff_refuses_is_a_finding_and_the_code_is_checked_without_it(root: Path) -> None:
    (root / "ruff.toml").write_text("no-such-setting = 1\n")
    (root / "a.py").write_text("import os\n")
    outcome = run(root, "lint")
    assert verdict(outcome) is Verdict.FAIL
    assert {(f.rule, f.path) for f in outcome.findings} == {("unparsable", "ruff.toml"), ("F401", "a.py")}
    assert "no-such-setting" in summary(outcome)


def test_a_torn_pyproject_is_named_with_its_line_and_only_its_folder_is_checked_with_defaults(root: Path) -> None:
    (root / "ruff.toml").write_text("lint.select = ['E7']\n")
    (root / "good.py").write_text("import os\nl = 1\n")
    (root / "torn").mkdir()
    (root / "torn" / "pyproject.toml").write_text('[project]\nname = "x"\nversion = = 1\n')
    (root / "torn" / "b.py").write_text("import os\n")
    outcome = run(root, "lint")
    found = {(f.rule, f.path, f.line) for f in outcome.findings}
    assert found == {("unparsable", "torn/pyproject.toml", 3), ("E741", "good.py", 2), ("F401", "torn/b.py", 1)}
    assert "1 file checked with ruff's defaults, as torn/pyproject.toml cannot be read" in summary(outcome)
    assert "looked at 2 files" in summary(outcome)


def test_python_2_is_one_finding_for_each_file(root: Path) -> None:
    (root / "old.py").write_text('print "a"\nprint "b"\nexec "x" in {}\n')
    (root / "latin.py").write_bytes(b'print "caf\xe9"\n')
    (root / "new.py").write_text("import os\n")
    outcome = run(root, "lint")
    found = sorted((f.path, f.rule) for f in outcome.findings)
    assert found == [("latin.py", "unparsable"), ("new.py", "F401"), ("old.py", "unparsable")]
    assert all("it is written in Python 2" in f.message for f in outcome.findings if f.rule == "unparsable")
    assert "reports 3 findings (unparsable 2, F401 1)" in summary(outcome)


def test_names_that_look_like_options_are_files(root: Path) -> None:
    (root / "--fix.py").write_text("import os\n")
    (root / "a b\u202e.py").write_text("import os\n")
    outcome = run(root, "lint")
    assert len(outcome.findings) == 2
    assert "looked at 2 files" in summary(outcome)


def test_no_python_files_are_unknown(root: Path) -> None:
    assert verdict(run(root, "lint")) is Verdict.UNKNOWN


def own_mypy(root: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root / ".venv")], check=True)
    site = next((root / ".venv" / "lib").glob("python*/site-packages"))
    (site / "more.pth").write_text(sysconfig.get_path("purelib") + "\n")
    program = root / ".venv" / "bin" / "mypy"
    program.write_text(f"#!{root}/.venv/bin/python\nfrom mypy.__main__ import console_entry\nconsole_entry()\n")
    program.chmod(0o755)


def test_types_are_checked_with_the_workspaces_own_mypy(root: Path) -> None:
    own_mypy(root)
    (root / "mypy.ini").write_text("[mypy]\nstrict = true\nfiles = a.py\n")
    (root / "a.py").write_text("def f(x: int) -> str:\n    return x\n")
    outcome = run(root, "types")
    assert verdict(outcome) is Verdict.FAIL
    [finding] = outcome.findings
    assert (finding.rule, finding.path, finding.line, finding.severity) == ("return-value", "a.py", 2, Severity.MEDIUM)
    (root / "a.py").write_text("def f(x: int) -> int:\n    return x\n")
    mended = run(root, "types")
    assert (verdict(mended), mended.findings) == (Verdict.PASS, ())
    assert "looked at 1 files" in summary(mended)
    assert not (root / ".mypy_cache").exists()


def test_types_without_environment_or_configuration_are_unknown(root: Path) -> None:
    (root / "a.py").write_text("x = 1\n")
    assert "configured for neither" in summary(run(root, "types"))
    (root / "mypy.ini").write_text("[mypy]\n")
    outcome = run(root, "types")
    assert verdict(outcome) is Verdict.UNKNOWN
    assert "no virtual environment" in summary(outcome)

"""Reports that were handed in: what they hold, at its place here; what cannot be read is UNKNOWN."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_quality import QualityAssurance

JUNIT = """<testsuites><testsuite name="pytest" tests="3">
<testcase classname="tests.test_cart.TestCart" name="test_sum" time="0.5">
<failure message="assert 3 == 4">E  3 != 4</failure></testcase>
<testcase classname="tests.test_cart" name="test_ok" time="0.25"/>
<testcase classname="x" name="test_js" file="/home/runner/work/shop/shop/web/cart.test.js" line="7">
<error message="boom"/></testcase>
<testcase classname="x" name="test_win" file="D:\\a\\shop\\shop\\tests\\test_cart.py" line="2"><failure message="no"/></testcase>
</testsuite></testsuites>"""
COBERTURA = """<coverage><sources><source>/ci</source></sources><packages><package><classes>
<class filename="a.py"><lines><line number="1" hits="1"/><line number="2" hits="0"/><line number="3" hits="2"/>
<line number="4" hits="1"/>
</lines></class></classes></package></packages></coverage>"""
BOMB = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><testsuites><testsuite name="&b;"/></testsuites>'


def report(tmp_path: Path, text: str, settings: dict[str, Any] | None = None, **options: Any) -> Outcome:
    """The action over an upload, in a workspace with two test files."""
    workspace, data = tmp_path / "shop", tmp_path / "data"
    for name in ("tests/test_cart.py", "web/cart.test.js"):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text("one\ntwo\n")
    place = data / "uploads" / ("0" * 16) / "0"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    given = {"file": "0" * 16 + "/0", "name": "report.xml", "format": "junit", **options}
    config = {"agents": {"quality": settings or {}}}
    return run_action(QualityAssurance(), "report", workspace, given, data=data, config=config)


def test_failures_are_findings_at_their_files_here_and_counts_are_numbers_of_the_ci(tmp_path: Path) -> None:
    outcome = report(tmp_path, JUNIT, source="GitHub Actions")
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    assert "report.xml from GitHub Actions" in outcome.result.summary
    assert "tests: 1 passed, 2 failed, 1 errors, 0 skipped" in outcome.result.summary
    assert [(f.rule, f.severity, f.path, f.line, f.tool) for f in outcome.findings] == [
        ("test-failed", Severity.HIGH, "tests/test_cart.py", 0, "GitHub Actions"),
        ("test-error", Severity.HIGH, "web/cart.test.js", 7, "GitHub Actions"),
        ("test-failed", Severity.HIGH, "tests/test_cart.py", 2, "GitHub Actions"),
    ]
    assert outcome.findings[0].message == "tests.test_cart.TestCart::test_sum: assert 3 == 4"
    metrics = outcome.metrics()
    assert (metrics["ci.tests.passed"], metrics["ci.tests.failed"], metrics["ci.tests.seconds"]) == (1, 2, 0.75)
    assert "coverage" not in metrics


def test_what_the_team_has_set_aside_does_not_count_in_a_report_either(tmp_path: Path) -> None:
    entries = [
        {"test": name, "until": "2999-01-01"} for name in ("tests/test_cart.py::TestCart::test_sum", "*::test_js")
    ]
    over = {"test": "*::test_win", "until": "2020-01-01"}
    outcome = report(tmp_path, JUNIT, {"quarantine": [*entries, over]})
    assert [finding.rule for finding in outcome.findings] == ["test-quarantined", "test-quarantined", "test-failed"]
    assert "its quarantine ended on 2020-01-01" in outcome.findings[2].message
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    assert "2 of them set aside" in outcome.result.summary
    held = report(tmp_path, JUNIT, {"quarantine": [*entries, {**over, "until": "2999-01-01"}]})
    assert held.result is not None
    assert held.result.verdict is Verdict.PASS


def test_all_passed_is_a_pass(tmp_path: Path) -> None:
    outcome = report(tmp_path, '<testsuite><testcase classname="a" name="b"/></testsuite>')
    assert outcome.result is not None
    assert (outcome.result.verdict, outcome.findings) == (Verdict.PASS, ())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<testsuites/>", "no test ran"),
        ('<testsuite><testcase name="a"><skipped/></testcase></testsuite>', "1 test, 1 skipped"),
        ("<testsuites><testsuite>", "cannot be read"),
        (BOMB, "cannot be read"),
        ("<a>" * 5_000, "cannot be read"),
        ("<html/>", "not <testsuites>"),
    ],
)
def test_what_holds_nothing_or_cannot_be_read_is_unknown_with_the_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    outcome = report(tmp_path, text)
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.UNKNOWN
    assert reason in outcome.result.summary
    assert outcome.findings == ()


@pytest.mark.parametrize("file", ["", "../../etc/passwd", "/etc/passwd", "0" * 16 + "/../0", "f" * 16 + "/0"])
def test_nothing_but_an_upload_is_read(tmp_path: Path, file: str) -> None:
    outcome = report(tmp_path, JUNIT, file=file)
    assert outcome.result is not None
    assert (outcome.result.verdict, "there is no upload" in outcome.result.summary) == (Verdict.UNKNOWN, True)


def test_coverage_of_the_ci_is_a_number_of_its_own(tmp_path: Path) -> None:
    outcome = report(tmp_path, COBERTURA, format="cobertura", name="coverage.xml")
    assert outcome.result is not None
    assert outcome.result.summary == "coverage 75.0 % in coverage.xml: 3 of 4 lines of 1 file ran"
    assert outcome.metrics() == {"ci.coverage": 75.0}
    lcov = report(tmp_path, "SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\n", format="lcov")
    assert lcov.metrics() == {"ci.coverage": 50.0}


def test_another_commit_than_the_workspaces_is_said(tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    workspace.mkdir()
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(
            ["git", "-C", str(workspace), "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True
        )
    outcome = report(tmp_path, JUNIT, commit="1a2b3c4d")
    assert outcome.result is not None
    assert "commit 1a2b3c4 (the workspace is at " in outcome.result.summary


def test_a_tap_stream_that_breaks_off_is_a_failure(tmp_path: Path) -> None:
    outcome = report(tmp_path, "TAP version 14\n1..3\nok 1 - a\nnot ok 2 - b\n", format="tap", name="run.tap")
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    assert [(f.rule, f.tool) for f in outcome.findings] == [("test-failed", "tap report"), ("test-error", "tap report")]
    nothing = report(tmp_path, "hello\n", format="tap")
    assert nothing.result is not None
    assert nothing.result.verdict is Verdict.UNKNOWN

"""What the readers of reports hand back, by value."""

import json
from pathlib import Path

import pytest

from callboard.api import (
    CallboardError,
    Finding,
    Severity,
    TestOutcome,
    read_coverage_xml,
    read_cyclonedx,
    read_junit,
    read_lcov,
    read_sarif,
    sarif_of,
)


def sarif(tmp_path: Path, results: object, **run: object) -> list[Finding]:
    driver = {
        "name": "lint",
        "version": "1.2",
        "rules": [
            {"id": "R1", "helpUri": "https://example.org/R1", "defaultConfiguration": {"level": "error"}},
            {"id": "R2", "properties": {"security-severity": "9.1"}, "messageStrings": {"m": {"text": "no {0}"}}},
        ],
    }
    document = {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results, **run}]}
    path = tmp_path / "report.sarif"
    path.write_text(json.dumps(document))
    return read_sarif(path, workspace=tmp_path)


def place(uri: str, **region: int) -> list[dict[str, object]]:
    return [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}]


def test_a_result_becomes_a_finding_with_its_place_rule_and_help(tmp_path: Path) -> None:
    result = {
        "ruleId": "R1",
        "message": {"text": "mend it"},
        "locations": place("src/a%20b.py", startLine=3, startColumn=5, endLine=4),
        "partialFingerprints": {"primaryLocationLineHash": "same for all"},
    }
    assert sarif(tmp_path, [result]) == [
        Finding(
            rule="R1",
            severity=Severity.HIGH,
            message="mend it",
            path="src/a b.py",
            line=3,
            column=5,
            end_line=4,
            help="https://example.org/R1",
            tool="lint",
            tool_version="1.2",
        )
    ]


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        ({"ruleId": "R1"}, Severity.HIGH),
        ({"ruleId": "R1", "level": "note"}, Severity.LOW),
        ({"ruleId": "R2"}, Severity.CRITICAL),
        ({"ruleId": "other"}, Severity.MEDIUM),
        ({"ruleId": "other", "level": "none"}, Severity.INFO),
        ({"ruleId": "other", "properties": {"security-severity": "4.0"}}, Severity.MEDIUM),
        ({"ruleId": "other", "level": "error", "properties": {"security-severity": "2"}}, Severity.LOW),
        ({"ruleId": "other", "level": "error", "properties": {"security-severity": "nonsense"}}, Severity.HIGH),
    ],
)
def test_the_severity_is_the_score_or_else_the_level(
    tmp_path: Path, result: dict[str, object], severity: Severity
) -> None:
    assert [f.severity for f in sarif(tmp_path, [result])] == [severity]


def test_suppressed_passed_and_gone_results_are_no_findings(tmp_path: Path) -> None:
    results = [
        {"ruleId": "kept"},
        {"ruleId": "kept too", "suppressions": [{"kind": "inSource", "status": "rejected"}]},
        {"ruleId": "suppressed", "suppressions": [{"kind": "inSource"}]},
        {"ruleId": "passed", "kind": "pass"},
        {"ruleId": "gone", "baselineState": "absent"},
    ]
    assert [f.rule for f in sarif(tmp_path, results)] == ["kept", "kept too"]


def test_messages_with_arguments_and_rules_by_index_are_resolved(tmp_path: Path) -> None:
    [finding] = sarif(tmp_path, [{"ruleIndex": 1, "message": {"id": "m", "arguments": ["cake"]}}])
    assert (finding.rule, finding.message) == ("R2", "no cake")


def test_places_outside_of_the_workspace_have_no_path(tmp_path: Path) -> None:
    inside = (tmp_path / "a.py").as_uri()
    uris = ["../../etc/passwd", "file:///etc/passwd", "https://example.org/a.py", "%2e%2e/x", inside]
    results = [{"ruleId": "R1", "locations": place(uri)} for uri in uris]
    assert [f.path for f in sarif(tmp_path, results)] == ["", "", "", "", "a.py"]


def test_uri_bases_and_the_table_of_artifacts_are_followed(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    by_base = {"artifactLocation": {"uri": "a.py", "uriBaseId": "SRC"}}
    by_index = {"artifactLocation": {"index": 0}}
    results = [{"ruleId": "R1", "locations": [{"physicalLocation": where}]} for where in (by_base, by_index)]
    found = sarif(
        tmp_path,
        results,
        originalUriBaseIds={"SRC": {"uri": (tmp_path / "src").as_uri() + "/"}},
        artifacts=[{"location": {"uri": "b.py"}}],
    )
    assert [f.path for f in found] == ["src/a.py", "b.py"]


def test_wrong_types_anywhere_are_survived(tmp_path: Path) -> None:
    odd: list[object] = [None, 1, "x", [], {}, True, -1]
    results = [
        {"ruleId": o, "ruleIndex": o, "level": o, "message": o, "locations": o, "properties": o, "suppressions": None}
        for o in odd
    ]
    results += [{"locations": [{"physicalLocation": {"artifactLocation": {"uri": o}, "region": o}}]} for o in odd]
    results += [{"locations": place("a.py", startLine=-5, startColumn=10**30)}]
    assert len(sarif(tmp_path, [*results, *odd])) == len(results) + 1


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    findings = [
        Finding(
            "A", severity, f"message {n}", f"dir x/é{n}:.py", n, 2, n + 1, "https://example.org", "t", "1.0", f"f{n}"
        )
        for n, severity in enumerate(Severity, start=1)
    ] + [Finding("B", Severity.LOW, "no place", help="do this", tool="t", tool_version="1.0", fingerprint="g")]
    path = tmp_path / "out.sarif"
    path.write_text(json.dumps(sarif_of(findings, "t")))
    assert read_sarif(path, workspace=tmp_path) == findings


JUNIT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="all"><testsuite name="pytest" file="suite.py">
<testcase classname="tests.test_a" name="test_ok" time="1,000.5"/>
<testcase classname="tests.test_a" name="test_bad" file="tests/test_a.py" line="7" time="0.25">
  <failure message="assert 1 == 2">def test_bad(): &lt;here&gt;</failure><system-out>noise</system-out></testcase>
<testcase name="test_skip"><skipped message="not today"/></testcase>
<testcase name="test_both"><failure message="first"/><error message="then"/></testcase>
<testcase name="no message"><failure>
  Traceback one
  two</failure></testcase>
</testsuite></testsuites>"""


def test_junit_cases_keep_their_outcome_place_and_words(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT)
    report = read_junit(path)
    assert (report.passed, report.failed, report.errors, report.skipped) == (1, 2, 1, 1)
    assert report.seconds == 1000.75
    ok, bad, skip, both, silent = report.cases
    assert (ok.outcome, ok.file) == (TestOutcome.PASSED, "suite.py")
    assert (bad.file, bad.line, bad.message, bad.text) == (
        "tests/test_a.py",
        7,
        "assert 1 == 2",
        "def test_bad(): <here>",
    )
    assert (skip.outcome, skip.message) == (TestOutcome.SKIPPED, "not today")
    assert (both.outcome, both.message) == (TestOutcome.ERROR, "then")
    assert silent.message.strip() == "Traceback one"


COBERTURA = """<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage version="7.0"><sources><source>/repo/src</source></sources><packages><package><classes>
<class filename="a.py"><methods/><lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class>
<class filename="a.py"><lines><line number="2" hits="3"/><line number="9" hits="0"/></lines></class>
<class filename="b.py"><lines><line number="1" hits="0"/><line number="x" hits="1"/></lines></class>
</classes></package></packages></coverage>"""


def test_cobertura_counts_lines_once_and_accepts_the_usual_doctype(tmp_path: Path) -> None:
    path = tmp_path / "coverage.xml"
    path.write_text(COBERTURA)
    report = read_coverage_xml(path)
    assert report.sources == ("/repo/src",)
    assert [(f.path, dict(f.hits), f.missed) for f in report.files] == [
        ("a.py", {1: 1, 2: 3, 9: 0}, (9,)),
        ("b.py", {1: 0}, (1,)),
    ]
    assert (report.covered, report.valid, report.percent) == (2, 4, 50.0)


def test_lcov_records_of_one_file_are_laid_together(tmp_path: Path) -> None:
    path = tmp_path / "lcov.info"
    path.write_text("TN:\nSF:a.js\nDA:1,1\nDA:2,0,hash\nend_of_record\nSF:a.js\nDA:2,5\nDA:-1,5\nend_of_record\n")
    [file] = read_lcov(path).files
    assert (file.path, dict(file.hits), file.covered) == ("a.js", {1: 1, 2: 5}, 2)


def test_a_report_without_lines_has_no_percentage(tmp_path: Path) -> None:
    path = tmp_path / "coverage.xml"
    path.write_text("<coverage/>")
    assert read_coverage_xml(path).percent is None


def test_cyclonedx_components_are_counted_with_the_nested_ones(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    inner = {"name": "b", "type": "library", "licenses": [{"license": {"id": "MIT"}}, {"expression": "A OR B"}]}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"name": "itself"}},
        "components": [{"name": "a", "version": "1", "purl": "pkg:pypi/a@1", "components": [inner]}, 5],
    }
    path.write_text(json.dumps(document))
    sbom = read_cyclonedx(path)
    assert (sbom.spec_version, sbom.count) == ("1.6", 2)
    assert [c.name for c in sbom.components] == ["a", "b"]
    assert sbom.components[1].licenses == ("MIT", "A OR B")
    path.write_text("{}")
    with pytest.raises(CallboardError, match="no CycloneDX"):
        read_cyclonedx(path)

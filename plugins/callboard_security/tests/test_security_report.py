"""Scanners' reports that were handed in: findings in our form with the tool's own name; hostile ones are UNKNOWN."""

import json
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
from callboard.testing import Outcome, run_action
from callboard_security import SecurityCompliance


def sarif(*results: dict[str, Any]) -> str:
    tool = {"driver": {"name": "CodeQL", "semanticVersion": "2.17.0", "rules": []}}
    return json.dumps({"version": "2.1.0", "runs": [{"tool": tool, "results": list(results)}]})


def result(uri: str, level: str = "error") -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 3}}}
    return {"ruleId": "py/sql", "level": level, "message": {"text": "SQL"}, "locations": [place]}


def report(tmp_path: Path, text: str, **options: Any) -> Outcome:
    """The action over an upload, in a workspace with src/db.py."""
    workspace, data = tmp_path / "shop", tmp_path / "data"
    (workspace / "src").mkdir(parents=True, exist_ok=True)
    (workspace / "src" / "db.py").write_text("1\n2\n3\n")
    place = data / "uploads" / ("0" * 16) / "0"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    given = {"file": "0" * 16 + "/0", "name": "x.sarif", "format": "sarif", **options}
    return run_action(SecurityCompliance(), "report", workspace, given, data=data)


def test_findings_keep_their_tool_and_come_to_their_files_here(tmp_path: Path) -> None:
    text = sarif(
        result("file:///home/runner/work/shop/shop/src/db.py"),
        result("src/db.py", "warning"),
        result("D:/a/shop/src/db.py", "note"),
        result("/nowhere/at/all.py", "note"),
    )
    outcome = report(tmp_path, text, source="GitHub Actions")
    assert outcome.result is not None
    assert outcome.result.verdict is Verdict.FAIL
    assert "x.sarif from GitHub Actions; seen by CodeQL 2.17.0" in outcome.result.summary
    assert [(f.rule, f.severity, f.path, f.line) for f in outcome.findings[:3]] == [
        ("py/sql", Severity.HIGH, "src/db.py", 3),
        ("py/sql", Severity.MEDIUM, "src/db.py", 3),
        ("py/sql", Severity.LOW, "src/db.py", 3),
    ]
    assert {(f.tool, f.tool_version) for f in outcome.findings} == {("CodeQL", "2.17.0")}
    assert len({f.fingerprint for f in outcome.findings}) == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (sarif(), "no proof that all is well"),
        ('{"runs": ' + "[" * 400 + "]" * 400 + "}", "nested"),
        ("{", "not valid JSON"),
        ('{"a": 1}', "no SARIF"),
    ],
)
def test_what_holds_nothing_or_cannot_be_read_is_unknown(tmp_path: Path, text: str, reason: str) -> None:
    outcome = report(tmp_path, text)
    assert outcome.result is not None
    assert (outcome.result.verdict, outcome.findings) == (Verdict.UNKNOWN, ())
    assert reason in outcome.result.summary


def test_a_bill_of_materials_gives_its_number_and_its_vulnerabilities(tmp_path: Path) -> None:
    parts = [{"name": "flask", "version": "1.0", "type": "library", "purl": "pkg:pypi/flask@1.0"}]
    plain = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": parts}
    outcome = report(tmp_path, json.dumps(plain), format="cyclonedx", name="bom.json")
    assert outcome.result is not None
    assert outcome.result.summary == "1 component in bom.json; it names no vulnerability"
    assert outcome.metrics() == {"ci.components": 1}
    known = [
        {"id": "CVE-1", "ratings": [{"severity": "low"}, {"severity": "critical"}], "affects": [{"ref": "flask"}],
         "description": "bad\nlong", "recommendation": "take 2.0"},
        {"id": "CVE-2", "analysis": {"state": "not_affected"}},
        "odd",
    ]  # fmt: skip
    outcome = report(tmp_path, json.dumps({**plain, "vulnerabilities": known}), format="cyclonedx")
    assert [(f.rule, f.severity, f.message, f.help) for f in outcome.findings] == [
        ("CVE-1", Severity.CRITICAL, "flask: bad", "take 2.0")
    ]
    empty = report(tmp_path, json.dumps({"bomFormat": "CycloneDX"}), format="cyclonedx")
    assert empty.result is not None
    assert empty.result.verdict is Verdict.UNKNOWN


def test_code_quality_and_osv_scanner_reports_become_findings(tmp_path: Path) -> None:
    issue = {
        "check_name": "complexity", "description": "too complex", "severity": "major", "fingerprint": "1",
        "location": {"path": "/builds/shop/src/db.py", "lines": {"begin": 2}},
    }  # fmt: skip
    outcome = report(tmp_path, json.dumps([issue]), format="codequality", source="GitLab")
    assert [(f.rule, f.severity, f.path, f.line) for f in outcome.findings] == [
        ("complexity", Severity.MEDIUM, "src/db.py", 2)
    ]
    record = {
        "id": "GHSA-1",
        "modified": "2024-01-01",
        "summary": "bad",
        "affected": [{"database_specific": {"severity": "HIGH"}}],
    }
    packages = [{"package": {"name": "flask", "version": "1.0"}, "vulnerabilities": [record]}]
    scanned = {"results": [{"source": {"path": "/ci/poetry.lock"}, "packages": packages}]}
    outcome = report(tmp_path, json.dumps(scanned), format="osv")
    assert [(f.rule, f.severity, f.message, f.tool) for f in outcome.findings] == [
        ("GHSA-1", Severity.HIGH, "flask 1.0: bad (in /ci/poetry.lock)", "osv-scanner")
    ]
    for text in ('{"results": []}', '{"results": [{"packages": 3}]}', "[]"):
        empty = report(tmp_path, text, format="osv")
        assert empty.result is not None
        assert empty.result.verdict is Verdict.UNKNOWN


def test_an_spdx_bill_is_counted(tmp_path: Path) -> None:
    bill = {"spdxVersion": "SPDX-2.3", "packages": [{"name": "a", "SPDXID": "SPDXRef-a"}]}
    assert report(tmp_path, json.dumps(bill), format="spdx").metrics() == {"ci.components": 1}

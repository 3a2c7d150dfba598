"""TAP, Prometheus, GitLab's code quality, OSV and SPDX by value; and whatever is done to them, a reader only ever refuses."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from callboard.api import (
    CallboardError,
    ReportError,
    Severity,
    TestOutcome,
    read_code_quality,
    read_coverage_xml,
    read_cyclonedx,
    read_junit,
    read_lcov,
    read_osv,
    read_prometheus,
    read_sarif,
    read_spdx,
    read_tap,
)

TAP = """TAP version 14
# Subtest: inner
    ok 1 - deep
    1..1
ok 1 - inner
not ok 2 - adds \\# up
  ---
  message: 'three is not four'
  at: a.js
  ...
ok 3 - later # SKIP no browser
not ok 4 # TODO some day
1..6
"""
METRICS = """# HELP http_seconds How long.
# TYPE http_seconds histogram
http_seconds_bucket{path="/a",le="0.1"} 50
http_seconds_bucket{path="/a",le="1"} 90 # {trace_id="x"} 0.5
http_seconds_bucket{path="/a",le="+Inf"} 100
http_seconds_sum{path="/a"} 42.5
http_seconds_count{path="/a"} 100
# TYPE up gauge
up{job="say \\"hi\\"\\n",} 1 1700000000000
up{job="b"} 0
# a comment
loose_total 3e2
gone NaN
"""
QUALITY = [
    {
        "description": "too long",
        "check_name": "E501",
        "severity": "major",
        "fingerprint": "same-for-all",
        "location": {"path": "./src/a.py", "lines": {"begin": 3, "end": 4}},
    },
    {
        "type": "issue",
        "description": "odd",
        "location": {"path": "/etc/passwd", "positions": {"begin": {"line": 7, "column": 2}}},
    },
    {"type": "measurement", "description": "no issue"},
    "nonsense",
]
OSV = {
    "id": "GHSA-1",
    "modified": "2026-01-01T00:00:00Z",
    "aliases": ["CVE-2026-1"],
    "summary": "bad",
    "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "flask"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
            "versions": ["1.0", "1.1"],
            "database_specific": {"severity": "high"},
        }
    ],
    "references": [{"type": "WEB", "url": "https://example.org/1"}],
}
SPDX = {
    "spdxVersion": "SPDX-2.3",
    "documentDescribes": ["SPDXRef-top"],
    "packages": [
        {"SPDXID": "SPDXRef-top", "name": "shop"},
        {
            "SPDXID": "SPDXRef-a",
            "name": "flask",
            "versionInfo": "3.0",
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "BSD-3-Clause",
            "externalRefs": [{"referenceType": "purl", "referenceLocator": "pkg:pypi/flask@3.0"}],
        },
    ],
}


def written(folder: Path, text: str) -> Path:
    path = folder / "report"
    path.write_text(text)
    return path


def test_tap_by_value(tmp_path: Path) -> None:
    report = read_tap(written(tmp_path, TAP))
    told = [(case.name, case.outcome, case.message) for case in report.cases]
    assert told == [
        ("inner", TestOutcome.PASSED, ""),
        ("adds # up", TestOutcome.FAILED, "three is not four"),
        ("later", TestOutcome.SKIPPED, "no browser"),
        ("test 4", TestOutcome.SKIPPED, "some day"),
        ("plan", TestOutcome.ERROR, "2 of 6 planned tests did not report"),
    ]
    bailed = read_tap(written(tmp_path, "1..9\nok 1\nBail out! the disk is full\n"))
    assert [case.message for case in bailed.cases] == ["", "bailed out: the disk is full"]
    assert read_tap(written(tmp_path, "1..0 # SKIP nothing here\n")).cases == ()


def test_metrics_by_value(tmp_path: Path) -> None:
    families = read_prometheus(written(tmp_path, METRICS))
    assert {name: family.kind for name, family in families.items()} == {
        "http_seconds": "histogram",
        "up": "gauge",
        "loose_total": "untyped",
    }
    assert families["up"].value(job="b") == 0
    [first, _] = families["up"].samples
    assert (first.labels, first.value, first.at) == ({"job": 'say "hi"\n'}, 1.0, 1_700_000_000.0)
    assert families["up"].value() is None
    assert families["loose_total"].value() == 300
    [histogram] = families["http_seconds"].histograms()
    assert (histogram.labels, histogram.sum, histogram.count) == ({"path": "/a"}, 42.5, 100)
    assert histogram.quantile(0.5) == pytest.approx(0.1)
    assert histogram.quantile(0.7) == pytest.approx(0.55)
    assert histogram.quantile(0.99) == 1.0
    assert read_prometheus(METRICS) == families
    assert read_prometheus("# TYPE a counter\na_total 1\n# EOF\nnonsense{{{")["a"].value() == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<html>", "line 1: it is no sample"),
        ("a 1\na 2", "line 2: the sample a with these labels stands twice"),
        ('a{b="1",b="2"} 1', "label 'b' stands twice"),
        ('a{b="1} 1', "the labels are wrong"),
        ("a one", "'one' is no number"),
        ("a 1_0", "'1_0' is no number"),
        ("a 1 2 3", "a value, and perhaps a time"),
        ("# TYPE a gauge\n# TYPE a counter\na 1", "a has two types"),
        ("# TYPE a banana", "is no type"),
        ("# only words", "it has no sample"),
        ("a" * 70_000, "line 1 has more than"),
    ],
)
def test_what_is_no_exposition_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ReportError) as caught:
        read_prometheus(text, "metrics of api")
    assert str(caught.value).startswith("report 'metrics of api': ")
    assert words in str(caught.value)


def test_code_quality_by_value(tmp_path: Path) -> None:
    first, second = read_code_quality(written(tmp_path, json.dumps(QUALITY)), workspace=tmp_path)
    assert (first.rule, first.severity, first.path, first.line, first.end_line) == (
        "E501",
        Severity.MEDIUM,
        "src/a.py",
        3,
        4,
    )
    assert (second.rule, second.path, second.line, second.column, second.fingerprint) == ("issue", "", 7, 2, "")
    assert read_code_quality(written(tmp_path, "[]"), workspace=tmp_path) == []
    for text in ("{}", '[{"a": 1}]', "[1]"):
        with pytest.raises(ReportError):
            read_code_quality(written(tmp_path, text), workspace=tmp_path)


def test_an_advisory_by_value() -> None:
    advisory = read_osv(json.dumps(OSV))
    assert (advisory.id, advisory.aliases, advisory.scores) == ("GHSA-1", ("CVE-2026-1",), ("CVSS:3.1/AV:N",))
    [affected] = advisory.affected
    assert (affected.ecosystem, affected.package, affected.versions) == ("PyPI", "flask", ("1.0", "1.1"))
    assert affected.ranges == (("ECOSYSTEM", (("introduced", "0"), ("fixed", "2.0"))),)
    assert (affected.fixed, affected.severity) == (("2.0",), "HIGH")
    for text in ("{}", '{"id": "x"}', "[]", '{"id": 5, "affected": []}'):
        with pytest.raises(ReportError, match="report 'advisory'"):
            read_osv(text)


def test_spdx_by_value(tmp_path: Path) -> None:
    sbom = read_spdx(written(tmp_path, json.dumps(SPDX)))
    [component] = sbom.components
    assert sbom.spec_version == "2.3"
    assert (component.name, component.version, component.purl, component.licenses) == (
        "flask",
        "3.0",
        "pkg:pypi/flask@3.0",
        ("BSD-3-Clause",),
    )
    with pytest.raises(ReportError, match="SPDX 3"):
        read_spdx(written(tmp_path, '{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}'))


JUNIT = (
    "<testsuites><testsuite file='a'><testcase name='n' time='1.5' line='3'><failure message='m'>t</failure></testcase>"
    "</testsuite></testsuites>"
)
COBERTURA = (
    "<coverage><sources><source>.</source></sources><packages><package><classes><class filename='a.py'><lines>"
    "<line number='1' hits='1'/></lines></class></classes></package></packages></coverage>"
)
SARIF = {
    "runs": [
        {
            "tool": {"driver": {"name": "t", "rules": [{"id": "r"}]}},
            "results": [
                {
                    "ruleId": "r",
                    "ruleIndex": 0,
                    "message": {"id": "x", "arguments": ["1"]},
                    "locations": [
                        {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 1}}}
                    ],
                }
            ],
        }
    ]
}
CYCLONE = {
    "bomFormat": "CycloneDX",
    "components": [{"name": "a", "licenses": [{"license": {"id": "MIT"}}], "components": []}],
}
READERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "tap": (read_tap, TAP),
    "prometheus": (read_prometheus, METRICS),
    "code quality": (lambda path: read_code_quality(path, workspace=path.parent), json.dumps(QUALITY)),
    "osv": (read_osv, json.dumps(OSV)),
    "spdx": (read_spdx, json.dumps(SPDX)),
    "junit": (read_junit, JUNIT),
    "cobertura": (read_coverage_xml, COBERTURA),
    "lcov": (read_lcov, "TN:\nSF:a.py\nDA:1,2\nDA:2,0\nend_of_record\n"),
    "sarif": (lambda path: read_sarif(path, workspace=path.parent), json.dumps(SARIF)),
    "cyclonedx": (read_cyclonedx, json.dumps(CYCLONE)),
}
ODD = [
    b"\0",
    b"\xff",
    b"[" * 300,
    b"{",
    b'"',
    b"NaN",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"\n",
    b"null",
    b"\xed\xa0\x80",
    b"&a;",
    b"<",
    b"true",
]


def mutated(dice: random.Random, data: bytes) -> bytes:
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(5):
            case 0:
                data = data[:at] + dice.choice(ODD) + data[at:]
            case 1:
                data = data[:at] + data[at + dice.randint(1, 20) :]
            case 2:
                data = data[:at] + data[at : at + 30] * 2 + data[at + 30 :]
            case 3:
                data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
            case _:
                data = data.replace(
                    dice.choice([b'"a"', b"1", b'"', b":", b"{", b"[", b" "]), dice.choice(ODD), dice.randint(1, 3)
                )
    return data


def retyped(dice: random.Random, value: object) -> object:
    """The document with some values of another type."""
    if dice.random() < 0.08:
        return dice.choice([None, True, -1, 1.5, 10**30, "", "x\0y", "\ud800", [], {}, [[]], {"a": {}}])
    if isinstance(value, dict):
        return {key: retyped(dice, item) for key, item in value.items()}
    return [retyped(dice, item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", READERS)
def test_whatever_is_done_to_a_report_it_is_read_or_refused(name: str, tmp_path: Path) -> None:
    read, text = READERS[name]
    dice = random.Random(f"seed of {name}")
    path = tmp_path / "report"
    for number in range(600):
        data = mutated(dice, text.encode())
        if text[0] in "[{" and number % 2:
            data = json.dumps(retyped(dice, json.loads(text))).encode()
        path.write_bytes(data)
        refusal = refused(read, path)
        assert refusal is None or (isinstance(refusal, ReportError) and "report 'report': " in str(refusal)), data


def refused(read: Callable[[Path], object], path: Path) -> CallboardError | None:
    try:
        read(path)
    except CallboardError as error:
        return error
    return None

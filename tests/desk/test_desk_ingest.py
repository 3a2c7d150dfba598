"""What a report seems to be is told by words that it must hold; nothing is parsed where the server runs."""

import json

import pytest

from callboard.desk.ingest import sniffed


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("\ufeff<?xml version='1.0'?><testsuites/>", "junit"),
        ("<coverage/>", "cobertura"),
        ("<html/>", "auto"),
        (json.dumps({"runs": [{"tool": {"driver": {}}}]}), "sarif"),
        (json.dumps({"bomFormat": "CycloneDX"}), "cyclonedx"),
        (json.dumps({"spdxVersion": "SPDX-2.3"}), "spdx"),
        (json.dumps([{"check_name": "x"}]), "codequality"),
        (json.dumps({"results": [{"packages": []}]}), "osv"),
        ("{", "auto"),
        ("TAP version 13\n1..0", "tap"),
        ("ok 1 - a\n1..1\n", "tap"),
        ("TN:\nSF:a.js\nend_of_record\n", "lcov"),
        ("# a README\n", "auto"),
    ],
)
def test_reports_are_told_apart(text: str, kind: str) -> None:
    assert sniffed(text.encode()) == kind

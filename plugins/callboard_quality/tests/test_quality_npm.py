"""`quality.npm_tests` with real npm and node."""

import json
import shutil
from pathlib import Path

import pytest

from callboard.api import Verdict
from callboard.testing import Outcome, run_action
from callboard_quality import QualityAssurance

pytestmark = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
NODE_TEST = """const test = require('node:test');
const assert = require('node:assert');
test('adds', () => { assert.strictEqual(1 + 1, 2); });
test('is wrong', () => {
  assert.strictEqual(1 + 1, 3);
});
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "web").mkdir()
    return tmp_path / "web"


def package(root: Path, script: str, **more: object) -> None:
    (root / "package.json").write_text(
        json.dumps({"name": "x", "version": "1.0.0", "scripts": {"test": script}, **more})
    )


def run(root: Path, **options: object) -> Outcome:
    spool = root.parent / f"spool-{len(list(root.parent.iterdir()))}"
    spool.mkdir()
    return run_action(QualityAssurance(), "npm_tests", root, options, spool=spool)


def told(outcome: Outcome) -> tuple[Verdict, str]:
    assert outcome.result is not None
    return outcome.result.verdict, outcome.result.summary


def test_nodes_own_runner_is_read_by_its_report(root: Path) -> None:
    package(root, "node --test")
    (root / "sum.test.js").write_text(NODE_TEST)
    outcome = run(root)
    verdict, words = told(outcome)
    assert verdict is Verdict.FAIL
    assert "1 failed, 1 passed" in words
    [finding] = outcome.findings
    assert (finding.rule, finding.path) == ("test-failed", "sum.test.js")
    assert finding.line in (4, 5)
    assert finding.message.startswith("is wrong:")
    (root / "sum.test.js").write_text(NODE_TEST.replace(", 3)", ", 2)"))
    verdict, words = told(run(root))
    assert verdict is Verdict.PASS
    assert "2 passed" in words


def test_a_file_that_breaks_off_is_named_as_the_workspace_sees_it(root: Path) -> None:
    package(root, "node --test")
    (root / "torn.test.js").write_text("const test = require(")
    outcome = run(root)
    assert told(outcome)[0] is Verdict.FAIL
    assert [finding.path for finding in outcome.findings] == ["torn.test.js"]
    assert outcome.findings[0].message.startswith("torn.test.js: this file ended in an error")


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        ("node -e \"console.log('Tests: 3 passed, 3 total')\"", Verdict.PASS),
        ("node -e \"console.log('  4 passing (3ms)')\"", Verdict.PASS),
        ("node -e \"console.log('  4 passing (3ms)\\\\n  1 failing')\"", Verdict.FAIL),
        ("node -e \"console.log('all is well')\"", Verdict.UNKNOWN),
        ("node -e \"console.log('all is well'); process.exit(3)\"", Verdict.FAIL),
        ("no-such-program-anywhere", Verdict.FAIL),
    ],
)
def test_without_a_report_only_counts_are_believed(root: Path, script: str, verdict: Verdict) -> None:
    package(root, script)
    outcome = run(root)
    assert told(outcome)[0] is verdict
    assert bool(outcome.findings) is (verdict is Verdict.FAIL)


def test_an_exit_code_may_be_trusted_by_option(root: Path) -> None:
    package(root, "node -e 1")
    assert told(run(root, trust_exit_code=True))[0] is Verdict.PASS


def test_missing_node_modules_and_placeholders_are_unknown(root: Path) -> None:
    package(root, "vitest run", devDependencies={"vitest": "1"})
    verdict, words = told(run(root))
    assert verdict is Verdict.UNKNOWN
    assert "node_modules is missing; run 'npm install'" in words
    package(root, 'echo "Error: no test specified" && exit 1')
    verdict, words = told(run(root))
    assert verdict is Verdict.UNKNOWN
    assert "no real script" in words


FAKE_RUNNER = """#!/usr/bin/env node
const fs = require('fs');
const arg = name => (process.argv.find(a => a.startsWith(name + '=')) || '').slice(name.length + 1);
"""


def runner(root: Path, name: str, body: str) -> None:
    place = root / "node_modules" / ".bin" / name
    place.parent.mkdir(parents=True)
    place.write_text(FAKE_RUNNER + body)
    place.chmod(0o755)


def test_the_json_of_jest_is_read(root: Path) -> None:
    report = {
        "testResults": [
            {
                "name": str(root / "a.test.js"),
                "status": "failed",
                "assertionResults": [
                    {"title": "ok", "status": "passed", "ancestorTitles": ["sum"], "duration": 5},
                    {
                        "title": "bad",
                        "status": "failed",
                        "ancestorTitles": ["sum"],
                        "failureMessages": ["\x1b[31mError: expected 2\x1b[39m\n at a.test.js:9:3"],
                        "location": {"line": 7, "column": 1},
                    },
                    {"title": "later", "status": "pending"},
                ],
            },
            {"name": str(root / "b.test.js"), "status": "failed", "assertionResults": [], "message": "SyntaxError: x"},
        ]
    }
    runner(root, "jest", f"fs.writeFileSync(arg('--outputFile'), {json.dumps(json.dumps(report))}); process.exit(0);\n")
    package(root, "jest", devDependencies={"jest": "1"})
    outcome = run(root)
    verdict, words = told(outcome)
    assert verdict is Verdict.FAIL
    assert "2 failed, 1 passed, 1 skipped" in words
    assert [(f.rule, f.path, f.line, f.message) for f in outcome.findings] == [
        ("test-failed", "a.test.js", 7, "sum bad: Error: expected 2"),
        ("test-error", "b.test.js", 0, "b.test.js: SyntaxError: x"),
    ]


def test_the_junit_file_of_vitest_is_read(root: Path) -> None:
    report = (
        '<testsuites><testsuite name="src/a.test.ts"><testcase classname="src/a.test.ts" name="sum &gt; bad">'
        '<failure message="expected 1 to be 2">AssertionError\n ❯ src/a.test.ts:12:5</failure></testcase>'
        '<testcase classname="src/a.test.ts" name="sum &gt; good"/></testsuite></testsuites>'
    )
    runner(root, "vitest", f"fs.writeFileSync(arg('--outputFile.junit'), {json.dumps(report)}); process.exit(0);\n")
    (root / "src").mkdir()
    package(root, "tsc --version; vitest run", devDependencies={"vitest": "1"})
    outcome = run(root)
    assert told(outcome)[0] is Verdict.FAIL
    assert [(f.path, f.line, f.message) for f in outcome.findings] == [
        ("src/a.test.ts", 12, "sum > bad: expected 1 to be 2")
    ]


def test_a_report_that_is_a_bomb_is_no_pass(root: Path) -> None:
    runner(root, "vitest", "fs.writeFileSync(arg('--outputFile.junit'), '<testsuites>' + '<a>'.repeat(200000));\n")
    package(root, "vitest run", devDependencies={"vitest": "1"})
    verdict, words = told(run(root))
    assert verdict is Verdict.UNKNOWN
    assert "nested deeper" in words

"""`quality.npm_tests` with real npm and node."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from callboard.api import Severity, Verdict
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


def act(root: Path, action: str, settings: dict[str, Any] | None = None, **options: object) -> Outcome:
    spool = root.parent / f"spool-{len(list(root.parent.iterdir()))}"
    spool.mkdir()
    config = {"agents": {"quality": settings or {}}}
    return run_action(QualityAssurance(), action, root, options, spool=spool, config=config)


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
    assert outcome.findings[0].message.startswith("torn.test.js: SyntaxError: ")
    assert outcome.findings[0].message.endswith("(torn.test.js:1)")


def test_a_file_that_breaks_off_in_what_it_imports_tells_why_and_where(root: Path) -> None:
    package(root, "node --test")
    (root / "package.json").write_text((root / "package.json").read_text().replace("{", '{"type": "module", ', 1))
    (root / "shared.js").write_text("export const other = 1;\n")
    for name in ("one", "two"):
        (root / f"{name}.test.js").write_text('import { wanted } from "./shared.js";\nwanted();\n')
    (root / "lost.test.js").write_text('import "no-such-package";\n')
    said = {finding.path: finding.message.partition(": ")[2] for finding in run(root).findings}
    words = "SyntaxError: The requested module './shared.js' does not provide an export named 'wanted'"
    assert said["one.test.js"] == f"{words} (one.test.js:1)"
    assert said["two.test.js"] == f"{words} (two.test.js:1)"
    assert said["lost.test.js"].startswith("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'no-such-package'")


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


@pytest.mark.parametrize(
    ("lock", "command"),
    [
        ("package-lock.json", "npm ci"),
        ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
        ("yarn.lock", "yarn install --frozen-lockfile"),
        ("", "npm install"),
    ],
)
def test_the_command_that_installs_follows_the_lock_file(root: Path, lock: str, command: str) -> None:
    package(root, "vitest run", devDependencies={"vitest": "1"})
    if lock:
        (root / lock).write_text("")
    verdict, words = told(run(root))
    assert verdict is Verdict.UNKNOWN
    assert f"run '{command}' in the top folder first" in words


def test_a_runner_that_node_modules_lacks_is_unknown(root: Path) -> None:
    package(root, "vitest run", devDependencies={"vitest": "1"})
    (root / "node_modules").mkdir()
    verdict, words = told(run(root))
    assert verdict is Verdict.UNKNOWN
    assert "node_modules has no vitest; run 'npm install' in the top folder first" in words


def test_no_test_files_are_unknown(root: Path) -> None:
    runner(root, "vitest", "console.log('No test files found, exiting with code 1'); process.exit(1);\n")
    package(root, "vitest run", devDependencies={"vitest": "1"})
    verdict, words = told(run(root))
    assert verdict is Verdict.UNKNOWN
    assert "no tests ran" in words


def test_npm_tests_are_remembered_set_aside_and_their_coverage_is_read(root: Path) -> None:
    package(
        root,
        "mkdir -p coverage && printf 'SF:a.js\\nDA:1,1\\nDA:2,0\\nend_of_record\\n' > coverage/lcov.info && node --test",
    )
    (root / "a.test.js").write_text(NODE_TEST.replace(", 3)", ", 2)"))
    outcome = run(root)
    assert told(outcome)[0] is Verdict.PASS
    assert outcome.metrics()["quality.coverage.npm"] == 50.0
    package(root, "node --test")
    (root / "a.test.js").write_text(NODE_TEST)
    aside = [{"test": "*is wrong", "until": "2999-01-01"}]
    outcome = act(root, "npm_tests", {"quarantine": aside})
    assert told(outcome)[0] is Verdict.PASS
    assert "1 passed, 0 skipped, 1 set aside" in told(outcome)[1]
    assert [(f.rule, f.severity) for f in outcome.findings] == [("test-quarantined", Severity.LOW)]


def test_packages_are_installed_into_a_copy_when_that_is_asked(root: Path) -> None:
    (root / "dep").mkdir()
    (root / "dep" / "package.json").write_text(json.dumps({"name": "dep", "version": "1.0.0", "main": "i.js"}))
    (root / "dep" / "i.js").write_text("module.exports = 2;\n")
    package(root, "node --test", dependencies={"dep": "file:./dep"})
    (root / "a.test.js").write_text("const dep = require('dep');\n" + NODE_TEST.replace("1 + 1, 3", "dep, 3"))
    before = sorted(path.name for path in root.iterdir())
    outcome = run(root, install=True)
    assert told(outcome)[0] is Verdict.FAIL
    assert [finding.path for finding in outcome.findings] == ["a.test.js"]
    assert sorted(path.name for path in root.iterdir()) == before


def test_types_of_typescript_are_checked_by_the_workspaces_own_tsc(root: Path) -> None:
    body = f"console.log('src/a.ts(3,7): error TS2322: it is no number.');console.log('{root}/src/a.ts');process.exit(2);\n"
    runner(root, "tsc", body)
    package(root, "x", devDependencies={"typescript": "5"})
    (root / "tsconfig.json").write_text("{}")
    outcome = act(root, "types")
    assert told(outcome)[0] is Verdict.FAIL
    assert "1 errors; it looked at 1 file" in told(outcome)[1]
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("TS2322", "src/a.ts", 3)]
    (root / "node_modules" / ".bin" / "tsc").write_text(
        "#!/usr/bin/env node\nconsole.log('error TS18003: No inputs were found.')\nprocess.exit(2)\n"
    )
    assert told(act(root, "types"))[0] is Verdict.UNKNOWN


def test_eslint_is_read_and_a_file_that_does_not_parse_is_named(root: Path) -> None:
    report = [
        {
            "filePath": str(root / "a.js"),
            "messages": [{"ruleId": "no-undef", "severity": 2, "message": "x", "line": 4, "column": 1}],
        },
        {
            "filePath": str(root / "b.js"),
            "messages": [{"ruleId": None, "fatal": True, "severity": 2, "message": "torn", "line": 2}],
        },
    ]
    runner(
        root, "eslint", f"fs.writeFileSync(arg('--output-file'), {json.dumps(json.dumps(report))}); process.exit(1);\n"
    )
    package(root, "x", devDependencies={"eslint": "9"})
    assert told(act(root, "npm_lint"))[0] is Verdict.UNKNOWN
    (root / "eslint.config.js").write_text("")
    outcome = act(root, "npm_lint")
    assert told(outcome)[0] is Verdict.FAIL
    assert [(f.rule, f.path, f.line) for f in outcome.findings] == [("no-undef", "a.js", 4), ("unparsable", "b.js", 2)]


def test_journeys_keep_their_traces_and_are_unknown_without_a_browser(root: Path) -> None:
    report = '<testsuites><testsuite name="a.spec.js"><testcase classname="a.spec.js" name="buys">'
    report += '<failure>Error: no button</failure></testcase><testcase classname="a.spec.js" name="looks"/>'
    report += "</testsuite></testsuites>"
    write = f"fs.writeFileSync(process.env.PLAYWRIGHT_JUNIT_OUTPUT_NAME, {json.dumps(report)});"
    trace = "const o = arg('--output'); fs.mkdirSync(o + '/buys', {recursive: true}); fs.writeFileSync(o + '/buys/trace.zip', 'x');"
    runner(root, "playwright", f"{write}{trace}process.exit(1);\n")
    package(root, "x", devDependencies={"@playwright/test": "1"})
    (root / "playwright.config.js").write_text("")
    (root / "tests").mkdir()
    (root / "tests" / "a.spec.js").write_text("")
    outcome = act(root, "journeys")
    assert told(outcome)[0] is Verdict.FAIL
    assert "1 failed, 1 passed" in told(outcome)[1]
    assert [(f.rule, f.path, f.message) for f in outcome.findings] == [
        ("journey-failed", "tests/a.spec.js", "buys: Error: no button")
    ]
    assert outcome.artifacts["buys-trace.zip"].read_text() == "x"
    none = 'console.log("Error: browserType.launch: Executable doesn\'t exist at /x"); process.exit(1);\n'
    (root / "node_modules" / ".bin" / "playwright").write_text(f"#!/usr/bin/env node\n{none}")
    verdict, words = told(act(root, "journeys"))
    assert verdict is Verdict.UNKNOWN
    assert "run 'npx playwright install'" in words

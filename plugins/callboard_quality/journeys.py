"""The action `quality.journeys`: the workspace's own Playwright, in a browser, each journey as a test with its trace."""

import datetime
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from callboard.api import (
    Context,
    Finding,
    Result,
    Severity,
    TestCase,
    TestOutcome,
    Workspace,
    failed,
    failing,
    passed,
    unknown,
)
from callboard_quality.npm import COLOURS, browsers_missing, cases_of
from callboard_quality.options import JourneyOptions, TestOptions
from callboard_quality.packages import QUIET, described, is_installed, missing_words, own_program, read_package
from callboard_quality.projects import inside
from callboard_quality.quarantine import Quarantine, names_of
from callboard_quality.suite import Pick, run_pytest
from callboard_quality.tests_action import Prepared, prepared

CONFIGS = tuple(f"playwright.config.{end}" for end in ("ts", "js", "mjs", "cjs", "mts"))
# variables by which a configuration lets the browser's program be chosen
EXECUTABLE = re.compile(r"process\.env(?:\.|\[['\"])(\w*(?:CHROM|BROWSER|EXECUTABLE)\w*)")
PYTHON_PAGE = re.compile(r"^\s*(?:from|import) playwright\b|def test_\w+\([^)]*\bpage\b", re.MULTILINE)
MOST_TRACES = 10
LARGEST_TRACE = 50_000_000


def npm_folders(workspace: Workspace) -> list[str]:
    """The folders with a configuration of Playwright's own runner that their package depends on."""
    found = []
    for folder in workspace.folders_with(*CONFIGS):
        if "@playwright/test" in described(workspace, folder, read_package(workspace, folder)).dependencies:
            found.append(folder)
    return found


def python_files(workspace: Workspace, folder: str) -> list[str]:
    """The test files of a project that use a page of Playwright, where the project asks for pytest-playwright."""
    names = ("pyproject.toml", "setup.cfg", "tox.ini", "Pipfile", "*requirements*.txt", "*requirements*.in")
    said = [path for path in workspace.matching(*names) if inside(path, folder)]
    if not any(re.search(r"pytest[-_]playwright", workspace.text(path, 500_000)) for path in said):
        return []
    tests = [path for path in workspace.matching("test_*.py", "*_test.py") if inside(path, folder)]
    return [path for path in tests if PYTHON_PAGE.search(workspace.text(path, 200_000))]


def run_journeys(ctx: Context, options: JourneyOptions) -> Result:
    """Runs them by the runner that the folder declares; UNKNOWN with the mend when there is no browser."""
    if options.folder in npm_folders(ctx.workspace):
        return _with_npm(ctx, options)
    files = python_files(ctx.workspace, options.folder)
    if files:
        return _with_pytest(ctx, options, files)
    return unknown(
        f"no journey ran: {options.folder or 'the workspace'} declares neither @playwright/test nor pytest-playwright"
    )


def _with_npm(ctx: Context, options: JourneyOptions) -> Result:
    found = described(ctx.workspace, options.folder, read_package(ctx.workspace, options.folder))
    if not is_installed(ctx.workspace, options.folder):
        return unknown(f"no journey ran: {missing_words(options.folder, found).partition(', or set')[0]}")
    program = own_program(ctx.workspace, options.folder, "playwright")
    if program is None:
        return unknown(f"no journey ran: node_modules has no @playwright/test; run '{found.command}' first")
    here = ctx.workspace.path / options.folder
    report, results = ctx.scratch / "report", ctx.scratch / "results"
    words: list[str | Path] = [
        program,
        "test",
        "--reporter=line,junit",
        f"--output={results}",
        "--trace=retain-on-failure",
    ]
    words += [f"--project={options.project}"] if options.project else []
    given = {**QUIET, **_browser(ctx, options.folder)}
    given |= {"PLAYWRIGHT_JUNIT_OUTPUT_NAME": str(report), "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report)}
    run = ctx.run_tool(words, cwd=here, env=given, timeout=options.timeout, echo=True)
    cases, fault = cases_of(report)
    if cases:
        ctx.artifact(report, "junit.xml", kind="junit")
    output = COLOURS.sub("", f"{run.stdout[-200_000:]}\n{run.stderr}")
    output += "".join(case.text for case in cases or ())
    return _judged(
        ctx, options, cases or [], output, fault, run.seconds, run.code, run.timed_out, results, "playwright"
    )


def _browser(ctx: Context, folder: str) -> dict[str, str]:
    """The system's Chromium, under the variables by which the workspace's own configuration lets it be chosen."""
    chromium = next(
        (found for name in ("chromium", "google-chrome", "chromium-browser") if (found := shutil.which(name))), ""
    )
    prefix = f"{folder}/" if folder else ""
    names = {name for config in CONFIGS for name in EXECUTABLE.findall(ctx.workspace.text(prefix + config, 200_000))}
    return {name: chromium for name in names if chromium and name not in os.environ}


def _with_pytest(ctx: Context, options: JourneyOptions, files: list[str]) -> Result:
    ready = prepared(ctx, TestOptions(folder=options.folder, framework="pytest", coverage=False))
    if isinstance(ready, Result):
        return unknown(ready.summary.replace("no tests ran", "no journey ran"))
    if ready.environment.has.get("pytest-playwright") is None:
        return unknown(f"no journey ran: {ready.environment.words} has no pytest-playwright; install it there")
    return _ran(ctx, options, ready, files)


def _ran(ctx: Context, options: JourneyOptions, ready: Prepared, files: list[str]) -> Result:
    results = ctx.scratch / "results"
    operands = [f"./{path[len(options.folder) :].lstrip('/')}" for path in files]
    words = (f"--output={results}", "--tracing=retain-on-failure")
    plain = TestOptions(folder=options.folder, coverage=False, timeout=options.timeout)
    suite = run_pytest(ctx, ready.environment, plain, Pick(operands=operands, words=words))
    if suite.junit is not None:
        ctx.artifact(suite.junit, "junit.xml", kind="junit")
    output = f"{suite.run.stdout[-200_000:]}\n{suite.run.stderr}"
    cases = list(suite.report.cases) if suite.report else []
    run = suite.run
    return _judged(
        ctx, options, cases, output, suite.fault, run.seconds, run.code, run.timed_out, results, "pytest-playwright"
    )


def _judged(
    ctx: Context,
    options: JourneyOptions,
    cases: list[TestCase],
    output: str,
    fault: str,
    seconds: float,
    code: int | None,
    timed_out: bool,
    results: Path,
    tool: str,
) -> Result:
    good = sum(case.outcome is TestOutcome.PASSED for case in cases)
    bad = [case for case in cases if case.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
    skipped = len(cases) - good - len(bad)
    if not good:
        stopped = browsers_missing(output, options.folder)
        if stopped and tool == "pytest-playwright":
            stopped = "Playwright's browsers are not installed; run 'playwright install' in the project's environment"
        if stopped:
            return unknown(f"no journey ran: {stopped}")
    quarantine = Quarantine(ctx.settings, datetime.datetime.now().astimezone().date())
    aside = 0
    for case in bad:
        finding = _finding(ctx, options, case, tool)
        names = (*names_of(case), case.name)
        held, over = quarantine.holding(*names), quarantine.expired(*names)
        if held is not None:
            aside += 1
            words = f"{finding.message}; set aside {held.words}"
            finding = replace(finding, rule="test-quarantined", severity=Severity.LOW, message=words)
        elif over is not None:
            finding = replace(finding, message=f"{finding.message}; its quarantine ended on {over.until}")
        ctx.finding(finding)
    traces = list(_traces(ctx, results))
    real = len(bad) - aside
    words = f"{f'{real} failed, ' if real else ''}{good} passed, {skipped} skipped in {seconds:.1f} s ({tool})"
    words += f"; {aside} failed but set aside" if aside else ""
    words += f"; {len(traces)} traces kept" if traces else ""
    if failing(ctx, options.fail_on):
        return failed(words)
    if timed_out:
        return unknown(f"the journeys took longer than {options.timeout:.0f} s; {words}")
    if not good:
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        why = (
            f"all {skipped} were skipped"
            if skipped
            else fault or f"exit code {code}: {(lines or ['it wrote nothing'])[-1]}"
        )
        return unknown(f"no journey ran: {why}")
    if code != 0 and not aside:
        return unknown(f"{tool} ended with code {code}; {words}")
    ctx.metric("quality.journeys.passed", good)
    return passed(words)


def _finding(ctx: Context, options: JourneyOptions, case: TestCase, tool: str) -> Finding:
    text = COLOURS.sub("", case.text)
    place = re.search(r"([^\s()›]+\.(?:[cm]?[jt]sx?|py)):(\d+)", text)
    file = case.file or case.classname or (place[1] if place else "")
    spots = [options.folder, *(f"{options.folder}/{name}".lstrip("/") for name in ("tests", "e2e"))]
    known = frozenset(ctx.workspace.files)
    paths = (f"{spot}/{file}".lstrip("/") for spot in spots)
    path = next((path for path in paths if path in known), "")
    lines = [line.strip() for line in text.splitlines() if re.search(r"Error|expect|Timeout", line)]
    message = (lines or [case.message or "no reason was given"])[0][:500]
    mark = hashlib.sha256("\x1f".join(("journey", options.folder, file, case.name)).encode("utf-8", "replace"))
    return Finding(
        "journey-failed",
        Severity.HIGH,
        f"{case.name}: {message}",
        path,
        int(place[2]) if place and path.endswith(place[1].rpartition("/")[2]) else case.line,
        help="open its trace with 'npx playwright show-trace' or at trace.playwright.dev",
        tool=tool,
        fingerprint=mark.hexdigest()[:16],
    )


def _traces(ctx: Context, results: Path) -> Iterator[str]:
    """Keeps the traces of the journeys that failed, under the names of their folders."""
    kept = 0
    for path in sorted(results.rglob("trace.zip")) if results.is_dir() else ():
        if kept < MOST_TRACES and path.stat().st_size <= LARGEST_TRACE and not path.is_symlink():
            kept += 1
            name = f"{path.parent.name}-trace.zip"
            ctx.artifact(path, name)
            yield name

"""The action `quality.npm_tests`: `npm test`, read by the machine format of its runner."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    TestCase,
    TestOutcome,
    TestReport,
    ToolRun,
    Workspace,
    failed,
    load_json,
    passed,
    read_junit,
    unknown,
)
from callboard_quality.options import NpmOptions

LARGEST = 1_000_000
NO_TEST = re.compile(r"no test specified|^\s*(?:exit 0|true|:|echo\b[^&|;]*)\s*$")
MANAGERS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun"}
COUNTS = (
    re.compile(r"^# pass (?P<passed>\d+)$[\s\S]*?^# fail (?P<failed>\d+)$", re.MULTILINE),
    re.compile(r"ℹ pass (?P<passed>\d+)[\s\S]*?ℹ fail (?P<failed>\d+)"),
    re.compile(r"^\s*(?P<passed>\d+) passing\b(?:[\s\S]*?^\s*(?P<failed>\d+) failing\b)?", re.MULTILINE),
    re.compile(
        r"^\s*Tests:?\s+(?:(?P<failed>\d+) failed[,|\s]+)?(?:\d+ skipped[,|\s]+)?(?P<passed>\d+) passed", re.MULTILINE
    ),
)
PLACE = re.compile(r"([^\s()]{1,1000}?):(\d{1,7}):\d{1,7}")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Package:
    """A package.json: its script, what it depends on, the program that runs its scripts, whether it speaks for packages below."""

    script: str
    dependencies: tuple[str, ...]
    manager: str
    workspaces: bool = False


def package(workspace: Workspace, folder: str, script: str = "test") -> Package | None:
    """The package in the folder when it has a real script of that name; None for none and for npm's placeholder."""
    prefix = f"{folder}/" if folder else ""
    try:
        data = load_json(workspace.text(f"{prefix}package.json", LARGEST), "package.json")
    except CallboardError:
        return None
    scripts = data.get("scripts") if isinstance(data, dict) else None
    words = scripts.get(script) if isinstance(scripts, dict) else None
    if not isinstance(words, str) or not words.strip() or NO_TEST.search(words):
        return None
    tables = [data.get(key) for key in ("dependencies", "devDependencies")]
    names = tuple(name for table in tables if isinstance(table, dict) for name in table)
    declared = str(data.get("packageManager", "")).partition("@")[0]
    spots = _upwards(workspace.path / folder, workspace.path)
    locked = [MANAGERS[name] for spot in spots for name in MANAGERS if (spot / name).is_file()]
    manager = declared if declared in ("npm", *MANAGERS.values()) else (locked or ["npm"])[0]
    below = bool(data.get("workspaces")) or (workspace.path / folder / "pnpm-workspace.yaml").is_file()
    return Package(words, names, manager, below)


def _upwards(here: Path, top: Path) -> list[Path]:
    return [spot for spot in (here, *here.parents) if spot == top or top in spot.parents]


def run_npm(ctx: Context, options: NpmOptions) -> Result:
    """Runs the script and judges it by its report, or by the counts that its runner prints."""
    here = ctx.workspace.path / options.folder
    found = package(ctx.workspace, options.folder, options.script)
    if found is None:
        return unknown(f"no tests ran: package.json has no real script '{options.script}'")
    installed = any((spot / "node_modules").is_dir() for spot in _upwards(here, ctx.workspace.path))
    if found.dependencies and not installed:
        return unknown(f"no tests ran: node_modules is missing; run '{found.manager} install' in {here.name} first")
    program = ctx.program(found.manager)
    if program is None:
        return unknown(f"no tests ran: {found.manager} is not installed")
    report = ctx.scratch / "report"
    extra, added = _reporter(found.script, report)
    passes = ["--"] if extra and found.manager in ("npm", "bun") else []
    run = ctx.run_tool(
        [program, "run", options.script, *passes, *extra],
        cwd=here,
        env={"CI": "1", "NO_COLOR": "1", "FORCE_COLOR": "0", "npm_config_update_notifier": "false", **added},
        timeout=options.timeout,
        echo=True,
    )
    cases, fault = _cases(report)
    if cases is not None:
        ctx.artifact(
            report, "jest.json" if "jest" in found.script else "junit.xml", kind="junit" if _is_xml(report) else ""
        )
    return _judged(ctx, options, found, run, cases, fault)


def _reporter(script: str, report: Path) -> tuple[list[str], dict[str, str]]:
    """What makes the runner write a report: words after the script, and variables. Only the script's last command takes words."""
    last = re.split(r"&&|\|\||;|\|", script)[-1]
    if re.search(r"\bvitest\b", last):
        return ["--reporter=default", "--reporter=junit", f"--outputFile.junit={report}"], {}
    if re.search(r"\bjest\b", last):
        return ["--ci", "--json", f"--outputFile={report}", "--testLocationInResults"], {}
    if re.search(r"\bplaywright test\b", last):
        return ["--reporter=line,junit"], {
            "PLAYWRIGHT_JUNIT_OUTPUT_NAME": str(report),
            "PLAYWRIGHT_JUNIT_OUTPUT_FILE": str(report),
        }
    if re.search(r"\bmocha\b", last):
        return ["--reporter=xunit", f"--reporter-option=output={report}"], {}
    if re.search(r"\bnode\b.*--test\b", last) and "--test-reporter" not in last:
        reporters = f"--test-reporter=junit --test-reporter-destination={report}"
        return [], {"NODE_OPTIONS": f"{reporters} --test-reporter=spec --test-reporter-destination=stdout"}
    return [], {}


def _is_xml(report: Path) -> bool:
    with open(report, "rb") as file:
        return file.read(200).lstrip().startswith(b"<")


def _cases(report: Path) -> tuple[list[TestCase] | None, str]:
    if not report.is_file():
        return None, ""
    try:
        if _is_xml(report):
            return list(read_junit(report).cases), ""
        with open(report, "rb") as file:
            return _jest_cases(load_json(file.read(30_000_000), report)), ""
    except CallboardError as error:
        return None, str(error)


def _jest_cases(document: Any) -> list[TestCase]:
    outcomes = {"passed": TestOutcome.PASSED, "failed": TestOutcome.FAILED}
    cases = []
    for suite in document.get("testResults", []) if isinstance(document, dict) else []:
        file = str(suite.get("name", ""))
        for test in suite.get("assertionResults", []):
            text = COLOURS.sub("", "\n".join(map(str, test.get("failureMessages") or [])))
            cases.append(
                TestCase(
                    name=str(test.get("title", "")),
                    classname=" ".join(map(str, test.get("ancestorTitles") or [])),
                    file=file,
                    line=int((test.get("location") or {}).get("line") or 0),
                    seconds=float(test.get("duration") or 0) / 1000,
                    outcome=outcomes.get(str(test.get("status")), TestOutcome.SKIPPED),
                    message=text.partition("\n")[0],
                    text=text[:20_000],
                )
            )
        if suite.get("status") == "failed" and not suite.get("assertionResults"):
            text = COLOURS.sub("", str(suite.get("message", "")))[:20_000]
            cases.append(
                TestCase(Path(file).name, "", file, 0, 0.0, TestOutcome.ERROR, text.strip().partition("\n")[0], text)
            )
    return cases


def _judged(
    ctx: Context, options: NpmOptions, found: Package, run: ToolRun, cases: list[TestCase] | None, fault: str
) -> Result:
    where = f"'{found.manager} run {options.script}'"
    if cases is None or not cases:
        return _by_words(ctx, options, run, where, fault)
    report = TestReport(tuple(cases))
    bad = [case for case in cases if case.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
    for case in bad:
        ctx.finding(_finding(ctx, options, case))
    for name, value in (("passed", report.passed), ("skipped", report.skipped), ("failed", len(bad))):
        ctx.metric(f"tests.{name}", value)
    words = f"{f'{len(bad)} failed, ' if bad else ''}{report.passed} passed, {report.skipped} skipped"
    words += f" in {run.seconds:.1f} s ({where})"
    if bad:
        least = Severity(options.fail_on).rank
        return failed(words) if Severity.HIGH.rank <= least else passed(words)
    if run.timed_out:
        return unknown(f"{where} took longer than {options.timeout:.0f} s; {words}")
    if run.code != 0:
        return _broken(ctx, options, run, where, f"{words}, but it ended with code {run.code}")
    return passed(words) if report.passed else unknown(f"no tests ran: all {report.skipped} were skipped ({where})")


def _finding(ctx: Context, options: NpmOptions, case: TestCase) -> Finding:
    base = ctx.workspace.path / options.folder
    whole = case.name.startswith("/") and Path(case.name).is_file()  # node --test names a file that broke off so
    file = case.name if whole else case.file or (case.classname if re.search(r"\.\w{2,4}$", case.classname) else "")
    path = str((base / file).resolve()) if file else ""
    line = case.line
    for spot, number in PLACE.findall(case.text)[:200] if not (path and line) else []:
        place = (base / spot.removeprefix("file://")).resolve()
        own = place.is_relative_to(ctx.workspace.path) and "node_modules" not in place.parts and place.is_file()
        if str(place) == path or (not path and own):
            path, line = str(place), int(number)
            break
    named = case.name if case.classname in ("", "test", file) else f"{case.classname} {case.name}"
    if whole:
        file = named = os.path.relpath(file, base)
    rule = "test-failed" if case.outcome is TestOutcome.FAILED else "test-error"
    message = COLOURS.sub("", case.message).strip().partition("\n")[0] or "no reason was given"
    if whole and message == "test failed":
        message = "this file ended in an error before its tests were over; the log has its words"
    mark = hashlib.sha256("\x1f".join((rule, options.folder, file, named)).encode("utf-8", "replace")).hexdigest()[:16]
    return Finding(
        rule, Severity.HIGH, f"{named}: {message}", path, line, help="run it alone", tool="npm", fingerprint=mark
    )


def _by_words(ctx: Context, options: NpmOptions, run: ToolRun, where: str, fault: str) -> Result:
    """Without a report: the exit code says that it failed; that it passed is believed only with counts."""
    if run.timed_out:
        return unknown(f"{where} took longer than {options.timeout:.0f} s")
    text = COLOURS.sub("", run.stdout[-200_000:] + "\n" + run.stderr)
    counts = next((match for pattern in COUNTS if (match := pattern.search(text))), None)
    good, bad = (int(counts["passed"] or 0), int(counts["failed"] or 0)) if counts else (0, 0)
    if run.code is None:
        return unknown(f"no tests ran: {run.trouble}")
    if run.code != 0 or bad:
        return _broken(ctx, options, run, where, f"{bad} failed, {good} passed" if counts else "it failed")
    words = f"{good} passed in {run.seconds:.1f} s ({where})"
    if good or options.trust_exit_code:
        return passed(words if good else f"{where} ended with code 0; how many tests ran is not known")
    return unknown(
        fault
        or f"{where} ended with code 0, but its output does not say that a test ran; "
        "use vitest, jest, mocha or node --test, or set trust_exit_code = true"
    )


def _broken(ctx: Context, options: NpmOptions, run: ToolRun, where: str, words: str) -> Result:
    prefix = f"{options.folder}/" if options.folder else ""
    noise = ("npm ERR!", "npm error", "ELIFECYCLE", "error Command failed")
    lines = [COLOURS.sub("", line).strip() for line in (run.stdout[-50_000:] + "\n" + run.stderr).splitlines()]
    told = [line for line in lines if line and not line.startswith((*noise, ">"))]
    error = next((line for line in reversed(told) if re.search(r"error|fail|✖|not found", line, re.IGNORECASE)), "")
    message = f"{where} ended with code {run.code}: {error or (told or ['it wrote nothing'])[-1]}"
    ctx.finding(Finding("npm-test", Severity.HIGH, message, f"{prefix}package.json", help="run it by hand", tool="npm"))
    return failed(f"{words} ({where}, exit code {run.code})")

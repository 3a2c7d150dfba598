"""The action `quality.npm_tests`: `npm test`, read by the machine format of its runner."""

import datetime
import hashlib
import itertools
import os
import re
import time
from dataclasses import replace
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
    Verdict,
    failed,
    failing,
    load_json,
    passed,
    read_junit,
    read_lcov,
    unknown,
)
from callboard_quality import board
from callboard_quality.changes import head
from callboard_quality.history import History, slot
from callboard_quality.history import Result as Went
from callboard_quality.options import NpmOptions
from callboard_quality.packages import (
    QUIET,
    NotInstalled,
    Package,
    installed_copy,
    is_installed,
    missing_words,
    own_program,
    package,
    where_to_install,
)
from callboard_quality.quarantine import Quarantine, faulty_words

COUNTS = (
    re.compile(r"^# pass (?P<passed>\d+)$[\s\S]*?^# fail (?P<failed>\d+)$", re.MULTILINE),
    re.compile(r"ℹ pass (?P<passed>\d+)[\s\S]*?ℹ fail (?P<failed>\d+)"),
    re.compile(r"^\s*(?P<passed>\d+) passing\b(?:[\s\S]*?^\s*(?P<failed>\d+) failing\b)?", re.MULTILINE),
    re.compile(
        r"^\s*Tests:?\s+(?:(?P<failed>\d+) failed[,|\s]+)?(?:\d+ skipped[,|\s]+)?(?P<passed>\d+) passed", re.MULTILINE
    ),
)
NO_FILES = re.compile(r"No test files found|No tests found|no test files found")
RUNNERS = {"vitest": "vitest", "jest": "jest", "mocha": "mocha", "@playwright/test": "playwright", "ava": "ava"}
PLACE = re.compile(r"([^\s()]{1,1000}?):(\d{1,7}):\d{1,7}")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
RAISED = re.compile(r"^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)(?: \[\w+\])?: \S")
STOOD = re.compile(r"((?:file://)?/[^\s():]{1,1000}):(\d{1,7})(?::\d{1,7})?\)?$")
LONGEST_OUTPUT = 400_000


def run_npm(ctx: Context, options: NpmOptions) -> Result:
    """Runs the script and judges it by its report, or by the counts that its runner prints."""
    found = package(ctx.workspace, options.folder, options.script)
    if found is None:
        return unknown(f"no tests ran: package.json has no real script '{options.script}'")
    base = ctx.workspace.path
    if found.dependencies and not is_installed(ctx.workspace, options.folder):
        if not options.install:
            return unknown(f"no tests ran: {missing_words(options.folder, found)}")
        try:
            base = installed_copy(ctx, options.folder, found, options.install_limit)
        except NotInstalled as error:
            return unknown(f"no tests ran: {error}")
    elif lacking := _lacking(ctx, options.folder, found):
        place = where_to_install(options.folder, found)
        return unknown(f"no tests ran: node_modules has no {lacking}; run '{found.command}' in {place} first")
    program = ctx.program(found.manager)
    if program is None:
        return unknown(f"no tests ran: {found.manager} is not installed; the lock file {found.lock or ''} asks for it")
    here = base / options.folder
    report = ctx.scratch / "report"
    extra, added = reporter(found.script, report)
    passes = ["--"] if extra and found.manager in ("npm", "bun") else []
    begun = time.time()
    run = ctx.run_tool(
        [program, "run", options.script, *passes, *extra],
        cwd=here,
        env={**QUIET, **added},
        timeout=options.timeout,
        echo=True,
    )
    cases, fault = cases_of(report)
    if cases is not None:
        ctx.artifact(
            report, "jest.json" if "jest" in found.script else "junit.xml", kind="junit" if _is_xml(report) else ""
        )
    coverage = _coverage(ctx, here, begun)
    return _Judged(ctx, options, found, run, here).result(cases, fault, coverage)


def _lacking(ctx: Context, folder: str, found: Package) -> str:
    """The runner that the script calls and package.json declares, but node_modules lacks; '' when it is there."""
    for name, program in RUNNERS.items():
        if re.search(rf"(?:^|[;&|]|npx)\s*{program}\b", found.script) and name in found.dependencies:
            return "" if own_program(ctx.workspace, folder, program) else name
    return ""


def _coverage(ctx: Context, here: Path, begun: float) -> float | None:
    """The percentage of lines in an LCOV file that this run wrote, None when it wrote none."""
    for name in ("coverage/lcov.info", "lcov.info"):
        path = here / name
        try:
            if path.is_file() and path.stat().st_mtime >= begun - 1:
                ctx.artifact(path, "lcov.info", kind="coverage")
                return read_lcov(path).percent
        except (CallboardError, OSError) as error:
            ctx.log(f"{name} cannot be read: {error}", "warning")
    return None


def reporter(script: str, report: Path) -> tuple[list[str], dict[str, str]]:
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


def cases_of(report: Path) -> tuple[list[TestCase] | None, str]:
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


class _Judged:
    """Judges a run of the script; what failed is told, but for what is set aside."""

    def __init__(self, ctx: Context, options: NpmOptions, found: Package, run: ToolRun, here: Path) -> None:
        self._ctx = ctx
        self._options = options
        self._run = run
        self._here = here
        self._where = f"'{found.manager} run {options.script}'"
        self._history = History(ctx.memory, slot("npm", options.folder))

    def result(self, cases: list[TestCase] | None, fault: str, coverage: float | None) -> Result:
        ctx, options, run, where = self._ctx, self._options, self._run, self._where
        stopped = browsers_missing(f"{run.stdout[-200_000:]}\n{run.stderr}", options.folder)
        if not cases:
            if stopped or (run.code in (0, 1) and NO_FILES.search(COLOURS.sub("", run.stdout + run.stderr))):
                return unknown(f"no tests ran: {stopped or f'{where} found none'}")
            return _by_words(ctx, options, run, where, fault)
        if stopped and not any(case.outcome is TestOutcome.PASSED for case in cases):
            return unknown(f"no tests ran: {stopped}")
        quarantine = Quarantine(ctx.settings, datetime.datetime.now().astimezone().date())
        report = TestReport(tuple(cases))
        bad = [case for case in cases if case.outcome in (TestOutcome.FAILED, TestOutcome.ERROR)]
        aside = ended = 0
        for case in bad:
            finding = _finding(ctx, options, case, self._here, run.stdout)
            held = quarantine.holding(name_of(case, self._here))
            if held is not None:
                aside += 1
                words = f"{finding.message}; set aside {held.words}"
                finding = replace(finding, rule="test-quarantined", severity=Severity.LOW, message=words)
            elif (over := quarantine.expired(name_of(case, self._here))) is not None:
                ended += 1
                finding = replace(finding, message=f"{finding.message}; its quarantine ended on {over.until}")
            ctx.finding(finding)
        real = len(bad) - aside
        parts = [f"{real} failed"] if real else []
        parts += [f"{report.passed} passed", f"{report.skipped} skipped"] + ([f"{aside} set aside"] if aside else [])
        words = f"{', '.join(parts)} in {run.seconds:.1f} s ({where})"
        words += f"; coverage {coverage:.1f} %" if coverage is not None else ""
        words += f"; {ended} failed whose quarantine is over" if ended else ""
        words += faulty_words(quarantine.faulty)
        result = self._verdict(words, real, aside, report)
        self._remember(cases, result, real, aside, report, coverage)
        return result

    def _verdict(self, words: str, real: int, aside: int, report: TestReport) -> Result:
        run, options, where = self._run, self._options, self._where
        if real:
            return failed(words) if failing(self._ctx, options.fail_on) else passed(words)
        if run.timed_out:
            return unknown(f"{where} took longer than {options.timeout:.0f} s; {words}")
        if run.code != 0 and not aside:
            return _broken(self._ctx, options, run, where, f"{words}, but it ended with code {run.code}")
        if not report.passed:
            why = "every test that ran is set aside" if aside else f"no tests ran: all {report.skipped} were skipped"
            return unknown(f"{why} ({where})")
        return passed(words)

    def _remember(
        self, cases: list[TestCase], result: Result, real: int, aside: int, report: TestReport, coverage: float | None
    ) -> None:
        ctx, options = self._ctx, self._options
        results = {name_of(case, self._here): Went(str(case.outcome), case.seconds) for case in cases}
        fresh = self._history.add(
            results,
            head(ctx.workspace.path),
            self._run.seconds,
            is_green=result.verdict is Verdict.PASS,
            is_whole=not self._run.timed_out,
        )
        detail = f".npm-{options.folder.replace('/', '-')}" if options.folder else ".npm"
        figures = {"passed": report.passed, "failed": real, "skipped": report.skipped, "aside": aside}
        for key, value in figures.items():
            ctx.metric(f"quality.tests.{key}{detail}", value)
        ctx.metric(f"quality.tests.seconds{detail}", self._run.seconds, "s")
        if coverage is not None:
            ctx.metric(f"quality.coverage{detail}", coverage, "%")
        more = {"coverage": coverage, "verdict": str(result.verdict), "fresh": fresh[:200], "words": result.summary}
        title = f"npm {options.folder}".strip()
        board.show(ctx, slot("npm", options.folder), title, {**figures, "seconds": self._run.seconds, **more})


def name_of(case: TestCase, here: Path) -> str:
    """How a test is called in the history and in the quarantine: 'src/a.test.ts > sum > adds'."""
    file = case.file or case.classname
    if file.startswith("/"):
        file = os.path.relpath(os.path.realpath(file), os.path.realpath(here))
    suite = case.classname if case.classname not in ("", "test", file, case.file) else ""
    return " > ".join(part for part in (file, suite, case.name) if part)[:1_000]


def browsers_missing(output: str, folder: str) -> str:
    """What to do when Playwright has no browser, '' when that is not what stopped it."""
    if "Executable doesn't exist at" not in output and "browserType.launch: Chromium distribution" not in output:
        return ""
    return f"Playwright's browsers are not installed; run 'npx playwright install' in {folder or 'the workspace'}"


def _finding(ctx: Context, options: NpmOptions, case: TestCase, base: Path, output: str) -> Finding:
    top = base
    for _ in filter(None, options.folder.split("/")):
        top = top.parent
    whole = case.name.startswith("/") and Path(case.name).is_file()  # node --test names a file that broke off so
    file = case.name if whole else case.file or (case.classname if re.search(r"\.\w{2,4}$", case.classname) else "")
    path = str((base / file).resolve()) if file else ""
    line = case.line
    for spot, number in PLACE.findall(case.text)[:200] if not (path and line) else []:
        place = (base / spot.removeprefix("file://")).resolve()
        own = place.is_relative_to(top.resolve()) and "node_modules" not in place.parts and place.is_file()
        if str(place) == path or (not path and own):
            path, line = str(place), int(number)
            break
    named = case.name if case.classname in ("", "test", file) else f"{case.classname} {case.name}"
    if whole:
        file = named = os.path.relpath(file, base)
    rule = "test-failed" if case.outcome is TestOutcome.FAILED else "test-error"
    message = COLOURS.sub("", case.message).strip().partition("\n")[0] or "no reason was given"
    if whole and message == "test failed":
        told = _ended_in(output, case.name, top.resolve())
        message = told or "this file ended in an error before its tests were over; the log has its words"
    mark = hashlib.sha256("\x1f".join((rule, options.folder, file, named)).encode("utf-8", "replace")).hexdigest()[:16]
    if path and top != ctx.workspace.path:
        path = os.path.relpath(path, top.resolve())
    return Finding(
        rule, Severity.HIGH, f"{named}: {message}", path, line, help="run it alone", tool="npm", fingerprint=mark
    )


def _ended_in(output: str, name: str, top: Path) -> str:
    """The exception that a file ended in, which Node writes before it says that the file failed; '' when it is not told."""
    lines = COLOURS.sub("", output[-LONGEST_OUTPUT:]).splitlines()
    at = next((nth for nth, line in enumerate(lines) if line.startswith(f"✖ {name}")), 0)
    begin = next((nth for nth in range(at - 1, -1, -1) if lines[nth].startswith(("✖", "✔", "▶", "ℹ"))), -1) + 1
    raised = next((nth for nth in range(begin, at) if RAISED.match(lines[nth])), None)
    if raised is None:
        return ""
    words = lines[raised].strip()[:500]
    heads = [line for line in lines[max(begin, raised - 8) : raised] if not line[:1].isspace()]
    stack = itertools.takewhile(lambda line: line.lstrip().startswith("at "), lines[raised + 1 : at])
    for line in (*reversed(heads), *stack):
        place = STOOD.search(line)
        path = Path(place[1].removeprefix("file://")) if place is not None else None
        if place is not None and path is not None and path.is_relative_to(top) and "node_modules" not in path.parts:
            return f"{words} ({path.relative_to(top).as_posix()}:{place[2]})"
    return words


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

"""Test and coverage reports that somebody else's machine wrote, such as the team's CI."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from callboard.api import (
    CallboardError,
    Context,
    Finding,
    Result,
    Severity,
    TestCase,
    TestOutcome,
    TestReport,
    counted,
    handed_in,
    judged,
    option,
    origin_words,
    passed,
    path_here,
    read_coverage_xml,
    read_junit,
    read_lcov,
    read_tap,
    unknown,
)
from callboard_quality.quarantine import Quarantine, names_of

FAULTS = {TestOutcome.FAILED: ("test-failed", Severity.HIGH), TestOutcome.ERROR: ("test-error", Severity.HIGH)}


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Which upload, and what is known about it."""

    file: str = option("", help="The upload, as `callboard ingest` names it")
    name: str = option("", help="The name of the file where it comes from")
    format: Literal["auto", "junit", "tap", "cobertura", "lcov"] = option("auto", help="What it is")
    source: str = option("", help="Where it comes from")
    commit: str = option("", help="The commit that it is about")


def read_handed_in(ctx: Context, options: ReportOptions) -> Result:
    """UNKNOWN for what cannot be read or holds nothing; else what the report says."""
    try:
        place = handed_in(ctx, options.file)
        words = origin_words(ctx, options.name, options.source, options.commit)
        if options.format == "auto":
            return unknown(f"nobody can tell what {words} is; say it with --format")
        kind = {"junit": "junit", "tap": "text"}.get(options.format, "coverage")
        ctx.artifact(place, options.name, kind=kind)
        if options.format in ("junit", "tap"):
            report = read_junit(place) if options.format == "junit" else read_tap(place)
            return _tests(ctx, report, words, options.source or f"{options.format} report")
        return _coverage(ctx, place, options.format, words)
    except CallboardError as error:
        return unknown(f"{options.name or 'the report'} cannot be read: {error}")


def _tests(ctx: Context, report: TestReport, words: str, source: str) -> Result:
    ran = len(report.cases) - report.skipped
    for name in ("passed", "failed", "errors", "skipped"):
        ctx.metric(f"ci.tests.{name}", getattr(report, name))
    if not ran:
        return unknown(f"no test ran in {words}: {counted(len(report.cases), 'test')}, {report.skipped} skipped")
    ctx.metric("ci.tests.seconds", report.seconds, "s")
    known = frozenset(ctx.workspace.files)
    quarantine = Quarantine(ctx.settings, datetime.datetime.now().astimezone().date())
    aside = 0
    for case in report.cases:
        if case.outcome in FAULTS:
            finding = _finding(ctx, case, known, source)
            held, over = quarantine.holding(*names_of(case)), quarantine.expired(*names_of(case))
            if held is not None:
                aside += 1
                set_aside = f"{finding.message}; set aside {held.words}"
                finding = replace(finding, rule="test-quarantined", severity=Severity.LOW, message=set_aside)
            elif over is not None:
                finding = replace(finding, message=f"{finding.message}; its quarantine ended on {over.until}")
            ctx.finding(finding)
    counts = f"{report.passed} passed, {report.failed} failed, {report.errors} errors, {report.skipped} skipped"
    counts += f", {aside} of them set aside" if aside else ""
    return judged(ctx, "high", words, notes=[f"tests: {counts}"])


def _finding(ctx: Context, case: TestCase, known: frozenset[str], source: str) -> Finding:
    rule, severity = FAULTS[case.outcome]
    name = f"{case.classname}::{case.name}" if case.classname else case.name
    path = path_here(ctx.workspace, case.file, known) if case.file else _file_of(case.classname, known)
    return Finding(
        rule=rule,
        severity=severity,
        message=f"{name}: {case.message or case.outcome}",
        path=path,
        line=case.line if path else 0,
        help=case.text[:1_000],
        tool=source,
    )


def _file_of(classname: str, known: frozenset[str]) -> str:
    """The file that a dotted class name such as tests.test_a.TestCart points to, '' when none does."""
    parts: Sequence[str] = classname.split(".")
    for length in range(len(parts), 0, -1):
        path = "/".join(parts[:length]) + ".py"
        if path in known:
            return path
    return ""


def _coverage(ctx: Context, place: Path, kind: str, words: str) -> Result:
    report = read_lcov(place) if kind == "lcov" else read_coverage_xml(place)
    if report.percent is None:
        return unknown(
            f"no line was measured in {words}: {counted(len(report.files), 'file')} without lines that can run"
        )
    ctx.metric("ci.coverage", report.percent, "%")
    return passed(
        f"coverage {report.percent:.1f} % in {words}: {report.covered:,} of {report.valid:,} lines of"
        f" {counted(len(report.files), 'file')} ran"
    )

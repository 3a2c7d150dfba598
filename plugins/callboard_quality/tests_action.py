"""The action `quality.tests`: from the options to a judged run."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.api import Context, Environment, NoEnvironment, Result, Verdict, root_cause, unknown, unparsable
from callboard_quality import board
from callboard_quality.affected import Affected, affected, keep_map, keep_reasons
from callboard_quality.cases import Cases
from callboard_quality.changes import base_of, changed_lines, head
from callboard_quality.diffed import DiffCoverage, joined
from callboard_quality.history import History, slot
from callboard_quality.history import Result as Went
from callboard_quality.judge import Judge
from callboard_quality.lint import torn_settings
from callboard_quality.measured import Coverage, coverage_of
from callboard_quality.neighbours import lacking_neighbour
from callboard_quality.options import TestOptions
from callboard_quality.projects import Project, inside, is_django, projects, speaks_pytest
from callboard_quality.quarantine import Quarantine
from callboard_quality.retried import Retries, Tried, outcome_of
from callboard_quality.suite import Pick, SuiteRun, run_django, run_pytest, run_unittest

Framework = Literal["pytest", "unittest", "django"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the tests run with; `name` is the end of the keys of their memory."""

    environment: Environment
    framework: Framework
    name: str
    history: History


def run_tests(ctx: Context, options: TestOptions) -> Result:
    """Runs the project's tests in its environment and judges them, or splits them into tasks that do."""
    ready = prepared(ctx, options)
    if isinstance(ready, Result):
        return ready
    if ready.framework == "pytest":
        from callboard_quality.sharded import split

        shared = split(ctx, options, ready)
        if shared is not None:
            return shared
    ctx.progress(0.0, "runs the tests")
    pick, notes = _ordered(ctx, options, ready)
    suite = run_suite(ctx, options, ready, pick)
    if suite.story.left:
        notes = [*notes, f"{suite.story.left} left out, as no change affects them"]
    if suite.junit is not None:
        ctx.artifact(suite.junit, "junit.xml", kind="junit")
    coverage = coverage_of(ctx, ready.environment, options, suite)
    retries = Retries(ctx, ready.environment, options, suite, ready.history)
    tried = retries.told()
    if retries.left and options.reruns:
        notes = [*notes, f"{retries.left} failed ones could not be run again in time"]
    return finished(ctx, options, ready, suite, tried, coverage, notes)


def prepared(ctx: Context, options: TestOptions) -> Prepared | Result:
    """The environment and the framework, or why there is none of them."""
    project = next((p for p in projects(ctx.workspace) if p.folder == options.folder), None)
    if project is None:
        files = tuple(p for p in ctx.workspace.matching("*test*.py", "conftest.py") if inside(p, options.folder))
        project = Project(options.folder, files, ())
        if not files and not options.select:
            return unknown(f"no tests ran: there are no test files in {options.folder or 'the workspace'}")
    framework = _framework(ctx, options, project)
    try:
        environment = ctx.environment(
            options.folder,
            extra=[*(["pytest"] if framework == "pytest" else []), *(["coverage"] if options.coverage else [])],
            interpreter=options.interpreter,
            create=options.create_environment,
            install_limit=options.install_limit,
        )
    except NoEnvironment as none:
        return unknown(f"no tests ran: {_why_none(ctx, options.folder, none)}")
    if environment.has.get("pytest") is None and framework == "pytest":
        return unknown(
            f"no tests ran: the tests are written for pytest and {environment.words} has none; install pytest there"
        )
    if framework == "unittest" and options.framework == "auto" and environment.has.get("pytest") is not None:
        framework = "pytest"
    name = slot("tests", options.folder)
    return Prepared(environment, framework, name, History(ctx.memory, name))


def _why_none(ctx: Context, folder: str, none: NoEnvironment) -> str:
    """The reason with its mend, where the workspace itself tells more than the installer: torn settings, a neighbour."""
    prefix = f"{folder}/" if folder else ""
    found = [finding for finding in torn_settings(ctx) if finding.path == f"{prefix}pyproject.toml"]
    script = f"{prefix}setup.py"
    cause = root_cause(ctx.workspace, script)
    if cause is not None:
        found.append(unparsable(script, cause.why, line=cause.line))
    if found:
        ctx.finding(found[0])
        return f"{none.reason}; {ctx.findings[-1].message}: mend that first"
    mend = lacking_neighbour(ctx.workspace, none.reason, folder)
    return f"{none.reason}; {mend}" if mend else str(none)


def _framework(ctx: Context, options: TestOptions, project: Project) -> Framework:
    if options.framework != "auto":
        return options.framework
    if is_django(ctx.workspace, options.folder):
        return "django"
    return "pytest" if speaks_pytest(ctx.workspace, project) else "unittest"


def run_suite(ctx: Context, options: TestOptions, ready: Prepared, pick: Pick) -> SuiteRun:
    """Runs the tests by their framework."""
    run = {"pytest": run_pytest, "unittest": run_unittest, "django": run_django}[ready.framework]
    return run(ctx, ready.environment, options, pick)


def _ordered(ctx: Context, options: TestOptions, ready: Prepared) -> tuple[Pick, list[str]]:
    """What runs first, and words about it; only pytest can be told."""
    if ready.framework != "pytest":
        return Pick(), [f"{ready.framework} cannot leave tests out"] if options.only_affected else []
    if not (options.affected_first or options.only_affected):
        return Pick(), []
    found: Affected = affected(ctx, options.folder, ready.name, ready.history)
    notes = []
    if options.only_affected and found.everything:
        notes = [f"all tests ran, as {found.everything}"]
    plan = found.plan(only=options.only_affected)
    if plan is not None and (found.tests or found.files):
        keep_reasons(ctx, found)
    return Pick(first=plan), notes


def finished(
    ctx: Context,
    options: TestOptions,
    ready: Prepared,
    suite: SuiteRun,
    tried: Mapping[str, Tried],
    coverage: Coverage,
    notes: Sequence[str],
) -> Result:
    """Judges a whole run, remembers it, and fills the section."""
    quarantine = Quarantine(ctx.settings, datetime.datetime.now().astimezone().date())
    cases = Cases(ctx, ready.environment, options, suite, tried, quarantine, ready.history)
    judge = Judge(ctx, ready.environment, options, suite, cases, quarantine, list(notes))
    diff = _diff(ctx, options, ready, coverage)
    result = judge.result(coverage, diff)
    good, skipped, bad = judge.counts()
    if good + bad == 0:
        return result
    noted = cases.noted
    results = {
        name: Went(outcome_of(name, told.outcome, tried), told.seconds) for name, told in suite.story.tests.items()
    }
    whole = not (
        options.select or suite.story.left or suite.story.collect or suite.run.timed_out or suite.story.running
    )
    fresh = ready.history.add(
        results,
        head(ctx.workspace.path),
        suite.run.seconds,
        is_green=result.verdict is Verdict.PASS and not suite.story.left and not options.select,
        is_whole=whole,
    )
    if whole and suite.framework == "pytest" and coverage.percent is not None:
        keep_map(ctx, ready.environment, options.folder, ready.name, suite)
    real = bad - len(noted.flaky) - len(noted.aside)
    figures = {"passed": good, "failed": real, "skipped": skipped, "flaky": len(noted.flaky), "aside": len(noted.aside)}
    detail = f".{options.folder.replace('/', '-')}" if options.folder else ""
    for key, value in figures.items():
        ctx.metric(f"quality.tests.{key}{detail}", value)
    ctx.metric(f"quality.tests.seconds{detail}", suite.run.seconds, "s")
    if coverage.percent is not None:
        ctx.metric(f"quality.coverage{detail}", coverage.percent, "%")
    if diff is not None and diff.percent is not None:
        ctx.metric(f"quality.diff_coverage{detail}", diff.percent, "%")
    board.show(
        ctx,
        ready.name,
        options.folder or suite.framework,
        {
            **figures,
            "seconds": suite.run.seconds,
            "coverage": coverage.percent,
            "diff": diff.percent if diff is not None else None,
            "verdict": str(result.verdict),
            "fresh": fresh[:200],
            "words": result.summary,
        },
    )
    return result


def _diff(ctx: Context, options: TestOptions, ready: Prepared, coverage: Coverage) -> DiffCoverage | None:
    if coverage.percent is None or not options.diff_base:
        return None
    top = ctx.workspace.path
    base, words = base_of(top, options.diff_base, ready.history.green)
    if not base:
        return None
    return joined(changed_lines(top, base, words), coverage.ran)

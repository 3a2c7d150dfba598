"""The action `quality.tests`: from the options to a judged run."""

import os

from callboard.api import Context, Environment, NoEnvironment, Result, unknown
from callboard_quality.judge import Judge
from callboard_quality.measured import coverage_of
from callboard_quality.options import TestOptions
from callboard_quality.projects import Project, inside, projects, speaks_pytest
from callboard_quality.suite import SuiteRun, run_pytest, run_unittest


def run_tests(ctx: Context, options: TestOptions) -> Result:
    """Runs the project's tests in its environment and judges them."""
    project = next((p for p in projects(ctx.workspace) if p.folder == options.folder), None)
    if project is None:
        files = tuple(p for p in ctx.workspace.matching("*test*.py", "conftest.py") if inside(p, options.folder))
        project = Project(options.folder, files, ())
        if not files and not options.select:
            return unknown(f"no tests ran: there are no test files in {options.folder or 'the workspace'}")
    wants_pytest = options.framework == "pytest" or (
        options.framework == "auto" and speaks_pytest(ctx.workspace, project)
    )
    try:
        environment = ctx.environment(
            options.folder,
            extra=[*(["pytest"] if wants_pytest else []), *(["coverage"] if options.coverage else [])],
            interpreter=options.interpreter,
            create=options.create_environment,
            install_limit=options.install_limit,
        )
    except NoEnvironment as reason:
        return unknown(f"no tests ran: {reason}")
    if environment.has.get("pytest") is None and wants_pytest:
        return unknown(
            f"no tests ran: the tests are written for pytest and {environment.words} has none; install pytest there"
        )
    with_pytest = options.framework != "unittest" and environment.has.get("pytest") is not None
    ctx.progress(0.0, "runs the tests")
    suite = run_pytest(ctx, environment, options) if with_pytest else run_unittest(ctx, environment, options)
    if suite.junit is not None:
        ctx.artifact(suite.junit, "junit.xml", kind="junit")
    coverage = coverage_of(ctx, environment, options, suite)
    flaky = _flaky(ctx, environment, options, suite) if with_pytest and options.reruns else frozenset[str]()
    return Judge(ctx, environment, options, suite, flaky).result(coverage)


def _flaky(ctx: Context, environment: Environment, options: TestOptions, suite: SuiteRun) -> frozenset[str]:
    """The failed tests that passed in one of the reruns, each time run without the others that passed."""
    open_ones = [name for name, told in suite.story.tests.items() if told.outcome in ("failed", "error")][:200]
    flaky: set[str] = set()
    for _ in range(options.reruns):
        left = [name for name in open_ones if name not in flaky]
        if not left:
            break
        again = run_pytest(ctx, environment, options, only=[os.path.join(suite.story.root, name) for name in left])
        flaky |= {name for name in left if (told := again.story.tests.get(name)) and told.outcome == "passed"}
    return frozenset(flaky)

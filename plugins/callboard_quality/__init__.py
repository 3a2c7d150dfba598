"""QualityAssurance: the team's own tests, types and lint, on their own interpreter."""

from collections.abc import Sequence

from callboard.api import Agent, Context, Effects, Job, Needs, Result, Tool, Workspace, action, hookimpl
from callboard_quality.options import LintOptions, NpmOptions, TestOptions, TypeOptions
from callboard_quality.report import ReportOptions


class QualityAssurance(Agent):
    """Runs what the team has to tell good from bad, and says honestly when nothing could be told."""

    name = "quality"
    title = "QualityAssurance"
    summary = "Runs the team's tests, type checks and lint on their own interpreter, with coverage"
    version = "1.0"
    tools = (
        Tool(
            "pytest",
            covers="Python tests",
            provided_by="pip install pytest",
            format="junit",
            exit_codes={0: "clean", 1: "findings", 2: "interrupted", 5: "nothing ran"},
            place="workspace",
        ),
        Tool("coverage", covers="coverage of Python tests", provided_by="pip install coverage", place="workspace"),
        Tool("npm", covers="tests of npm packages", provided_by="Node.js", exit_codes={0: "clean", 1: "findings"}),
        Tool("mypy", covers="Python types", format="json", exit_codes={0: "clean", 1: "findings"}, place="workspace"),
        Tool(
            "pyright", covers="Python types", format="json", exit_codes={0: "clean", 1: "findings"}, place="workspace"
        ),
        Tool(
            "ruff",
            covers="lint of Python code",
            provided_by="pip install ruff",
            format="json",
            exit_codes={0: "clean", 1: "findings"},
        ),
    )

    @action(
        "Python tests",
        needs=Needs(1, 512),
        effects=Effects(network=True),
        options=TestOptions,
        time_limit=2400,
        tools=("pytest", "coverage"),
    )
    def tests(self, ctx: Context, options: TestOptions) -> Result:
        """Runs the project's tests on its own interpreter, or in a throw-away environment."""
        from callboard_quality.tests_action import run_tests

        return run_tests(ctx, options)

    @action("npm tests", needs=Needs(1, 768), options=NpmOptions, time_limit=1200, tools=("npm",))
    def npm_tests(self, ctx: Context, options: NpmOptions) -> Result:
        """Runs the test script of a package.json and reads its runner's report."""
        from callboard_quality.npm import run_npm

        return run_npm(ctx, options)

    @action("Type check", needs=Needs(1, 768), options=TypeOptions, time_limit=1200, tools=("mypy", "pyright"))
    def types(self, ctx: Context, options: TypeOptions) -> Result:
        """Checks types with the checker that the project is configured for."""
        from callboard_quality.typed import run_types

        return run_types(ctx, options)

    @action("Lint", needs=Needs(1, 128), options=LintOptions, time_limit=600, tools=("ruff",))
    def lint(self, ctx: Context, options: LintOptions) -> Result:
        """Checks Python code with ruff by the workspace's own configuration, without changing it."""
        from callboard_quality.lint import run_lint

        return run_lint(ctx, options)

    @action("Report from elsewhere", needs=Needs(0.2, 128), options=ReportOptions, time_limit=300)
    def report(self, ctx: Context, options: ReportOptions) -> Result:
        """Says what a test or coverage report holds that was handed in with `callboard ingest`."""
        from callboard_quality.report import read_handed_in

        return read_handed_in(ctx, options)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The agent of this plugin."""
    return [QualityAssurance()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Jobs for the tests, types and lint that the workspace has."""
    from callboard_quality.detect import propose

    return list(propose(workspace))

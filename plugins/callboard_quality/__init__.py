"""QualityAssurance: the team's own tests, types and lint, on their own interpreter."""

from collections.abc import Sequence

from callboard.api import (
    Agent,
    Context,
    Effects,
    Fix,
    Job,
    Needs,
    Result,
    Section,
    Symptom,
    Tool,
    Workspace,
    action,
    hookimpl,
)
from callboard_quality.options import (
    BisectOptions,
    JourneyOptions,
    LintOptions,
    NarrowOptions,
    NpmOptions,
    QuarantineOptions,
    ReproduceOptions,
    ScriptLintOptions,
    ShardOptions,
    TestOptions,
    TypeOptions,
)
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
        Tool("tsc", covers="TypeScript types", provided_by="npm install -D typescript", place="workspace"),
        Tool(
            "eslint", covers="lint of JavaScript", provided_by="npm install -D eslint", format="json", place="workspace"
        ),
        Tool(
            "oxlint", covers="lint of JavaScript", provided_by="npm install -D oxlint", format="json", place="workspace"
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
        provides=("python-tests",),
    )
    def tests(self, ctx: Context, options: TestOptions) -> Result:
        """Runs the project's tests on its own interpreter, or in a throw-away environment."""
        from callboard_quality.tests_action import run_tests

        return run_tests(ctx, options)

    @action(
        "Share of Python tests",
        needs=Needs(1, 512),
        effects=Effects(network=True),
        options=ShardOptions,
        time_limit=2400,
        tools=("pytest", "coverage"),
    )
    def shard(self, ctx: Context, options: ShardOptions) -> Result:
        """Runs one share of the tests that `quality.tests` split."""
        from callboard_quality.sharded import run_shard

        return run_shard(ctx, options)

    @action(
        "Shares of Python tests together",
        needs=Needs(1, 256),
        effects=Effects(network=True),
        options=ShardOptions,
        time_limit=1200,
        tools=("coverage",),
    )
    def gather(self, ctx: Context, options: ShardOptions) -> Result:
        """Puts the shares of the tests together and judges them as one run."""
        from callboard_quality.sharded import gather

        return gather(ctx, options)

    @action("Quarantine of a test", needs=Needs(0.2, 128), options=QuarantineOptions, time_limit=300)
    def quarantine(self, ctx: Context, options: QuarantineOptions) -> Result:
        """Proposes a patch to callboard.toml that sets a flaky test aside until a day."""
        from callboard_quality.quarantine import propose_quarantine

        return propose_quarantine(ctx, options)

    @action(
        "Rerun of a failure",
        needs=Needs(1, 512),
        effects=Effects(network=True),
        options=ReproduceOptions,
        time_limit=2400,
        tools=("pytest", "npm"),
        provides=("reproduce",),
    )
    def reproduce(self, ctx: Context, options: ReproduceOptions) -> Result:
        """Runs failed tests again and says: broken, flaky with its rate, gone, or the environment."""
        from callboard_quality.reproduce import reproduce

        return reproduce(ctx, options)

    @action(
        "Narrowing of a failure",
        needs=Needs(1, 512),
        effects=Effects(network=True),
        options=NarrowOptions,
        time_limit=2400,
        tools=("pytest", "npm"),
        provides=("narrow",),
    )
    def narrow(self, ctx: Context, options: NarrowOptions) -> Result:
        """Finds the fewest tests that fail together, or the changed files that it takes."""
        from callboard_quality.narrow import narrow

        return narrow(ctx, options)

    @action(
        "Search for the commit that broke it",
        needs=Needs(1, 512),
        effects=Effects(network=True),
        options=BisectOptions,
        time_limit=5400,
        tools=("pytest", "npm"),
        provides=("bisect",),
    )
    def bisect(self, ctx: Context, options: BisectOptions) -> Result:
        """Finds the commit that broke a test by `git bisect`, in a worktree of its own."""
        from callboard_quality.bisected import bisect

        return bisect(ctx, options)

    @action(
        "npm tests",
        needs=Needs(1, 768),
        effects=Effects(network=True),
        options=NpmOptions,
        time_limit=1500,
        tools=("npm",),
        provides=("npm-tests",),
    )
    def npm_tests(self, ctx: Context, options: NpmOptions) -> Result:
        """Runs the test script of a package.json and reads its runner's report."""
        from callboard_quality.npm import run_npm

        return run_npm(ctx, options)

    @action(
        "Browser journeys",
        needs=Needs(1, 1024),
        effects=Effects(network=True),
        options=JourneyOptions,
        time_limit=1500,
        tools=("npm", "pytest"),
        provides=("browser-journeys",),
    )
    def journeys(self, ctx: Context, options: JourneyOptions) -> Result:
        """Runs the workspace's own Playwright journeys in a browser, each as a test with its trace."""
        from callboard_quality.journeys import run_journeys

        return run_journeys(ctx, options)

    @action(
        "Type check",
        needs=Needs(1, 768),
        options=TypeOptions,
        time_limit=1200,
        tools=("mypy", "pyright", "tsc"),
        provides=("types",),
    )
    def types(self, ctx: Context, options: TypeOptions) -> Result:
        """Checks types with the checker that the project is configured for."""
        from callboard_quality.typed import run_types

        return run_types(ctx, options)

    @action(
        "Lint",
        needs=Needs(1, 128),
        effects=Effects(
            pure=True, reads=("**/*.py", "**/*.pyi", "**/*.ipynb", "**/pyproject.toml", "**/ruff.toml", "**/.ruff.toml")
        ),
        options=LintOptions,
        time_limit=600,
        tools=("ruff",),
        provides=("lint",),
    )
    def lint(self, ctx: Context, options: LintOptions) -> Result:
        """Checks Python code with ruff by the workspace's own configuration, without changing it."""
        from callboard_quality.lint import run_lint

        return run_lint(ctx, options)

    @action(
        "Lint of JavaScript",
        needs=Needs(1, 512),
        options=ScriptLintOptions,
        time_limit=600,
        tools=("eslint", "oxlint"),
        provides=("script-lint",),
    )
    def npm_lint(self, ctx: Context, options: ScriptLintOptions) -> Result:
        """Checks JavaScript and TypeScript with the linter that the workspace has and is configured for."""
        from callboard_quality.npm_lint import run_npm_lint

        return run_npm_lint(ctx, options)

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
def callboard_sections() -> Sequence[Section]:
    """What the agent's page shows beside its tasks."""
    return [
        Section(
            "tests",
            "quality",
            "Tests",
            "Run quality.tests: it fills this with figures, what newly fails, what is flaky and what is slow.",
            trends=("quality.tests.passed*", "quality.tests.failed*", "quality.tests.seconds*", "quality.coverage*"),
        ),
        Section(
            "investigations",
            "quality",
            "Investigations",
            "Run quality.reproduce, quality.narrow or quality.bisect with the id of a failed test: what they find is listed here.",
        ),
    ]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Jobs for the tests, types and lint that the workspace has."""
    from callboard_quality.detect import propose

    return list(propose(workspace))


@hookimpl
def callboard_fixes(symptom: Symptom) -> Sequence[Fix]:
    """A flaky test is set aside for a while."""
    from callboard_quality.mends import mends

    return mends(symptom)

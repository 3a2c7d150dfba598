"""CodeRefactor: what has grown too tangled, what nobody uses, and the safe fixes as a proved patch."""

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
    Workspace,
    action,
    hookimpl,
)
from callboard_code_refactor.choices import (
    CloneOptions,
    ComplexityOptions,
    DeadCodeOptions,
    DeclareOptions,
    FixOptions,
    FolderOptions,
    HotspotOptions,
    KnipOptions,
    SyntaxOptions,
    TrendOptions,
)
from callboard_code_refactor.endings import CODE
from callboard_code_refactor.programs import TOOLS

PYTHON = ("**/*.py",)
SETTINGS = ("**/pyproject.toml", "**/setup.cfg", "**/setup.py", "**/ruff.toml", "**/.ruff.toml")


class CodeRefactor(Agent):
    """Looks at how the code is built and proposes what can be mended safely."""

    name = "refactor"
    title = "CodeRefactor"
    summary = "Complexity, hotspots, duplication, dead code, dependencies, architecture; safe fixes as proved patches."
    version = "0.2.0"
    tools = TOOLS

    @action(
        "Complexity",
        needs=Needs(cpus=1, memory_mb=150),
        effects=Effects(reads=PYTHON, pure=True),
        options=ComplexityOptions,
        time_limit=600,
        tools=("complexipy",),
        provides=("python-complexity",),
    )
    def complexity(self, ctx: Context, options: ComplexityOptions) -> Result:
        """Measures the cognitive complexity of each Python function."""
        from callboard_code_refactor.complexity import check_complexity

        return check_complexity(ctx, options.threshold, options.folder, options.fail_on)

    @action(
        "Hotspots",
        needs=Needs(cpus=1, memory_mb=150),
        options=HotspotOptions,
        time_limit=600,
        tools=("complexipy",),
        provides=("hotspots",),
    )
    def hotspots(self, ctx: Context, options: HotspotOptions) -> Result:
        """Finds the files that are both tangled and often changed."""
        from callboard_code_refactor.hotspots import check_hotspots

        return check_hotspots(ctx, options.days, options.folder, options.fail_on)

    @action(
        "Duplication",
        needs=Needs(cpus=2, memory_mb=250),
        options=CloneOptions,
        effects=Effects(reads=(*(f"**/{pattern}" for pattern in CODE), ".jscpd.json", "package.json"), pure=True),
        time_limit=600,
        tools=("jscpd", "symilar"),
        provides=("duplication",),
    )
    def clones(self, ctx: Context, options: CloneOptions) -> Result:
        """Finds code that stands in more than one place."""
        from callboard_code_refactor.clones import check_clones

        return check_clones(ctx, options.limit, options.min_lines, options.min_tokens, options.folder, options.fail_on)

    @action(
        "Dead code",
        needs=Needs(cpus=1, memory_mb=200),
        effects=Effects(reads=(*PYTHON, "pyproject.toml"), pure=True),
        options=DeadCodeOptions,
        time_limit=600,
        tools=("vulture",),
        provides=("python-dead-code",),
    )
    def dead_code(self, ctx: Context, options: DeadCodeOptions) -> Result:
        """Finds Python code that nothing uses."""
        from callboard_code_refactor.dead_code import check_dead_code

        return check_dead_code(ctx, options.min_confidence, options.folder, options.fail_on)

    @action(
        "Dependencies",
        needs=Needs(cpus=1, memory_mb=300),
        options=FolderOptions,
        time_limit=900,
        tools=("deptry",),
        provides=("python-dependencies",),
    )
    def dependencies(self, ctx: Context, options: FolderOptions) -> Result:
        """Compares what the Python code imports with what each project declares."""
        from callboard_code_refactor.dependencies import check_dependencies

        return check_dependencies(ctx, options.folder, options.fail_on)

    @action(
        "Unused npm code (runs workspace code)",
        needs=Needs(cpus=1, memory_mb=300),
        options=KnipOptions,
        time_limit=900,
        tools=("knip",),
        provides=("npm-dead-code", "npm-dependencies"),
    )
    def knip(self, ctx: Context, options: KnipOptions) -> Result:
        """Finds files, exports and dependencies of npm projects that nothing uses; loads their configuration files."""
        from callboard_code_refactor.knip import check_knip

        return check_knip(ctx, options.folder, options.production, options.fail_on)

    @action(
        "Architecture",
        needs=Needs(cpus=1, memory_mb=200),
        options=FolderOptions,
        time_limit=600,
        tools=("lint-imports",),
        provides=("python-architecture",),
    )
    def architecture(self, ctx: Context, options: FolderOptions) -> Result:
        """Checks the team's contracts of which module may import which."""
        from callboard_code_refactor.architecture import check_architecture

        return check_architecture(ctx, options.folder, options.fail_on)

    @action(
        "Outdated syntax",
        needs=Needs(cpus=1, memory_mb=150),
        effects=Effects(reads=(*PYTHON, *SETTINGS), pure=True),
        options=SyntaxOptions,
        time_limit=3600,
        tools=("ruff",),
        provides=("python-outdated-syntax",),
    )
    def outdated_syntax(self, ctx: Context, options: SyntaxOptions) -> Result:
        """Finds syntax that the project's oldest Python has a better form for."""
        from callboard_code_refactor.outdated_syntax import check_syntax

        return check_syntax(ctx, options.target, options.folder, options.fail_on, options.patch, options.paths)

    @action(
        "Safe fixes",
        needs=Needs(cpus=1, memory_mb=400),
        effects=Effects(idempotent=True),
        options=FixOptions,
        time_limit=3600,
        tools=("ruff",),
        provides=("python-safe-fixes",),
    )
    def fixes(self, ctx: Context, options: FixOptions) -> Result:
        """Makes ruff's safe fixes in a worktree, proves them with the tests and hands them back as a patch."""
        from callboard_code_refactor.fixes import make_fixes

        return make_fixes(ctx, options.select, options.folder, options.run_tests, options.tests_timeout, options.paths)

    @action("Declare a dependency", needs=Needs(cpus=1, memory_mb=150), options=DeclareOptions, time_limit=300)
    def declare(self, ctx: Context, options: DeclareOptions) -> Result:
        """Proposes a patch that declares the package which brings an imported module."""
        from callboard_code_refactor.declaring import declare

        return declare(ctx, options)

    @action(
        "Trend",
        needs=Needs(cpus=1, memory_mb=200),
        options=TrendOptions,
        time_limit=3600,
        tools=("complexipy",),
        provides=("complexity-trend",),
    )
    def trend(self, ctx: Context, options: TrendOptions) -> Result:
        """Measures the complexity of the last commits, so that the trend shows at once."""
        from callboard_code_refactor.trend import measure_trend

        return measure_trend(ctx, options.commits, options.folder, options.seconds)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [CodeRefactor()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Jobs for the sources, the history, the contracts and the dependency declarations that are there."""
    from callboard_code_refactor.proposals import proposals

    return proposals(workspace)


@hookimpl
def callboard_fixes(symptom: Symptom) -> Sequence[Fix]:
    """Safe fixes of ruff, newer syntax, and dependencies that are not declared."""
    from callboard_code_refactor.mends import mends

    return mends(symptom)


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """The health of the code by commit, and the lists behind it."""
    return [
        Section(
            "health",
            "refactor",
            "Code health",
            "refactor.complexity, refactor.clones, refactor.dead_code and refactor.trend fill this.",
            trends=(
                "refactor.complexity.mean",
                "refactor.complexity.max",
                "refactor.duplication",
                "refactor.dead_code",
            ),
        ),
        Section("hotspots", "refactor", "Hotspots", "refactor.hotspots fills this.", trends=("refactor.hotspots",)),
        Section(
            "duplication", "refactor", "Duplication", "refactor.clones fills this.", trends=("refactor.duplication",)
        ),
        Section(
            "architecture", "refactor", "Architecture", "refactor.architecture fills this, where contracts are written."
        ),
    ]

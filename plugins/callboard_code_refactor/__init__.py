"""CodeRefactor: what has grown too tangled, what nobody uses, and the safe fixes as a proved patch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.api import Agent, Context, Effects, Job, Needs, Result, Tool, Workspace, action, hookimpl, option

FailOn = Literal["never", "info", "low", "medium", "high", "critical"]
FAIL_ON_HELP = "the run fails for a finding at least this bad"
FOLDER_HELP = "only this folder of the workspace; empty for all of it"
TOOLS_EXTRA = "pip install 'callboard[tools]'"


@dataclass(frozen=True, slots=True)
class ComplexityOptions:
    """How tangled a function may be."""

    threshold: int = option(15, help="cognitive complexity that a function may have", minimum=1, maximum=1000)
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("never", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class DeadCodeOptions:
    """How sure vulture must be."""

    min_confidence: int = option(80, help="per cent of confidence that code is unused", minimum=0, maximum=100)
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class DependencyOptions:
    """Which projects are looked at."""

    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class SyntaxOptions:
    """Which Python the code is meant for."""

    target: str = option("", help="such as 'py311'; empty for what the project declares in requires-python")
    folder: str = option("", help=FOLDER_HELP)
    fail_on: FailOn = option("high", help=FAIL_ON_HELP)


@dataclass(frozen=True, slots=True)
class FixOptions:
    """What is fixed, and how it is proved."""

    select: str = option("", help="rules to fix, such as 'I,UP'; empty for the project's own choice")
    run_tests: bool = option(False, help="run the tests before and after, with the workspace's own pytest")
    tests_timeout: float = option(600.0, help="seconds for one run of the tests", minimum=1, maximum=7200)
    folder: str = option("", help=FOLDER_HELP)


class CodeRefactor(Agent):
    """Looks at how the code is built and proposes what can be mended safely."""

    name = "refactor"
    title = "CodeRefactor"
    summary = "Complexity, dead code, dependencies and outdated syntax; safe fixes as patches with a proof."
    version = "0.1.0"
    tools = (
        Tool(
            "complexipy",
            covers="cognitive complexity of Python functions",
            provided_by=TOOLS_EXTRA,
            format="json, sarif",
            exit_codes={0: "clean", 1: "findings, or a file that cannot be parsed"},
        ),
        Tool(
            "vulture",
            covers="unused Python code",
            provided_by=TOOLS_EXTRA,
            exit_codes={0: "clean", 1: "a file that cannot be parsed", 3: "findings"},
        ),
        Tool(
            "deptry",
            covers="unused, missing and transitive Python dependencies",
            provided_by=TOOLS_EXTRA,
            format="json",
            exit_codes={0: "clean", 1: "findings, or no declaration"},
        ),
        Tool(
            "knip",
            covers="unused and missing npm dependencies",
            provided_by="npm install --save-dev knip",
            format="json",
            exit_codes={0: "clean", 1: "findings"},
            place="workspace",
        ),
        Tool(
            "ruff",
            covers="outdated syntax and safe fixes",
            provided_by=TOOLS_EXTRA,
            format="json, sarif",
            exit_codes={0: "clean", 1: "findings"},
        ),
    )

    @action(
        "Complexity",
        needs=Needs(cpus=1, memory_mb=200),
        options=ComplexityOptions,
        time_limit=600,
        tools=("complexipy",),
    )
    def complexity(self, ctx: Context, options: ComplexityOptions) -> Result:
        """Measures the cognitive complexity of each Python function."""
        from callboard_code_refactor.complexity import check_complexity

        return check_complexity(ctx, options.threshold, options.folder, options.fail_on)

    @action(
        "Dead code",
        needs=Needs(cpus=1, memory_mb=300),
        options=DeadCodeOptions,
        time_limit=600,
        tools=("vulture",),
    )
    def dead_code(self, ctx: Context, options: DeadCodeOptions) -> Result:
        """Finds Python code that nothing uses."""
        from callboard_code_refactor.dead_code import check_dead_code

        return check_dead_code(ctx, options.min_confidence, options.folder, options.fail_on)

    @action(
        "Dependencies",
        needs=Needs(cpus=1, memory_mb=400),
        options=DependencyOptions,
        time_limit=900,
        tools=("deptry", "knip"),
    )
    def dependencies(self, ctx: Context, options: DependencyOptions) -> Result:
        """Compares what the code imports with what each project declares."""
        from callboard_code_refactor.dependencies import check_dependencies

        return check_dependencies(ctx, options.folder, options.fail_on)

    @action(
        "Outdated syntax",
        needs=Needs(cpus=1, memory_mb=250),
        options=SyntaxOptions,
        time_limit=600,
        tools=("ruff",),
    )
    def outdated_syntax(self, ctx: Context, options: SyntaxOptions) -> Result:
        """Finds syntax that the project's oldest Python has a better form for."""
        from callboard_code_refactor.outdated_syntax import check_syntax

        return check_syntax(ctx, options.target, options.folder, options.fail_on)

    @action(
        "Safe fixes",
        needs=Needs(cpus=1, memory_mb=500),
        effects=Effects(idempotent=True),
        options=FixOptions,
        time_limit=3600,
        tools=("ruff",),
    )
    def fixes(self, ctx: Context, options: FixOptions) -> Result:
        """Makes ruff's safe fixes in a worktree and hands them back as a patch with its proof."""
        from callboard_code_refactor.fixes import make_fixes

        return make_fixes(ctx, options.select, options.folder, options.run_tests, options.tests_timeout)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [CodeRefactor()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Jobs for the Python files and the dependency declarations that are there."""
    from callboard_code_refactor.proposals import proposals

    return proposals(workspace)

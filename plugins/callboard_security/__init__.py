"""SecurityCompliance: static analysis, secrets, dependencies, bill of materials and licences of a workspace."""

from collections.abc import Sequence

from callboard.api import (
    Agent,
    Context,
    Effects,
    Job,
    Needs,
    Result,
    Tool,
    Workspace,
    action,
    hookimpl,
)
from callboard_security.options import Dependencies, Licences, Sbom, Secrets, Static
from callboard_security.report import ReportOptions


class SecurityCompliance(Agent):
    """Looks for what would hurt: dangerous code, secrets in the tree, known vulnerabilities, licences."""

    name = "security"
    title = "SecurityCompliance"
    summary = "Static analysis, secrets, known vulnerabilities, bill of materials and licences"
    version = "1.0"
    tools = (
        Tool(
            "bandit",
            covers="dangerous Python code",
            provided_by="pip install bandit",
            format="json",
            exit_codes={0: "clean", 1: "findings"},
        ),
        Tool(
            "kingfisher",
            covers="secrets of known formats",
            provided_by="pip install kingfisher-bin",
            format="json",
            exit_codes={0: "clean", 200: "findings", 205: "findings"},
        ),
        Tool(
            "cyclonedx-py",
            covers="the Python bill of materials",
            provided_by="pip install cyclonedx-bom",
            format="json",
        ),
        Tool("npm", covers="the bill of materials and audit of npm packages", provided_by="Node.js", format="json"),
        Tool(
            "pip-audit",
            covers="known vulnerabilities of Python packages",
            provided_by="pip install pip-audit",
            format="json",
            exit_codes={0: "clean or all skipped", 1: "findings or failure"},
            needs=("network", "data"),
        ),
        Tool("pip-licenses", covers="licences of installed packages", provided_by="pip install pip-licenses"),
    )

    @action("Static analysis", needs=Needs(1, 200), options=Static, time_limit=900, tools=("bandit",))
    def static(self, ctx: Context, options: Static) -> Result:
        """Looks for dangerous Python code with bandit."""
        from callboard_security.static import analyse

        return analyse(ctx, options)

    @action("Secrets", needs=Needs(2, 400), options=Secrets, time_limit=1800, tools=("kingfisher",))
    def secrets(self, ctx: Context, options: Secrets) -> Result:
        """Looks for secrets of known formats in the tree, and in the history when asked; never shows them."""
        from callboard_security.leaks import look

        return look(ctx, options)

    @action("Bill of materials", needs=Needs(1, 300), options=Sbom, time_limit=900, tools=("cyclonedx-py", "npm"))
    def sbom(self, ctx: Context, options: Sbom) -> Result:
        """Writes CycloneDX bills of materials from environments, locks and requirements."""
        from callboard_security.materials import write

        return write(ctx, options)

    @action(
        "Known vulnerabilities",
        needs=Needs(1, 300),
        effects=Effects(network=True),
        options=Dependencies,
        time_limit=900,
        tools=("pip-audit", "npm"),
    )
    def dependencies(self, ctx: Context, options: Dependencies) -> Result:
        """Compares the versions of all dependencies with known vulnerabilities; UNKNOWN without data."""
        from callboard_security.vulnerable import audit

        return audit(ctx, options)

    @action("Licences", needs=Needs(1, 200), options=Licences, time_limit=300, tools=("pip-licenses",))
    def licences(self, ctx: Context, options: Licences) -> Result:
        """Compares the licences of installed and locked packages with the team's policy."""
        from callboard_security.licences import check

        return check(ctx, options)

    @action("Report from elsewhere", needs=Needs(0.2, 128), options=ReportOptions, time_limit=300)
    def report(self, ctx: Context, options: ReportOptions) -> Result:
        """Says what a SARIF report or a bill of materials holds that was handed in with `callboard ingest`."""
        from callboard_security.report import read_handed_in

        return read_handed_in(ctx, options)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [SecurityCompliance()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Proposes what fits: Python code, any text, locks, environments."""
    from callboard_security.detect import propose

    return propose(workspace)

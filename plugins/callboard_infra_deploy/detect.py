"""What InfraDeploy proposes for a workspace."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from callboard.api import CallboardError, Job, Lock, Needs, Workspace
from callboard_infra_deploy.deployment.target import Environment, environment_of, environments_of
from callboard_infra_deploy.files import ci_files, compose_files, dockerfiles, shell_scripts
from callboard_infra_deploy.publishable import publishable

MOST_PACKAGES = 8


def detected(workspace: Workspace) -> Sequence[Job]:
    """Checks for the kinds of files that are there; a start and a stop of each service, and a deployment to each environment,
    that `callboard.toml` writes down. Without environments the first job says what could be one."""
    jobs: list[Job] = []
    ci = [path for paths in ci_files(workspace).values() for path in paths]
    looks = (
        ("infra.dockerfiles", dockerfiles(workspace), 1.0),
        ("infra.compose", compose_files(workspace), 3.0),
        ("infra.workflows", ci, 4.0),
        ("infra.scripts", shell_scripts(workspace), 2.0),
    )
    for name, paths, estimate in looks:
        if paths:
            jobs.append(Job(name=name, action=name, because=_evidence(paths), estimate=estimate))
    jobs += _packages(workspace)
    services = workspace.config.get("services", {})
    for name in services if isinstance(services, Mapping) else ():
        jobs += [service_job(str(name)), stop_job(str(name))]
    for name in environments_of(workspace.config):
        with suppress(CallboardError):
            environment = environment_of(workspace, name)
            jobs += [deploy_job(environment)] if environment.auto else []
    if not environments_of(workspace.config):
        jobs = _with_hint(workspace, jobs)
    return jobs


def _with_hint(workspace: Workspace, jobs: list[Job]) -> list[Job]:
    """The check of compose files or Dockerfiles also says that a deployment could be written down, and how."""
    compose = compose_files(workspace)
    table = f'kind = "compose", file = "{compose[0]}"' if compose else 'command = […, "{port}"], port = 8080'
    for place, job in enumerate(jobs):
        if job.action in ("infra.compose", "infra.dockerfiles"):
            hint = f"; [environments.staging] with {table} in callboard.toml would deploy it"
            jobs[place] = replace(job, because=job.because + hint)
            break
    return jobs


def _packages(workspace: Workspace) -> list[Job]:
    """One look at what each folder would publish, after its tests: what is broken anyway is not built first."""
    evidence: dict[str, list[str]] = {}
    for project in publishable(workspace):
        evidence.setdefault(project.folder, []).append(project.file)
    left = list(evidence)[MOST_PACKAGES:]
    how = '[jobs."infra.package:NAME"] with options = {folder = "…"} in callboard.toml adds one'
    apart = f"; left out: {_evidence(left, 20)}; {how}" if left else ""
    return [
        Job(
            name=f"infra.package:{folder}" if folder else "infra.package",
            action="infra.package",
            because=f"{' and '.join(evidence[folder])} can be published{apart if number == 0 else ''}",
            options={"folder": folder},
            after=("quality.tests*", "quality.npm_tests*"),
            stage="verify",
            estimate=20.0,
        )
        for number, folder in enumerate(list(evidence)[:MOST_PACKAGES])
    ]


def service_job(name: str) -> Job:
    """The start of one service, alone in the use of it; red tests, or configuration that cannot be read, are a gate."""
    return Job(
        name=f"infra.service_start:{name}",
        action="infra.service_start",
        because=f"callboard.toml declares [services.{name}]",
        options={"service": name},
        needs_jobs=("quality.tests*", "quality.npm_tests*", "config.schema"),
        after=("infra.dockerfiles", "infra.compose"),
        needs=Needs(cpus=1.0, memory_mb=256, locks=(Lock(f"service:{name}"),)),
        stage="deploy",
        estimate=5.0,
    )


def stop_job(name: str) -> Job:
    """The end of a service that this run has started, after all that may use it; one that ran before is left alone."""
    return Job(
        name=f"infra.service_stop:{name}",
        action="infra.service_stop",
        because=f"infra.service_start:{name} starts it for this run",
        options={"service": name, "started_here": True},
        after=(f"infra.service_start:{name}", "api.*", "monitor.*", "infra.deploy*"),
        needs=Needs(cpus=0.2, memory_mb=64, locks=(Lock(f"service:{name}"),)),
        stage="deploy",
        estimate=2.0,
    )


def deploy_job(environment: Environment) -> Job:
    """A deployment behind the environment's gate; one at a time."""
    gate = ", ".join(environment.gate)
    return Job(
        name=f"infra.deploy:{environment.name}",
        action="infra.deploy",
        because=f"callboard.toml writes down [environments.{environment.name}]"
        + (f" behind the gate {gate}" if gate else " without a gate"),
        options={"environment": environment.name},
        needs_jobs=environment.gate,
        after=("infra.dockerfiles", "infra.compose", "infra.package*", "config.schema"),
        needs=Needs(cpus=1.0, memory_mb=max(256.0, environment.memory_mb), locks=(Lock(f"deploy:{environment.name}"),)),
        stage="deploy",
        estimate=20.0,
    )


def _evidence(paths: Sequence[str], most: int = 3) -> str:
    shown = ", ".join(paths[:most])
    return shown if len(paths) <= most else f"{shown} and {len(paths) - most} more"

"""What InfraDeploy proposes for a workspace."""

from collections.abc import Mapping, Sequence

from callboard.api import Job, Lock, Needs, Workspace
from callboard_infra_deploy.files import ci_files, compose_files, dockerfiles, shell_scripts
from callboard_infra_deploy.publishable import publishable

MOST_PACKAGES = 20


def detected(workspace: Workspace) -> Sequence[Job]:
    """Checks for the kinds of files that are there, and a start for each service that `callboard.toml` declares."""
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
        jobs.append(service_job(str(name)))
    return jobs


def _packages(workspace: Workspace) -> list[Job]:
    """One look at what each folder would publish, after its tests: what is broken anyway is not built first."""
    evidence: dict[str, list[str]] = {}
    for project in publishable(workspace):
        evidence.setdefault(project.folder, []).append(project.file)
    return [
        Job(
            name=f"infra.package:{folder}" if folder else "infra.package",
            action="infra.package",
            because=f"{' and '.join(files)} can be published",
            options={"folder": folder},
            after=("quality.tests*", "quality.npm_tests*"),
            stage="verify",
            estimate=20.0,
        )
        for folder, files in list(evidence.items())[:MOST_PACKAGES]
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


def _evidence(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:3])
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"

"""Which security checks fit a workspace."""

from collections.abc import Iterator

from callboard.api import Job, Workspace
from callboard_security.environments import environment_folders
from callboard_security.packages import LOCKS, NPM_LOCKS, REQUIREMENTS, told_by


def propose(workspace: Workspace) -> list[Job]:
    """The jobs, each with what was seen; none for an empty workspace."""
    return list(_jobs(workspace))


def _jobs(workspace: Workspace) -> Iterator[Job]:
    total = len(workspace.files)
    if not total:
        return
    yield Job(
        "security.secrets", "security.secrets", f"{_number(total, 'file')} to look through", estimate=2 + total / 120
    )
    python = len(workspace.matching("*.py"))
    if python:
        yield Job("security.static", "security.static", _number(python, "Python file"), estimate=1 + python / 25)
    locks = told_by(workspace, *LOCKS)
    lists = told_by(workspace, *REQUIREMENTS)
    manifests = [path for path in told_by(workspace, "pyproject.toml") if _names_dependencies(workspace, path)]
    manifests += [
        path for path in told_by(workspace, "setup.py", "setup.cfg") if "install_requires" in workspace.text(path)
    ]
    environments = environment_folders(workspace)
    seen = [*locks, *lists, *manifests, *(f"a virtual environment in {folder or 'the top'}" for folder in environments)]
    if seen:
        because = ", ".join(seen[:3]) + (f" and {len(seen) - 3} more" if len(seen) > 3 else "")
        yield Job("security.dependencies", "security.dependencies", because, estimate=10)
        yield Job("security.sbom", "security.sbom", because, estimate=1 + 3 * len(environments))
    npm = told_by(workspace, *NPM_LOCKS)
    if environments or npm:
        because = ", ".join([*(f"a virtual environment in {folder or 'the top'}" for folder in environments), *npm][:3])
        yield Job("security.licences", "security.licences", because, estimate=3)
    if not python and not seen and not workspace.has("*.js", "*.ts", "*.tsx", "Dockerfile*", ".github/workflows/*"):
        return
    yield Job(
        "security.controls",
        "security.controls",
        f"{_number(total, 'file')} to judge controls by, and what the tasks before it find",
        after=("security.secrets", "security.static", "security.dependencies", "security.sbom", "security.licences"),
        stage="verify",
        estimate=2 + total / 500,
    )


def _names_dependencies(workspace: Workspace, path: str) -> bool:
    tables = workspace.toml(path)
    poetry = tables.get("tool", {}).get("poetry", {}) if isinstance(tables.get("tool"), dict) else {}
    project = tables.get("project", {})
    return bool(
        (isinstance(project, dict) and (project.get("dependencies") or project.get("optional-dependencies")))
        or (isinstance(poetry, dict) and poetry.get("dependencies"))
        or tables.get("dependency-groups")
    )


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"

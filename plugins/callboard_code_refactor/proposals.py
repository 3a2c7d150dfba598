"""Which jobs of CodeRefactor fit a workspace."""

from collections.abc import Sequence

from callboard.api import Job, Workspace
from callboard_code_refactor.sources import counted, project_folders, python_files


def proposals(workspace: Workspace) -> Sequence[Job]:
    """Jobs for Python code, for declared dependencies and, in a git checkout, for safe fixes."""
    files = python_files(workspace)
    seen = counted(len(files), "Python file")
    seconds = 1 + len(files) / 300
    jobs: list[Job] = []
    if files:
        jobs += [
            Job("refactor.complexity", "refactor.complexity", because=seen, estimate=seconds),
            Job("refactor.dead_code", "refactor.dead_code", because=seen, estimate=2 * seconds),
            Job("refactor.outdated_syntax", "refactor.outdated_syntax", because=seen, estimate=seconds),
        ]
    jobs += _dependencies(workspace, bool(files))
    if files and (workspace.path / ".git").exists():
        because = f"{seen} in a git checkout"
        jobs.append(
            Job(
                "refactor.fixes",
                "refactor.fixes",
                because=because,
                after=("quality.lint", "quality.tests*"),
                stage="verify",
                estimate=2 + 2 * seconds,
            )
        )
    return jobs


def _dependencies(workspace: Workspace, has_python: bool) -> list[Job]:
    places = project_folders(workspace) if has_python else []
    npm = [
        folder
        for folder in workspace.folders_with("package.json")
        if (workspace.path / folder / "node_modules" / ".bin" / "knip").is_file()
    ]
    if not places and not npm:
        return []
    named = ", ".join(folder or "the top" for folder in [*places, *npm][:4])
    because = f"dependencies are declared in {named}"
    return [Job("refactor.dependencies", "refactor.dependencies", because=because, estimate=3.0 * len([*places, *npm]))]

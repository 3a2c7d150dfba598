"""Which jobs of CodeRefactor fit a workspace."""

from collections.abc import Sequence

from callboard.api import Job, Workspace, counted
from callboard_code_refactor.architecture import configured
from callboard_code_refactor.knip import chosen
from callboard_code_refactor.sources import code_files, project_folders, python_files, script_files


def proposals(workspace: Workspace) -> Sequence[Job]:
    """Jobs for the sources, for declared dependencies and contracts and, in a git checkout, for history and safe fixes."""
    python, scripts, code = python_files(workspace), script_files(workspace), code_files(workspace)
    checkout = (workspace.path / ".git").exists()
    seconds = 1 + len(python) / 300
    jobs: list[Job] = []
    if python:
        seen = counted(len(python), "Python file")
        jobs += [
            Job("refactor.complexity", "refactor.complexity", because=seen, estimate=seconds),
            Job("refactor.dead_code", "refactor.dead_code", because=seen, estimate=2 * seconds),
            Job("refactor.outdated_syntax", "refactor.outdated_syntax", because=seen, estimate=seconds),
        ]
    if len(code) > 1:
        because = counted(len(code), "source file")
        jobs.append(Job("refactor.clones", "refactor.clones", because=because, estimate=1 + len(code) / 500))
    if checkout and (python or scripts):
        because = f"{counted(len(python) + len(scripts), 'Python, JavaScript or TypeScript file')} in a git checkout"
        jobs.append(Job("refactor.hotspots", "refactor.hotspots", because=because, estimate=2 + seconds))
        jobs.append(Job("refactor.trend", "refactor.trend", because=because, estimate=2 + 2 * seconds))
    jobs += [*_dependencies(workspace, bool(python)), *_npm(workspace), *_contracts(workspace)]
    if python and checkout:
        jobs.append(
            Job(
                "refactor.fixes",
                "refactor.fixes",
                because=f"{counted(len(python), 'Python file')} in a git checkout",
                after=("quality.lint", "quality.tests*"),
                stage="verify",
                estimate=5 + 2 * seconds,
            )
        )
    return jobs


def _named(folders: Sequence[str]) -> str:
    more = f" and {len(folders) - 4} more" if len(folders) > 4 else ""
    return ", ".join(folder or "the top" for folder in folders[:4]) + more


def _dependencies(workspace: Workspace, has_python: bool) -> list[Job]:
    places = project_folders(workspace) if has_python else []
    if not places:
        return []
    because = f"dependencies are declared in {_named(places)}"
    return [Job("refactor.dependencies", "refactor.dependencies", because=because, estimate=3.0 * len(places))]


def _npm(workspace: Workspace) -> list[Job]:
    """Knip runs configuration files of the project, so it is proposed only where the team itself has chosen it."""
    places = chosen(workspace)
    if not places:
        return []
    because = f"the team uses knip in {_named(places)}"
    return [Job("refactor.knip", "refactor.knip", because=because, estimate=6.0 * len(places))]


def _contracts(workspace: Workspace) -> list[Job]:
    rules = configured(workspace)
    if not rules:
        return []
    because = f"contracts are written in {', '.join(item.file for item in rules[:4])}"
    return [Job("refactor.architecture", "refactor.architecture", because=because, estimate=3.0 * len(rules))]

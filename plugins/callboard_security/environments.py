"""Which virtual environments a workspace has."""

import re
from pathlib import Path

from callboard.api import Context, Workspace

MANIFESTS = (
    "pyproject.toml",
    "requirements*.txt",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile",
    "setup.py",
    "setup.cfg",
)
SAMPLE = re.compile(r"(?:^|/)(?:fixtures|__fixtures__|testdata|test[_-]data)/|\{[{%].*/")
FOLDERS = (".venv", "venv", "env")


def project_folders(workspace: Workspace) -> list[str]:
    """Folders (the top, as an empty word, always among them) that look like a Python project, but for test data and templates."""
    folders = workspace.folders_with(*MANIFESTS)
    return sorted({"", *(folder for folder in folders if not SAMPLE.search(f"{folder}/"))})


def environment_folders(workspace: Workspace) -> list[str]:
    """Folders that hold a virtual environment of their own."""
    return [
        folder
        for folder in project_folders(workspace)
        if any((workspace.path / folder / name / "bin" / "python").is_file() for name in FOLDERS)
    ]


def environments(ctx: Context) -> list[tuple[str, Path]]:
    """(folder, interpreter) for each virtual environment of the workspace."""
    found = []
    for folder in environment_folders(ctx.workspace):
        python = ctx.python_of(folder)
        if python is not None:
            found.append((folder, python))
    return found

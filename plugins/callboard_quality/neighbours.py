"""Packages that a test looks for in vain and that are other projects of the same workspace."""

import re

from callboard.api import Workspace
from callboard_quality.projects import SAMPLES, table

MARKERS = ("pyproject.toml", "setup.py", "setup.cfg")
SETUP_NAME = re.compile(r"\bname\s*=\s*['\"]([A-Za-z0-9][\w.-]*)['\"]")
# as pip and uv say which distribution no index has
NOT_FOUND = re.compile(
    r"No matching distribution found for ([A-Za-z0-9][\w.-]*)|\b([A-Za-z0-9][\w.-]*) was not found in the package registry"
)


def project_called(workspace: Workspace, distribution: str) -> str | None:
    """The folder of the project that is published under this name; None when the workspace has none."""
    wanted = _normal(distribution)
    return next(
        (folder for folder in workspace.folders_with(*MARKERS) if wanted == _normal(_name(workspace, folder))), None
    )


def project_with(workspace: Workspace, module: str, but: str) -> str | None:
    """The folder of the only other project that has this module at its top or in `src`; None when `but` itself has it."""
    files = set(workspace.files)

    def has(folder: str) -> bool:
        prefix = f"{folder}/" if folder else ""
        ends = (f"{module}.py", f"{module}/__init__.py", f"src/{module}.py", f"src/{module}/__init__.py")
        return any(prefix + end in files for end in ends)

    if has(but):
        return None
    folders = [f for f in workspace.folders_with(*MARKERS) if f != but and SAMPLES.isdisjoint(f.split("/")) and has(f)]
    return folders[0] if len(folders) == 1 else None


def beside(what: str, neighbour: str, folder: str) -> str:
    """The mend: 'acme-common is libs/common of this workspace; put both into a virtual environment in .venv (…)'."""
    both = "pip install " + " ".join(f"-e ./{place}".rstrip("/") for place in (neighbour, folder))
    return f"{what} is {neighbour or 'the top folder'} of this workspace; put both into a virtual environment in .venv ({both})"


def lacking_neighbour(workspace: Workspace, words: str, folder: str) -> str:
    """The mend when what an installation did not find is a project of the workspace; '' when it is none."""
    for pair in NOT_FOUND.findall(words):
        name = (pair[0] or pair[1]).rstrip(".")
        neighbour = project_called(workspace, name)
        if neighbour is not None and neighbour != folder:
            return beside(name, neighbour, folder)
    return ""


def _name(workspace: Workspace, folder: str) -> str:
    prefix = f"{folder}/" if folder else ""
    tables = workspace.toml(f"{prefix}pyproject.toml")
    for holder in (table(tables, "project"), table(table(tables, "tool"), "poetry")):
        if isinstance(holder.get("name"), str):
            return str(holder["name"])
    said = workspace.ini(f"{prefix}setup.cfg", "metadata").get("name", "")
    match = SETUP_NAME.search(workspace.text(f"{prefix}setup.py", 200_000)) if not said else None
    return match[1] if match else said


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

"""Which folders of a workspace are projects with tests of their own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from callboard.api import Workspace

TEST_FILES = ("test_*.py", "*_test.py", "tests.py")
MARKERS = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "pytest.ini",
    "tox.ini",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-test.txt",
    "Pipfile",
    "manage.py",
]
SAMPLES = frozenset(
    [
        "test",
        "tests",
        "testing",
        "fixtures",
        "__fixtures__",
        "testdata",
        "test_data",
        "test-data",
        "samples",
        "sample_data",
        "templates",
        "cookiecutter",
        "docs",
        "doc",
        "vendor",
        "third_party",
    ]
)
PYTEST_WORDS = re.compile(
    r"^\s*(?:import pytest|from pytest\b|@pytest\.)|^(?:async )?def test_|^class Test\w*(?:\(\))?:", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder ('' for the top) with its test files; `nested` are the folders below it that are projects themselves."""

    folder: str
    tests: tuple[str, ...]
    nested: tuple[str, ...]


def projects(workspace: Workspace) -> list[Project]:
    """The Python projects that have tests, the top first; every test file belongs to the nearest one above it.

    Folders of samples, and what an upper project names in its `testpaths`, are no projects of their own.
    """
    homes = {""} | {folder for folder in workspace.folders_with(*MARKERS) if _is_project(workspace, folder)}
    claimed = {home: _testpaths(workspace, home) for home in homes}
    owned: dict[str, list[str]] = {home: [] for home in homes}
    for path in workspace.matching(*TEST_FILES):
        owned[_owner(path, homes, claimed)].append(path)
    found = []
    for home in sorted(homes):
        if owned[home]:
            below = sorted(h for h in homes if h != home and inside(h, home) and owned[h])
            found.append(Project(home, tuple(owned[home]), tuple(below)))
    return found


def inside(path: str, folder: str) -> bool:
    """Whether a path is the folder or lies in it; everything is inside of ''."""
    return not folder or path == folder or path.startswith(folder + "/")


def _owner(path: str, homes: Iterable[str], claimed: dict[str, tuple[str, ...]]) -> str:
    above = sorted((home for home in homes if inside(path, home)), key=len)
    return next((home for home in above if any(inside(path, place) for place in claimed[home])), above[-1])


def _is_project(workspace: Workspace, folder: str) -> bool:
    if folder and not SAMPLES.isdisjoint(folder.split("/")):
        return False
    prefix = f"{folder}/" if folder else ""
    present = {name for name in MARKERS if (workspace.path / prefix / name).is_file()}
    if present - {"pyproject.toml", "setup.cfg", "tox.ini"}:
        return True
    tables = workspace.toml(f"{prefix}pyproject.toml")
    tool = table(tables, "tool")
    if "project" in tables or "build-system" in tables or "poetry" in tool or "pytest" in tool:
        return True
    return any(ini_section(workspace, folder, name, "metadata", "tool:pytest", "pytest") for name in present)


def pytest_options(workspace: Workspace, folder: str) -> dict[str, str]:
    """What the project's own configuration says to pytest: the first file that pytest would take, each value as one text."""
    prefix = f"{folder}/" if folder else ""
    for name in ("pytest.toml", ".pytest.toml"):
        own = table(workspace.toml(prefix + name), "pytest")
        if own:
            return _texts(own)
    for name in ("pytest.ini", ".pytest.ini"):
        if (workspace.path / prefix / name).is_file():
            return ini_section(workspace, folder, name, "pytest")
    own = table(table(workspace.toml(f"{prefix}pyproject.toml"), "tool"), "pytest")
    if own:
        return _texts(table(own, "ini_options") or own)
    return ini_section(workspace, folder, "tox.ini", "pytest") or ini_section(
        workspace, folder, "setup.cfg", "tool:pytest"
    )


def table(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The table of that name, an empty one when there is none or it is something else."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _texts(own: Mapping[str, Any]) -> dict[str, str]:
    return {key: " ".join(map(str, value)) if isinstance(value, list) else str(value) for key, value in own.items()}


def ini_section(workspace: Workspace, folder: str, name: str, *sections: str) -> dict[str, str]:
    """The first of the sections that the file has, with its values; {} when it has none or cannot be parsed."""
    return workspace.ini(f"{folder}/{name}" if folder else name, *sections)


def _testpaths(workspace: Workspace, folder: str) -> tuple[str, ...]:
    prefix = f"{folder}/" if folder else ""
    paths = pytest_options(workspace, folder).get("testpaths", "").split()
    return tuple((prefix + path.strip("/").removeprefix("./")).rstrip("/") for path in paths if path.strip("./"))


def speaks_pytest(workspace: Workspace, project: Project) -> bool:
    """Whether the tests are written for pytest: its configuration, a conftest.py, or its words in a test file."""
    if pytest_options(workspace, project.folder):
        return True
    own = [path for path in workspace.matching("conftest.py") if inside(path, project.folder)]
    return bool(own) or any(PYTEST_WORDS.search(workspace.text(path, 200_000)) for path in project.tests[:200])


def is_django(workspace: Workspace, folder: str) -> bool:
    """Whether the project's tests are run by manage.py: it is there, and nobody has configured pytest."""
    text = workspace.text(f"{folder}/manage.py" if folder else "manage.py", 100_000)
    return "DJANGO_SETTINGS_MODULE" in text and not pytest_options(workspace, folder)

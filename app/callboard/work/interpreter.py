"""Which interpreter and which programs the workspace's own work runs on."""

import base64
import hashlib
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ENVIRONMENT_FOLDERS = (".venv", "venv", "env", ".env", ".conda")
CURRENT = "current"
POETRY_CACHES = ("~/.cache/pypoetry", "~/Library/Caches/pypoetry")
PIPENV_HOMES = ("~/.local/share/virtualenvs", "~/.virtualenvs")
_ODD = re.compile(r'[ $`!*@"\\\r\n\t]')


def workspace_python(workspace: Path, folder: str = "") -> Path | None:
    """The Python of the workspace's own environment: in `folder`, then upwards to the workspace; else None.

    Taken are `ENVIRONMENT_FOLDERS`, and what Poetry or Pipenv made for that folder in their caches; nothing is run to find them.
    """
    place = (workspace / folder).resolve()
    top = workspace.resolve()
    while True:
        for home in (*(place / name for name in ENVIRONMENT_FOLDERS), *_cached(place)):
            candidate = home / "bin" / "python"
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return candidate
        if place in (top, place.parent):
            return None
        place = place.parent


def _cached(place: Path) -> Iterator[Path]:
    """Where Poetry and Pipenv keep the environments of the project in the folder, the newest first."""
    if (place / "pyproject.toml").is_file():
        name = _poetry_name(place)
        mark = base64.urlsafe_b64encode(hashlib.sha256(os.fsencode(place)).digest()).decode()[:8]
        own = os.environ.get("POETRY_VIRTUALENVS_PATH")
        caches = [os.environ["POETRY_CACHE_DIR"]] if "POETRY_CACHE_DIR" in os.environ else POETRY_CACHES
        for home in [own] if own else [f"{cache}/virtualenvs" for cache in caches]:
            if name:
                yield from sorted(
                    Path(home).expanduser().glob(f"{_ODD.sub('_', name.lower())[:42]}-{mark}-py*"), reverse=True
                )
    if (place / "Pipfile").is_file():
        digest = hashlib.sha256(os.fsencode(place / "Pipfile")).digest()[:6]
        mark = base64.urlsafe_b64encode(digest).decode()[:8]
        name = re.sub(r'[ &$`!*@"()\[\]\\\r\n\t]', "_", place.name)[:42]
        for home in [os.environ["WORKON_HOME"]] if "WORKON_HOME" in os.environ else PIPENV_HOMES:
            yield Path(home).expanduser() / f"{name}-{mark}"


def _poetry_name(place: Path) -> str:
    """The project's name, when it is one that Poetry manages and that cannot lead elsewhere."""
    try:
        with open(place / "pyproject.toml", "rb") as file:
            tables = tomllib.loads(file.read(2_000_000).decode("utf-8", "replace"))
    except (OSError, tomllib.TOMLDecodeError, RecursionError):
        return ""
    project, tool = tables.get("project"), tables.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    for table in (project, poetry):
        name = table.get("name") if isinstance(table, dict) else None
        if isinstance(name, str) and re.fullmatch(r"[\w .-]{1,100}", name) and ".." not in name:
            return name if isinstance(poetry, dict) or (place / "poetry.lock").is_file() else ""
    return ""


def installed_program(name: str, data: Path) -> Path | None:
    """Where `callboard tools install` put the program, None when it has not."""
    candidate = data / "tools" / name / CURRENT / "bin" / name
    return candidate if candidate.is_file() and os.access(candidate, os.X_OK) else None


def find_program(
    name: str, workspace: Path | None = None, folder: str = "", place: str = "callboard", data: Path | None = None
) -> Path | None:
    """Where a command is: beside Callboard's own interpreter, among what `callboard tools install` put into the data folder,
    then on PATH; a tool of the workspace's own (`place='workspace'`) in its virtual environment or `node_modules/.bin`
    first. None when it is nowhere."""
    spots: list[Path] = []
    if workspace is not None and place == "workspace":
        python = workspace_python(workspace, folder)
        if python is not None:
            spots.append(python.parent)
        here = (workspace / folder).resolve()
        top = workspace.resolve()
        spots += [p / "node_modules" / ".bin" for p in (here, *here.parents) if p == top or top in p.parents]
    spots.append(Path(sys.executable).parent)
    for spot in spots:
        candidate = spot / name
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    installed = installed_program(name, data) if data is not None else None
    if installed is not None:
        return installed
    found = shutil.which(name)
    return Path(found) if found else None

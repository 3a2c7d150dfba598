"""Which interpreter and which programs the workspace's own work runs on."""

import os
import shutil
import sys
from pathlib import Path

ENVIRONMENT_FOLDERS = (".venv", "venv", "env")


def workspace_python(workspace: Path, folder: str = "") -> Path | None:
    """The Python of the workspace's own virtual environment: in `folder`, then upwards to the workspace; else None."""
    place = (workspace / folder).resolve()
    top = workspace.resolve()
    while True:
        for name in ENVIRONMENT_FOLDERS:
            candidate = place / name / "bin" / "python"
            if candidate.is_file() and os.access(candidate, os.X_OK):
                return candidate
        if place in (top, place.parent):
            return None
        place = place.parent


def find_program(name: str, workspace: Path | None = None, folder: str = "", place: str = "callboard") -> Path | None:
    """Where a command is: beside Callboard's own interpreter, then on PATH; a tool of the workspace's own
    (`place='workspace'`) in its virtual environment or `node_modules/.bin` first. None when it is nowhere."""
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
    found = shutil.which(name)
    return Path(found) if found else None

"""The part of an environment that belongs to the workspace itself: taken out once, and laid into each attempt's own layer.

An editable install is a few small files that name the folder of the source. They are kept apart from the dependencies,
and written anew with the folder of the attempt's copy; so nothing is built again. What holds compiled parts of its own,
or cannot be installed editable, is built for each attempt.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from callboard.work.environments.installing import INSIDE
from callboard.work.environments.shapes import NoEnvironment, Room

LARGEST_TEXT = 4_000_000
REBUILT_BACKENDS = ("mesonpy", "scikit_build_core")
LAYER = "callboard_kept.pth"

Stamps = Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A folder of the workspace that is installed for each attempt."""

    folder: str
    editable: bool


def stamps(base: Path) -> dict[str, tuple[int, int]]:
    """Time of change and size of each file below, by relative path."""
    found = {}
    for folder, folders, names in os.walk(base):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = os.path.join(folder, name)
            state = os.lstat(path)
            found[os.path.relpath(path, base)] = (state.st_mtime_ns, state.st_size)
    return found


def take_out(room: Room, environment: Path, source: Path, before: Stamps, parts: Path) -> list[Rebuilt]:
    """Moves what was installed from the source, and what its build wrote there, into `parts`; says what must be built each time."""
    python = environment / "bin" / "python"
    asked = room.run([python, INSIDE / "local.py", source.as_uri()], timeout=60)
    try:
        local = json.loads(asked.stdout)
    except ValueError:
        raise NoEnvironment(
            f"the fresh environment cannot be read: {asked.trouble}", "make a virtual environment in .venv"
        ) from None
    rebuilt = []
    for part in local:
        again = not part["editable"] or part["compiled"] or _backend(room, part["folder"]) in REBUILT_BACKENDS
        if again:
            rebuilt.append(Rebuilt(part["folder"], part["editable"]))
        for name in part["files"]:
            path = Path(name)
            if not path.is_relative_to(environment) or not path.is_file():
                continue
            if again:
                path.unlink()
            else:
                _moved(path, parts / "installed" / path.relative_to(environment))
    for name, stamp in stamps(source).items():
        if before.get(name) != stamp and not rebuilt and name not in before:
            _moved(source / name, parts / "written" / name)
    return rebuilt


def _backend(room: Room, folder: str) -> str:
    tables = room.workspace.toml(f"{folder}/pyproject.toml" if folder else "pyproject.toml")
    system = tables.get("build-system")
    backend = system.get("build-backend") if isinstance(system, dict) else ""
    return backend.partition(".")[0] if isinstance(backend, str) else ""


def _moved(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, target)


def lay(parts: Path, environment: Path, source: Path, layer: Path, base: Path) -> None:
    """Makes `layer` an environment over the kept one, in which the workspace's own parts name `base` as their folder."""
    import venv

    venv.EnvBuilder(symlinks=True, with_pip=False).create(layer)
    named = {str(source): str(base), source.as_uri(): base.as_uri(), str(environment): str(layer)}
    for path, name in _files(environment / "bin"):
        target = layer / "bin" / name
        if target.exists() or target.is_symlink() or name.startswith(("python", "activate", "Activate")):
            continue
        if path.is_symlink() or not _is_script(path, environment):
            target.symlink_to(path)
        else:
            _written(path, target, named)
    for path, name in _files(parts / "installed"):
        _written(path, layer / name, named)
    for path, name in _files(parts / "written"):
        if not (base / name).exists():
            _written(path, base / name, named)
    for folder in environment.iterdir():
        if folder.is_dir() and not (layer / folder.name).exists():
            (layer / folder.name).symlink_to(folder)
    kept = packages(environment)
    line = f"import site; site.addsitedir({str(kept)!r})\n"
    (packages(layer) / LAYER).write_text(line, "utf-8")


def packages(environment: Path) -> Path:
    """The folder of an environment's packages."""
    return next((environment / "lib").glob("python3*")) / "site-packages"


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            yield path, str(path.relative_to(folder))


def _is_script(path: Path, environment: Path) -> bool:
    with open(path, "rb") as file:
        head = file.read(1_024)
    return head.startswith(b"#!") and os.fsencode(environment) in head


def _written(path: Path, target: Path, named: Mapping[str, str]) -> None:
    """The file with folders named anew in it; what is no text stays as it is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_size > LARGEST_TEXT:
        shutil.copy2(path, target, follow_symlinks=False)
        return
    data = path.read_bytes()
    if b"\0" not in data:
        for old, new in named.items():
            data = data.replace(os.fsencode(old), os.fsencode(new))
    target.write_bytes(data)
    shutil.copymode(path, target)

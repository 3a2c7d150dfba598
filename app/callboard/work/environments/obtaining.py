"""Which environment the workspace's Python code runs in: what was asked for, its own, or one that Callboard keeps."""

import itertools
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from callboard.work.environments.copying import copy_tree
from callboard.work.environments.declared import Declared, declared
from callboard.work.environments.installing import INSIDE, Installer, new_environment
from callboard.work.environments.keeping import Hold, Ready, digest_of, size_of, use
from callboard.work.environments.relocating import Rebuilt, lay, stamps, take_out
from callboard.work.environments.shapes import Environment, NoEnvironment, Room
from callboard.work.interpreter import workspace_python

FORMAT = b"1"
MOST_READ = 16_000_000
REQUIREMENTS = re.compile(
    r"(?:.*(?:requirements|constraints).*\.(?:txt|in)|requirements/.*|.*/requirements/.*"
    r"|(?:.*/)?(?:pyproject\.toml|setup\.py|setup\.cfg|tox\.ini|Pipfile(?:\.lock)?|hatch\.toml|(?:uv|poetry|pdm)\.lock|PKG-INFO))"
)
COMPILED = (
    ".c .cc .cpp .cxx .h .hpp .pyx .pxd .pxi .rs .f .f90 .go Cargo.toml Cargo.lock CMakeLists.txt meson.build"
).split()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an action asks for; see `Context.environment`."""

    folder: str
    extra: tuple[str, ...]
    interpreter: str
    create: bool
    install_limit: float


def obtain(room: Room, wanted: Wanted) -> tuple[Environment, Hold | None]:
    """The environment, and what holds it; raises `NoEnvironment` with the reason when it cannot be had."""
    top = room.workspace.path
    if wanted.interpreter == "callboard":
        return _probed(room, Environment(Path(sys.executable), top, "Callboard's own interpreter")), None
    if wanted.interpreter not in ("", "own", "kept"):
        python = top / wanted.interpreter
        if not (python.is_file() and os.access(python, os.X_OK)):
            raise NoEnvironment(
                f"the interpreter {wanted.interpreter} is not there", "correct the option 'interpreter'"
            )
        return _probed(room, Environment(python, top, wanted.interpreter)), None
    own = workspace_python(top, wanted.folder) if wanted.interpreter != "kept" else None
    if own is not None:
        place = own.parent.parent
        words = str(place.relative_to(top)) if place.is_relative_to(top) else str(place)
        return _probed(room, Environment(own, top, words)), None
    if not wanted.create:
        raise NoEnvironment(
            "the workspace has no virtual environment", "make one in .venv, or set create_environment = true"
        )
    return _kept(room, wanted)


def _probed(room: Room, environment: Environment) -> Environment:
    done = room.run([environment.python, INSIDE / "probe.py"], env=environment.variables, timeout=60)
    try:
        has = json.loads(done.stdout)
    except ValueError:
        raise NoEnvironment(
            f"the interpreter of {environment.words} does not start: {done.trouble}", "make the environment anew"
        ) from None
    return replace(environment, has=has)


def _kept(room: Room, wanted: Wanted) -> tuple[Environment, Hold]:
    """A layer of the attempt's own over a kept environment, and in it a copy of the workspace, installed."""
    until = time.monotonic() + wanted.install_limit
    needs = declared(room.workspace, wanted.folder)
    extra = tuple(sorted(set(wanted.extra)))
    if needs.nothing and set(extra) <= {"coverage"}:
        extra = ()
    room.say("makes a throw-away environment")
    taken = (*room.scratch.glob("environment-*"), *room.scratch.glob("copy-*"))
    number = next(n for n in itertools.count() if not any(path.name.endswith(f"-{n}") for path in taken))
    base, layer = room.scratch / f"copy-{number}", room.scratch / f"environment-{number}"
    copy_tree(room.workspace.path, base)

    def make(place: Path) -> Ready:
        return _make(room, wanted, needs, extra, place, until)

    digest = digest_of(list(_made_from(room, wanted, needs, extra)))
    try:
        ready, hold = use(room.kept, digest, make, room.say, wanted.install_limit)
    except NoEnvironment:
        _remove(base)
        raise
    place = room.kept / digest
    lay(place / "parts", place / "environment", place / "source", layer, base)
    for part in (Rebuilt(*pair) for pair in ready.rebuilt):
        room.say("builds the project")
        installer = Installer(room, layer / "bin" / "python", base, part.folder, until)
        installer.packages(["--no-deps", *(["-e"] if part.editable else []), "."])
    words = f"the throw-away environment{ready.suffix}"
    return Environment(layer / "bin" / "python", base, words, True, ready.said_by, ready.has), hold


def _make(room: Room, wanted: Wanted, needs: Declared, extra: Sequence[str], place: Path, until: float) -> Ready:
    source, environment = place / "source", place / "environment"
    python = environment / "bin" / "python"
    new_environment(room, environment, bool(extra) or not needs.nothing, wanted.install_limit)
    suffix, rebuilt = "", list[Rebuilt]()
    has = {}
    if extra or not needs.nothing:
        copy_tree(room.workspace.path, source)
        before = stamps(source)
        suffix = Installer(room, python, source, wanted.folder, until).install(needs, list(extra))
        has = dict(_probed(room, Environment(python, source, "the fresh environment")).has)
        rebuilt = take_out(room, environment, source, before, place / "parts")
        _remove(source)
    else:
        has = dict(_probed(room, Environment(python, environment, "the fresh environment")).has)
    what = f"{room.workspace.path.name}/{wanted.folder}".rstrip("/")
    pairs = [(part.folder, part.editable) for part in rebuilt]
    return Ready(what, time.time(), size_of(place), suffix, needs.said_by, has, pairs)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _made_from(room: Room, wanted: Wanted, needs: Declared, extra: Sequence[str]) -> Iterator[bytes]:
    """All that an environment follows from: interpreter, extras, declarations, which packages there are, and compiled sources."""
    yield from (
        FORMAT,
        sys.version.encode(),
        os.fsencode(sys.base_prefix),
        wanted.folder.encode(),
        repr(needs).encode(),
    )
    yield " ".join(extra).encode()
    if needs.nothing:
        return
    prefix = f"{wanted.folder}/" if wanted.folder else ""
    inside = [path for path in room.workspace.files if path.startswith(prefix)]
    above = {f"{'/'.join(parts)}/" if parts else "" for parts in _parents(wanted.folder)}
    budget = MOST_READ
    for path in room.workspace.files:
        is_ours = path.startswith(prefix) or path[: path.rfind("/") + 1] in above
        if not is_ours or not (REQUIREMENTS.fullmatch(path) or path.endswith(tuple(COMPILED))):
            continue
        text = room.workspace.text(path, min(budget, 8_000_000)).encode("utf-8", "replace")
        budget = max(0, budget - len(text))
        yield path.encode() + b"\0" + text
    packages = {path.rpartition("/")[0] for path in inside if path.endswith("/__init__.py")}
    yield "\n".join(sorted(name for name in packages if name.rpartition("/")[0] not in packages)).encode()
    modules = (
        path for path in inside if path.endswith(".py") and path[len(prefix) :].removeprefix("src/").count("/") == 0
    )
    yield "\n".join(modules).encode()


def _parents(folder: str) -> Iterator[list[str]]:
    parts = folder.split("/") if folder else []
    for depth in range(len(parts)):
        yield parts[:depth]

"""Which packages a workspace depends on, and in which versions: from locks, requirements and environments."""

import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from callboard.api import Workspace
from callboard_security.environments import SAMPLE
from callboard_security.found import Broken, Package, Packages, normal
from callboard_security.locks import pipfile_lock, toml_lock
from callboard_security.manifests import includes, package_json, pyproject, requirements, setup_cfg, setup_py
from callboard_security.npm_locks import npm_lock, pnpm_lock, yarn_lock

LARGEST_LOCK = 40_000_000
TOML_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "pylock.*.toml")
NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
REQUIREMENTS = ("requirements*.txt", "*requirements.txt", "requirements/*.txt", "*/requirements/*.txt")
READERS: tuple[tuple[tuple[str, ...], Callable[[str, str, Packages], None]], ...] = (
    (TOML_LOCKS, toml_lock),
    (("Pipfile.lock",), pipfile_lock),
    (NPM_LOCKS, npm_lock),
    (("yarn.lock",), yarn_lock),
    (("pnpm-lock.yaml",), pnpm_lock),
)
MANIFESTS: tuple[tuple[tuple[str, ...], Callable[[str, str, Packages], None]], ...] = (
    (("pyproject.toml",), pyproject),
    (("setup.py",), setup_py),
    (("setup.cfg",), setup_cfg),
    (("package.json",), package_json),
)
LOCKS = (*TOML_LOCKS, "Pipfile.lock", *NPM_LOCKS, "yarn.lock", "pnpm-lock.yaml")
MOST_INCLUDED = 200
_MERGE = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)


def told_by(workspace: Workspace, *patterns: str) -> list[str]:
    """The files of these names, but for those of test data and of templates: nothing of the team's is made with them."""
    return [path for path in workspace.matching(*patterns) if not SAMPLE.search(path)]


def collect(workspace: Workspace, environments: Iterable[tuple[str, Path]] = ()) -> Packages:
    """Everything that locks, requirements, manifests and environments (folder, interpreter) say."""
    found = Packages()
    for patterns, read in READERS:
        for path in told_by(workspace, *patterns):
            read_one(workspace, path, read, found)
    requirement_files(workspace, told_by(workspace, *REQUIREMENTS), found)
    for patterns, read in MANIFESTS:
        for path in told_by(workspace, *patterns):
            read_one(workspace, path, read, found)
    for folder, python in environments:
        installed = list(environment(python, folder))
        if installed:
            found.sources.append(f"the environment {folder + '/' if folder else ''}{python.parent.parent.name}")
            found.pinned += installed
    found.pinned = [package for package in found.pinned if _is_plausible(package, found)]
    return found


def requirement_files(workspace: Workspace, paths: Iterable[str], found: Packages) -> None:
    """Requirements files and what they include (-r); of constraints (-c) counts what somebody asks for."""
    pending, seen, bounds = [(path, True) for path in paths], set[str](), Packages()
    while pending and len(seen) < MOST_INCLUDED:
        path, asked = pending.pop(0)
        if path in seen:
            continue
        seen.add(path)
        target, named = found if asked else bounds, list[tuple[str, str]]()

        def read(text: str, path: str, into: Packages, named: list[tuple[str, str]] = named) -> None:
            requirements(text.splitlines(), path, into)
            named += includes(text)

        read_one(workspace, path, read, target)
        for kind, name in named:
            other = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if not other.startswith("..") and (workspace.path / other).is_file():
                pending.append((other, asked and kind == "r"))
    found.broken += bounds.broken
    asked_for = {package.name for package in found.wanted}
    found.pinned += [package for package in bounds.pinned if package.name in asked_for]


def _is_plausible(package: Package, found: Packages) -> bool:
    """Whether the registry could have it; names and versions go into files that tools read."""
    name = r"[a-z0-9][a-z0-9-]{0,200}" if package.ecosystem == "PyPI" else r"(@[^\s/@:]{1,200}/)?[^\s/@:]{1,214}"
    if re.fullmatch(name, package.name) and re.fullmatch(r"[A-Za-z0-9.!+_-]{1,200}", package.version):
        return True
    if package.path:
        found.broken.append(Broken(package.path, "it names a package that no registry could have", package.line))
    return False


def read_one(workspace: Workspace, path: str, read: Callable[[str, str, Packages], None], found: Packages) -> None:
    """Reads a file into `found`; one that cannot be read is kept as broken, with the reason."""
    before = len(found.pinned) + len(found.wanted)
    try:
        text = decoded(workspace, path)
        mark = _MERGE.search(text)
        if mark is not None:
            line = text.count("\n", 0, mark.start()) + 1
            found.broken.append(Broken(path, "it holds the marks of a merge conflict", line))
            return
        read(text, path, found)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        found.broken.append(Broken(path, str(error), getattr(error, "lineno", 0)))
    except (ValueError, OSError) as error:
        found.broken.append(Broken(path, str(error)[:300] or "it has another form than expected"))
    except (SyntaxError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        found.broken.append(Broken(path, f"it has another form than expected ({type(error).__name__})"))
    if len(found.pinned) + len(found.wanted) > before:
        found.sources.append(path)


def decoded(workspace: Workspace, path: str) -> str:
    """The whole text: UTF-8 with or without a mark, or UTF-16 with one (as PowerShell writes); raises OSError or ValueError."""
    target = (workspace.path / path).resolve()
    target.relative_to(workspace.path)
    if target.stat().st_size > LARGEST_LOCK:
        raise ValueError(f"it is larger than {LARGEST_LOCK // 1_000_000} MB")
    raw = target.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    text = raw.decode("utf-8-sig", "replace")
    if "\0" in text:
        raise ValueError("it is no text")
    return text


def environment(python: Path, folder: str = "") -> Iterator[Package]:
    """What is installed beside an interpreter, read from its metadata; nothing of it is run."""
    for place in site_packages(python):
        fields = metadata(place)
        if fields.get("name") and fields.get("version") and not _is_local(place.parent):
            yield Package("PyPI", normal(fields["name"]), fields["version"], folder=folder)


def site_packages(python: Path) -> list[Path]:
    """The METADATA files of what is installed beside an interpreter."""
    return sorted(python.parent.parent.glob("lib/python3*/site-packages/*.dist-info/METADATA"))


def _is_local(folder: Path) -> bool:
    try:
        return '"dir_info"' in (folder / "direct_url.json").read_text("utf-8")
    except (OSError, ValueError):
        return False


def metadata(place: Path) -> Mapping[str, str]:
    """The fields at the head of a METADATA file, names in lower case, the first of each; {} when it cannot be read."""
    try:
        with open(place, encoding="utf-8", errors="replace") as file:
            head = file.read(100_000)
    except OSError:
        return {}
    fields: dict[str, str] = {}
    for line in head.split("\n\n", 1)[0].splitlines():
        key, found, value = line.partition(":")
        if found and not line.startswith((" ", "\t")):
            fields.setdefault(key.strip().lower(), value.strip())
    return fields

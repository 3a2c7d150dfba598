"""Which packages a workspace depends on, and in which versions: from locks, requirements and environments."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from callboard.api import Workspace
from callboard_security.environments import SAMPLE
from callboard_security.found import Broken, Package, Packages, normal
from callboard_security.manifests import package_json, pyproject, requirements, setup_cfg, setup_py

LARGEST_LOCK = 40_000_000
TOML_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "pylock.*.toml")
NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
REQUIREMENTS = ("requirements*.txt", "*requirements.txt", "requirements/*.txt", "*/requirements/*.txt")
LOCAL_SOURCES = frozenset({"editable", "virtual", "directory", "path"})


def told_by(workspace: Workspace, *patterns: str) -> list[str]:
    """The files of these names, but for those of test data and of templates: nothing of the team's is made with them."""
    return [path for path in workspace.matching(*patterns) if not SAMPLE.search(path)]


def collect(workspace: Workspace, environments: Iterable[tuple[str, Path]] = ()) -> Packages:
    """Everything that locks, requirements, manifests and environments (folder, interpreter) say."""
    found = Packages()
    for path in told_by(workspace, *TOML_LOCKS):
        _reading(found, path, lambda text, p: toml_lock(text, p, found), workspace)
    for path in told_by(workspace, "Pipfile.lock"):
        _reading(found, path, lambda text, p: pipfile_lock(text, p, found), workspace)
    for path in told_by(workspace, *NPM_LOCKS):
        _reading(found, path, lambda text, p: npm_lock(text, p, found), workspace)
    for path in told_by(workspace, *REQUIREMENTS):
        _reading(found, path, lambda text, p: requirements(text.splitlines(), p, found), workspace)
    for path in told_by(workspace, "pyproject.toml"):
        _reading(found, path, lambda text, p: pyproject(text, p, found), workspace)
    for path in told_by(workspace, "setup.py"):
        _reading(found, path, lambda text, p: setup_py(text, p, found), workspace)
    for path in told_by(workspace, "setup.cfg"):
        _reading(found, path, lambda text, p: setup_cfg(text, p, found), workspace)
    for path in told_by(workspace, "package.json"):
        _reading(found, path, lambda text, p: package_json(text, p, found), workspace)
    for folder, python in environments:
        installed = list(environment(python))
        if installed:
            found.sources.append(f"the environment {folder + '/' if folder else ''}{python.parent.parent.name}")
            found.pinned += installed
    found.pinned = [package for package in found.pinned if _is_plausible(package, found)]
    return found


def _is_plausible(package: Package, found: Packages) -> bool:
    """Whether the registry could have it; names and versions go into files that tools read."""
    name = r"[a-z0-9][a-z0-9-]{0,200}" if package.ecosystem == "PyPI" else r"(@[^\s/@:]{1,200}/)?[^\s/@:]{1,214}"
    if re.fullmatch(name, package.name) and re.fullmatch(r"[A-Za-z0-9.!+_-]{1,200}", package.version):
        return True
    if package.path:
        found.broken.append(Broken(package.path, "it names a package that no registry could have", package.line))
    return False


def _reading(found: Packages, path: str, read: Any, workspace: Workspace) -> None:
    before = len(found.pinned) + len(found.wanted)
    try:
        read(workspace.text(path, LARGEST_LOCK), path)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError) as error:
        found.broken.append(Broken(path, str(error), getattr(error, "lineno", 0)))
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found.broken.append(Broken(path, f"it has another form than expected ({type(error).__name__})"))
    if len(found.pinned) + len(found.wanted) > before:
        found.sources.append(path)


def toml_lock(text: str, path: str, found: Packages) -> None:
    """poetry.lock, uv.lock, pdm.lock and pylock.toml (PEP 751)."""
    tables = tomllib.loads(text)
    lines = {name: number for number, name in _named_lines(text, re.compile(r'name = "([^"]+)"'))}
    for entry in [*tables.get("package", []), *tables.get("packages", [])]:
        source = entry.get("source", {})
        if LOCAL_SOURCES & set(source) or "directory" in entry or "version" not in entry:
            continue
        name = str(entry["name"])
        found.pinned.append(Package("PyPI", normal(name), str(entry["version"]), path, lines.get(name, 0)))


def pipfile_lock(text: str, path: str, found: Packages) -> None:
    """Pipfile.lock of pipenv."""
    tables = json.loads(text)
    lines = {name: number for number, name in _named_lines(text, re.compile(r'"([^"]+)":\s*\{'))}
    for group in ("default", "develop"):
        for name, entry in tables.get(group, {}).items():
            version = str(entry.get("version", "")).removeprefix("==")
            if version:
                found.pinned.append(Package("PyPI", normal(name), version, path, lines.get(name, 0)))


def npm_lock(text: str, path: str, found: Packages) -> None:
    """package-lock.json, versions 1 to 3; links to the workspace's own packages are left out."""
    tables = json.loads(text)
    lines = {name: number for number, name in _named_lines(text, re.compile(r'"([^"]+)":\s*\{'))}
    if "packages" in tables:
        for place, entry in tables["packages"].items():
            if "node_modules/" not in place or entry.get("link") or "version" not in entry:
                continue
            name = str(entry.get("name") or place.rsplit("node_modules/", 1)[1])
            licence = entry.get("license", "")
            shown = licence if isinstance(licence, str) else ""
            found.pinned.append(Package("npm", name, str(entry["version"]), path, lines.get(place, 0), shown))
        return
    pending = [tables.get("dependencies", {})]
    while pending:
        for name, entry in pending.pop().items():
            pending.append(entry.get("dependencies", {}))
            if not str(entry.get("version", "")).startswith(("file:", "git", "http")):
                found.pinned.append(Package("npm", str(name), str(entry["version"]), path, lines.get(name, 0)))


def environment(python: Path) -> Iterator[Package]:
    """What is installed beside an interpreter, read from its metadata; nothing of it is run."""
    for place in sorted(python.parent.parent.glob("lib/python3*/site-packages/*.dist-info/METADATA")):
        fields = _metadata(place)
        if fields.get("name") and fields.get("version") and not _is_local(place.parent):
            yield Package("PyPI", normal(fields["name"]), fields["version"])


def _is_local(folder: Path) -> bool:
    try:
        return '"dir_info"' in (folder / "direct_url.json").read_text("utf-8")
    except (OSError, ValueError):
        return False


def _metadata(place: Path) -> Mapping[str, str]:
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


def _named_lines(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        match = pattern.match(line.strip())
        if match is not None:
            yield number, match[1]

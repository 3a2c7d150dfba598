"""Which packages a workspace depends on, and in which versions: from locks, requirements and environments."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callboard.api import Workspace

LARGEST_LOCK = 40_000_000
TOML_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "pylock.*.toml")
NPM_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
REQUIREMENTS = ("requirements*.txt", "*requirements.txt", "requirements/*.txt", "*/requirements/*.txt")
LOCAL_SOURCES = frozenset({"editable", "virtual", "directory", "path"})

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]{0,200})\s*(?:\[[^\]]*\])?\s*(.*)")
_PINNED = re.compile(r"={2,3}\s*([A-Za-z0-9.!+_-]+)$")


@dataclass(frozen=True, slots=True)
class Package:
    """A package in one version. `ecosystem` is 'PyPI' or 'npm', `path` names the file that says so, '' for an environment."""

    ecosystem: str
    name: str
    version: str
    path: str = ""
    line: int = 0
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that should say something about packages and cannot be read."""

    path: str
    reason: str
    line: int = 0


@dataclass(slots=True)
class Packages:
    """What was found. `wanted` are packages that are named without one exact version."""

    pinned: list[Package] = field(default_factory=list)
    wanted: list[Package] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def unversioned(self) -> list[Package]:
        """The wanted ones for which no lock and no environment says a version."""
        known = {(package.ecosystem, package.name) for package in self.pinned}
        found = {(p.ecosystem, p.name): p for p in self.wanted if (p.ecosystem, p.name) not in known}
        return [found[key] for key in sorted(found)]


def normal(name: str) -> str:
    """A Python package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def collect(workspace: Workspace, environments: Iterable[tuple[str, Path]] = ()) -> Packages:
    """Everything that locks, requirements, manifests and environments (folder, interpreter) say."""
    found = Packages()
    for path in workspace.matching(*TOML_LOCKS):
        _reading(found, path, lambda text, p: toml_lock(text, p, found), workspace)
    for path in workspace.matching("Pipfile.lock"):
        _reading(found, path, lambda text, p: pipfile_lock(text, p, found), workspace)
    for path in workspace.matching(*NPM_LOCKS):
        _reading(found, path, lambda text, p: npm_lock(text, p, found), workspace)
    for path in workspace.matching(*REQUIREMENTS):
        _reading(found, path, lambda text, p: requirements(text.splitlines(), p, found), workspace)
    for path in workspace.matching("pyproject.toml"):
        _reading(found, path, lambda text, p: pyproject(text, p, found), workspace)
    for path in workspace.matching("package.json"):
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
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
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


def requirements(lines: Iterable[str], path: str, found: Packages) -> None:
    """Lines of a requirements file; options, links and local paths name no version and are passed over."""
    for number, raw in enumerate(_joined(lines), 1):
        text = re.sub(r"(^|\s)#.*", "", raw).split(" --", 1)[0].strip()
        if not text or text.startswith(("-", ".", "/")) or "://" in text.split(";")[0]:
            continue
        match = _NAME.match(text.split(";", 1)[0])
        if match is None:
            continue
        name, rest = normal(match[1]), match[2].strip().strip("()")
        pin = _PINNED.fullmatch(rest)
        if pin is not None:
            found.pinned.append(Package("PyPI", name, pin[1], path, number))
        else:
            found.wanted.append(Package("PyPI", name, "", path, number))


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """The lines with continuations drawn to their first, and as many empty ones after it, so that numbers stay."""
    held, count = "", 0
    for line in lines:
        held += line
        if held.endswith("\\"):
            held = held[:-1] + " "
            count += 1
            continue
        yield held
        yield from [""] * count
        held, count = "", 0
    if held:
        yield held


def pyproject(text: str, path: str, found: Packages) -> None:
    """Dependencies of a project by PEP 621 and PEP 735, and of poetry."""
    tables = tomllib.loads(text)
    project = tables.get("project", {})
    own = normal(str(project.get("name", "")))
    wanted = list(project.get("dependencies", []))
    for group in project.get("optional-dependencies", {}).values():
        wanted += group
    for group in tables.get("dependency-groups", {}).values():
        wanted += [entry for entry in group if isinstance(entry, str)]
    poetry = tables.get("tool", {}).get("poetry", {})
    wanted += [name for name in poetry.get("dependencies", {}) if name.lower() != "python"]
    lines = text.splitlines()
    for requirement in wanted:
        here = Packages()
        requirements([str(requirement)], path, here)
        number = next((n for n, line in enumerate(lines, 1) if str(requirement) in line), 0)
        for package in here.pinned:
            found.pinned.append(Package("PyPI", package.name, package.version, path, number))
        for package in here.wanted:
            if package.name != own:
                found.wanted.append(Package("PyPI", package.name, "", path, number))


def package_json(text: str, path: str, found: Packages) -> None:
    """What a package.json asks for from the registry."""
    tables = json.loads(text)
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        for name, wanted in (tables.get(group) or {}).items():
            if isinstance(wanted, str) and not wanted.startswith(("file:", "link:", "workspace:", "git", "http")):
                found.wanted.append(Package("npm", str(name), "", path))


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

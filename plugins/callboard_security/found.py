"""Packages that were found, and what could not be read."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Package:
    """A package in one version. `ecosystem` is 'PyPI' or 'npm', `path` names the file that says so, '' for an environment.

    `folder` is that of the environment then. `integrity` is npm's own word for what the archive must hash to.
    """

    ecosystem: str
    name: str
    version: str
    path: str = ""
    line: int = 0
    licence: str = ""
    integrity: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that should say something about packages and cannot be read."""

    path: str
    reason: str
    line: int = 0


@dataclass(slots=True)
class Packages:
    """What was found. `wanted` are packages that are named without one exact version, `elsewhere` the places (file:line) of those
    that come from an address or an archive."""

    pinned: list[Package] = field(default_factory=list)
    wanted: list[Package] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def unversioned(self) -> list[Package]:
        """The wanted ones for which no lock or environment of their folder, or of one above it, says a version."""
        known: dict[tuple[str, str], set[str]] = {}
        for package in self.pinned:
            folder = package.folder if not package.path else project_of(package.path)
            known.setdefault((package.ecosystem, package.name), set()).add(folder)
        found: dict[tuple[str, str, str], Package] = {}
        for package in self.wanted:
            folder = project_of(package.path)
            if not any(above in known.get((package.ecosystem, package.name), ()) for above in upwards(folder)):
                found.setdefault((package.ecosystem, package.name, folder), package)
        return [found[key] for key in sorted(found)]


def project_of(path: str) -> str:
    """The folder whose dependencies a file tells; `requirements/dev.txt` belongs to what lies beside its folder."""
    folder = path.rpartition("/")[0]
    if folder == "requirements":
        return ""
    return folder.removesuffix("/requirements")


def upwards(folder: str) -> list[str]:
    """The folder and those above it, up to the top ('')."""
    folders = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        folders.append(folder)
    return folders


def normal(name: str) -> str:
    """A Python package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()

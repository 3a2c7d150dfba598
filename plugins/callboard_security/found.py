"""Packages that were found, and what could not be read."""

import re
from dataclasses import dataclass, field


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

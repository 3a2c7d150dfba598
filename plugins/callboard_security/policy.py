"""The team's licence policy: what may be used, what must not, and what a person looks at."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from callboard_security.found import Package, normal
from callboard_security.options import Licences
from callboard_security.spdx import evaluate, expression_of


class Standing(IntEnum):
    """How a licence stands to the policy, from best to worst; UNKNOWN is one that nobody named or nobody understands."""

    ALLOWED = 1
    REVIEW = 2
    UNKNOWN = 3
    DENIED = 4


# What lets a product be shipped without giving its source away; weak copyleft holds for the package's own files only.
ALLOW = (
    "MIT", "MIT-0", "MIT-CMU", "BSD-*", "0BSD", "Apache-*", "ISC", "PSF-2.0", "Python-2.0*", "CNRI-Python*", "Zlib", "Unlicense",
    "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "BlueOak-1.0.0", "BSL-1.0", "WTFPL", "HPND", "ZPL-*", "PostgreSQL", "X11", "NCSA",
    "Unicode-*", "AFL-*", "Artistic-2.0", "curl", "libpng*", "OpenSSL*", "W3C*", "OFL-1.1", "FTL", "Libpng", "TCL", "bzip2-*",
    "MPL-*", "LGPL-*", "EPL-*", "CDDL-*", "LicenseRef-public-domain",
)  # fmt: skip
EXCEPTIONS = (
    "GPL-* WITH Classpath-exception-*", "GPL-* WITH GCC-exception-*", "GPL-* WITH Autoconf-exception-*",
    "GPL-* WITH Bison-exception-*", "Apache-2.0 WITH *",
)  # fmt: skip
REVIEW = (
    "GPL-*", "AGPL-*", "SSPL-*", "BUSL-*", "EUPL-*", "OSL-*", "RPL-*", "QPL-*", "CC-BY-SA-*", "CC-BY-NC*", "CC-BY-ND*", "Sleepycat",
    "Elastic-*", "Commons-Clause", "PolyForm-*", "LicenseRef-*", "JSON", "CPAL-*", "MS-RL", "CECILL-*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Policy:
    """Patterns of SPDX identifiers ('*' stands for anything, case is ignored), in tiers of which the first that fits counts.

    `packages` are licences that a person has looked up. A licence that is on no list is for review.
    """

    tiers: Sequence[tuple[Standing, Sequence[str]]] = ((Standing.REVIEW, REVIEW), (Standing.ALLOWED, ALLOW))
    packages: Mapping[str, str] = field(default_factory=dict)

    def licence_of(self, package: Package) -> str:
        """What the policy says about a package, else what the package says."""
        return self.packages.get(normal(package.name), package.licence)

    def standing(self, licence: str, ids: dict[str, str]) -> tuple[Standing, str]:
        """(how it stands, the SPDX expression that was understood or '').

        A text that is not understood may be on a list as it stands there ('BSD License*').
        """
        if not licence:
            return Standing.UNKNOWN, ""
        expression = expression_of(licence, ids)
        if not expression:
            return self._tier(licence) or Standing.UNKNOWN, ""
        if self._tier(licence) is Standing.DENIED:
            return Standing.DENIED, expression
        return Standing(evaluate(expression, lambda name: int(self._one(name)))), expression

    def _one(self, name: str) -> Standing:
        """Of 'X WITH exception' the lists are asked for the whole first, then for X."""
        found = self._tier(name) if " WITH " in name else None
        return found or self._tier(name.split(" WITH ")[0].removesuffix("+")) or Standing.REVIEW

    def _tier(self, name: str) -> Standing | None:
        return next((standing for standing, patterns in self.tiers if _fits(name, patterns)), None)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    lower = name.lower()
    return any(fnmatch.fnmatchcase(lower, pattern.strip().lower()) for pattern in patterns)


def policy_from(settings: Mapping[str, Any], options: Licences) -> Policy:
    """The policy of `[agents.security.licences]` in callboard.toml, with the options on top; raises ValueError for a wrong one."""
    table = settings.get("licences", {})
    if not isinstance(table, Mapping):
        raise ValueError(
            "licences in [agents.security] must be a table: licences = { allow = [], review = [], deny = [] }"
        )
    known = {"allow", "review", "deny", "packages"}
    for key in table:
        if key not in known:
            raise ValueError(f"[agents.security.licences] has no '{key}'; it may have {', '.join(sorted(known))}")
    lists = {key: _texts(table[key], key) for key in ("allow", "review", "deny") if key in table}
    packages = table.get("packages", {})
    if not isinstance(packages, Mapping) or not all(isinstance(value, str) for value in packages.values()):
        raise ValueError("licences.packages must name a licence for each package: { name = 'MIT' }")
    tiers: list[tuple[Standing, Sequence[str]]] = [(Standing.DENIED, [*lists.get("deny", []), *options.deny])]
    if "review" in lists:
        tiers.append((Standing.REVIEW, lists["review"]))
    if lists.get("allow"):
        tiers.append((Standing.ALLOWED, lists["allow"]))
    tiers.append((Standing.ALLOWED, EXCEPTIONS))
    if "review" not in lists:
        tiers.append((Standing.REVIEW, REVIEW))
    if not lists.get("allow"):
        tiers.append((Standing.ALLOWED, ALLOW))
    return Policy(tiers, {normal(str(name)): licence for name, licence in packages.items()})


def _texts(value: Any, key: str) -> list[str]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(entry, str) for entry in value):
        raise ValueError(f"licences.{key} must be a list of texts")
    return list(value)

"""SPDX licence expressions: names told by free texts, and the best that an expression allows.

https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/
"""

import re
from collections.abc import Callable
from importlib.resources import files
from typing import TypeVar

DEEPEST = 50
_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z0-9.+:_-]+)")

# What classifiers and free texts of Python packages mean; 'BSD License' says nothing about its clauses.
TEXTS = {
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mit license (mit)": "MIT",
    "expat": "MIT",
    "apache software license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache": "Apache-2.0",
    "apache2": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "modified bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl 2.0": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "psf": "PSF-2.0",
    "psfl": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
    "public domain": "LicenseRef-public-domain",
    "zope public license": "ZPL-2.1",
    "historical permission notice and disclaimer (hpnd)": "HPND",
    "gpl": "GPL-2.0-or-later",
    "gnu general public license (gpl)": "GPL-2.0-or-later",
    "gnu general public license v2 (gplv2)": "GPL-2.0-only",
    "gnu general public license v2 or later (gplv2+)": "GPL-2.0-or-later",
    "gnu general public license v3 (gplv3)": "GPL-3.0-only",
    "gnu general public license v3 or later (gplv3+)": "GPL-3.0-or-later",
    "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only",
    "gnu lesser general public license v2 (lgplv2)": "LGPL-2.0-only",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.0-or-later",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "gnu lesser general public license v3 or later (lgplv3+)": "LGPL-3.0-or-later",
    "gnu library or lesser general public license (lgpl)": "LGPL-2.0-or-later",
    "lgpl": "LGPL-2.0-or-later",
    "gnu affero general public license v3": "AGPL-3.0-only",
    "gnu affero general public license v3 or later (agplv3+)": "AGPL-3.0-or-later",
    "eclipse public license 1.0 (epl-1.0)": "EPL-1.0",
    "eclipse public license 2.0 (epl-2.0)": "EPL-2.0",
    "other/proprietary license": "LicenseRef-proprietary",
    "proprietary": "LicenseRef-proprietary",
    "unlicensed": "LicenseRef-proprietary",
}

T = TypeVar("T")


def known_ids() -> dict[str, str]:
    """The identifiers of the SPDX licence list by their lower case form."""
    text = (files("callboard_security") / "spdx_ids.txt").read_text("utf-8")
    return {line.lower(): line for line in text.split()}


def expression_of(text: str, ids: dict[str, str]) -> str:
    """The SPDX expression that a licence text means, '' for one that is not understood.

    Classifiers that stand together ('MIT License; Apache Software License') all hold, so they become AND.
    """
    bare = " ".join(text.split())
    if not bare or len(bare) > 500:
        return ""
    if bare.lower() in TEXTS:
        return TEXTS[bare.lower()]
    if all(part.lower() in ids or part.lower().startswith("licenseref-") for part in names_in(bare)):
        try:
            evaluate(bare, lambda name: 0)
            return bare
        except ValueError:
            pass
    parts = [part.strip() for part in re.split(r"[;]|\s+/\s+|,(?=\s*[A-Z])", bare) if part.strip()]
    if len(parts) > 1:
        meant = [expression_of(part, ids) for part in parts]
        return " AND ".join(f"({part})" if " " in part else part for part in meant) if all(meant) else ""
    match = re.fullmatch(r"(?:SEE LICENSE IN|LicenseRef)\b.*", bare, re.IGNORECASE)
    return "LicenseRef-own-text" if match else ""


def names_in(expression: str) -> list[str]:
    """The licences that an expression names, without a '+' and without exceptions."""
    words = re.sub(r"[()]", " ", expression).split()
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.upper() == "WITH":
            skip = True
        elif word.upper() not in ("AND", "OR"):
            found.append(word.removesuffix("+"))
    return found


def evaluate(expression: str, rank: Callable[[str], int]) -> int:
    """The rank of the best way to use it: OR takes the least of its alternatives, AND the largest of its parts.

    `rank` is asked for each 'X' and 'X WITH exception'. Raises ValueError for what is no expression.
    """
    tokens: list[str] = []
    place = 0
    stripped = expression.rstrip()
    while place < len(stripped):
        match = _TOKEN.match(stripped, place)
        if match is None:
            raise ValueError(f"'{expression[:100]}' is no licence expression")
        tokens.append(match[1])
        place = match.end()
    value, rest = _alternatives(tokens, rank, 0)
    if rest:
        raise ValueError(f"'{expression[:100]}' is no licence expression: '{rest[0]}' stands where nothing fits")
    return value


def _alternatives(tokens: list[str], rank: Callable[[str], int], depth: int) -> tuple[int, list[str]]:
    value, tokens = _parts(tokens, rank, depth)
    while tokens and tokens[0].upper() == "OR":
        other, tokens = _parts(tokens[1:], rank, depth)
        value = min(value, other)
    return value, tokens


def _parts(tokens: list[str], rank: Callable[[str], int], depth: int) -> tuple[int, list[str]]:
    value, tokens = _one(tokens, rank, depth)
    while tokens and tokens[0].upper() == "AND":
        other, tokens = _one(tokens[1:], rank, depth)
        value = max(value, other)
    return value, tokens


def _one(tokens: list[str], rank: Callable[[str], int], depth: int) -> tuple[int, list[str]]:
    if not tokens or depth > DEEPEST:
        raise ValueError("the licence expression ends too early")
    if tokens[0] == "(":
        value, rest = _alternatives(tokens[1:], rank, depth + 1)
        if not rest or rest[0] != ")":
            raise ValueError("a parenthesis of the licence expression is not closed")
        return value, rest[1:]
    if tokens[0] == ")" or tokens[0].upper() in ("AND", "OR", "WITH"):
        raise ValueError(f"'{tokens[0]}' stands where a licence must")
    if len(tokens) > 1 and tokens[1].upper() == "WITH":
        if len(tokens) < 3:
            raise ValueError("an exception is missing behind WITH")
        return rank(f"{tokens[0]} WITH {tokens[2]}"), tokens[3:]
    return rank(tokens[0]), tokens[1:]

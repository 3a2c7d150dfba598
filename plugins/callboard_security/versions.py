"""The order of versions: PEP 440 for Python packages, Semantic Versioning 2.0.0 for npm packages."""

import re
from typing import Any

Key = tuple[Any, ...]

_PEP440 = re.compile(
    r"v?(?:(?P<epoch>\d{1,9})!)?(?P<release>\d{1,18}(?:\.\d{1,18}){0,20})"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_n>\d{1,18})?)?"
    r"(?:-(?P<post_short>\d{1,18})|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>\d{1,18})?)?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d{1,18})?)?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE,
)
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_SEMVER = re.compile(r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]{1,200}))?(?:\+[0-9A-Za-z.-]*)?")


def version_key(ecosystem: str, version: str) -> Key | None:
    """A tuple that sorts as the ecosystem ('PyPI' or 'npm') orders versions; None for what is no version."""
    return pep440_key(version) if ecosystem == "PyPI" else semver_key(version)


def pep440_key(version: str) -> Key | None:
    """The sort key of a PEP 440 version, None for what is none."""
    match = _PEP440.fullmatch(version.strip())
    if match is None:
        return None
    release = [int(part) for part in match["release"].split(".")]
    while len(release) > 1 and release[-1] == 0:
        release.pop()
    has_post = bool(match["post"] or match["post_short"])
    if match["pre"]:
        name = match["pre"].lower()
        pre: Key = (0, _PRE.get(name, name), int(match["pre_n"] or 0))
    else:
        pre = (-1,) if match["dev"] and not has_post else (1,)
    post = int(match["post_short"] or match["post_n"] or 0) if has_post else -1
    dev: Key = (0, int(match["dev_n"] or 0)) if match["dev"] else (1,)
    local = tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part)
        for part in re.split(r"[-_.]", (match["local"] or "").lower())
        if part
    )
    return (int(match["epoch"] or 0), tuple(release), pre, post, dev, local)


def semver_key(version: str) -> Key | None:
    """The sort key of a semantic version, None for what is none; missing minor and patch count as 0."""
    match = _SEMVER.fullmatch(version.strip())
    if match is None:
        return None
    numbers = tuple(int(part or 0) for part in match.groups()[:3])
    if match[4] is None:
        return (*numbers, (1,))
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in match[4].split("."))
    return (*numbers, (0, parts))

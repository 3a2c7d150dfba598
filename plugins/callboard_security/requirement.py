"""One requirement as PEP 508 writes it (`>=1.2,<3`), raised to a least version, with everything else of it as it was."""

import re
from collections.abc import Sequence

from callboard_security.versions import version_key

CLAUSE = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[0-9][\w.+!*-]*"
CLAUSES = rf"{CLAUSE}(?:\s*,\s*{CLAUSE})*"
_ONE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)(\s*)([0-9][\w.+!*-]*)")
EXACT, LEAST = ("===", "=="), (">=", ">")


def raised(text: str, version: str) -> str | None:
    """The clauses with `version` as the least, None where nothing is to be raised; raises `ValueError` with why that cannot be.

    One exact version is another; else the lower bound is raised or added. What else is asked for must allow the version.
    """
    clauses = [(match[1], match[2], match[3], match.span()) for match in _ONE.finditer(text)]
    exact = [one for one in clauses if one[0] in EXACT and not one[2].endswith("*")]
    least = [one for one in clauses if one[0] in LEAST]
    near = [one for one in clauses if one[0] == "~="]
    for one in exact or least:
        if not is_less(one[2], version):
            return None
    changed = (exact or least)[:1]
    if not changed and near and not _allows(near[0][:3:2], version):
        if not is_less(near[0][2], version):
            return None
        changed = near[:1]  # a pin in all but its last number, so it is another as a pin is
    for one in clauses:
        if one not in changed and not _allows((one[0], one[2]), version):
            raise ValueError(
                f"it also asks for {one[0]}{one[2]}, which leaves {version} out: a person has to decide about that bound"
            )
    if changed:
        operator, blank, _, (begin, end) = changed[0]
        return f"{text[:begin]}{'>=' if operator == '>' else operator}{blank}{version}{text[end:]}"
    return f"{text},>={version}" if near or any(one[2].endswith("*") for one in clauses) else f">={version},{text}"


def is_less(here: str, wanted: str, ecosystem: str = "PyPI") -> bool:
    """Whether a version is known to be lower than another."""
    before, after = version_key(ecosystem, here), version_key(ecosystem, wanted)
    return before is not None and after is not None and before < after


def _allows(clause: Sequence[str], version: str) -> bool:
    """Whether a clause lets the version in, as PEP 440 says; what cannot be compared does not."""
    operator, bound = clause
    if bound.endswith(".*"):
        return (_parts(version)[: bound.count(".")] == _parts(bound.removesuffix(".*"))) == (operator != "!=")
    here, there = version_key("PyPI", version), version_key("PyPI", bound)
    if here is None or there is None:
        return False
    match operator:
        case "<":
            return here < there
        case "<=":
            return here <= there
        case ">":
            return here > there
        case ">=":
            return here >= there
        case "!=":
            return here != there
        case "~=":
            return here >= there and _parts(version)[: bound.count(".")] == _parts(bound)[:-1]
        case _:
            return here == there


def _parts(version: str) -> list[str]:
    return [part.lstrip("0") or "0" for part in version.split(".")]

"""The proof of a patch as data and in words: what was checked before and after, and which rules it comes from."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from callboard.api import counted
from callboard_code_refactor.names import Missing
from callboard_code_refactor.proof import Compiled, Imported, TestRun

FAMILIES = {
    "F": "Pyflakes",
    "E": "pycodestyle",
    "W": "pycodestyle",
    "I": "import order",
    "UP": "newer syntax",
    "B": "bugbear",
    "C": "comprehensions",
    "D": "docstrings",
    "SIM": "simplification",
    "RUF": "ruff",
    "RET": "returns",
    "PT": "pytest style",
    "PIE": "pie",
    "Q": "quotes",
    "COM": "commas",
    "TC": "type checking",
    "FURB": "refurb",
    "PL": "Pylint",
    "PERF": "performance",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand in the tree: what compiles, what imports name in vain, what imports, which tests pass."""

    compiled: Compiled
    missing: frozenset[Missing]
    imported: Imported
    tests: TestRun


NOTHING = Standing(Compiled("", 0, frozenset()), frozenset(), Imported(), TestRun())


def proof_of(before: Standing, after: Standing, found: int, left: int, imports: int) -> dict[str, Any]:
    """The checks before and after, and the same in words; `found` and `left` are findings, `imports` how many were looked at."""
    checks = [
        {"name": "findings of ruff", "before": found, "after": left},
        {"name": "files that compile", "before": before.compiled.good, "after": after.compiled.good},
        {
            "name": "imports between the workspace's modules that lead nowhere",
            "before": len(before.missing),
            "after": len(after.missing),
        },
    ]
    words = [
        f"all {after.compiled.good} files that compiled still do with {after.compiled.interpreter}",
        f"none of {counted(imports, 'import')} between the workspace's modules was lost",
    ]
    modules, tests = before.imported.reason or after.imported.reason, before.tests.reason or after.tests.reason
    if not modules:
        good = (len(before.imported.good), len(after.imported.good))
        checks.append({"name": "changed modules that can be imported", "before": good[0], "after": good[1]})
        words.append(f"modules: {good[0]} importable before, {good[1]} after")
    if not tests:
        passing = (len(before.tests.passed), len(after.tests.passed))
        checks.append({"name": "tests that pass", "before": passing[0], "after": passing[1]})
        words.append(f"tests: {passing[0]} passed before, {passing[1]} after")
    if modules and modules == tests:
        words.append(f"neither modules nor tests could prove it: {tests}")
    else:
        words += [f"modules: {modules}"] if modules else []
        words += [f"tests could not prove it: {tests}"] if tests else []
    return {"checks": checks, "words": "; ".join(words)}


def families_of(mended: Counter[str]) -> dict[str, int]:
    """How many findings of each family of rules were mended: 'F401' is of 'F'."""
    found: Counter[str] = Counter()
    for rule, number in mended.items():
        if number > 0:
            found[rule.rstrip("0123456789") or rule] += number
    return dict(sorted(found.items()))


def named(mended: Counter[str]) -> str:
    """The families in words: 'mends 3 F (Pyflakes), 2 UP (newer syntax)'."""
    parts = [
        f"{number} {family}" + (f" ({FAMILIES[family]})" if family in FAMILIES else "")
        for family, number in families_of(mended).items()
    ]
    return "mends " + ", ".join(parts) if parts else "mends nothing that is counted"

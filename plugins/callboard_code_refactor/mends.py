"""What CodeRefactor can do about a case: safe fixes of ruff, newer syntax, a dependency that is not declared."""

import re

from callboard.api import Fix, Symptom

RULE = re.compile(r"[A-Z]{1,5}\d{3,4}")
NOT_DECLARED = ("DEP001", "DEP003")
IMPORTED = re.compile(r"^'([A-Za-z_]\w{0,100})' imported but ")


def mends(symptom: Symptom) -> list[Fix]:
    """One fix, or none; each ends in a patch with the proof of the tests."""
    if symptom.rule in NOT_DECLARED:
        named = IMPORTED.match(symptom.message)
        if named is None:
            return []
        options = {"module": named[1], "path": symptom.path}
        return [Fix("refactor.declare", options, f"declare the package that brings '{named[1]}'")]
    if symptom.tool != "ruff" or not RULE.fullmatch(symptom.rule) or not symptom.path:
        return []
    if symptom.action == "refactor.outdated_syntax":
        options = {**symptom.options, "patch": True, "paths": [symptom.path]}
        return [Fix("refactor.outdated_syntax", options, f"write {symptom.path} in the newer syntax of {symptom.rule}")]
    options = {"select": symptom.rule, "paths": [symptom.path]}
    return [Fix("refactor.fixes", options, f"make ruff's safe fixes of {symptom.rule} in {symptom.path}")]

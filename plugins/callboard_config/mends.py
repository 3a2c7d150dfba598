"""What ConfigManage can do about a case: a secret that is written down is read from a setting."""

import fnmatch

from callboard.api import Fix, Symptom
from callboard_config.hardcoded import READERS


def mends(symptom: Symptom) -> list[Fix]:
    """The move of the one secret, whoever saw it, where the kind of file can be edited; no fix for one of an old commit."""
    if not symptom.rule.startswith("secret-") or not symptom.path or not symptom.line:
        return []
    name = symptom.path.rpartition("/")[2]
    if not any(fnmatch.fnmatchcase(name, pattern) for patterns, _ in READERS for pattern in patterns):
        return []
    options = {"paths": [symptom.path], "line": symptom.line}
    words = f"read the secret in {symptom.path} line {symptom.line} from a setting; it must be changed where it is used, too"
    return [Fix("config.move", options, words)]

"""What QualityAssurance can do about a case: a flaky test is set aside for a while."""

import re

from callboard.api import Fix, Symptom

NAMED = re.compile(r"(?:run it alone with \w+: |-o test=)(\S.*)$")
RULES = ("test-failed", "test-error", "test-flaky", "test-order")


def mends(symptom: Symptom) -> list[Fix]:
    """Quarantine of a test that is flaky; never of one that is broken, or of which nobody knows."""
    flaky = symptom.rule == "test-flaky" or symptom.verdict == "flaky"
    if not flaky or symptom.rule not in RULES or symptom.verdict == "broken":
        return []
    named = NAMED.search(symptom.help)
    test = symptom.tests[0] if symptom.tests else named[1] if named else ""
    if not test:
        return []
    reason = f"flaky: {symptom.words}" if symptom.words else ""
    words = f"set {test} aside for 30 days: its failures are told, and do not count"
    return [Fix("quality.quarantine", {"test": test, "reason": reason[:300]}, words)]

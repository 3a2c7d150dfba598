"""Quarantine is offered for tests that are flaky, and for no others."""

from callboard.api import Symptom
from callboard_quality.mends import mends

HELP = "mend it, or set it aside for a while: callboard do quality.quarantine -o test=api/tests/test_a.py::test_x[a b]"


def test_a_flaky_test_may_be_set_aside() -> None:
    (fix,) = mends(Symptom("quality.tests", "test", rule="test-flaky", help=HELP))
    assert (fix.action, fix.options["test"]) == ("quality.quarantine", "api/tests/test_a.py::test_x[a b]")
    told = Symptom("q", "test", rule="test-failed", tests=("t.py::a",), verdict="flaky", words="fails 2 of 9 tries")
    assert mends(told)[0].options == {"test": "t.py::a", "reason": "flaky: fails 2 of 9 tries"}


def test_a_broken_one_may_not() -> None:
    assert mends(Symptom("q", "test", rule="test-failed", help="run it alone with pytest: t.py::a")) == []
    assert mends(Symptom("q", "test", rule="test-flaky", help=HELP, verdict="broken")) == []
    assert mends(Symptom("q", rule="F401")) == []

"""The move of a secret is offered whoever saw it, where it can be done."""

from callboard.api import Symptom
from callboard_config.mends import mends


def test_a_secret_in_code_is_moved_whoever_saw_it() -> None:
    for rule in ("secret-hardcoded", "secret-AWS Access Key"):
        (fix,) = mends(Symptom("x", rule=rule, path="shop/pay.py", line=3))
        assert (fix.action, fix.options) == ("config.move", {"paths": ["shop/pay.py"], "line": 3})


def test_a_key_file_and_an_old_commit_are_not() -> None:
    assert mends(Symptom("x", rule="secret-Private Key", path="deploy/id_rsa", line=1)) == []
    assert mends(Symptom("x", rule="secret-Token", path="a.py", line=0)) == []
    assert mends(Symptom("x", rule="F401", path="a.py", line=1)) == []

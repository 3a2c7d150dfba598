"""A file that cannot be read is one cause, whoever meets it."""

from callboard.api import unparsable


def test_a_file_that_cannot_be_read_is_the_same_finding_whoever_meets_it() -> None:
    by_ruff = unparsable("app/main.py", "invalid syntax", line=3, tool="ruff")
    by_bandit = unparsable("app/main.py", "syntax error while parsing AST", line=4, tool="bandit")
    assert by_ruff.fingerprint == by_bandit.fingerprint
    assert by_ruff.rule == by_bandit.rule
    assert by_ruff.fingerprint != unparsable("app/other.py", "invalid syntax").fingerprint

"""A secret in a line is one finding, whoever finds it, and its fingerprint says nothing about it."""

import pytest

from callboard.api import secret_print

PLANTED = "Zq8vT2nK5mRj7Pc1Zq8vT2nK5mRj7Pc1"


@pytest.mark.parametrize(
    "line",
    [
        "TOKEN={}",
        'token = "{}"',
        '  "token": "{}",',
        "login {}",
        "{}",
        "{}: x",
        "git clone https://{}@host/x",
        "f('{}')",
    ],
)
def test_the_value_is_not_in_it(line: str) -> None:
    assert secret_print("a.py", line.format(PLANTED)) == secret_print("./a.py", line.format(PLANTED[::-1]))


def test_place_name_and_number_are() -> None:
    prints = {
        secret_print("a.py", "A_KEY = 1"), secret_print("b.py", "A_KEY = 1"), secret_print("a.py", "B_KEY = 1"),
        secret_print("a.py", "A_KEY = 1", 1),
    }  # fmt: skip
    assert len(prints) == 4
    assert secret_print("a.py", "    A_KEY =  'x'") == secret_print("a.py", 'A_KEY="y"')

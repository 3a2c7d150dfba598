"""The tables [[routes]]: which tasks they fit, and what is wrong with them by file and line."""

from pathlib import Path

import pytest

from callboard.config import config_from
from callboard.errors import ConfigError

ROUTES = """
[[routes]]
words = ["unit tests", "coverage"]
section = "*backend*"
wants = "python-tests"

[[routes]]
path = "web/*"
person = "@ann"

[[routes]]
change = "docs-*"
action = "quality.lint"
options = { timeout = 60 }
because = "docs are linted"
"""


@pytest.mark.parametrize(
    ("number", "change", "section", "text", "why"),
    [
        (0, "x", "1. Backend", "Run the Unit Tests", "the task says 'unit tests' and its section fits '*backend*'"),
        (0, "x", "1. Backend", "Run the unit testsuite", ""),
        (0, "x", "2. Frontend", "Run the unit tests", ""),
        (1, "x", "", "Look at web/app.tsx and web/b.ts", "it names web/app.tsx"),
        (1, "x", "", "Look at the web", ""),
        (2, "docs-api", "", "anything", "its change fits 'docs-*'"),
    ],
)
def test_what_a_route_fits(number: int, change: str, section: str, text: str, why: str) -> None:
    routes = config_from(ROUTES, Path("callboard.toml")).routes
    assert routes[number].fits(change, section, text) == why
    assert (routes[1].person, dict(routes[2].options)) == ("ann", {"timeout": 60})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ('words = ["a"]', "[[routes]] names nobody; write exactly one of wants, action, person"),
        ('words = ["a"]\nwants = "x"\nperson = "ann"', "[[routes]] names both wants and person"),
        ('person = "ann"', "[[routes]] does not say which tasks; write words, section, change or path"),
        ('words = []\nperson = "ann"', "'words' in [routes] is []; it must be a list of words"),
        ('words = ["a"]\nperson = "a/b"', "it must be a name, such as 'ann'"),
        ('words = ["a"]\nperson = "ann"\noptions = { a = 1 }', "[[routes]] has options for a person, who takes none"),
        ('word = ["a"]\nperson = "ann"', "Did you mean 'words'?"),
    ],
)
def test_a_faulty_route_is_told_with_its_line(table: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config_from(f"\n[[routes]]\n{table}\n", Path("callboard.toml"))
    assert words in str(refused.value)
    assert str(refused.value).startswith("callboard.toml:")

"""The scanner finds the line of everything that `tomllib` reads."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callboard.config.lines import find_lines

TEXT = '''# a comment with [brackets] and "quotes"
top = 1
"quoted key" = 2

[workspace]   # [not this]
name = "x # y"

[jobs."quality.tests"]
command = [
  "a]",   # ]
  'b#',
  "c\\"d",
]
options = {deep = {er = 1}, list = [1, {k = 2}], "odd.key" = 3}
needs.dotted.key = """
[jobs.fake]
""\\""""
after = \'\'\'
x = 1
\'\'\'

[[rules]]
name = "first"
[rules.more]
x = 1

[[rules]]
name = "second"
when = 1979-05-27 07:32:00
  [rules.more]
  x = 2
[ spaced . "out" ]
end = 1
'''


def test_each_way_of_writing_has_its_line() -> None:
    tomllib.loads(TEXT)
    lines = find_lines(TEXT)
    for path, line in {
        ("top",): 2,
        ("quoted key",): 3,
        ("workspace",): 5,
        ("workspace", "name"): 6,
        ("jobs", "quality.tests"): 8,
        ("jobs", "quality.tests", "command", 0): 10,
        ("jobs", "quality.tests", "command", 2): 12,
        ("jobs", "quality.tests", "options", "deep", "er"): 14,
        ("jobs", "quality.tests", "options", "list", 1, "k"): 14,
        ("jobs", "quality.tests", "options", "odd.key"): 14,
        ("jobs", "quality.tests", "needs", "dotted", "key"): 15,
        ("jobs", "quality.tests", "after"): 18,
        ("rules", 0, "name"): 23,
        ("rules", 0, "more", "x"): 25,
        ("rules", 1): 27,
        ("rules", 1, "when"): 29,
        ("rules", 1, "more"): 30,
        ("rules", 1, "more", "x"): 31,
        ("spaced", "out"): 32,
        ("spaced", "out", "end"): 33,
    }.items():
        assert lines.of(*path) == line, path
    assert lines.of("jobs", "fake") == 8, "a header inside of a string is none"


def test_what_stands_nowhere_has_the_line_around_it() -> None:
    lines = find_lines("[a]\n[a.b]\nc = 1\n")
    assert lines.of("a", "b", "missing", 3) == 2
    assert lines.of("nothing") == 0


def test_windows_line_ends_count_once() -> None:
    assert find_lines("a = 1\r\nb = 2\r\n[c]\r\nd = 3\r\n").of("c", "d") == 4


def test_a_header_is_found_although_a_table_below_it_came_first() -> None:
    assert find_lines("[a.b]\nx = 1\n[a]\ny = 2\n").of("a") == 3


KEYS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in below for found in _paths(item, (*path, key)))]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=5))
def test_every_path_of_any_document_is_found_on_the_line_of_its_top_key(table: dict[str, Any]) -> None:
    from callboard.config.writing import toml

    text = "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    assert tomllib.loads(text) == table
    lines = find_lines(text)
    for number, (key, value) in enumerate(table.items(), 1):
        for path in _paths(value, (key,)):
            assert lines._found[path] == number

"""The graph of a pipeline."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.core.graph import CycleFound, children, critical_path, order, remaining_paths

GRAPHS = st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=10).map(
    lambda rows: [[p for p in row if p < place] for place, row in enumerate(rows)]
)


def test_order_takes_the_earlier_place_first() -> None:
    assert order([[2], [], [], [0, 1]]) == [1, 2, 0, 3]
    assert order([]) == []
    assert order([[], [0, 0], [1, 1]]) == [0, 1, 2]


@pytest.mark.parametrize(
    ("depends", "path"),
    [
        ([[0]], (0, 0)),
        ([[1], [0]], (0, 1, 0)),
        ([[], [0, 3], [1], [2]], (1, 3, 2, 1)),
        ([[1], [2], [1]], (1, 2, 1)),
    ],
)
def test_a_cycle_is_named_by_its_path(depends: list[list[int]], path: tuple[int, ...]) -> None:
    with pytest.raises(CycleFound) as found:
        order(depends)
    assert found.value.path == path
    assert str(found.value) == "tasks wait for each other: " + " → ".join(map(str, path))


@given(GRAPHS)
def test_each_comes_after_all_that_it_depends_on(depends: list[list[int]]) -> None:
    found = order(depends)
    assert sorted(found) == list(range(len(depends)))
    position = {place: nth for nth, place in enumerate(found)}
    assert all(position[p] < position[place] for place, parents in enumerate(depends) for p in parents)


def test_children_are_named_once() -> None:
    assert children([[], [0, 0], [0, 1]]) == [[1, 2], [2], []]


def test_remaining_paths_and_the_critical_path() -> None:
    depends, seconds = [[], [], [0], [0, 1], [3]], [1.0, 5.0, 9.0, 2.0, 1.0]
    assert remaining_paths(depends, seconds) == [10.0, 8.0, 9.0, 3.0, 1.0]
    assert critical_path(depends, seconds) == [0, 2]
    assert critical_path([], []) == []
    assert critical_path([[]], [4.0]) == [0]


@given(GRAPHS, st.randoms(use_true_random=False))
def test_the_critical_path_is_as_long_as_the_longest_remaining_path(depends, dice) -> None:  # type: ignore[no-untyped-def]
    seconds = [dice.uniform(0.1, 9.0) for _ in depends]
    path = critical_path(depends, seconds)
    assert sum(seconds[p] for p in path) == pytest.approx(max(remaining_paths(depends, seconds)))
    assert all(before in depends[after] for before, after in pairwise(path))

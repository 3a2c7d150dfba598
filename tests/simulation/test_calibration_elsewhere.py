"""80 % ranges of runs, of single tasks and of their starts hold in worlds that the forecast was not made with in mind."""

import pytest

from strange_worlds import HABITS, Habit, StrangeWorld, share

WEEKS = 15
OF_FEW = 0.70


@pytest.mark.long
@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_they_hold_four_times_of_five(habit: Habit) -> None:
    tally = StrangeWorld(habit, 23, trials=8).live(WEEKS)
    least = OF_FEW if habit.few else 0.75
    for found in (tally.runs, tally.ends, tally.starts):
        assert len(found) > 200
        assert least <= share(found) <= 0.85
        assert share(found, 0) < share(found) < share(found, 2)
